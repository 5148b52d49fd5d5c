/* frame.c - the header of one entity: where it ends, what the part is, which boundaries it opens. */
#include "walker.h"

#include "base/buf.h"

enum {
    NUMBER_MAX = 512,           /* deeper parts share their parent's number */
    LEADING_REACH = 32,         /* bytes of empty lines before a header that some programs skip */
    LEADING_FIELDS = 8          /* fields before the first that begins with Content- */
};

/* The next line that begins with "--" from *at on, up to end; NULL when there is none. */
static struct slice dashed_line(const struct mime_walk *w, size_t *at, size_t end)
{
    while (*at < end) {
        size_t from = *at, len = line_len(slice_sub(w->msg, from, end - from), w->rules.cr_ends);

        *at += len;
        if (len > 2 && w->msg.p[from] == '-' && w->msg.p[from + 1] == '-')
            return slice_sub(w->msg, from, len);
    }
    return (struct slice){ NULL, 0 };
}

static size_t reach_of(const struct mime_walk *w, size_t at)
{
    return w->msg.n - at > GUESS_REACH ? at + GUESS_REACH : w->msg.n;
}

/* Where a multipart names no boundary: the first line that looks like one. */
static struct slice guess_boundary(const struct mime_walk *w, size_t at)
{
    size_t end = reach_of(w, at);
    struct slice line;

    while ((line = dashed_line(w, &at, end)).p)
        if (delim_is_likely(w, (size_t)(line.p - w->msg.p), line.n))
            return trim_right(slice_drop(line, 2));
    return line;
}

/* A delimiter of a multipart that is open? */
static bool is_open(const struct mime_walk *w, struct slice text)
{
    struct slice closing = slice_ends(text, SLICE("--")) ? slice_take(text, text.n - 2) : text;

    return bounds_find(&w->bounds, text, bounds_hash(text), NULL) || bounds_find(&w->bounds, closing, bounds_hash(closing), NULL);
}

/* Is there a line that looks like a delimiter, or is one of this boundary, before the first of an open multipart? */
static bool has_delimiter(const struct mime_walk *w, size_t at, const struct mime_param *boundary)
{
    size_t end = reach_of(w, at);
    struct slice line;

    while ((line = dashed_line(w, &at, end)).p) {
        struct slice text = trim_right(slice_drop(line, 2));

        if (is_open(w, text))
            return false;
        if (delim_is_likely(w, (size_t)(line.p - w->msg.p), line.n) || (boundary && slice_eq(text, boundary->value)))
            return true;
    }
    return false;
}

static enum cs_status open_boundaries(struct mime_walk *w, struct frame *f)
{
    struct slice list[BOUNDARIES];
    struct readings r = { .list = list, .max = BOUNDARIES };
    enum cs_status st = param_boundaries(&f->part.type, &w->arena, &r);

    if (st != CS_OK)
        return st;
    if (r.n == 0) {
        struct slice guess = guess_boundary(w, f->body_at);
        defect(w, "multipart without a boundary");
        if (guess.p && !doubt(w, DOUBT_GUESS))
            readings_add(&r, guess);
    }
    if (r.n == 0)
        return CS_OK;
    if (r.n > 1)
        w->doubts |= DOUBT_BOUNDARY;
    if (r.n > w->n_readings)
        w->n_readings = (unsigned)r.n;
    if (w->habit.reading == ANY_READING) {
        for (unsigned i = (unsigned)r.n; i-- > 0 && st == CS_OK;)
            st = bounds_push(&w->bounds, list[i], f, i);
        f->part.boundary = list[0];
        return st;
    }
    f->chosen = w->habit.reading < r.n ? w->habit.reading : (unsigned)r.n - 1;
    f->part.boundary = list[f->chosen];
    return bounds_push(&w->bounds, list[f->chosen], f, f->chosen);
}

static bool is_type(const struct mime_part *p, struct slice main)
{
    return slice_starts(p->type.token, main) && (p->type.token.n == main.n || p->type.token.p[main.n] == '/');
}

static bool is_security(const struct mime_part *p)
{
    return slice_eq(p->type.token, SLICE("multipart/signed")) || slice_eq(p->type.token, SLICE("multipart/encrypted"));
}

/* No multipart by its type; but the type names a boundary, or there is none that could be read, and there are delimiters. */
static bool is_split(const struct mime_walk *w, const struct mime_part *p, struct slice body)
{
    const struct mime_param *boundary = mime_param_find(&p->type, "boundary");
    bool is_untold = p->has_type ? slice_chr(p->type.token, '/') == p->type.token.n : is_type(p, SLICE("text"));

    return (boundary || is_untold) && has_delimiter(w, (size_t)(body.p - w->msg.p), boundary);
}

/*
 * A message whose transfer encoding hides its header is a leaf, for the caller to decode; where the header stands in plain
 * text the encoding is a lie. Multiparts are never encoded, whatever they say. The doubt is noted also where the caller has
 * settled that no container is encoded: a reader behind him may not know.
 */
static enum mime_shape shape_of(struct mime_walk *w, const struct mime_part *p, struct slice body)
{
    bool is_coded = !encoding_is_identity(p->encoding);

    if (is_type(p, SLICE("multipart"))) {
        if (w->how.keep_security_multiparts && is_security(p))
            return MIME_LEAF;
        return is_coded && doubt(w, DOUBT_ENCODED) ? MIME_LEAF : MIME_MULTIPART;
    }
    if (!is_coded && is_split(w, p, body) && doubt(w, DOUBT_TYPE))
        return MIME_MULTIPART;
    if (!is_type(p, SLICE("message")) || slice_eq(p->type.token, SLICE("message/delivery-status")))
        return MIME_LEAF;
    if (is_coded) {
        bool is_plain = w->how.ignore_container_encoding || mime_looks_like_message(body);

        return is_plain == doubt(w, DOUBT_ENCODED) ? MIME_LEAF : MIME_MESSAGE;
    }
    return MIME_MESSAGE;
}

/* As IMAP numbers parts. Children of a message that is a multipart count on under the message's own number. */
static const char *number_of(struct mime_walk *w, const struct frame *f)
{
    const struct frame *up = f->up;
    const char *base = up ? up->part.number : "";
    size_t len = strlen(base);
    unsigned number = 1;
    char *out;

    if (!up && f->part.shape == MIME_MULTIPART)
        return "";
    if (up && up->part.shape == MIME_MULTIPART)
        number = up->n_children;
    else if (up && f->part.shape == MIME_MULTIPART)
        return base;
    if (len > NUMBER_MAX)
        return base;
    out = arena_get(&w->arena, len + 16, 1);
    if (!out)
        return base;
    text_print(out, len + 16, "%s%s%u", base, len ? "." : "", number);
    return out;
}

/*
 * A line that is no field: skipped when the header goes on behind it, else the body begins with it. Who skips one where we do not skips
 * what follows it, too.
 */
static bool junk_ends_header(struct mime_walk *w, size_t at, size_t len, bool is_first, bool *is_skipping)
{
    bool is_dashed = slice_starts(rest(w, at), SLICE("--"));
    struct field next;

    if (is_first && (slice_starts(rest(w, at), SLICE("From ")) || slice_starts(rest(w, at), SLICE(">From "))))
        return false;
    defect(w, "header line without a colon");
    field_next(rest(w, at + len), &w->rules, &next);
    if (slice_starts(next.whole, SLICE("--")))
        next.kind = FIELD_JUNK;         /* rather a delimiter than a name */
    if (*is_skipping)
        return false;
    if (next.kind != FIELD_GOOD && (next.kind != FIELD_EMPTY || is_first)) {
        *is_skipping = doubt(w, DOUBT_JUNK);
        return !*is_skipping;
    }
    if (is_dashed)
        return !doubt(w, DOUBT_BLIND);
    return doubt(w, DOUBT_JUNK);
}

static bool delimiter_in_header(struct mime_walk *w, size_t at)
{
    struct slice s = rest(w, at);
    bool is_close;

    if (s.n < 2 || s.p[0] != '-' || s.p[1] != '-' || w->bounds.n == 0)
        return false;
    if (!delim_owner(w, at, line_len(s, w->rules.cr_ends), &is_close))
        return false;
    defect(w, "boundary inside a header");
    return !doubt(w, DOUBT_BLIND);
}

/* An empty line before the first field, and what follows are fields of a part's header, maybe behind one more empty line? */
static bool is_leading_line(struct mime_walk *w, size_t next)
{
    struct slice s = rest(w, next);
    struct field f;

    for (int i = 0; i < LEADING_REACH && s.n && ascii_is_space(s.p[0]); i++)
        s = slice_drop(s, 1);
    for (int i = 0; i < LEADING_FIELDS; i++) {
        if (slice_istarts(s, SLICE("content-")))
            return doubt(w, DOUBT_LEADING);
        field_next(s, &w->rules, &f);
        if (f.kind != FIELD_GOOD)
            return false;
        s = slice_drop(s, f.whole.n);
    }
    return false;
}

/* Reads the header at f->head; sets head_end and body_at. */
static void scan_header(struct mime_walk *w, struct frame *f, size_t start, struct head *h)
{
    size_t at = start, blank_to = start;
    bool is_skipping = false;

    for (unsigned n = 0;; n++) {
        struct field fl;
        f->head_end = f->body_at = at;
        if (delimiter_in_header(w, at))
            return;
        field_next(rest(w, at), &w->rules, &fl);
        if (fl.has_bare_cr)
            w->doubts |= DOUBT_CR;
        if (fl.has_blank_line)
            w->doubts |= DOUBT_BLANK;
        if (fl.has_hidden)
            w->doubts |= DOUBT_HIDDEN;
        if (fl.kind == FIELD_NONE)
            return;
        if (fl.kind == FIELD_EMPTY && !(at == blank_to && is_leading_line(w, at + fl.whole.n))) {
            f->body_at = at + fl.whole.n;
            return;
        }
        if (fl.kind == FIELD_EMPTY)
            blank_to = at + fl.whole.n;
        if (fl.kind == FIELD_JUNK && junk_ends_header(w, at, fl.whole.n, n == 0, &is_skipping)) {
            defect(w, "no empty line behind the header");
            return;
        }
        if (n >= w->lim.fields || at + fl.whole.n - start > w->lim.header_bytes) {
            f->limit = n >= w->lim.fields ? "mime_fields_limit" : "mime_header_limit";
            return;
        }
        if (fl.kind == FIELD_GOOD)
            head_add(h, fl.name, fl.value);
        at += fl.whole.n;
    }
}

/* A multipart whose boundary never comes is a leaf: what stands there is looked at as a body. */
static void find_first(struct mime_walk *w, struct frame *f)
{
    delim_find(w, f->body_at, true);
    if (w->delim.owner == f)
        return;
    defect(w, "multipart without parts");
    bounds_pop(&w->bounds, f);
    f->part.shape = MIME_LEAF;
}

static bool is_in_digest(const struct frame *f)
{
    return f->up && slice_eq(f->up->part.type.token, SLICE("multipart/digest"));
}

enum cs_status frame_read(struct mime_walk *w, struct frame *f)
{
    struct head h = { 0 };
    struct part_habits how = { flips(w, DOUBT_LAST), flips(w, DOUBT_STRICT), is_in_digest(f) };
    struct part_doubts d = { 0 };
    enum cs_status st;

    scan_header(w, f, w->at, &h);
    f->part.header = between(w, w->at, f->body_at);
    st = part_fill(&f->part, &h, &how, &w->arena, &d);
    if (st != CS_OK)
        return st;
    if (d.has_doubled_field || d.has_doubled_param || d.has_two_encodings)
        w->doubts |= DOUBT_LAST;
    if (d.has_odd_encoding)
        w->doubts |= DOUBT_STRICT;
    if (d.has_doubled_field)
        defect(w, "doubled Content- field");
    if (d.has_two_encodings)
        defect(w, "more than one transfer encoding");
    if (f->part.encoding == MIME_ENC_UNKNOWN)
        defect(w, "unknown transfer encoding");
    f->part.shape = f->limit ? MIME_LEAF : shape_of(w, &f->part, slice_sub(w->msg, f->body_at, GUESS_REACH));
    if (f->part.shape == MIME_MULTIPART)
        st = open_boundaries(w, f);
    if (st == CS_OK && f->part.shape == MIME_MULTIPART)
        find_first(w, f);
    f->part.number = number_of(w, f);
    return st;
}
