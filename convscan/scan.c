#include "scan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/safe.h"
#include "formats.h"
#include "jobs.h"
#include "libmagic.h"
#include "mime/mime.h"
#include "names.h"
#include "scanning.h"

enum { PENDING = 64 };

static struct slice path_slice(const struct scan *s)
{
    return slice_of(s->path, s->path_n);
}

static void blame(struct scan *s, enum cls c, const char *name, const char *detail)
{
    char text[160];
    int n = snprintf(text, sizeof text, "%s%s%s", name, detail ? " " : "", detail ? detail : "");

    verdict_add(s->verdict, c, slice_of(text, n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1), path_slice(s), 0);
}

static enum cs_status limit(struct scan *s, const char *which)
{
    s->is_limited = true;
    blame(s, CLS_LIMIT, "Limit", which);
    return CS_LIMIT;
}

/* A limit that speaks of a bomb, not of our means: whoever wants all hits goes on behind it. */
static enum cs_status soft_limit(struct scan *s, const char *which)
{
    enum cs_status st = limit(s, which);

    return s->setup.wants_all ? CS_OK : st;
}

static bool is_late(const struct scan *s)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec > s->end.tv_sec || (now.tv_sec == s->end.tv_sec && now.tv_nsec > s->end.tv_nsec);
}

/* ---- matching --------------------------------------------------------------------------------------------------- */

static enum cls class_of(enum vdl_class c)
{
    return c == VDL_VIRUS ? CLS_VIRUS : c == VDL_EXT ? CLS_EXT : CLS_SPAM;
}

/* An allow rule speaks for the class that is its name's first word ("ext-…", "spam.…"), any other for viruses. */
static enum cls class_allowed(struct slice name)
{
    size_t n = 0;

    while (n < name.n && (ascii_is_alpha(name.p[n]) || ascii_is_digit(name.p[n])))
        n++;
    if (slice_ieq(slice_take(name, n), SLICE("ext")))
        return CLS_EXT;
    return slice_ieq(slice_take(name, n), SLICE("spam")) ? CLS_SPAM : CLS_VIRUS;
}

static bool is_allowed(const struct object *o, enum cls c)
{
    bool is_here = true;

    for (; o; o = o->parent) {
        if ((o->allowed | (is_here ? o->allowed_here : 0)) & 1u << c)
            return true;
        is_here = is_here && o->is_view;
    }
    return false;
}

/*
 * A finding in an object: counts, unless an allow rule matched this object or one around it. A rule that asks for bytes may have seen
 * them in one member of an archive: that says nothing of the others.
 */
static void found(struct scan *s, const struct object *o, enum cls c, struct slice name, uint64_t offset)
{
    if (is_allowed(o, c))
        verdict_except(s->verdict, c, name);
    else
        verdict_add(s->verdict, c, name, path_slice(s), offset);
}

static bool on_allow(struct scan *s, const struct vdl_hit *hit)
{
    *(hit->is_by_bytes ? &s->at->allowed_here : &s->at->allowed) |= 1u << class_allowed(hit->name);
    return true;
}

/* With allow rules in play the order of hits says nothing: they wait until the object has been read. */
static bool on_hit(void *ctx, const struct vdl_hit *hit)
{
    struct scan *s = ctx;
    enum cls c = class_of(hit->cls);

    if (hit->cls == VDL_ALLOW)
        return on_allow(s, hit);
    if (!s->has_allow_rules) {
        verdict_add(s->verdict, c, hit->name, path_slice(s), hit->offset);
        return s->setup.wants_all || c != CLS_VIRUS;
    }
    if (s->n_pending < PENDING) {
        struct finding *f = &s->pending[s->n_pending++];

        *f = (struct finding){ .cls = c, .offset = hit->offset };
        safe_text(f->name, sizeof f->name, hit->name);
    }
    return true;
}

static enum cs_status settle_hits(struct scan *s, const struct object *o)
{
    for (size_t i = 0; i < s->n_pending; i++)
        found(s, o, s->pending[i].cls, slice_str(s->pending[i].name), s->pending[i].offset);
    s->n_pending = 0;
    return s->verdict->worst.cls == CLS_VIRUS && !s->setup.wants_all ? CS_STOP : CS_OK;
}

static void describe(struct scan *s, const struct object *o, struct vdl_object *out)
{
    size_t n = 0;

    *out = (struct vdl_object){ .name = o->name, .depth = o->depth, .size = o->bytes.n, .sender = s->part->sender,
                                .recipients = s->part->recipients };
    if (o->type)
        out->types[n++] = o->type;
    for (size_t i = 0; i < o->types.n && n < VDL_TYPES_MAX; i++)
        if (!o->type || strcmp(o->type, o->types.words[i]) != 0)
            out->types[n++] = o->types.words[i];
    if (o->parent) {
        out->parent = slice_str(s->chain[o->depth ? o->depth - 1 : 0]);
        out->ancestors = s->chain;
        out->n_ancestors = o->depth;
    }
}

static enum cs_status match(struct scan *s, struct object *o)
{
    struct vdl_object what;
    struct slice rule;
    char text[120];
    enum cs_status st;

    if (!s->matcher)
        return CS_OK;
    describe(s, o, &what);
    s->at = o;
    st = vdl_scan_bytes(s->matcher, &what, o->bytes);
    if (s->has_allow_rules && (st == CS_OK || st == CS_STOP))
        return settle_hits(s, o);
    if (st == CS_LIMIT) {           /* of a regular expression's steps: said, and what is inside is still searched for something worse */
        rule = vdl_scan_limited_by(s->matcher);
        snprintf(text, sizeof text, "matching%s%.*s", rule.n ? " " : "", (int)(rule.n > 100 ? 100 : rule.n), (const char *)rule.p);
        limit(s, text);
        return CS_OK;
    }
    if (st != CS_OK && st != CS_STOP)
        blame(s, CLS_ERROR, "Database", cs_status_text(st));
    return st;
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static void block(struct scan *s, const struct object *o, const char *what, const char *which)
{
    char text[100];
    int n = snprintf(text, sizeof text, "%s %s", what, which);

    found(s, o, CLS_EXT, slice_of(text, n < 0 ? 0 : strlen(text)), 0);
}

static void check_name(struct scan *s, const struct object *o, struct slice name)
{
    char ext[32];

    if (name.n == 0)
        return;
    if (name_is_blocked(s->setup.conf, name, &o->types, ext))
        block(s, o, "Blocked.Name", ext);
    else if (s->setup.conf->names.hidden && name_hides_program(&o->types, name))
        block(s, o, "Blocked.HiddenProgram", o->types.words[0]);
}

/* Does the text match any pattern of the list? */
static bool is_listed(const char *list, struct slice text)
{
    struct slice left = slice_str(list);

    for (struct slice w = conf_word(&left); w.n; w = conf_word(&left))
        if (pattern_matches(w, text))
            return true;
    return false;
}

static void check_type(struct scan *s, const struct object *o)
{
    const struct conf *c = s->setup.conf;
    char media[128];

    for (size_t i = 0; i < o->types.n; i++)
        if (is_listed(c->names.block_types, slice_str(o->types.words[i])))
            block(s, o, "Blocked.Type", o->types.words[i]);
    if (o->declared.n && is_listed(c->names.block_media, o->declared)) {
        safe_ascii(media, sizeof media, o->declared);
        block(s, o, "Blocked.Media", media);
    }
    if (c->names.block_magic && o->types.n && strcmp(o->types.words[0], "binary") == 0 && magic_media(o->bytes, media) &&
        is_listed(c->names.block_magic, slice_str(media)))
        block(s, o, "Blocked.Media", media);
}

static void check_names(struct scan *s, const struct object *o)
{
    if (o->is_view || !(o->parent ? s->part->names_inside : s->part->names_count))
        return;
    check_name(s, o, o->name);
    for (size_t i = 0; i < o->n_names; i++)
        check_name(s, o, o->names[i]);
    check_type(s, o);
}

/* ---- one object --------------------------------------------------------------------------------------------------- */

void scan_count(struct scan *s, struct object *o, uint64_t objects, uint64_t bytes)
{
    s->objects += objects;
    s->total += bytes;
    for (; o != s->above; o = o->parent)
        o->below += bytes;
}

void scan_uncount(struct scan *s, struct object *o, uint64_t objects, uint64_t bytes)
{
    s->objects -= objects;
    s->total -= bytes;
    for (; o != s->above; o = o->parent)
        o->below -= bytes;
}

/* Count bytes that come out of o against every budget. */
static enum cs_status spend(struct scan *s, struct object *o, size_t n)
{
    const struct conf *c = s->setup.conf;

    s->total += n;
    if (s->total > s->most_total)
        return limit(s, "total_bytes");
    for (; o != s->above; o = o->parent) {
        o->below += n;
        if (o->below > c->limit.ratio_from && o->below / c->limit.ratio > o->bytes.n && !o->is_bomb) {
            o->is_bomb = true;
            if (soft_limit(s, "ratio") != CS_OK)
                return CS_LIMIT;
        }
    }
    return n && is_late(s) ? limit(s, "time") : CS_OK;
}

static size_t path_enter(struct scan *s, const struct emit_child *c, unsigned number)
{
    size_t mark = s->path_n, room = sizeof s->path - s->path_n;
    char text[300];
    int n;

    if (c->name.n)
        safe_text(text, sizeof text, c->name);
    else
        snprintf(text, sizeof text, "%s:%u", c->how ? c->how : "member", number);
    n = snprintf(s->path + mark, room, "%s%s", mark ? "!" : "", text);
    s->path_n = n < 0 ? mark : (size_t)n < room ? mark + (size_t)n : sizeof s->path - 1;
    return mark;
}

/* The decoder's bytes are gone after open(). Of a long name the end counts; no reading may push out another. */
static struct slice keep_text(struct outlet *out, struct slice s, size_t tail)
{
    uint8_t *at = out->text + out->text_n;

    if (s.n > tail)
        s = slice_drop(s, s.n - tail);
    if (s.n > sizeof out->text - out->text_n)
        s = slice_drop(s, s.n - (sizeof out->text - out->text_n));
    if (s.n)
        memcpy(at, s.p, s.n);
    out->text_n += s.n;
    return slice_of(at, s.n);
}

static void set_child(struct outlet *out, const struct emit_child *c)
{
    struct object *o = &out->child;

    out->text_n = 0;
    *o = (struct object){
        .parent = out->parent, .names = out->names, .how = c->how, .type = c->type, .is_view = c->kind == EMIT_VIEW,
        .depth = out->parent->depth + 1,
    };
    o->declared = keep_text(out, slice_take(c->declared, 100), NAME_TAIL);
    o->charset = keep_text(out, slice_take(c->charset, 100), NAME_TAIL);
    o->name = keep_text(out, c->name, NAME_TAIL);
    for (; o->n_names < c->n_names && o->n_names < NAMES; o->n_names++)
        out->names[o->n_names] = keep_text(out, c->names[o->n_names], READING_TAIL);
}

static enum cs_status outlet_open(struct emit *e, const struct emit_child *c)
{
    struct outlet *out = (struct outlet *)e;
    struct scan *s = out->scan;

    if (out->is_open)
        return CS_INVALID;
    if (++s->objects > s->most_objects)
        return limit(s, "objects");
    if (is_late(s))
        return limit(s, "time");
    out->is_open = true;
    out->is_cut = false;
    out->is_lent = c->is_lent;
    out->members++;
    out->path_mark = path_enter(s, c, out->members);
    spool_init(&out->spool, &s->spools);
    set_child(out, c);
    return CS_OK;
}

/* Before anything is said of this object or a larger child comes, all is settled that came earlier. */
static enum cs_status settle(struct outlet *out)
{
    enum cs_status st = jobs_settle(out->scan);

    if (st != CS_OK && out->is_open)            /* one by one, it would not have been opened */
        scan_uncount(out->scan, out->parent, 1, spool_size(&out->spool));
    return st;
}

static enum cs_status outlet_put(struct emit *e, struct slice bytes)
{
    struct outlet *out = (struct outlet *)e;
    struct scan *s = out->scan;
    uint64_t room = s->setup.conf->limit.object_bytes - spool_size(&out->spool);
    bool may_wait = jobs_are_for(bytes.n, spool_size(&out->spool));     /* longer than the decoder keeps its bytes */
    enum cs_status st;

    if (!out->is_open)
        return CS_INVALID;
    if (out->is_cut)
        return CS_OK;
    st = may_wait ? CS_OK : settle(out);
    if (st != CS_OK)
        return st;
    if (bytes.n > room) {
        limit(s, "object_bytes");
        out->is_cut = true;
        bytes = slice_take(bytes, (size_t)room);
    }
    st = spend(s, out->parent, bytes.n);
    return st == CS_OK ? spool_put(&out->spool, out->is_lent && !may_wait ? bytes : out->parent->bytes, bytes) : st;
}

static uint8_t *outlet_room(struct emit *e, size_t n)
{
    struct outlet *out = (struct outlet *)e;

    uint8_t *p = out->is_open && n <= out->scan->setup.conf->limit.object_bytes ? spool_room(&out->spool, n) : NULL;

    if (p)
        jobs_touch(out->scan, out->parent, p, n);
    return p;
}

static enum cs_status outlet_close(struct emit *e)
{
    struct outlet *out = (struct outlet *)e;
    enum cs_status st;

    if (!out->is_open)
        return CS_INVALID;
    st = spool_whole(&out->spool, &out->child.bytes);
    if (st == CS_OK && jobs_child(out, &st)) {
        out->is_open = false;
        out->scan->path_n = out->path_mark;
        return st;
    }
    if (st == CS_OK)
        st = settle(out);
    out->is_open = false;
    if (st == CS_OK)
        st = object_run(out->scan, &out->child);
    spool_release(&out->spool);
    out->scan->path_n = out->path_mark;
    return st;
}

static enum cs_status outlet_note(struct emit *e, enum emit_remark r, const char *text)
{
    struct outlet *out = (struct outlet *)e;
    struct scan *s = out->scan;
    enum cs_status st = settle(out);

    if (st != CS_OK)
        return st;
    tree_remark(&s->tree, out->parent->node, text);
    if (r == EMIT_ENCRYPTED) {
        out->is_locked = true;
        blame(s, CLS_ENCRYPTED, "Encrypted", text);
    } else if (r == EMIT_LIMITED) {
        return soft_limit(s, text);
    } else if (r == EMIT_DAMAGED) {
        out->is_damaged = true;
    }
    return CS_OK;
}

/* A spool that a decoder left open when it gave up: what is in it is looked at all the same. */
static enum cs_status outlet_finish(struct outlet *out, enum cs_status st)
{
    struct scan *s = out->scan;

    if (!out->is_open)
        return st;
    if (st == CS_OK || st == CS_CORRUPT)
        return outlet_close(&out->emit);
    out->is_open = false;
    spool_release(&out->spool);
    s->path_n = out->path_mark;
    return st;
}

static enum cs_status outlet_end(struct outlet *out, enum cs_status st)
{
    enum cs_status settled;

    st = outlet_finish(out, st);
    settled = jobs_settle(out->scan);
    return settled == CS_OK ? st : settled;
}

/* Member by member: the room for names is large, and this is done for every decoder that looks at an object. */
static void outlet_init(struct outlet *out, struct scan *s, struct object *o)
{
    out->emit = (struct emit){ outlet_open, outlet_put, outlet_close, outlet_note, outlet_room, s->passwords.words, s->passwords.n, o->name,
                               o->declared, o->charset, s->wants_normalised_text, o->how };
    out->scan = s;
    out->parent = o;
    out->members = 0;
    out->is_open = out->is_cut = out->is_damaged = out->is_locked = out->is_lent = false;
    out->path_mark = out->text_n = 0;
}

static enum cs_status decode_with(struct scan *s, struct object *o, const struct format *f)
{
    struct outlet out;
    enum cs_status st = CS_UNSUPPORTED;

    outlet_init(&out, s, o);
    if (f->decode)
        st = outlet_end(&out, f->decode(o->bytes, &out.emit));
    if (st == CS_LIMIT && !s->is_limited)
        return limit(s, f->type);       /* a decoder's own, against the contract: what it ends must not look clean */
    if (st == CS_STOP || st == CS_LIMIT)
        return st;
    if (st == CS_CORRUPT || st == CS_FOREIGN)
        out.is_damaged = true;
    else if (st == CS_UNSUPPORTED)
        out.is_damaged = true;
    else if (st != CS_OK) {
        blame(s, CLS_ERROR, f->type, cs_status_text(st));
        return st;
    }
    if (f->is_container && out.is_damaged && out.members == 0 && !out.is_locked)
        blame(s, CLS_ENCRYPTED, "Unopened", f->type);
    return CS_OK;
}

/* What it is, and what its labels make of it. In an odd charset, text may not look like text. */
static struct ftype taken_for(const struct object *o)
{
    struct ftype t = o->types;

    ftype_claim(&t, o->declared, o->name, o->bytes);
    for (size_t i = 0; i < o->n_names; i++)
        ftype_claim(&t, slice_of(NULL, 0), o->names[i], o->bytes);
    if (o->charset.n && !mime_charset_is_plain(o->charset))
        ftype_add(&t, "text");
    return t;
}

/* Does a word before the i-th lead to this decoder, too? */
static bool is_done(const struct ftype *t, size_t i, decode_fn *decode)
{
    for (size_t k = 0; k < i; k++) {
        const struct format *f;

        for (size_t at = 0; (f = format_next(t->words[k], &at));)
            if (decode && f->decode == decode)
                return true;
    }
    return false;
}

/* A part that is all of the mail it stands in, in a reading without a header: as mail it would be its own part again, for ever. */
static bool is_own_part(const struct object *o, const struct format *f)
{
    return f->decode == mail_decode && o->parent && o->bytes.p == o->parent->bytes.p && o->bytes.n == o->parent->bytes.n &&
           ftype_has(&o->parent->types, "mail");
}

static enum cs_status decode(struct scan *s, struct object *o)
{
    const struct ftype t = taken_for(o);
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < t.n && st == CS_OK; i++) {
        const struct format *f;

        for (size_t at = 0; st == CS_OK && (f = format_next(t.words[i], &at));) {
            if (is_done(&t, i, f->decode) || is_own_part(o, f))
                continue;
            if (o->depth >= s->setup.conf->limit.depth) {
                st = jobs_settle(s);
                if (st == CS_OK)
                    limit(s, "depth");
                return st;
            }
            st = decode_with(s, o, f);
        }
    }
    return st;
}

static void set_types(struct object *o)
{
    struct ftype seen;

    o->types = (struct ftype){ .n = 0 };
    ftype_add(&o->types, o->type);
    if (o->is_view) {
        ftype_add(&o->types, "text");
        return;
    }
    seen = ftype_of(o->bytes, o->name);
    for (size_t i = 0; i < seen.n; i++)
        ftype_add(&o->types, seen.words[i]);
    if (o->is_message)
        ftype_add(&o->types, "mail");
    if (o->types.n == 0)
        ftype_add(&o->types, "unknown");
}

enum cs_status object_look(struct scan *s, struct object *o)
{
    enum cs_status st = match(s, o);

    if (st == CS_OK)
        check_names(s, o);
    return st;
}

enum cs_status object_run(struct scan *s, struct object *o)
{
    enum cs_status st = CS_OK;
    bool is_job;

    set_types(o);
    s->chain[o->depth] = o->types.words[0];
    o->node = tree_enter(&s->tree, o->depth, o->how, path_slice(s), &o->types, o->declared, o->bytes.n, o->is_view);
    if (o->parent && ftype_has(&o->parent->types, "mail") && ftype_has(&o->types, "text"))
        words_from_text(&s->passwords, o->bytes);
    is_job = jobs_look(s, o);
    if (!is_job)
        st = object_look(s, o);
    if (st == CS_OK && !o->is_view)
        st = decode(s, o);
    if (is_job)
        st = jobs_looked(s, o, st);
    tree_leave(&s->tree, o->node);
    return st;
}

static enum cs_status run_raw(struct scan *s, struct object *o)
{
    o->types = ftype_of(o->bytes, o->name);
    return match(s, o);
}

/* ---- the whole part ------------------------------------------------------------------------------------------------ */

struct scan *scan_new(const struct scan_setup *setup)
{
    struct scan *s = calloc(1, sizeof *s);
    struct slice words;

    if (!s)
        return NULL;
    s->setup = *setup;
    s->spools = (struct spool_rules){ .folder = setup->conf->scan.spool, .beside = setup->output,
                                      .max_memory = (size_t)setup->conf->limit.memory };
    s->most_objects = setup->conf->limit.objects;
    s->most_total = setup->conf->limit.total_bytes;
    s->tree.is_kept = setup->wants_tree;
    for (size_t i = 0; i < setup->n_dbs; i++) {
        struct vdl_info info;

        vdl_info(setup->dbs[i], &info);
        s->has_allow_rules = s->has_allow_rules || info.classes[VDL_ALLOW];
        s->wants_normalised_text = s->wants_normalised_text || info.wants_normalised_text;
    }
    if (s->has_allow_rules)
        s->pending = malloc(PENDING * sizeof *s->pending);
    words = slice_str(setup->conf->scan.passwords);
    for (struct slice w = conf_word(&words); w.n; w = conf_word(&words))
        words_add(&s->passwords, w);
    s->own_words = s->passwords.n;
    s->own_text = s->passwords.text_n;
    if (setup->n_dbs == 0)
        return s;
    s->matcher = vdl_scan_new(setup->dbs, setup->n_dbs, on_hit, s);
    if (s->matcher && (s->pending || !s->has_allow_rules))
        return s;
    scan_free(s);
    return NULL;
}

void scan_free(struct scan *s)
{
    if (!s)
        return;
    jobs_free(s->jobs);
    vdl_scan_free(s->matcher);
    tree_release(&s->tree);
    free(s->pending);
    free(s);
}

void scan_run(struct scan *s, const struct scan_part *part, struct verdict *v)
{
    struct object top = {
        .bytes = part->bytes,
        .name = part->n_names ? part->names[0] : slice_of(NULL, 0),
        .names = part->names + 1,
        .n_names = part->n_names ? part->n_names - 1 : 0,
        .declared = part->declared,
        .charset = part->charset,
        .is_message = part->is_message,
    };

    s->part = part;
    s->verdict = v;
    s->objects = 1;
    s->total = part->bytes.n;
    s->path_n = 0;
    s->is_limited = false;
    s->passwords.n = s->own_words;
    s->passwords.text_n = s->own_text;
    tree_clear(&s->tree);
    clock_gettime(CLOCK_MONOTONIC_COARSE, &s->end);
    s->end.tv_sec += (time_t)s->setup.conf->limit.time;
    (void)!(s->setup.is_raw ? run_raw(s, &top) : object_run(s, &top));
    s->type = top.types.n ? top.types.words[0] : "unknown";
}

struct scan_facts scan_facts(const struct scan *s)
{
    return (struct scan_facts){ .objects = (unsigned)s->objects, .bytes = s->total, .type = s->type };
}

void scan_explain(const struct scan *s, const struct verdict *v, FILE *to)
{
    tree_print(&s->tree, to);
    for (size_t i = 0; i < v->n_hits; i++)
        fprintf(to, "%s: %s at %s%s+%" PRIu64 "\n", cls_name(v->hits[i].cls), v->hits[i].name, v->hits[i].member,
                v->hits[i].member[0] ? " " : "", v->hits[i].offset);
}
