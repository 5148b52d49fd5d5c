#include "milstatus.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "snapshot.h"

static uint64_t clock_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void milstatus_open(struct milstatus *s)
{
    *s = (struct milstatus){ .lock = PTHREAD_MUTEX_INITIALIZER };
}

/* ---- messages ---- */

void milstatus_begin(struct milstatus *s, struct milstatus_item *i)
{
    *i = (struct milstatus_item){ .stage = STAGE_RECEIVING, .since = clock_us(CLOCK_MONOTONIC) };
    pthread_mutex_lock(&s->lock);
    i->next = s->first;
    if (i->next)
        i->next->before = i;
    s->first = i;
    pthread_mutex_unlock(&s->lock);
}

void milstatus_move(struct milstatus *s, struct milstatus_item *i, enum mil_stage stage, uint64_t bytes)
{
    uint64_t now = clock_us(CLOCK_MONOTONIC);

    pthread_mutex_lock(&s->lock);
    i->stage = stage;
    i->bytes = bytes;
    i->since = now;
    pthread_mutex_unlock(&s->lock);
}

void milstatus_end(struct milstatus *s, struct milstatus_item *i)
{
    pthread_mutex_lock(&s->lock);
    if (i->before)
        i->before->next = i->next;
    else
        s->first = i->next;
    if (i->next)
        i->next->before = i->before;
    pthread_mutex_unlock(&s->lock);
}

/* ---- answers ---- */

void milstatus_answer(struct milstatus *s, enum mil_answer a, uint64_t us)
{
    uint64_t now = clock_us(CLOCK_MONOTONIC) / 1000000;
    struct milstatus_second *t = &s->seconds[now % MILSTATUS_WINDOW];

    pthread_mutex_lock(&s->lock);
    if (t->second != now)
        *t = (struct milstatus_second){ .second = now };
    t->answer[a].n++;
    t->answer[a].us += us;
    if (us > t->answer[a].us_max)
        t->answer[a].us_max = us;
    pthread_mutex_unlock(&s->lock);
}

static void add_answers(const struct milstatus *s, uint64_t now, struct snapshot *out)
{
    for (int a = 0; a < MIL_ANSWERS; a++) {
        struct snap_class *c = &out->cls[out->n_classes];

        *c = (struct snap_class){ .n = 0 };
        for (size_t i = 0; i < MILSTATUS_WINDOW; i++) {
            const struct milstatus_second *t = &s->seconds[i];

            if (t->second + MILSTATUS_WINDOW <= now)
                continue;
            c->n += t->answer[a].n;
            c->us += (double)t->answer[a].us;
            if ((double)t->answer[a].us_max > c->us_max)
                c->us_max = (double)t->answer[a].us_max;
        }
        snprintf(c->name, sizeof c->name, "%s", mil_answer_text((enum mil_answer)a));
        out->n_classes += c->n > 0;
    }
}

/* ---- the file ---- */

static struct snap_queue *add_row(struct snapshot *out, const char *name)
{
    struct snap_queue *q = &out->queue[out->n_queues++];

    snprintf(q->name, sizeof q->name, "%s", name);
    return q;
}

static void add_stages(const struct milstatus *s, uint64_t now, struct snapshot *out)
{
    static const char *const names[STAGE_N] = { "receiving", "waiting", "working" };
    struct snap_queue *rows[STAGE_N];

    for (size_t i = 0; i < STAGE_N; i++)
        rows[i] = add_row(out, names[i]);
    for (const struct milstatus_item *i = s->first; i; i = i->next) {
        double age = now > i->since ? (double)(now - i->since) / 1e6 : 0;

        rows[i->stage]->n++;
        rows[i->stage]->bytes += (double)i->bytes;
        if (age > rows[i->stage]->oldest)
            rows[i->stage]->oldest = age;
    }
}

static void name_host(struct snapshot *out)
{
    char host[SNAP_WORD - 12] = "";

    if (gethostname(host, sizeof host - 1) != 0 || !host[0])
        snprintf(host, sizeof host, "localhost");
    snprintf(out->host, sizeof out->host, "%s/convmilter", host);
}

enum cs_status milstatus_write(struct milstatus *s, const char *path, unsigned connections, unsigned standby)
{
    struct snapshot out = { .time = (double)clock_us(CLOCK_REALTIME) / 1e6, .window = MILSTATUS_WINDOW, .db_age = SNAP_NOT_ASKED,
                            .db_bytes = -1, .flood_age = -1 };
    uint64_t now = clock_us(CLOCK_MONOTONIC);

    name_host(&out);
    add_row(&out, "connections")->n = connections;
    pthread_mutex_lock(&s->lock);
    add_stages(s, now, &out);
    add_answers(s, now / 1000000, &out);
    pthread_mutex_unlock(&s->lock);
    add_row(&out, "standby")->n = standby;
    return snapshot_write(&out, path);
}
