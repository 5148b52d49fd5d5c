#include "content.h"

#include "base/mapfile.h"

/* base64 and its like carry bytes; only where lines are lines of the message do their ends belong to the transport. */
static bool has_transport_lines(const struct content *c)
{
    return c->is_text && c->encoding <= MIME_ENC_QP;
}

static enum cs_status feed_lines(struct mime_decoder *d, struct slice s, int line_ends)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && s.n) {
        size_t n = slice_chr(s, '\n');
        struct slice line = slice_take(s, n);

        if (n < s.n && n && line.p[n - 1] == '\r')
            line.n--;
        st = mime_decoder_feed(d, line);
        if (st == CS_OK && n < s.n)
            st = mime_decoder_feed(d, line_ends == LINES_CRLF ? SLICE("\r\n") : SLICE("\n"));
        s = slice_drop(s, n + 1);
    }
    return st;
}

enum cs_status content_decode(const struct content *c, mime_put *put, void *ctx)
{
    struct mime_decoder d;
    bool is_ready = c->line_ends == LINES_LF && slice_chr(c->body, '\r') == c->body.n;
    enum cs_status st;

    mime_decoder_init(&d, c->encoding, put, ctx);
    if (has_transport_lines(c) && !is_ready)
        st = feed_lines(&d, c->body, c->line_ends);
    else
        st = mime_decoder_feed(&d, c->body);
    return st == CS_OK ? mime_decoder_end(&d) : st;
}

enum { WRITE_ROOM = 65536 };

struct fd_out {
    int fd;
    uint64_t size;
    size_t n;
    uint8_t room[WRITE_ROOM];
};

static enum cs_status flush(struct fd_out *o)
{
    size_t n = o->n;

    o->n = 0;
    return n ? fd_write_all(o->fd, slice_of(o->room, n)) : CS_OK;
}

static enum cs_status put_fd(void *ctx, struct slice s)
{
    struct fd_out *o = ctx;
    enum cs_status st = CS_OK;

    o->size += s.n;
    if (s.n > sizeof o->room - o->n)
        st = flush(o);
    if (st == CS_OK && s.n >= sizeof o->room)
        return fd_write_all(o->fd, s);
    if (st == CS_OK && s.n) {
        memcpy(o->room + o->n, s.p, s.n);
        o->n += s.n;
    }
    return st;
}

enum cs_status content_write(const struct content *c, int fd, uint64_t *size)
{
    struct fd_out o;
    enum cs_status st;

    o.fd = fd;
    o.size = o.n = 0;
    st = content_decode(c, put_fd, &o);
    if (st == CS_OK)
        st = flush(&o);
    *size = o.size;
    return st;
}

/* CS_STOP at the first byte that differs. */
static enum cs_status compare(void *ctx, struct slice s)
{
    struct slice *left = ctx;

    if (!slice_starts(*left, s))
        return CS_STOP;
    *left = slice_drop(*left, s.n);
    return CS_OK;
}

enum cs_status content_equals(const struct content *c, struct slice s, bool *is_equal)
{
    enum cs_status st = content_decode(c, compare, &s);

    *is_equal = st == CS_OK && s.n == 0;
    return st == CS_STOP ? CS_OK : st;
}
