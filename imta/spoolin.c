#include "spoolin.h"

#include <pthread.h>
#include <stdio.h>

#include "base/mapfile.h"

enum { PIECE = 32 << 10 };

static enum cs_status flush(struct buf *b, int fd, size_t least)
{
    enum cs_status st = b->n > least ? fd_write_all(fd, buf_slice(b)) : CS_OK;

    if (b->n > least)
        b->n = 0;
    return st;
}

/* Piece by piece: a message may be larger than what memory there is. */
static enum cs_status write_lines(int fd, struct slice s)
{
    struct buf b = buf_init((size_t)2 * PIECE);
    enum cs_status st = CS_OK;

    while (s.n && st == CS_OK) {
        size_t n = slice_chr(slice_take(s, PIECE), '\r');
        bool is_cr = n < s.n && s.p[n] == '\r';

        st = buf_put(&b, slice_take(s, n));
        if (st == CS_OK && is_cr && !(n + 1 < s.n && s.p[n + 1] == '\n'))
            st = buf_putc(&b, '\r');
        s = slice_drop(s, n + is_cr);
        if (st == CS_OK)
            st = flush(&b, fd, PIECE - 1);
    }
    if (st == CS_OK)
        st = flush(&b, fd, 0);
    buf_release(&b);
    return st;
}

static enum cs_status publish(struct queuedir *q, struct queued *m, struct slice envelope, struct slice message, uint64_t due)
{
    enum cs_status st = queuedir_create(q, m, "");

    if (st == CS_OK)
        st = fd_write_all(m->fd, envelope);
    if (st == CS_OK)
        st = write_lines(m->fd, message);
    if (st == CS_OK)
        st = queuedir_set_due(m, due);
    m->attempts = QUEUE_HELD;
    if (st == CS_OK)
        st = queuedir_publish(q, m, "", QUEUE_QUEUE);
    if (st != CS_OK && m->fd >= 0)
        queuedir_take_back(q, m, "");
    queuedir_unlock(m);
    return st;
}

static void new_id(struct queuedir *q, struct queued *m)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&one_at_a_time);
    queuedir_new_id(q, m);
    pthread_mutex_unlock(&one_at_a_time);
}

enum cs_status spoolin_hold(const char *folder, const struct envelope *e, struct slice message, char id[QUEUE_NAME])
{
    struct buf envelope = buf_init(ENVELOPE_BYTES);
    struct queued m = { .fd = -1 };
    struct queuedir q;
    enum cs_status st = queuedir_open(&q, folder);

    if (st != CS_OK)
        return st;
    q.is_durable = true;
    new_id(&q, &m);
    st = envelope_write(e, &envelope);
    if (st == CS_OK)
        st = publish(&q, &m, buf_slice(&envelope), message, e->arrived);
    if (st == CS_OK)
        snprintf(id, QUEUE_NAME, "%s", m.id);
    buf_release(&envelope);
    queuedir_close(&q);
    return st;
}
