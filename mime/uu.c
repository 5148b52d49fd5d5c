#include "uu.h"

enum { MODE_SEEK, MODE_UU, MODE_BASE64, MODE_MAX = 8, BATCH = 4096 };

static struct slice trim_right(struct slice s)
{
    while (s.n && ascii_is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static struct slice after_begin(struct slice line)
{
    static const char *const words[] = { "begin-base64-encoded", "begin-base64", "begin" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_starts(line, slice_str(words[i])))
            return slice_drop(line, strlen(words[i]));
    return slice_take(line, 0);
}

/* Programs differ about the mode: any number of octal digits, blanks or tabs; some do without the name. */
bool uu_is_begin(struct slice line, struct slice *name)
{
    size_t n = 0;

    line = after_begin(line);
    if (line.n == 0 || !is_blank(line.p[0]))
        return false;
    line = slice_trim(line);
    while (n < line.n && n < MODE_MAX && line.p[n] >= '0' && line.p[n] <= '7')
        n++;
    if (n == 0 || (n < line.n && !is_blank(line.p[n])))
        return false;
    *name = slice_trim(slice_drop(line, n));
    return true;
}

bool uu_is_end(struct slice line)
{
    line = trim_right(line);
    return slice_eq(line, SLICE("end")) || slice_eq(line, SLICE("===="));
}

static size_t digits_of(uint8_t count)
{
    size_t n = (size_t)(count - 32) & 63;

    return (n + 2) / 3 * 4;
}

bool uu_is_data(struct slice line)
{
    line = trim_right(line);
    if (line.n == 0)
        return true;
    if (line.p[0] < 32 || line.p[0] > 96 || line.n - 1 > digits_of(line.p[0]) + 2)
        return false;
    for (size_t i = 1; i < line.n; i++)
        if (line.p[i] < 32 || line.p[i] > 96)
            return false;
    return true;
}

enum { NO_DIGIT = 64 };

/* "+-", the digits, the letters. */
static uint32_t xx_digit(uint8_t c)
{
    if (c >= 'a' && c <= 'z')
        return c - (uint32_t)'a' + 38;
    if (c >= 'A' && c <= 'Z')
        return c - (uint32_t)'A' + 12;
    if (c >= '0' && c <= '9')
        return c - (uint32_t)'0' + 2;
    return c == '+' ? 0 : c == '-' ? 1 : NO_DIGIT;
}

bool uu_is_xx(struct slice line)
{
    line = trim_right(line);
    for (size_t i = 0; i < line.n; i++)
        if (xx_digit(line.p[i]) == NO_DIGIT)
            return false;
    return line.n > 1 && line.n - 1 == ((size_t)xx_digit(line.p[0]) + 2) / 3 * 4;
}

static uint32_t digit(const struct uu *u, struct slice line, size_t at)
{
    if (at >= line.n)
        return 0;
    return (u->is_xx ? xx_digit(line.p[at]) : (uint32_t)(line.p[at] - 32)) & 63;
}

static enum cs_status data_line(struct uu *u, struct slice line)
{
    uint8_t out[63 + 3];
    size_t want = digit(u, line, 0), n = 0;

    if (line.n && (u->is_xx ? xx_digit(line.p[0]) == NO_DIGIT : line.p[0] < 32 || line.p[0] > 96)) {
        u->is_damaged = true;
        return CS_OK;
    }
    memset(out, 0, sizeof out);         /* where blanks at the end were lost */
    for (size_t at = 1; n < want && at < line.n; at += 4, n += 3) {
        uint32_t v = digit(u, line, at) << 18 | digit(u, line, at + 1) << 12 | digit(u, line, at + 2) << 6 | digit(u, line, at + 3);
        out[n] = (uint8_t)(v >> 16);
        out[n + 1] = (uint8_t)(v >> 8);
        out[n + 2] = (uint8_t)v;
    }
    return want ? u->b64.put(u->b64.ctx, slice_of(out, want)) : CS_OK;
}

static enum cs_status take_line(struct uu *u, struct slice line)
{
    struct slice name;
    enum cs_status st = CS_OK;

    if (uu_is_begin(line, &name) || (u->mode != MODE_SEEK && uu_is_end(line))) {
        if (u->mode == MODE_BASE64)
            st = b64_end(&u->b64);
        u->mode = line.p[0] != 'b' ? MODE_SEEK : line.p[5] == '-' ? MODE_BASE64 : MODE_UU;
        return st;
    }
    if (u->mode == MODE_UU || (u->mode == MODE_SEEK && u->is_bare))
        return data_line(u, line);
    return u->mode == MODE_BASE64 ? b64_feed(&u->b64, line) : CS_OK;
}

struct uu uu_init(mime_put *put, void *ctx)
{
    return (struct uu){ .b64 = { .put = put, .ctx = ctx } };
}

static size_t line_end(struct slice s)
{
    size_t n = 0;

    while (n < s.n && s.p[n] != '\n' && s.p[n] != '\r')
        n++;
    return n;
}

/* Output comes in lines of few bytes: it is given on in larger pieces. */
struct batch {
    mime_put *put;
    void *ctx;
    size_t n;
    uint8_t room[BATCH];
};

static enum cs_status batch_flush(struct batch *b)
{
    size_t n = b->n;

    b->n = 0;
    return n ? b->put(b->ctx, slice_of(b->room, n)) : CS_OK;
}

static enum cs_status batch_put(void *ctx, struct slice s)
{
    struct batch *b = ctx;
    enum cs_status st = s.n > BATCH - b->n ? batch_flush(b) : CS_OK;

    if (st != CS_OK || s.n > BATCH)
        return st == CS_OK ? b->put(b->ctx, s) : st;
    memcpy(b->room + b->n, s.p, s.n);
    b->n += s.n;
    return CS_OK;
}

/* Lines are put together here; what is too long for a line of data is cut. CR and LF each end one: between them stands an empty one. */
static enum cs_status feed_lines(struct uu *u, struct slice in)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && in.n) {
        size_t n = line_end(in), room = UU_LINE - u->n_line;
        bool is_whole = n < in.n;
        memcpy(u->line + u->n_line, in.p, n < room ? n : room);
        u->n_line = (uint8_t)(u->n_line + (n < room ? n : room));
        if (is_whole) {
            st = take_line(u, slice_of(u->line, u->n_line));
            u->n_line = 0;
        }
        in = slice_drop(in, n + 1);
    }
    return st;
}

enum cs_status uu_feed(struct uu *u, struct slice in)
{
    struct batch b;
    enum cs_status st;

    b.put = u->b64.put;
    b.ctx = u->b64.ctx;
    b.n = 0;
    u->b64.put = batch_put;
    u->b64.ctx = &b;
    st = feed_lines(u, in);
    u->b64.put = b.put;
    u->b64.ctx = b.ctx;
    return st == CS_OK ? batch_flush(&b) : st;
}

enum cs_status uu_end(struct uu *u)
{
    enum cs_status st = u->n_line ? take_line(u, slice_of(u->line, u->n_line)) : CS_OK;

    u->n_line = 0;
    u->is_damaged |= u->mode != MODE_SEEK;
    if (st == CS_OK && u->mode == MODE_BASE64)
        st = b64_end(&u->b64);
    return st;
}
