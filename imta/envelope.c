#include "envelope.h"

#define MAGIC "convchan-envelope 1\n"

bool envelope_is_address(struct slice s)
{
    if (s.n > ENVELOPE_ADDRESS)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] == 0x7f)
            return false;
    return true;
}

static const char *const priorities[] = { "normal", "urgent", "nonurgent" };

static uint64_t read_number(struct slice s)
{
    uint64_t v = 0;

    for (size_t i = 0; i < s.n && i < 18 && ascii_is_digit(s.p[i]); i++)
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    return v;
}

static void take_line(struct envelope *e, struct slice name, struct slice value)
{
    if (slice_eq(name, SLICE("from")))
        e->from = value;
    else if (slice_eq(name, SLICE("to")) && e->n_to < ENVELOPE_TO)
        e->to[e->n_to++] = value;
    else if (slice_eq(name, SLICE("in")))
        e->in_chan = value;
    else if (slice_eq(name, SLICE("out")))
        e->out_chan = value;
    else if (slice_eq(name, SLICE("tags")))
        e->tags = value;
    else if (slice_eq(name, SLICE("arrived")))
        e->arrived = read_number(value);
    for (int i = 0; slice_eq(name, SLICE("priority")) && i < 3; i++)
        if (slice_eq(value, slice_str(priorities[i])))
            e->priority = (enum priority)i;
}

bool envelope_read(struct slice file, struct envelope *out, struct slice *message)
{
    struct slice left = file;

    memset(out, 0, sizeof *out);
    *message = file;
    if (!slice_starts(file, SLICE(MAGIC)))
        return false;
    left = slice_drop(left, sizeof MAGIC - 1);
    while (left.n && left.p[0] != '\n') {
        size_t n = slice_chr(left, '\n'), blank = slice_chr(slice_take(left, n), ' ');

        take_line(out, slice_take(left, blank), slice_sub(left, blank + 1, n > blank ? n - blank - 1 : 0));
        left = slice_drop(left, n + 1);
    }
    *message = slice_drop(left, 1);
    return true;
}

static enum cs_status put_line(struct buf *out, const char *name, struct slice value)
{
    if (!envelope_is_address(value))
        return CS_INVALID;
    return buf_printf(out, "%s %.*s\n", name, (int)value.n, (const char *)value.p);
}

enum cs_status envelope_write(const struct envelope *e, struct buf *out)
{
    enum cs_status st = buf_puts(out, MAGIC);

    if (st == CS_OK)
        st = put_line(out, "from", e->from);
    for (size_t i = 0; st == CS_OK && i < e->n_to; i++)
        st = put_line(out, "to", e->to[i]);
    if (st == CS_OK)
        st = put_line(out, "in", e->in_chan);
    if (st == CS_OK)
        st = put_line(out, "out", e->out_chan);
    if (st == CS_OK && e->tags.n)
        st = put_line(out, "tags", e->tags);
    if (st == CS_OK)
        st = buf_printf(out, "arrived %llu\npriority %s\n\n", (unsigned long long)e->arrived, priorities[e->priority]);
    return st;
}
