#include "statlog.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { WORKERS_MAX = 65535 };      /* a larger number is no worker's */

/* The next key=value pair; quotes hide blanks. */
static bool next_pair(struct slice *left, struct slice *key, struct slice *value)
{
    size_t eq, n;

    *left = slice_trim(*left);
    eq = slice_chr(*left, '=');
    if (eq == left->n)
        return false;
    *key = slice_take(*left, eq);
    *left = slice_drop(*left, eq + 1);
    if (left->n && left->p[0] == '"') {
        n = slice_chr(slice_drop(*left, 1), '"');
        *value = slice_sub(*left, 1, n);
        *left = slice_drop(*left, n + 2);
        return true;
    }
    n = slice_chr(*left, ' ');
    *value = slice_take(*left, n);
    *left = slice_drop(*left, n);
    return true;
}

static double read_number(struct slice s)
{
    double v = 0, unit = 1;
    bool has_point = false;

    for (size_t i = 0; i < s.n && i < 40; i++) {
        if (s.p[i] == '.' && !has_point) {
            has_point = true;
        } else if (ascii_is_digit(s.p[i])) {
            v = v * 10 + (s.p[i] - '0');
            unit *= has_point ? 10 : 1;
        } else {
            break;
        }
    }
    return v / unit;
}

static int two(struct slice s, size_t at)
{
    return (s.p[at] - '0') * 10 + (s.p[at + 1] - '0');
}

/* "2026-01-02T03:04:05.678Z", or seconds. */
static double read_time(struct slice s)
{
    struct tm tm = { 0 };

    if (s.n < 19 || s.p[4] != '-' || s.p[10] != 'T')
        return read_number(s);
    tm.tm_year = two(s, 0) * 100 + two(s, 2) - 1900;
    tm.tm_mon = two(s, 5) - 1;
    tm.tm_mday = two(s, 8);
    tm.tm_hour = two(s, 11);
    tm.tm_min = two(s, 14);
    tm.tm_sec = two(s, 17);
    return (double)timegm(&tm) + read_number(slice_drop(s, 19));
}

static void keep(char *to, size_t size, struct slice s)
{
    s = slice_take(s, size - 1);
    memcpy(to, s.p, s.n);
    to[s.n] = '\0';
}

/* "vir-ex:NAME,spam-ex:NAME" */
static unsigned read_excepts(struct slice s)
{
    static const struct { struct slice word; unsigned bit; } kinds[] = {
        { SLICE("vir-ex:"), EXCEPT_VIRUS }, { SLICE("ext-ex:"), EXCEPT_EXT }, { SLICE("spam-ex:"), EXCEPT_SPAM },
    };
    unsigned bits = 0;

    while (s.n) {
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            bits |= slice_starts(s, kinds[i].word) ? kinds[i].bit : 0;
        s = slice_drop(s, slice_chr(s, ',') + 1);
    }
    return bits;
}

static void take_pair(struct stat_record *r, struct slice key, struct slice value, struct slice *in, struct slice *out)
{
    const struct {
        const char *key;
        double *to;
    } numbers[] = { { "size", &r->bytes }, { "parts", &r->parts }, { "us", &r->us }, { "cpu_us", &r->cpu_us },
                    { "delay_us", &r->delay_us }, { "attempts", &r->attempts } };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (slice_eq(key, slice_str(numbers[i].key)))
            *numbers[i].to = read_number(value);
    if (slice_eq(key, SLICE("time")))
        r->time = read_time(value);
    else if (slice_eq(key, SLICE("id")))
        keep(r->id, sizeof r->id, value);
    else if (slice_eq(key, SLICE("class")))
        keep(r->class, sizeof r->class, value);
    else if (slice_eq(key, SLICE("except")))
        r->excepts = read_excepts(value);
    else if (slice_eq(key, SLICE("sig")))
        keep(r->sig, sizeof r->sig, value);
    else if (slice_eq(key, SLICE("worker")))
        r->worker = (unsigned)fmin(read_number(value), WORKERS_MAX);
    else if (slice_eq(key, SLICE("in")))
        *in = value;
    else if (slice_eq(key, SLICE("out")))
        *out = value;
    else if (slice_eq(key, SLICE("outcome"))) {
        keep(r->class, sizeof r->class, value);
        r->is_message = true;
    }
}

bool statlog_line(struct slice line, struct stat_record *out)
{
    struct slice key, value, in = SLICE("-"), to = SLICE("-");
    size_t start = slice_find(line, SLICE("time="));    /* behind what a log daemon puts in front */

    *out = (struct stat_record){ .parts = 0 };
    line = slice_drop(line, start);
    while (next_pair(&line, &key, &value))
        take_pair(out, key, value, &in, &to);
    snprintf(out->channel, sizeof out->channel, "%.*s>%.*s", (int)slice_take(in, 22).n, (const char *)in.p,
             (int)slice_take(to, 22).n, (const char *)to.p);
    if (!out->is_message)
        out->parts = 1;
    return out->time > 0 && out->class[0];
}

static enum cs_status add(struct statlog *l, const struct stat_record *r)
{
    if (l->n == l->room) {
        size_t room = l->room ? l->room * 2 : 1024;
        struct stat_record *p = reallocarray(l->all, room, sizeof *p);

        if (!p)
            return CS_NOMEM;
        l->all = p;
        l->room = room;
    }
    l->all[l->n++] = *r;
    return CS_OK;
}

enum cs_status statlog_read(struct statlog *l, FILE *f)
{
    char line[STATLOG_LINE];
    struct stat_record r;
    enum cs_status st = CS_OK;

    while (st == CS_OK && fgets(line, sizeof line, f)) {
        if (statlog_line(slice_trim(slice_str(line)), &r))
            st = add(l, &r);
        else
            l->n_other++;
    }
    return st == CS_OK && ferror(f) ? CS_IO : st;
}

enum cs_status statlog_read_files(struct statlog *l, char **files, int n, const char **bad)
{
    enum cs_status st = CS_OK;

    *bad = "standard input";
    if (n == 0)
        return statlog_read(l, stdin);
    for (int i = 0; st == CS_OK && i < n; i++) {
        FILE *f = fopen(files[i], "re");

        *bad = files[i];
        st = f ? statlog_read(l, f) : cs_status_errno(errno);
        if (f)
            fclose(f);
    }
    return st;
}

void statlog_free(struct statlog *l)
{
    free(l->all);
    *l = (struct statlog){ .n = 0 };
}

static int by_id(const void *a, const void *b)
{
    const struct stat_record *x = a, *y = b;
    int order = strcmp(x->id, y->id);

    return order ? order : (x->time > y->time) - (x->time < y->time);
}

enum cs_status statlog_messages(const struct statlog *parts, struct statlog *out)
{
    struct stat_record *sorted = reallocarray(NULL, parts->n + 1, sizeof *sorted);
    enum cs_status st = CS_OK;

    *out = (struct statlog){ .n = 0 };
    if (!sorted)
        return CS_NOMEM;
    if (parts->n) {
        memcpy(sorted, parts->all, parts->n * sizeof *sorted);
        qsort(sorted, parts->n, sizeof *sorted, by_id);
    }
    for (size_t i = 0; st == CS_OK && i < parts->n; i++) {
        const struct stat_record *r = &sorted[i];
        struct stat_record *last = out->n ? &out->all[out->n - 1] : NULL;
        bool is_nameless = !r->id[0] || strcmp(r->id, "-") == 0;

        if (r->is_message || is_nameless || !last || strcmp(last->id, r->id) != 0) {
            st = add(out, r);
            continue;
        }
        last->parts += r->parts;
        last->bytes += r->bytes;
        last->us += r->us;
        last->cpu_us += r->cpu_us;
        last->time = r->time;
    }
    free(sorted);
    return st;
}
