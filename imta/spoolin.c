#include "spoolin.h"

#include <pthread.h>
#include <stdio.h>

#include "base/mapfile.h"

static enum cs_status put_lines(struct buf *b, struct slice s)
{
    enum cs_status st = buf_reserve(b, s.n);

    while (s.n && st == CS_OK) {
        size_t n = slice_chr(s, '\r');

        st = buf_put(b, slice_take(s, n));
        if (st == CS_OK && n < s.n && !(n + 1 < s.n && s.p[n + 1] == '\n'))
            st = buf_putc(b, '\r');
        s = slice_drop(s, n + 1);
    }
    return st;
}

static enum cs_status publish(struct queuedir *q, struct queued *m, struct slice file, uint64_t due)
{
    enum cs_status st = queuedir_create(q, m, "");

    if (st == CS_OK)
        st = fd_write_all(m->fd, file);
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
    struct buf file = buf_init(SIZE_MAX / 2);
    struct queued m = { .fd = -1 };
    struct queuedir q;
    enum cs_status st = queuedir_open(&q, folder);

    if (st != CS_OK)
        return st;
    q.is_durable = true;
    new_id(&q, &m);
    st = envelope_write(e, &file);
    if (st == CS_OK)
        st = put_lines(&file, message);
    if (st == CS_OK)
        st = publish(&q, &m, buf_slice(&file), e->arrived);
    if (st == CS_OK)
        snprintf(id, QUEUE_NAME, "%s", m.id);
    buf_release(&file);
    queuedir_close(&q);
    return st;
}
