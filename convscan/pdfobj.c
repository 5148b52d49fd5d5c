#include "pdfobj.h"

enum { FILE_NAMES = 6 };

/* A dictionary or list that is open. */
struct frame {
    bool is_dict, has_value;
    struct slice key;
    size_t value_at;             /* where the key's value begins */
    struct pdf_token names[FILE_NAMES];     /* /UF, /F and the like */
    size_t n_names;
    uint64_t file;               /* the number under /EF */
};

struct reader {
    const struct pdf_hooks *hooks;
    struct pdf_object *o;
    struct slice in;
    struct frame stack[PDF_DEPTH];
    size_t depth, too_deep;
    uint64_t number;             /* the last two numbers, for N G R */
    uint64_t before;
};

static bool is_one_of(struct slice name, const char *const *words)
{
    for (; *words; words++)
        if (pdf_name_is(name, *words))
            return true;
    return false;
}

/* The value of a key of the outermost dictionary has ended: keep it if it is wanted. */
static void keep_value(struct reader *r, const struct frame *f, size_t end)
{
    struct pdf_dict *d = &r->o->dict;
    const struct {
        const char *name;
        struct slice *to;
    } wanted[] = {
        { "Type", &d->type }, { "Filter", &d->filter }, { "DecodeParms", &d->parms }, { "DP", &d->parms },
        { "Length", &d->length }, { "Kids", &d->kids }, { "Parent", &d->parent }, { "Extends", &d->extends }, { "First", &d->first },
        { "N", &d->count }, { "W", &d->widths }, { "Index", &d->index }, { "Prev", &d->prev },
        { "Next", &d->next },
    };

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (f->key.n && (f->key.p[0] == (uint8_t)wanted[i].name[0] || f->key.p[0] == '#') && pdf_name_is(f->key, wanted[i].name))
            *wanted[i].to = slice_sub(r->in, f->value_at, end - f->value_at);
}

static void end_value(struct reader *r, size_t end)
{
    struct frame *f = r->depth ? &r->stack[r->depth - 1] : NULL;

    if (f && f->is_dict && f->has_value && r->depth == 1)
        keep_value(r, f, end);
}

static void set_key(struct reader *r, const struct pdf_token *t)
{
    struct frame *f = &r->stack[r->depth - 1];

    end_value(r, t->at);
    f->key = t->text;
    f->has_value = false;
    f->value_at = t->at + 1 + t->text.n;
}

static enum cs_status take_string(struct reader *r, const struct pdf_token *t)
{
    static const char *const names[] = { "UF", "F", "Unix", "Mac", "DOS", "Desc", NULL };
    struct frame *f = &r->stack[r->depth - 1];

    if (f->is_dict && pdf_name_is(f->key, "JS"))
        return r->hooks->script ? r->hooks->script(r->hooks->to, t) : CS_OK;
    if (!f->is_dict || f->n_names == FILE_NAMES || !is_one_of(f->key, names))
        return CS_OK;
    f->names[f->n_names++] = *t;
    if (pdf_name_is(f->key, "UF")) {            /* the name that readers show comes first */
        f->names[f->n_names - 1] = f->names[0];
        f->names[0] = *t;
    }
    return CS_OK;
}

static enum cs_status take_word(struct reader *r, const struct pdf_token *t)
{
    static const char *const names[] = { "UF", "F", "Unix", "Mac", "DOS", NULL };
    struct frame *f = &r->stack[r->depth - 1], *above = r->depth > 1 ? f - 1 : NULL;

    if (!f->is_dict || !slice_eq(t->text, SLICE("R")))
        return CS_OK;
    if (above && pdf_name_is(above->key, "EF") && is_one_of(f->key, names))
        above->file = r->before;
    return r->hooks->script_at && pdf_name_is(f->key, "JS") ? r->hooks->script_at(r->hooks->to, r->before) : CS_OK;
}

static void open_frame(struct reader *r, bool is_dict, size_t at)
{
    if (r->depth == PDF_DEPTH || r->too_deep)
        r->too_deep++;
    else
        r->stack[r->depth++] = (struct frame){ .is_dict = is_dict, .value_at = at };
}

static enum cs_status close_frame(struct reader *r, bool is_dict, size_t at)
{
    enum cs_status st = CS_OK;
    struct frame *f;

    if (r->too_deep) {
        r->too_deep--;
        return CS_OK;
    }
    if (r->depth == 0)
        return CS_OK;
    end_value(r, at);
    f = &r->stack[r->depth - 1];
    if (is_dict && f->is_dict && f->file && r->hooks->file) {
        st = r->hooks->file(r->hooks->to, &f->names[0], f->file);
        for (size_t i = 1; i < f->n_names && st == CS_OK; i++)
            st = r->hooks->file(r->hooks->to, &f->names[i], f->file);
    }
    r->depth--;
    if (r->depth == 0 && !f->is_dict)
        r->o->dict.list = slice_sub(r->in, f->value_at, at - f->value_at);
    return st;
}

static enum cs_status take(struct reader *r, const struct pdf_token *t)
{
    struct frame *f = r->depth && !r->too_deep ? &r->stack[r->depth - 1] : NULL;

    if (f && f->is_dict && t->kind == PDF_NAME && (f->key.n == 0 || f->has_value)) {
        set_key(r, t);
        return CS_OK;
    }
    if (f && f->is_dict && t->kind != PDF_CLOSE)
        f->has_value = true;
    switch (t->kind) {
    case PDF_OPEN:
    case PDF_LIST:
        open_frame(r, t->kind == PDF_OPEN, t->at);
        return CS_OK;
    case PDF_CLOSE:
    case PDF_LIST_END:
        return close_frame(r, t->kind == PDF_CLOSE, t->at);
    case PDF_NUMBER:
        r->before = r->number;
        r->number = pdf_number(t->text);
        return CS_OK;
    case PDF_STRING:
    case PDF_HEX:
        return f ? take_string(r, t) : CS_OK;
    case PDF_WORD:
        return f ? take_word(r, t) : CS_OK;
    default:
        return CS_OK;
    }
}

enum cs_status pdf_object_read(struct slice in, size_t at, const struct pdf_hooks *hooks, struct pdf_object *o)
{
    struct reader r = { .hooks = hooks, .o = o, .in = in };
    struct pdf_lexer l = { .in = in, .at = at };
    struct slice none = slice_take(in, 0);
    enum cs_status st = CS_OK;

    *o = (struct pdf_object){ .dict = { none, none, none, none, none, none, none, none, none, none, none, none, none, none }, .end = at };
    while (st == CS_OK) {
        struct pdf_token t = pdf_next(&l);
        if (t.kind == PDF_END)
            break;
        o->has_stream = t.kind == PDF_WORD && slice_eq(t.text, SLICE("stream"));
        if (o->has_stream)
            break;
        if (t.kind == PDF_WORD && (slice_eq(t.text, SLICE("endobj")) || slice_eq(t.text, SLICE("obj"))))
            break;
        st = take(&r, &t);
    }
    while (r.depth == 1 && st == CS_OK)
        st = close_frame(&r, true, l.at);
    o->end = l.at;
    return st;
}
