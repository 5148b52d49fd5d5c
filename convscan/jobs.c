#include "jobs.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "helper.h"
#include "xz.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23          /* since Linux 5.14; before, the kernel says no */
#endif

/*
 * JOBS: in the queue at most, OPEN of which are not done. JOB_OBJECTS, JOB_TOTAL: what may come out of one. JOBS_BYTES: of those that have
 * memory of their own. TOUCH_FROM, TOUCH: memory is asked for in such pieces.
 */
enum { JOBS = 2048, OPEN = 64, JOB_OBJECTS = 64, JOB_TOTAL = 8 << 20, JOBS_BYTES = 8 << 20, MEMORY_SHARE = 8, TOUCH_FROM = 4 << 20, TOUCH = 2 << 20 };

enum job_kind { CHILD, LOOK /* at an object that is being taken apart */, PAGES };

struct job {
    enum job_kind kind;
    struct object *seen;                /* o, or for LOOK that object */
    struct object o;
    struct spool spool;
    size_t held;                        /* of the spool, in memory of its own */
    uint8_t *pages;
    size_t n_pages;
    size_t words;                       /* how many passwords were known */
    /* what came of it */
    struct verdict verdict;
    enum cs_status st;
    uint64_t objects, total;
    bool is_odd;                        /* to be done again in its turn */
    size_t path_n;
    char path[];                        /* and behind it the texts and names of o */
};

struct jobs {
    struct helper *helper;
    struct scan *main, *own, *other;    /* own: with which the first thread helps out; other: that of the second */
    struct words words;                 /* passwords; they stay as they are while there are jobs */
    size_t bytes, held;                 /* of the children in the queue */
    atomic_size_t objects, total;       /* that came out of those that are done */
    bool is_busy;                       /* one is done again: no jobs of its own */
    atomic_bool is_over;                /* nobody wants the rest */
    atomic_bool is_written;             /* nobody waits for pages any more */
    struct job *list[JOBS];
};

static void copy_words(struct words *to, const struct words *from)
{
    to->n = to->text_n = 0;
    for (size_t i = 0; i < from->n; i++)
        words_add(to, from->words[i]);
}

/* ---- a job, in either thread -------------------------------------------------------------------------------------- */

static void prepare(struct scan *w, struct job *j)
{
    const struct scan *s = w->jobs->main;

    w->part = s->part;
    w->end = s->end;
    w->verdict = &j->verdict;
    w->objects = w->total = 0;
    w->is_limited = false;
    w->n_pending = 0;
    w->above = j->seen->parent;
    w->path_n = j->path_n;
    memcpy(w->path, j->path, j->path_n);
    memcpy(w->chain, s->chain, j->seen->depth * sizeof *s->chain);
    copy_words(&w->passwords, &w->jobs->words);
}

/* Errors may come of a lack of something that the first thread need not suffer from. */
static bool is_odd(const struct scan *w, const struct job *j)
{
    const struct verdict *v = &j->verdict;

    return w->is_limited || w->passwords.n != j->words || v->excepted || (j->st != CS_OK && j->st != CS_STOP) ||
           v->worst.cls == CLS_ERROR || v->worst.cls == CLS_LIMIT || (v->worst.cls != CLS_CLEAN && v->n_hits == 0) || v->n_hits == VERDICT_HITS;
}

static void touch(struct jobs *jobs, struct job *j)
{
    for (size_t at = 0; at < j->n_pages && !atomic_load(&jobs->is_written); at += TOUCH)
        if (madvise(j->pages + at, j->n_pages - at < TOUCH ? j->n_pages - at : TOUCH, MADV_POPULATE_WRITE) != 0)
            return;
}

static void work(void *who, size_t slot)
{
    struct scan *w = who;
    struct jobs *jobs = w->jobs;
    struct job *j = jobs->list[slot];

    if (atomic_load(&jobs->is_over))
        return;
    if (j->kind == PAGES) {
        touch(jobs, j);
        return;
    }
    prepare(w, j);
    j->st = j->kind == LOOK ? object_look(w, j->seen) : object_run(w, j->seen);
    j->objects = w->objects;
    j->total = w->total;
    j->is_odd = is_odd(w, j);
    atomic_fetch_add(&jobs->objects, (size_t)j->objects);
    atomic_fetch_add(&jobs->total, (size_t)j->total);
}

/* ---- adding up ------------------------------------------------------------------------------------------------------ */

static enum cs_status do_again(struct scan *s, struct job *j)
{
    char path[PATH_ROOM];
    size_t path_n = s->path_n;
    enum cs_status st;

    memcpy(path, s->path, path_n);
    memcpy(s->path, j->path, j->path_n);
    s->path_n = j->path_n;
    s->jobs->is_busy = true;
    if (j->kind == CHILD) {
        j->o.below = j->o.allowed = j->o.allowed_here = 0;
        j->o.is_bomb = false;
    }
    st = j->kind == LOOK ? object_look(s, j->seen) : object_run(s, j->seen);
    s->jobs->is_busy = false;
    memcpy(s->path, path, path_n);
    s->path_n = path_n;
    return st;
}

static enum cs_status add_up(struct scan *s, struct job *j)
{
    enum cs_status st = j->st;

    if (j->kind == PAGES)
        return CS_OK;
    if (j->kind == CHILD)
        scan_count(s, j->o.parent, 1, j->o.bytes.n);
    if (j->is_odd || s->passwords.n != j->words) {
        st = do_again(s, j);
    } else {
        scan_count(s, j->seen->parent, j->objects, j->total);
        for (size_t i = 0; i < j->verdict.n_hits; i++)
            verdict_add_finding(s->verdict, &j->verdict.hits[i]);
    }
    if (j->kind == CHILD || st == CS_OK)
        return st;
    j->seen->looked = st;               /* what it says counts for that object, not for those inside that are being read */
    return CS_STOP;
}

static void let_go(struct jobs *jobs, struct job *j)
{
    if (j->kind == CHILD) {
        jobs->bytes -= j->o.bytes.n;
        jobs->held -= j->held;
        spool_release(&j->spool);
    }
    atomic_fetch_sub(&jobs->objects, (size_t)j->objects);
    atomic_fetch_sub(&jobs->total, (size_t)j->total);
    verdict_release(&j->verdict);
    free(j);
    helper_take(jobs->helper);
}

static enum cs_status settle_oldest(struct scan *s)
{
    struct jobs *jobs = s->jobs;
    struct job *j = jobs->list[helper_wait(jobs->helper, jobs->own)];
    enum cs_status st = add_up(s, j);

    let_go(jobs, j);
    return st;
}

/* One by one, these would not have been begun. */
static void drop_all(struct jobs *jobs)
{
    atomic_store(&jobs->is_over, true);
    while (helper_count(jobs->helper))
        let_go(jobs, jobs->list[helper_wait(jobs->helper, jobs->own)]);
    atomic_store(&jobs->is_over, false);
}

/* Until no more than so many wait, and those that are done anyway. */
static enum cs_status settle_to(struct scan *s, size_t most, size_t most_held)
{
    struct jobs *jobs = s->jobs;
    enum cs_status st = CS_OK;
    size_t slot;

    while (st == CS_OK && helper_count(jobs->helper) &&
           (helper_count(jobs->helper) > most || jobs->held > most_held || helper_has_done(jobs->helper, &slot)))
        st = settle_oldest(s);
    if (st != CS_OK)
        drop_all(jobs);
    return st;
}

enum cs_status jobs_settle(struct scan *s)
{
    struct jobs *jobs = s->jobs;
    enum cs_status st;

    if (!jobs || s->is_alone || jobs->is_busy || helper_count(jobs->helper) == 0)
        return CS_OK;
    atomic_store(&jobs->is_written, true);
    st = settle_to(s, 0, 0);
    atomic_store(&jobs->is_written, false);
    return st;
}

/* ---- giving out ----------------------------------------------------------------------------------------------------- */

static struct scan *worker(struct jobs *jobs)
{
    struct scan_setup setup = jobs->main->setup;
    struct scan *w;

    setup.wants_tree = false;
    w = scan_new(&setup);
    if (!w)
        return NULL;
    w->is_alone = true;
    w->jobs = jobs;
    w->spools.max_memory /= MEMORY_SHARE;
    w->most_objects = w->most_objects < JOB_OBJECTS ? w->most_objects : JOB_OBJECTS;
    w->most_total = w->most_total < JOB_TOTAL ? w->most_total : JOB_TOTAL;
    return w;
}

static struct jobs *jobs_new(struct scan *s)
{
    struct jobs *jobs = calloc(1, sizeof *jobs);

    if (!jobs)
        return NULL;
    jobs->main = s;
    jobs->own = worker(jobs);
    jobs->other = worker(jobs);
    xz_prepare();
    if (jobs->own && jobs->other)
        jobs->helper = helper_new(JOBS, work, jobs->other);
    if (jobs->helper)
        return jobs;
    jobs_free(jobs);
    return NULL;
}

static void worker_free(struct scan *w)
{
    if (w)
        w->jobs = NULL;
    scan_free(w);
}

void jobs_free(struct jobs *jobs)
{
    if (!jobs)
        return;
    helper_free(jobs->helper);
    worker_free(jobs->own);
    worker_free(jobs->other);
    free(jobs);
}

/* libmagic knows one thread; the tree of objects is drawn while they are read. */
static bool may_have_jobs(struct scan *s)
{
    if (s->is_alone)
        return false;
    if (!s->jobs) {
        s->is_alone = !s->setup.conf->scan.helper || s->setup.wants_tree || s->setup.conf->names.block_magic || !(s->jobs = jobs_new(s));
        return !s->is_alone;
    }
    return !s->jobs->is_busy;
}

/* more: bytes behind the path. NULL: no memory. */
static struct job *new_job(struct scan *s, enum job_kind kind, size_t more)
{
    struct jobs *jobs = s->jobs;
    struct job *j = calloc(1, sizeof *j + s->path_n + more);

    if (!j)
        return NULL;
    if (helper_count(jobs->helper) == 0)
        copy_words(&jobs->words, &s->passwords);
    j->kind = kind;
    j->seen = &j->o;
    j->words = jobs->words.n;
    j->verdict.keeps_all = true;
    j->path_n = s->path_n;
    memcpy(j->path, s->path, s->path_n);
    return j;
}

static void give(struct jobs *jobs, struct job *j)
{
    jobs->list[helper_next(jobs->helper)] = j;
    helper_give(jobs->helper, j->kind != CHILD);
}

bool jobs_look(struct scan *s, struct object *o)
{
    struct job *j;

    o->looked = CS_OK;
    if (o->bytes.n < JOBS_FROM || o->is_view || s->has_allow_rules || !may_have_jobs(s))
        return false;
    j = new_job(s, LOOK, 0);
    if (!j)
        return false;
    j->seen = o;
    give(s->jobs, j);
    return true;
}

enum cs_status jobs_looked(struct scan *s, struct object *o, enum cs_status st)
{
    enum cs_status settled = jobs_settle(s);

    if (o->looked != CS_OK)
        return o->looked;
    return st == CS_OK ? settled : st;
}

void jobs_touch(struct scan *s, struct object *parent, uint8_t *p, size_t n)
{
    struct job *j;

    if (n < TOUCH_FROM || parent->bytes.n < JOBS_FROM || !may_have_jobs(s) || helper_count(s->jobs->helper) == JOBS)
        return;
    j = new_job(s, PAGES, 0);
    if (!j)
        return;
    j->pages = p;
    j->n_pages = n;
    give(s->jobs, j);
}

static uint64_t times(uint64_t most, uint64_t used, uint64_t each)
{
    return most > used ? (most - used) / each : 0;
}

/* How many may be open without any budget coming near its end, whatever comes out of them; besides, one is being unpacked. */
static size_t room_for(const struct scan *s, const struct object *parent)
{
    const uint64_t each = JOB_TOTAL + JOB_BYTES, more = atomic_load(&s->jobs->total) + s->jobs->bytes;
    const uint64_t objects = times(s->most_objects, s->objects + helper_count(s->jobs->helper) + atomic_load(&s->jobs->objects), JOB_OBJECTS + 1);
    const uint64_t bytes = times(s->most_total, s->total + more, each);
    uint64_t n = objects < bytes ? objects : bytes;

    for (const struct object *o = parent; o && n; o = o->parent) {
        uint64_t most = o->bytes.n * s->setup.conf->limit.ratio, from = s->setup.conf->limit.ratio_from;
        uint64_t room = times(most > from ? most : from, o->below + more, each);

        n = room < n ? room : n;
    }
    return n > OPEN ? OPEN : n ? (size_t)n - 1 : 0;
}

/* Makes place for one more. False: a budget is too near its end. */
static bool has_place(struct scan *s, const struct object *parent, size_t n, enum cs_status *st)
{
    struct jobs *jobs = s->jobs;
    size_t room;

    *st = settle_to(s, jobs->words.n == s->passwords.n ? JOBS - 1 : 0, JOBS_BYTES - n);
    while (*st == CS_OK) {
        size_t open = helper_open(jobs->helper);        /* first: what is done in between counts twice then, not never */

        room = room_for(s, parent);
        if (room > open)
            return true;
        if (helper_count(jobs->helper) == 0)
            return false;
        if (!helper_help(jobs->helper, jobs->own))
            *st = settle_to(s, helper_count(jobs->helper) - 1, JOBS_BYTES);
    }
    return false;
}

static struct slice moved(const struct outlet *out, uint8_t *to, struct slice text)
{
    return slice_of(to + (text.p - out->text), text.n);
}

static struct job *child_job(struct outlet *out)
{
    const struct object *child = &out->child;
    const size_t pad = sizeof(struct slice), n_names = child->n_names * sizeof(struct slice);
    struct job *j = new_job(out->scan, CHILD, out->text_n + pad + n_names);
    uint8_t *text, *names;

    if (!j)
        return NULL;
    text = (uint8_t *)j->path + j->path_n;
    names = text + out->text_n;
    names += (pad - (uintptr_t)names % pad) % pad;
    memcpy(text, out->text, out->text_n);
    j->o = *child;
    j->o.name = moved(out, text, child->name);
    j->o.declared = moved(out, text, child->declared);
    j->o.charset = moved(out, text, child->charset);
    j->o.names = (const struct slice *)names;
    for (size_t i = 0; i < child->n_names; i++) {
        struct slice name = moved(out, text, child->names[i]);

        memcpy(names + i * sizeof name, &name, sizeof name);
    }
    return j;
}

/* What a message says may be the password of what comes behind it. */
bool jobs_child(struct outlet *out, enum cs_status *st)
{
    struct scan *s = out->scan;
    struct object *parent = out->parent;
    size_t n = spool_size(&out->spool);
    struct job *j = NULL;

    if (parent->bytes.n < JOBS_FROM || !jobs_are_for(n, 0) || ftype_has(&parent->types, "mail") || !may_have_jobs(s))
        return false;
    scan_uncount(s, parent, 1, n);
    if (has_place(s, parent, n, st))
        j = child_job(out);
    if (!j && *st == CS_OK) {
        scan_count(s, parent, 1, n);
        return false;
    }
    if (!j) {
        spool_release(&out->spool);
        return true;
    }
    j->spool = out->spool;
    spool_init(&out->spool, j->spool.rules);
    j->held = j->spool.lent.n ? 0 : n;
    s->jobs->bytes += n;
    s->jobs->held += j->held;
    give(s->jobs, j);
    return true;
}
