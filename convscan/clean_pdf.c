#include "clean.h"
#include "inflate.h"
#include "pdfcrypt.h"
#include "pdffilter.h"
#include "pdfwalk.h"

enum { MARKED_MAX = 1024, OBJECTS_MAX = 16 << 20 };

struct cleaner {
    struct slice in;             /* the file as it was, or the text of an object stream */
    uint8_t *to;                 /* the same bytes, to be blanked */
    uint64_t marked[MARKED_MAX]; /* objects whose streams have to go */
    size_t n_marked;
    bool is_changed;
};

static bool is_marked(const struct cleaner *c, uint64_t number)
{
    for (size_t i = 0; i < c->n_marked; i++)
        if (c->marked[i] == number)
            return true;
    return false;
}

static enum cs_status mark(struct cleaner *c, uint64_t number)
{
    if (is_marked(c, number))
        return CS_OK;
    if (c->n_marked == MARKED_MAX)
        return CS_UNSUPPORTED;
    c->marked[c->n_marked++] = number;
    return CS_OK;
}

static enum cs_status on_script_at(void *to, uint64_t number)
{
    return mark(to, number);
}

static enum cs_status on_file(void *to, const struct pdf_token *name, uint64_t number)
{
    (void)name;
    return mark(to, number);
}

/* Blanks between the brackets of a string, in either notation. */
static enum cs_status blank_script(void *to, const struct pdf_token *source)
{
    struct cleaner *c = to;
    uint8_t *p = c->to + (source->text.p - c->in.p);

    for (size_t i = 0; i < source->text.n; i++)
        p[i] = source->kind == PDF_STRING ? ' ' : i % 2 ? '0' : '2';
    c->is_changed |= source->text.n > 0;
    return CS_OK;
}

/* The name of a file that is no longer there: what made it a program goes. */
static enum cs_status blank_name(void *to, const struct pdf_token *name, uint64_t number)
{
    struct cleaner *c = to;
    uint8_t *p;

    (void)number;
    if (name->kind == PDF_END)
        return CS_OK;
    p = c->to + (name->text.p - c->in.p);
    for (size_t i = 0; i < name->text.n; i++) {
        bool is_dot = name->kind == PDF_STRING ? p[i] == '.' : i % 2 && p[i - 1] == '2' && ascii_lower(p[i]) == 'e';
        if (is_dot && name->kind == PDF_STRING)
            p[i] = '_';
        else if (is_dot)
            p[i - 1] = '5', p[i] = 'f';
        c->is_changed |= is_dot;
    }
    return CS_OK;
}

/* What each filter reads as nothing at all. */
static struct slice nothing_for(struct slice filter)
{
    static const struct {
        const char *name, *brief;
        struct slice nothing;
    } table[] = {
        { "FlateDecode", "Fl", SLICE("\x78\x9c\x03\0\0\0\0\1") }, { "LZWDecode", "LZW", SLICE("\x80\x40\x40") },
        { "ASCIIHexDecode", "AHx", SLICE(">") },                 { "ASCII85Decode", "A85", SLICE("~>") },
        { "RunLengthDecode", "RL", SLICE("\x80") },
    };
    struct pdf_lexer l = { .in = filter };
    struct pdf_token t = pdf_next(&l);

    if (t.kind == PDF_LIST)
        t = pdf_next(&l);
    for (size_t i = 0; i < sizeof table / sizeof *table && t.kind == PDF_NAME; i++)
        if (pdf_name_is(t.text, table[i].name) || pdf_name_is(t.text, table[i].brief))
            return table[i].nothing;
    return SLICE("");
}

static void put_over(struct cleaner *c, struct slice data, struct slice with)
{
    uint8_t *p = c->to + (data.p - c->in.p);

    memset(p, '\n', data.n);
    memcpy(p, with.p, with.n < data.n ? with.n : data.n);
    c->is_changed |= data.n > 0;
}

static enum cs_status keep(void *to, struct slice bytes)
{
    return buf_put(to, bytes);
}

/* The dictionaries in the text of an object stream. */
static enum cs_status read_objects(struct cleaner *c, const struct pdf_hooks *hooks)
{
    struct pdf_object o = { .end = 0 };
    enum cs_status st = CS_OK;

    while (st == CS_OK && o.end < c->in.n)
        st = pdf_object_read(c->in, o.end, hooks, &o);
    return st;
}

/* Object streams are unpacked, cleaned, and packed again, into the room that there is. */
static enum cs_status object_stream(struct cleaner *c, const struct pdf_object *o, struct slice data, const struct pdf_hooks *with)
{
    struct pdf_chain chain = { o->dict.filter, o->dict.parms };
    struct buf text = buf_init(OBJECTS_MAX), packed = buf_init((size_t)OBJECTS_MAX * 2);
    struct slice outer = c->in;
    uint8_t *outer_to = c->to;
    bool was_changed = c->is_changed, is_plain = slice_trim(o->dict.filter).n == 0, is_flate;
    struct pdf_filtered res;
    enum cs_status st = pdf_filter(&chain, data, keep, &text, &res);
    struct buf copy = buf_init(OBJECTS_MAX);

    is_flate = slice_eq(nothing_for(o->dict.filter), nothing_for(SLICE("/Fl"))) && res.n_applied == 1 &&
               slice_trim(o->dict.parms).n == 0;
    if (st == CS_OK)
        st = buf_put(&copy, buf_slice(&text));
    c->in = buf_slice(&text);
    c->to = copy.p;
    c->is_changed = false;
    if (st == CS_OK)
        st = read_objects(c, with);
    c->in = outer;
    c->to = outer_to;
    if (st == CS_OK && c->is_changed && is_flate)
        st = inflate_pack(buf_slice(&copy), &packed);
    else if (st == CS_OK && c->is_changed)
        st = is_plain ? buf_put(&packed, buf_slice(&copy)) : CS_UNSUPPORTED;
    if (st == CS_OK && packed.n > data.n)
        st = CS_UNSUPPORTED;
    if (st == CS_OK && packed.n)
        put_over(c, data, buf_slice(&packed));
    c->is_changed |= was_changed;
    buf_release(&text);
    buf_release(&copy);
    buf_release(&packed);
    return st == CS_TOOBIG ? CS_UNSUPPORTED : st;
}

static enum cs_status pass(struct cleaner *c, const struct pdf_hooks *hooks, bool is_blanking)
{
    struct pdf_walk w = pdf_walk_over(c->in);
    struct pdf_object o;
    bool is_end = false;
    enum cs_status st = CS_OK;

    while (st == CS_OK) {
        struct slice data;
        st = pdf_walk_next(&w, hooks, &o, &is_end);
        if (is_end || st != CS_OK)
            break;
        if (!o.has_stream)
            continue;
        data = pdf_walk_data(&w, &o);
        pdf_walk_spend(&w, data.n);
        if (pdf_is_type(&o, "ObjStm"))
            st = object_stream(c, &o, data, hooks);
        else if (is_blanking && (is_marked(c, w.number) || pdf_is_type(&o, "EmbeddedFile")))
            put_over(c, data, nothing_for(o.dict.filter));
    }
    return st == CS_OK && w.is_spent ? CS_UNSUPPORTED : st;
}

enum cs_status clean_pdf(struct slice in, struct buf *out, bool *is_changed)
{
    struct cleaner *c = calloc(1, sizeof *c);
    struct pdf_hooks learn = { .to = c, .script_at = on_script_at, .file = on_file };
    struct pdf_hooks blank = { .to = c, .script = blank_script, .file = blank_name };
    struct pdf_key key;
    size_t from = out->n;
    enum cs_status st;

    *is_changed = false;
    if (!c)
        return CS_NOMEM;
    st = pdf_key_open(in, NULL, 0, &key) ? CS_UNSUPPORTED : buf_reserve(out, in.n + 1);
    if (st == CS_OK)
        st = buf_put(out, in);
    if (st == CS_OK) {
        c->in = in;
        c->to = out->p + from;
        st = pass(c, &learn, false);
    }
    c->is_changed = false;
    if (st == CS_OK)
        st = pass(c, &blank, true);
    *is_changed = c->is_changed;
    free(c);
    return st;
}
