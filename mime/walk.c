/* walk.c - the events of a message, a step each. */
#include "walker.h"

#include <stdlib.h>

#include "b64.h"
#include "qp.h"

enum {
    ARENA_SIZE = 32 << 20,      /* touched only as far as headers need it */
    DEFAULT_DEPTH = 100, DEFAULT_PARTS = 10000, DEFAULT_FIELDS = 10000, DEFAULT_HEADER = 1 << 20
};

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
    if (w->passed / PASSES > w->msg.n)
        return cross_limit(w, "mime_passes_limit");
    f = push_frame(w);
    if (!f)
        return cross_limit(w, "mime_header_limit");
    w->n_parts++;
    if (up)
        up->n_children++;
    if (frame_read(w, f) != CS_OK) {
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
    enum mime_encoding other = MIME_ENC_NONE;

    if (p->encoding == MIME_ENC_QP)
        other = qp_ambiguity(body);
    if (p->encoding == MIME_ENC_BASE64)
        other = b64_ambiguity(body);
    if (other != MIME_ENC_NONE && doubt(w, DOUBT_LOOSE))
        p->encoding = other;
    if (p->encoding == MIME_ENC_UU && slice_find(body, SLICE("begin")) == body.n)
        p->encoding = MIME_ENC_UU_BARE;
}

static bool step_body(struct mime_walk *w, struct mime_event *ev)
{
    delim_find(w, w->at, false);
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
    delim_find(w, w->at, false);
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
    return w->bounds.is_starved ? CS_NOMEM : CS_OK;     /* no limit of the message, but our failure */
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
    w->doubts = w->habit.flips & (DOUBT_CR | DOUBT_BLANK | DOUBT_HIDDEN);
    w->rules.blank_ends = flips(w, DOUBT_BLANK);
    w->rules.sees_hidden = flips(w, DOUBT_HIDDEN);
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
