#include "topview.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static void put(struct topview *v, size_t width, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void put(struct topview *v, size_t width, const char *fmt, ...)
{
    va_list ap;

    if (v->n == TOP_LINES)
        return;
    va_start(ap, fmt);
    vsnprintf(v->line[v->n], width < TOP_WIDTH ? width + 1 : TOP_WIDTH, fmt, ap);
    va_end(ap);
    v->n++;
}

/* Six characters at the most. */
static const char *size_text(double bytes, char out[16])
{
    static const char units[] = " KMGTPE";
    size_t i = 0;

    if (!(bytes >= 0) || isinf(bytes))
        bytes = 0;
    for (; bytes >= 10000 && i + 2 < sizeof units; i++)
        bytes /= 1024;
    snprintf(out, 16, i ? "%.0f%c" : "%.0f", fmin(bytes, 99999), units[i]);
    return out;
}

static const char *age_text(double s, char out[16])
{
    if (!(s >= 0) || s > 1e10)
        snprintf(out, 16, "-");
    else if (s < 120)
        snprintf(out, 16, "%.0fs", s);
    else if (s < 7200)
        snprintf(out, 16, "%.0fm", s / 60);
    else if (s < 172800)
        snprintf(out, 16, "%.0fh", s / 3600);
    else
        snprintf(out, 16, "%.0fd", s / 86400);
    return out;
}

static void draw_head(struct topview *v, const struct snapshot *s, size_t width, double now)
{
    time_t t = (time_t)fmin(fmax(s->time, 0), 4e11);
    struct tm tm;
    char when[32] = "-", age[16], bytes[16], stale[40] = "";

    if (localtime_r(&t, &tm))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
    if (now - s->time > 120)
        snprintf(stale, sizeof stale, "  (%s old)", age_text(now - s->time, age));
    put(v, width, "%.20s  %s%s", s->host, when, stale);
    if (s->db_age >= 0)
        put(v, width, "database %s old, %s bytes", age_text(s->db_age, age), size_text(s->db_bytes, bytes));
    else if (s->db_age > SNAP_NOT_ASKED)
        put(v, width, "database: none seen");
    if (s->flood_age >= 0)
        put(v, width, "flood counters: %s, moved %s ago", s->flood_age < 600 ? "active" : "quiet", age_text(s->flood_age, age));
    put(v, width, "%s", "");
}

/* An X a message, as long as there is room; then a '+'. */
static void draw_queues(struct topview *v, const struct snapshot *s, size_t width)
{
    double n = 0, total = 0;
    char bytes[16], age[16], bar[TOP_WIDTH];

    if (s->n_queues == 0)
        return;
    put(v, width, "%-14s %6s %6s %6s", "queue", "msgs", "bytes", "oldest");
    for (size_t i = 0; i < s->n_queues; i++) {
        const struct snap_queue *q = &s->queue[i];
        size_t room = width > 40 ? width - 38 : 2, marks = q->n > 0 ? (size_t)fmin(q->n, (double)room) : 0;

        if (room > sizeof bar - 2)
            room = sizeof bar - 2;
        if (marks > room)
            marks = room;
        memset(bar, 'X', marks);
        if (q->n > (double)room && marks)
            bar[marks - 1] = '+';
        bar[marks] = '\0';
        put(v, width, "%-14.14s %6.0f %6s %6s %s", q->name, q->n, size_text(q->bytes, bytes), age_text(q->oldest, age), bar);
        n += q->n;
        total += q->bytes;
    }
    put(v, width, "%-14s %6.0f %6s", "total", n, size_text(total, bytes));
    put(v, width, "%s", "");
}

static void draw_classes(struct topview *v, const struct snapshot *s, size_t width)
{
    double window = s->window > 0 ? s->window : 60, n = 0;

    put(v, width, "%-10s %7s %7s %8s %8s", "verdict", "parts", "/s", "avg ms", "max ms");
    for (size_t i = 0; i < s->n_classes; i++) {
        const struct snap_class *c = &s->cls[i];

        put(v, width, "%-10.10s %7.0f %7.1f %8.2f %8.2f", c->name, c->n, c->n / window, c->n > 0 ? c->us / c->n / 1e3 : 0, c->us_max / 1e3);
        n += c->n;
    }
    put(v, width, "%-10s %7.0f %7.1f   in the last %.0f s", "total", n, n / window, window);
    put(v, width, "%s", "");
}

static void draw_slow(struct topview *v, const struct snapshot *s, size_t width)
{
    char bytes[16];

    if (s->n_slow == 0)
        return;
    put(v, width, "%8s %-8s %6s %s", "slowest", "verdict", "bytes", "id");
    for (size_t i = 0; i < s->n_slow; i++)
        put(v, width, "%8.2f %-8.8s %6s %s", s->slow[i].us / 1e3, s->slow[i].cls, size_text(s->slow[i].bytes, bytes), s->slow[i].id);
}

void topview_draw(struct topview *v, const struct snapshot *s, size_t width, double now)
{
    v->n = 0;
    if (width < 40)
        width = 40;
    draw_head(v, s, width, now);
    draw_queues(v, s, width);
    draw_classes(v, s, width);
    draw_slow(v, s, width);
}
