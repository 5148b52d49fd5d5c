#include "binhex.h"

#include "base/bytes.h"

enum { MODE_SEEK, MODE_DATA, MODE_DONE, RUN = 0x90, NAME_MAX = 63, FIXED = 22, CHUNK = 2048 };
enum { IN_HEAD, IN_DATA, IN_DATA_CRC, IN_RESOURCE, IN_TAIL };

static const char alphabet[] = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";

bool binhex_is_begin(struct slice line)
{
    return slice_istarts(line, SLICE("(This file must be converted with BinHex"));
}

struct binhex binhex_init(enum binhex_fork fork, mime_put *put, void *ctx)
{
    return (struct binhex){ .put = put, .ctx = ctx, .fork = (uint8_t)fork, .is_line_start = true };
}

struct slice binhex_name(const struct binhex *b)
{
    return b->section > IN_HEAD ? slice_of(b->head + 1, b->head[0]) : slice_of("", 0);
}

/* Goes on to the next section that has bytes. */
static void next_section(struct binhex *b)
{
    do {
        b->section++;
        b->left = b->section == IN_DATA ? b->size[0] : b->section == IN_RESOURCE ? b->size[1] : 2;
    } while (b->left == 0);
}

static void head_byte(struct binhex *b, uint8_t c)
{
    b->head[b->n_head++] = c;
    if (b->head[0] == 0 || b->head[0] > NAME_MAX) {
        b->is_damaged = true;
        b->mode = MODE_DONE;
        return;
    }
    if (b->n_head < b->head[0] + FIXED)
        return;
    b->size[0] = get_be32(b->head + b->head[0] + 12);
    b->size[1] = get_be32(b->head + b->head[0] + 16);
    next_section(b);
}

/* One byte of the unpacked file; true when it belongs to the fork that is wanted. */
static bool file_byte(struct binhex *b, uint8_t c)
{
    bool is_wanted;

    if (b->mode != MODE_DATA || b->section == IN_TAIL)
        return false;
    if (b->section == IN_HEAD) {
        head_byte(b, c);
        return false;
    }
    is_wanted = b->section == (b->fork == BINHEX_DATA ? IN_DATA : IN_RESOURCE);
    if (--b->left == 0)
        next_section(b);
    return is_wanted;
}

/* A byte of the run-length layer; gives how many bytes went to out. */
static size_t run_byte(struct binhex *b, uint8_t c, uint8_t *out)
{
    size_t n = 0, count = 1;

    if (b->is_run) {
        b->is_run = false;
        if (c == 0)
            b->last = RUN;
        else
            count = c - 1u;
    } else if (c == RUN) {
        b->is_run = true;
        return 0;
    } else {
        b->last = c;
    }
    while (count-- > 0)
        if (file_byte(b, b->last))
            out[n++] = b->last;
    return n;
}

static size_t take(struct binhex *b, uint8_t c, uint8_t *out)
{
    const char *digit;
    bool is_first = b->is_line_start;

    b->is_line_start = c == '\n' || c == '\r';
    if (c == ':') {
        if (b->mode == MODE_DATA)
            b->mode = MODE_DONE;
        else if (b->mode == MODE_SEEK && is_first)
            b->mode = MODE_DATA;
        return 0;
    }
    if (b->mode != MODE_DATA || ascii_is_space(c))
        return 0;
    digit = c ? strchr(alphabet, c) : NULL;
    if (!digit) {
        b->is_damaged = true;
        return 0;
    }
    b->bits = b->bits << 6 | (uint32_t)(digit - alphabet);
    b->n_bits += 6;
    if (b->n_bits < 8)
        return 0;
    b->n_bits -= 8;
    return run_byte(b, (uint8_t)(b->bits >> b->n_bits), out);
}

enum cs_status binhex_feed(struct binhex *b, struct slice in)
{
    uint8_t out[CHUNK + 256];

    while (in.n) {
        size_t n = 0, i = 0;
        enum cs_status st;
        while (i < in.n && n < CHUNK)
            n += take(b, in.p[i++], out + n);
        st = n ? b->put(b->ctx, slice_of(out, n)) : CS_OK;
        if (st != CS_OK)
            return st;
        in = slice_drop(in, i);
    }
    return CS_OK;
}

enum cs_status binhex_end(struct binhex *b)
{
    b->is_damaged |= b->mode != MODE_DONE || b->section != IN_TAIL;
    return CS_OK;
}
