/* view_overview.c - the first page, and the figures on it that are kept up to date. */
#include <math.h>
#include <stdlib.h>

#include "view.h"

enum { WIDE = 960, HIGH = 200, BOTTOM = 24 };

static void take(struct app *a, const struct user *u, double now, struct counts *c, struct snapshot *s, struct rate_hour hours[RATE_HOURS])
{
    if (index_counts(&a->index, u->domains, c) != CS_OK)
        c->n = 0;
    pthread_mutex_lock(&a->snap_lock);
    *s = a->snap;
    pthread_mutex_unlock(&a->snap_lock);
    rates_copy(&a->rates, now, hours);
}

struct figures {
    struct counts counts;
    struct snapshot snap;
    struct rate_hour hours[RATE_HOURS];
};

static double waiting_in_queues(const struct snapshot *s, double *oldest)
{
    double n = 0;

    *oldest = -1;
    for (size_t i = 0; i < s->n_queues; i++)
        if (strcmp(s->queue[i].name, "quarantine") != 0 && strcmp(s->queue[i].name, "held") != 0) {
            n += s->queue[i].n;
            if (s->queue[i].n > 0)
                *oldest = fmax(*oldest, s->queue[i].oldest);
        }
    return n;
}

/* Name for the script, label, text. */
typedef void figure_fn(struct page *p, const char *name, const char *label, const char *value);

static void each_figure(struct ask *q, const struct figures *f, struct page *p, figure_fn *put)
{
    static const struct { const char *name, *label; } queues[VIEW_QUEUES] = {
        { "held", "held" }, { "quarantined", "quarantined" }, { "errors", "errors" }, { "released", "released" }, { "deleted", "deleted" },
    };
    const struct rate_hour *last = &f->hours[RATE_HOURS - 1], *before = &f->hours[RATE_HOURS - 2];
    double oldest, waiting = waiting_in_queues(&f->snap, &oldest);
    char text[64];

    for (size_t i = 0; i < VIEW_QUEUES; i++)
        put(p, queues[i].name, queues[i].label, NUMBER(counts_of(&f->counts, view_queues[i].state, "")));
    if (!user_has_all(&q->user))
        return;
    put(p, "parts", "parts scanned this hour", NUMBER(rate_parts(last)));
    put(p, "before", "the hour before", NUMBER(rate_parts(before)));
    snprintf(text, sizeof text, "%.1f / %.1f", rate_percentile(last, 0.5), rate_percentile(last, 0.95));
    put(p, "latency", "ms a part: median / 95 %", text);
    put(p, "depth", "messages in the queue", NUMBER(waiting));
    put(p, "oldest", "the oldest of them", AGE(oldest));
    put(p, "database", "age of the signatures", AGE(f->snap.db_age));
}

static void put_tile(struct page *p, const char *name, const char *label, const char *value)
{
    page(p, "<div><dt>$</dt><dd data-live=\"$\">$</dd></div>\n", label, name, value);
}

static void put_json(struct page *p, const char *name, const char *label, const char *value)
{
    (void)label;
    page(p, "\"$\":\"$\",", name, value);
}

/* One event, and when to ask again: nothing waits on a connection that stays open. */
void show_live(struct ask *q, struct reply *r)
{
    struct figures *f = calloc(1, sizeof *f);

    r->type = "text/event-stream; charset=utf-8";
    page(&r->page, "retry: 5000\ndata: {");
    if (f) {
        take(q->app, &q->user, q->now, &f->counts, &f->snap, f->hours);
        each_figure(q, f, &r->page, put_json);
    }
    page(&r->page, "\"time\":\"$\"}\n\n", TIME((time_t)q->now));
    free(f);
}

static void put_chart(struct page *p, const struct rate_hour h[RATE_HOURS])
{
    double most = 1, bar = (double)WIDE / RATE_HOURS;
    char text[160];

    for (size_t i = 0; i < RATE_HOURS; i++)
        most = fmax(most, rate_parts(&h[i]));
    page(p, "<svg viewBox=\"0 0 $ $\" role=\"img\" aria-labelledby=\"chart\"><title id=\"chart\">Parts an hour by class, two days; the table below has the "
         "numbers</title>\n", INT(WIDE), INT(HIGH + BOTTOM));
    for (size_t i = 0; i < RATE_HOURS; i++) {
        double y = HIGH;

        for (size_t c = 0; c < RATE_CLASSES; c++) {
            double high = h[i].n[c] / most * (HIGH - 10);

            y -= high;
            snprintf(text, sizeof text, "x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", bar * (double)i, y, bar - 2, high);
            if (high > 0) {
                page(p, "<rect class=\"c-$\" ", rate_classes[c]);
                page_raw(p, slice_str(text));
                page(p, "/>\n");
            }
        }
        if (i % 6 == 0) {
            snprintf(text, sizeof text, "%.1f", bar * (double)i);
            page(p, "<text x=\"$\" y=\"$\">", text, INT(HIGH + 18));
            snprintf(text, sizeof text, "%.5s", TIME((time_t)(h[i].hour * 3600)) + 11);
            page(p, "$</text>\n", text);
        }
    }
    page(p, "<line x1=\"0\" x2=\"$\" y1=\"$\" y2=\"$\"/></svg>\n", INT(WIDE), INT(HIGH), INT(HIGH));
}

static void put_hours(struct page *p, const struct rate_hour h[RATE_HOURS])
{
    page(p, "<section aria-labelledby=\"hours\"><h2 id=\"hours\">By hour and class</h2>\n");
    put_chart(p, h);
    page(p, "<p class=\"key\">");
    for (size_t c = 0; c < RATE_CLASSES; c++)
        page(p, "<span class=\"dot c-$\"></span>$ ", rate_classes[c], rate_classes[c]);
    page(p, "</p>\n<details><summary>The numbers</summary>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"The numbers\"><table><thead><tr><th scope=\"col\">Hour</th>");
    for (size_t c = 0; c < RATE_CLASSES; c++)
        page(p, "<th scope=\"col\" class=\"number\">$</th>", rate_classes[c]);
    page(p, "<th scope=\"col\" class=\"number\">median ms</th><th scope=\"col\" class=\"number\">95 % ms</th></tr></thead><tbody>\n");
    for (size_t i = RATE_HOURS; i > 0; i--) {
        char low[32], high[32];

        if (rate_parts(&h[i - 1]) == 0)
            continue;
        snprintf(low, sizeof low, "%.1f", rate_percentile(&h[i - 1], 0.5));
        snprintf(high, sizeof high, "%.1f", rate_percentile(&h[i - 1], 0.95));
        page(p, "<tr><th scope=\"row\">$</th>", TIME((time_t)(h[i - 1].hour * 3600)));
        for (size_t c = 0; c < RATE_CLASSES; c++)
            page(p, "<td class=\"number\">$</td>", NUMBER(h[i - 1].n[c]));
        page(p, "<td class=\"number\">$</td><td class=\"number\">$</td></tr>\n", low, high);
    }
    page(p, "</tbody></table></div></details></section>\n");
}

static void put_counts(struct page *p, const struct counts *c)
{
    page(p, "<section aria-labelledby=\"counts\"><h2 id=\"counts\">Kept back, by queue and class</h2>\n<table><thead><tr><th scope=\"col\">Queue</th>"
         "<th scope=\"col\">Class</th><th scope=\"col\" class=\"number\">Items</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < VIEW_QUEUES; i++)
        for (size_t k = 0; k < c->n; k++)
            if (c->of[k].state == view_queues[i].state) {
                char state[2] = { c->of[k].state, 0 };

                page(p, "<tr><td>$</td><th scope=\"row\"><a href=\"/list?queue=$&amp;class=", view_queues[i].name, state);
                page_url(p, c->of[k].class);
                page(p, "\">$</a></th><td class=\"number\">$</td></tr>\n", c->of[k].class, NUMBER(c->of[k].n));
            }
    page(p, "</tbody></table></section>\n");
}

void show_overview(struct ask *q, struct reply *r)
{
    struct figures *f = calloc(1, sizeof *f);
    struct page *p = &r->page;

    if (!f) {
        reply_text(r, 503, "No room", "There is not enough memory for this page.");
        return;
    }
    take(q->app, &q->user, q->now, &f->counts, &f->snap, f->hours);
    page_begin(q, r, "Overview", "/");
    page(p, "<p class=\"soft\">$ <span data-live=\"time\">$</span></p>\n", user_has_all(&q->user) ? f->snap.host : q->user.domains, TIME((time_t)q->now));
    page(p, "<dl class=\"tiles\">\n");
    each_figure(q, f, p, put_tile);
    page(p, "</dl>\n");
    if (user_has_all(&q->user))
        put_hours(p, f->hours);
    put_counts(p, &f->counts);
    page_end(r);
    free(f);
}
