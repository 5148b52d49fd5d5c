#include "mime.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "b64.h"
#include "bounds.h"
#include "field.h"
#include "part.h"
#include "qp.h"

enum {
    ARENA_SIZE = 32 << 20,      /* touched only as far as headers need it */
    NUMBER_MAX = 512,           /* deeper parts share their parent's number */
    DEFECTS = 8,
    GUESS_REACH = 16384,        /* how far to look for a boundary that was not declared */
    GUESS_LEN = 200,
    LEADING_REACH = 16,         /* bytes of empty lines before a header that some programs skip */
    DEFAULT_DEPTH = 100, DEFAULT_PARTS = 10000, DEFAULT_FIELDS = 10000, DEFAULT_HEADER = 1 << 20
};

/* What other programs read in another way, each a bit. docs/LENIENCY.md has a row for each. */
enum doubt {
    DOUBT_LAST = 1 << 0,        /* of doubled fields and encodings the last counts */
    DOUBT_CR = 1 << 1,          /* a bare CR ends a line */
    DOUBT_JUNK = 1 << 2,        /* a header line that is no field begins the body, or not */
    DOUBT_BLANK = 1 << 3,       /* a line of white space alone ends the header */
    DOUBT_BLIND = 1 << 4,       /* no delimiter is seen inside a header */
    DOUBT_PREFIX = 1 << 5,      /* a delimiter may have more behind it */
    DOUBT_LOOSE = 1 << 6,       /* broken escapes and padding are skipped */
    DOUBT_REOPEN = 1 << 7,      /* delimiters behind the closing one count */
    DOUBT_ENCODED = 1 << 8,     /* the transfer encoding of a container is (not) believed */
    DOUBT_OUTER = 1 << 9,       /* of two open boundaries that are the same, the outer counts */
    DOUBT_GUESS = 1 << 10,      /* an undeclared boundary is not guessed, and a declared one not replaced by a guess */
    DOUBT_STRICT = 1 << 11,     /* an encoding that is not written as RFC 2045 writes it is none */
    DOUBT_LEADING = 1 << 12,    /* empty lines before a header are skipped */
    DOUBT_TRAILING = 1 << 13,   /* a delimiter with white space behind it is none */
    DOUBT_BOUNDARY = 1 << 14    /* a boundary parameter has several readings */
};

enum { N_DOUBTS = 14, N_PAIR_ROWS = 6, ANY_READING = BOUNDARIES };
static_assert(1 + N_DOUBTS + N_PAIR_ROWS + BOUNDARIES - 2 == MIME_VARIANTS, "variants");

/*
 * Variant 0 reads as most programs do and splits a multipart by the first reading of its boundary that turns up. Then come
 * programs that differ in one thing; then six in which any two doubts meet in all four ways (each doubt is read the other
 * way in four of six, no two in the same four); then those that know one reading of a boundary alone.
 */
static const uint8_t pair_rows[N_DOUBTS] = { 0x0f, 0x17, 0x27, 0x1b, 0x2b, 0x33, 0x1d,
                                             0x2d, 0x35, 0x39, 0x1e, 0x2e, 0x36, 0x3a };

struct habit {
    unsigned flips;             /* doubts */
    unsigned reading;           /* of a boundary */
};

static struct habit habit_of(unsigned variant)
{
    struct habit h = { 0, ANY_READING };

    if (variant == 0 || variant >= MIME_VARIANTS)
        return h;
    variant--;
    if (variant < N_DOUBTS) {
        h.flips = 1u << variant;
        return h;
    }
    variant -= N_DOUBTS;
    for (unsigned i = 0; variant < N_PAIR_ROWS && i < N_DOUBTS; i++)
        h.flips |= (unsigned)(pair_rows[i] >> variant & 1) << i;
    if (variant >= N_PAIR_ROWS)
        h.reading = variant - N_PAIR_ROWS;
    return h;
}

enum step {
    STEP_OPEN, STEP_FIELDS, STEP_HEAD, STEP_BODY, STEP_PREAMBLE, STEP_AFTER, STEP_DELIMITER, STEP_EPILOGUE, STEP_LIMIT,
    STEP_REST, STEP_CLOSE, STEP_POP, STEP_END
};

struct frame {
    struct mime_part part;
    struct frame *up;
    uint8_t *mark;              /* arena, before this frame */
    size_t head_end, body_at;
    unsigned n_children;
    unsigned chosen;            /* reading of the boundary in use; ANY_READING until one was seen */
    bool is_closed;             /* the closing delimiter has come */
    const char *limit;          /* crossed in this header */
};

/* A delimiter line, with the line end before it. */
struct delim {
    size_t start, end;
    struct frame *owner;        /* NULL: there is none up to the end */
    bool is_close;
};

struct mime_walk {
    struct slice msg;
    struct mime_limits lim;
    struct mime_reading how;
    struct habit habit;
    struct line_rules rules;
    struct arena arena;
    struct bounds bounds;
    struct frame *top;
    size_t at;
    unsigned n_parts;
    enum step step;
    struct delim delim;         /* the next one, once STEP_AFTER is reached */
    bool is_over;               /* a limit was crossed: only closing is left */
    unsigned doubts;
    unsigned n_readings;        /* the most that a boundary has */
    const char *limit;
    const char *defects[DEFECTS];
    unsigned n_defects, defect_at;
};

static void defect(struct mime_walk *w, const char *text)
{
    if (w->n_defects < DEFECTS)
        w->defects[w->n_defects++] = text;
}

static bool flips(const struct mime_walk *w, enum doubt d)
{
    return (w->habit.flips & (unsigned)d) != 0;
}

/* Notes the doubt, and says whether this walk reads the other way. */
static bool doubt(struct mime_walk *w, enum doubt d)
{
    w->doubts |= (unsigned)d;
    return flips(w, d);
}

static struct slice rest(const struct mime_walk *w, size_t at)
{
    return slice_drop(w->msg, at);
}

static struct slice between(const struct mime_walk *w, size_t from, size_t to)
{
    return slice_sub(w->msg, from, to - from);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0;
}

static struct slice trim_right(struct slice s)
{
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* ---- delimiters ---- */

/* Does this boundary split its multipart, in this walk and at this time? */
static bool active(struct mime_walk *w, const struct bound *b)
{
    const struct frame *f = b->owner;

    if (f->chosen != ANY_READING && f->chosen != b->reading)
        return false;
    return !f->is_closed || doubt(w, DOUBT_REOPEN);
}

/* The boundary that is exactly text: the innermost, or for some programs the outermost. */
static const struct bound *exact(struct mime_walk *w, struct slice text)
{
    uint32_t hash = bounds_hash(text);
    const struct bound *hit = NULL;

    for (const struct bound *b = bounds_find(&w->bounds, text, hash, NULL); b;
         b = bounds_find(&w->bounds, text, hash, b)) {
        if (!active(w, b) || (hit && hit->owner == b->owner))
            continue;
        if (hit && !doubt(w, DOUBT_OUTER))
            break;
        hit = b;
    }
    return hit;
}

/* A boundary with something behind it. Once that is known to happen, only the walks that believe in it look again. */
static const struct bound *prefix(struct mime_walk *w, struct slice text)
{
    const struct bound *b;

    if ((w->doubts & DOUBT_PREFIX) && !flips(w, DOUBT_PREFIX))
        return NULL;
    b = bounds_find_prefix(&w->bounds, text);
    return b && active(w, b) && doubt(w, DOUBT_PREFIX) ? b : NULL;
}

static unsigned depth_of(const struct bound *b)
{
    const struct frame *f = b->owner;

    return f->part.depth;
}

/* An undeclared boundary? A line "--something" before the first part with a Content- field behind it. */
static bool looks_like_boundary(const struct mime_walk *w, size_t at, size_t len)
{
    struct slice text = trim_right(slice_sub(w->msg, at + 2, len - 2));

    return text.n && text.n <= GUESS_LEN && text.p[0] != '-' && slice_istarts(rest(w, at + len), SLICE("content-"));
}

/* The boundary that a line with this behind its dashes belongs to. */
static const struct bound *match(struct mime_walk *w, struct slice text, bool *is_close)
{
    const struct bound *b = NULL, *closing = NULL;

    if (text.n <= w->bounds.longest)
        b = exact(w, text);
    if (text.n <= w->bounds.longest + 2 && slice_ends(text, SLICE("--")))
        closing = exact(w, slice_take(text, text.n - 2));
    *is_close = closing && (!b || depth_of(closing) > depth_of(b));
    if (*is_close)
        b = closing;
    if (!b && (b = prefix(w, text)))
        *is_close = slice_starts(slice_drop(text, b->text.n), SLICE("--"));
    return b;
}

static struct slice cut_eol(struct slice line)
{
    line.n -= line.n && line.p[line.n - 1] == '\n';
    line.n -= line.n && line.p[line.n - 1] == '\r';
    return line;
}

/* Is the line [at, at + len) a delimiter? It begins with "--". */
static struct frame *delimiter(struct mime_walk *w, size_t at, size_t len, bool *is_close)
{
    struct slice line = slice_sub(w->msg, at + 2, len - 2), text = trim_right(line);
    const struct bound *b = match(w, text, is_close);
    struct frame *f;

    if (b && text.n != cut_eol(line).n && doubt(w, DOUBT_TRAILING))
        b = match(w, cut_eol(line), is_close);
    if (!b)
        return NULL;
    f = b->owner;
    f->chosen = b->reading;
    f->part.boundary = b->text;
    return f;
}

/* Some programs take "\r--b" for a line of its own. */
static void look_for_bare_cr(struct mime_walk *w, size_t at, size_t len)
{
    struct slice line = slice_sub(w->msg, at, len);
    size_t cr = slice_chr(line, '\r');

    while (cr + 2 < line.n) {
        if (line.p[cr + 1] == '-' && line.p[cr + 2] == '-') {
            w->doubts |= DOUBT_CR;
            return;
        }
        cr++;
        cr += slice_chr(slice_drop(line, cr), '\r');
    }
}

/* The line is the boundary of the multipart in hand, though another was declared. */
static bool take_guess(struct mime_walk *w, size_t at, size_t len)
{
    struct slice text = trim_right(slice_sub(w->msg, at + 2, len - 2));

    w->top->chosen = BOUNDARIES - 1;
    return bounds_push(&w->bounds, text, w->top, BOUNDARIES - 1) == CS_OK;
}

/* Delimiters of one multipart in a row separate nothing; they count as one. */
static void join_delims(struct mime_walk *w)
{
    struct delim *d = &w->delim;
    bool is_close = d->is_close;

    while (!is_close && d->end < w->msg.n && w->msg.p[d->end] == '-') {
        size_t len = line_len(rest(w, d->end), w->rules.cr_ends);
        if (len < 2 || w->msg.p[d->end + 1] != '-' || delimiter(w, d->end, len, &is_close) != d->owner || is_close)
            break;
        d->end += len;
    }
}

/* The next delimiter of any open multipart at a line start from `from` on. */
static void find_delim(struct mime_walk *w, size_t from, bool can_guess)
{
    struct slice msg = w->msg;
    size_t at = from;

    w->delim = (struct delim){ .start = msg.n, .end = msg.n };
    if (w->bounds.n == 0)
        return;
    while (at < msg.n) {
        size_t len = line_len(slice_drop(msg, at), w->rules.cr_ends);
        if (len >= 2 && msg.p[at] == '-' && msg.p[at + 1] == '-') {
            struct frame *f = delimiter(w, at, len, &w->delim.is_close);
            if (f) {
                w->delim.owner = f;
                w->delim.start = at;
                w->delim.end = at + len;
                break;
            }
            if (can_guess && looks_like_boundary(w, at, len) && doubt(w, DOUBT_GUESS) && take_guess(w, at, len))
                continue;
        }
        if (!w->rules.cr_ends && !(w->doubts & DOUBT_CR))
            look_for_bare_cr(w, at, len);
        at += len;
    }
    if (!w->delim.owner)
        return;
    join_delims(w);
    at = w->delim.start;
    if (at > from && msg.p[at - 1] == '\n')
        at--;
    if (at > from && msg.p[at - 1] == '\r')
        at--;
    w->delim.start = at;
}

/* ---- headers ---- */

/* Where a multipart names no boundary: the first line that looks like one. */
static struct slice guess_boundary(struct mime_walk *w, size_t at)
{
    size_t end = w->msg.n - at > GUESS_REACH ? at + GUESS_REACH : w->msg.n;

    while (at < end) {
        size_t len = line_len(slice_sub(w->msg, at, end - at), w->rules.cr_ends);
        if (len > 2 && w->msg.p[at] == '-' && w->msg.p[at + 1] == '-' && looks_like_boundary(w, at, len))
            return trim_right(slice_sub(w->msg, at + 2, len - 2));
        at += len;
    }
    return (struct slice){ NULL, 0 };
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

/*
 * A message whose transfer encoding hides its header is a leaf, for the caller to decode; where the header stands in plain
 * text the encoding is a lie. Multiparts are never encoded, whatever they say.
 */
static enum mime_shape shape_of(struct mime_walk *w, const struct mime_part *p, struct slice body)
{
    bool is_coded = !encoding_is_identity(p->encoding) && !w->how.ignore_container_encoding;

    if (is_type(p, SLICE("multipart"))) {
        if (w->how.keep_security_multiparts && is_security(p))
            return MIME_LEAF;
        return is_coded && doubt(w, DOUBT_ENCODED) ? MIME_LEAF : MIME_MULTIPART;
    }
    if (!is_type(p, SLICE("message")) || slice_eq(p->type.token, SLICE("message/delivery-status")))
        return MIME_LEAF;
    if (is_coded)
        return mime_looks_like_message(body) == doubt(w, DOUBT_ENCODED) ? MIME_LEAF : MIME_MESSAGE;
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
    snprintf(out, len + 16, "%s%s%u", base, len ? "." : "", number);
    return out;
}

/* A line that is no field: skipped when the header goes on behind it, else the body begins with it. */
static bool junk_ends_header(struct mime_walk *w, size_t at, size_t len, bool is_first)
{
    bool is_dashed = slice_starts(rest(w, at), SLICE("--"));
    struct field next;

    if (is_first && (slice_starts(rest(w, at), SLICE("From ")) || slice_starts(rest(w, at), SLICE(">From "))))
        return false;
    defect(w, "header line without a colon");
    field_next(rest(w, at + len), &w->rules, &next);
    if (slice_starts(next.whole, SLICE("--")))
        next.kind = FIELD_JUNK;         /* rather a delimiter than a name */
    if (next.kind != FIELD_GOOD && (next.kind != FIELD_EMPTY || is_first))
        return !doubt(w, DOUBT_JUNK);
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
    if (!delimiter(w, at, line_len(s, w->rules.cr_ends), &is_close))
        return false;
    defect(w, "boundary inside a header");
    return !doubt(w, DOUBT_BLIND);
}

/* An empty line before the first field, and what follows is a field of a part's header or one more empty line? */
static bool is_leading_line(struct mime_walk *w, size_t next)
{
    struct slice s = rest(w, next);

    for (int i = 0; i < LEADING_REACH && s.n && (s.p[0] == '\r' || s.p[0] == '\n'); i++)
        s = slice_drop(s, 1);
    return slice_istarts(s, SLICE("content-")) && doubt(w, DOUBT_LEADING);
}

/* Reads the header at f->head; sets head_end and body_at. */
static void scan_header(struct mime_walk *w, struct frame *f, size_t start, struct head *h)
{
    size_t at = start, blank_to = start;

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
        if (fl.kind == FIELD_NONE)
            return;
        if (fl.kind == FIELD_EMPTY && !(at == blank_to && is_leading_line(w, at + fl.whole.n))) {
            f->body_at = at + fl.whole.n;
            return;
        }
        if (fl.kind == FIELD_EMPTY)
            blank_to = at + fl.whole.n;
        if (fl.kind == FIELD_JUNK && junk_ends_header(w, at, fl.whole.n, n == 0)) {
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
    find_delim(w, f->body_at, true);
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

static enum cs_status read_part(struct mime_walk *w, struct frame *f)
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
    if (d.has_doubled_field || d.has_two_encodings)
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

/* ---- steps ---- */

static bool emit(struct mime_walk *w, struct mime_event *ev, enum mime_kind kind, size_t to)
{
    ev->kind = kind;
    ev->part = w->top ? &w->top->part : NULL;
    ev->data = between(w, w->at, to);
    w->at = to;
    return true;
}

static bool cross_limit(struct mime_walk *w, const char *name)
{
    w->limit = name;
    w->step = STEP_LIMIT;
    return false;
}

static struct frame *push_frame(struct mime_walk *w)
{
    uint8_t *mark = w->arena.at;
    struct frame *f = arena_get(&w->arena, 1, sizeof *f);

    if (!f)
        return NULL;
    f->mark = mark;
    f->up = w->top;
    f->chosen = ANY_READING;
    f->part.parent = w->top ? &w->top->part : NULL;
    f->part.depth = w->top ? w->top->part.depth + 1 : 0;
    f->part.number = "";
    f->part.boundary = f->part.name = slice_of("", 0);
    w->top = f;
    return f;
}

static bool step_open(struct mime_walk *w, struct mime_event *ev)
{
    struct frame *up = w->top, *f;

    if (up && up->part.depth >= w->lim.depth)
        return cross_limit(w, "mime_depth_limit");
    if (w->n_parts >= w->lim.parts)
        return cross_limit(w, "mime_parts_limit");
    f = push_frame(w);
    if (!f)
        return cross_limit(w, "mime_header_limit");
    w->n_parts++;
    if (up)
        up->n_children++;
    if (read_part(w, f) != CS_OK) {
        f->limit = "mime_header_limit";
        f->part.shape = MIME_LEAF;
    }
    w->step = STEP_FIELDS;
    return emit(w, ev, MIME_OPEN, w->at);
}

static bool step_fields(struct mime_walk *w, struct mime_event *ev)
{
    struct field fl;

    if (w->at >= w->top->head_end) {
        w->step = STEP_HEAD;
        return false;
    }
    field_next(between(w, w->at, w->top->head_end), &w->rules, &fl);
    emit(w, ev, MIME_FIELD, w->at + fl.whole.n);
    ev->field_name = fl.name;
    ev->field_value = fl.value;
    return true;
}

static bool step_head(struct mime_walk *w, struct mime_event *ev)
{
    static const enum step next[] = { STEP_BODY, STEP_PREAMBLE, STEP_OPEN };

    emit(w, ev, MIME_HEAD, w->top->body_at);
    w->step = next[w->top->part.shape];
    if (w->top->limit)
        cross_limit(w, w->top->limit);
    return true;
}

/* Both ways of decoding are looked for here, while the body is in the cache. */
static void choose_decoding(struct mime_walk *w, struct mime_part *p, struct slice body)
{
    if (p->encoding == MIME_ENC_QP && qp_is_ambiguous(body) && doubt(w, DOUBT_LOOSE))
        p->encoding = MIME_ENC_QP_LOOSE;
    if (p->encoding == MIME_ENC_BASE64 && b64_is_ambiguous(body) && doubt(w, DOUBT_LOOSE))
        p->encoding = MIME_ENC_BASE64_LOOSE;
}

static bool step_body(struct mime_walk *w, struct mime_event *ev)
{
    find_delim(w, w->at, false);
    choose_decoding(w, &w->top->part, between(w, w->at, w->delim.start));
    w->step = STEP_CLOSE;
    return emit(w, ev, MIME_BODY, w->delim.start);
}

static bool step_preamble(struct mime_walk *w, struct mime_event *ev)
{
    w->step = STEP_AFTER;
    if (w->delim.start == w->at)
        return false;
    return emit(w, ev, MIME_PREAMBLE, w->delim.start);
}

static bool step_after(struct mime_walk *w)
{
    struct frame *f = w->top;

    w->step = w->delim.owner == f ? STEP_DELIMITER : STEP_CLOSE;
    if (w->step == STEP_CLOSE && !f->is_closed)
        defect(w, "closing delimiter missing");
    return false;
}

static bool step_delimiter(struct mime_walk *w, struct mime_event *ev)
{
    emit(w, ev, MIME_DELIMITER, w->delim.end);
    w->step = w->delim.is_close ? STEP_EPILOGUE : STEP_OPEN;
    w->top->is_closed = w->delim.is_close;
    return true;
}

static bool step_epilogue(struct mime_walk *w, struct mime_event *ev)
{
    w->step = STEP_AFTER;
    find_delim(w, w->at, false);
    if (w->delim.start == w->at)
        return false;
    return emit(w, ev, MIME_EPILOGUE, w->delim.start);
}

static bool step_limit(struct mime_walk *w, struct mime_event *ev)
{
    w->is_over = true;
    w->step = STEP_REST;
    emit(w, ev, MIME_LIMIT, w->at);
    ev->defect = w->limit;
    return true;
}

static bool step_rest(struct mime_walk *w, struct mime_event *ev)
{
    w->step = STEP_CLOSE;
    if (!w->top) {
        w->step = STEP_END;
        w->at = w->msg.n;
        return false;
    }
    return emit(w, ev, MIME_BODY, w->msg.n);
}

static bool step_close(struct mime_walk *w, struct mime_event *ev)
{
    w->step = STEP_POP;
    return emit(w, ev, MIME_CLOSE, w->at);
}

static bool step_pop(struct mime_walk *w)
{
    struct frame *f = w->top;

    bounds_pop(&w->bounds, f);
    w->top = f->up;
    w->arena.at = f->mark;
    w->step = !w->top ? STEP_END : w->is_over || w->top->part.shape == MIME_MESSAGE ? STEP_CLOSE : STEP_AFTER;
    return false;
}

static bool step_defect(struct mime_walk *w, struct mime_event *ev)
{
    emit(w, ev, MIME_DEFECT, w->at);
    ev->defect = w->defects[w->defect_at++];
    if (w->defect_at == w->n_defects)
        w->defect_at = w->n_defects = 0;
    return true;
}

/* One step; false when it made no event. */
static bool take_step(struct mime_walk *w, struct mime_event *ev)
{
    /* What was found wrong in a header is told once the entity is open. */
    if (w->n_defects && w->step != STEP_OPEN && w->step != STEP_POP)
        return step_defect(w, ev);
    switch (w->step) {
    case STEP_OPEN:
        return step_open(w, ev);
    case STEP_FIELDS:
        return step_fields(w, ev);
    case STEP_HEAD:
        return step_head(w, ev);
    case STEP_BODY:
        return step_body(w, ev);
    case STEP_PREAMBLE:
        return step_preamble(w, ev);
    case STEP_AFTER:
        return step_after(w);
    case STEP_DELIMITER:
        return step_delimiter(w, ev);
    case STEP_EPILOGUE:
        return step_epilogue(w, ev);
    case STEP_LIMIT:
        return step_limit(w, ev);
    case STEP_REST:
        return step_rest(w, ev);
    case STEP_CLOSE:
        return step_close(w, ev);
    case STEP_POP:
        return step_pop(w);
    default:
        return emit(w, ev, MIME_END, w->at);
    }
}

enum cs_status mime_walk_next(struct mime_walk *w, struct mime_event *ev)
{
    *ev = (struct mime_event){ .kind = MIME_END, .data = slice_of("", 0), .field_name = slice_of("", 0),
                               .field_value = slice_of("", 0) };
    while (!take_step(w, ev))
        ;
    return CS_OK;
}

/* ---- the walker ---- */

static struct mime_limits with_defaults(const struct mime_limits *lim)
{
    struct mime_limits l = lim ? *lim : (struct mime_limits){ 0 };

    l.depth = l.depth ? l.depth : DEFAULT_DEPTH;
    l.parts = l.parts ? l.parts : DEFAULT_PARTS;
    l.fields = l.fields ? l.fields : DEFAULT_FIELDS;
    l.header_bytes = l.header_bytes ? l.header_bytes : DEFAULT_HEADER;
    return l;
}

struct mime_walk *mime_walk_new(struct slice msg, const struct mime_limits *lim, const struct mime_reading *how)
{
    struct mime_walk *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    if (arena_init(&w->arena, ARENA_SIZE) != CS_OK) {
        free(w);
        return NULL;
    }
    w->msg = slice_of(msg.p, msg.n);
    w->lim = with_defaults(lim);
    w->how = how ? *how : (struct mime_reading){ 0 };
    w->habit = habit_of(w->how.variant);
    /* How lines end is not asked anew each time. */
    w->doubts = w->habit.flips & (DOUBT_CR | DOUBT_BLANK);
    w->rules.blank_ends = flips(w, DOUBT_BLANK);
    /* A message without a single LF has its line ends from an old Macintosh. */
    w->rules.cr_ends = flips(w, DOUBT_CR) || slice_chr(w->msg, '\n') == w->msg.n;
    return w;
}

void mime_walk_free(struct mime_walk *w)
{
    if (!w)
        return;
    bounds_release(&w->bounds);
    arena_release(&w->arena);
    free(w);
}

static unsigned reading_used(const struct mime_walk *w, unsigned reading)
{
    return reading == ANY_READING || reading < w->n_readings ? reading : w->n_readings - 1;
}

/* Every doubt is noted where it decides something: a variant that agrees in all of them reads the same. */
bool mime_walk_is_ambiguous(const struct mime_walk *w, unsigned variant)
{
    struct habit h = habit_of(variant);

    if (variant >= MIME_VARIANTS)
        return false;
    if ((w->habit.flips ^ h.flips) & w->doubts)
        return true;
    return (w->doubts & DOUBT_BOUNDARY) && reading_used(w, h.reading) != reading_used(w, w->habit.reading);
}
