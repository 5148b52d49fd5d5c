#include "pdf.h"

#include "blob.h"
#include "inside.h"
#include "magic.h"
#include "pdfcrypt.h"
#include "pdffilter.h"
#include "pdfloop.h"
#include "pdfvalue.h"
#include "pdfwalk.h"
#include "script.h"

enum { HEAD = 1024, STREAM_MAX = 16 << 20, LOST_MIN = 16, VALUE_COST = 8 };

/* Which object is an embedded file, and what it is called. */
struct file_name {
    uint64_t number;
    struct buf name;
};

struct pdf {
    struct slice all;
    struct emit *out;
    struct file_name files[PDF_NAMES];
    size_t n_files;
    struct pdf_walk walk;
    bool is_second_pass;
    struct pdf_key key;
    bool is_encrypted, is_shut;  /* is_shut: something could not be decrypted */
    bool is_inside;              /* in an object stream, which was decrypted as a whole */
    bool is_noted[EMIT_LIMITED + 1];
    struct pdf_loops loops;
    struct pdf_values values;
    struct buf filter, parms;    /* those of the stream at hand, where they stood elsewhere */
};

static enum cs_status note(struct pdf *p, enum emit_remark remark, const char *text)
{
    if (p->is_noted[remark])
        return CS_OK;
    p->is_noted[remark] = true;
    return p->out->note(p->out, remark, text);
}

/* ---- hooks: the first pass learns names, the second emits ---- */

/* The bytes of a string, decrypted, as text. */
static enum cs_status string_text(struct pdf *p, const struct pdf_token *t, struct buf *out)
{
    struct buf raw = buf_init(t->text.n + 1), plain = buf_init(t->text.n + 16);
    bool is_coded = p->is_encrypted && !p->is_inside && p->key.strings != PDF_PLAIN && p->walk.number != p->key.object;
    enum cs_status st = pdf_string_raw(t, &raw);

    if (st == CS_OK && is_coded && p->key.is_open)
        st = buf_reserve(&plain, raw.n);
    if (st == CS_OK && is_coded && p->key.is_open)
        plain.n = pdf_key_decrypt(&p->key, p->key.strings, p->walk.number, p->walk.generation, buf_slice(&raw), plain.p);
    p->is_shut |= is_coded && !p->key.is_open;
    if (st == CS_OK)
        st = pdf_text(is_coded && p->key.is_open ? buf_slice(&plain) : buf_slice(&raw), out);
    buf_release(&raw);
    buf_release(&plain);
    return st;
}

static const struct file_name *find_file(const struct pdf *p, uint64_t number)
{
    for (size_t i = 0; i < p->n_files && number; i++)
        if (p->files[i].number == number)
            return &p->files[i];
    return NULL;
}

static enum cs_status on_file(void *to, const struct pdf_token *name, uint64_t number)
{
    struct pdf *p = to;
    struct file_name *f;

    if (p->is_second_pass || p->n_files == PDF_NAMES || find_file(p, number))
        return CS_OK;
    f = &p->files[p->n_files++];
    *f = (struct file_name){ .number = number, .name = buf_init(4096) };
    if (name->kind != PDF_STRING && name->kind != PDF_HEX)
        return CS_OK;
    return string_text(p, name, &f->name) == CS_NOMEM ? CS_NOMEM : CS_OK;
}

static enum cs_status on_script(void *to, const struct pdf_token *source)
{
    struct pdf *p = to;
    struct emit_child c = { .kind = EMIT_VIEW, .how = "pdf-js", .type = "script", .size = UINT64_MAX, .packed = source->text.n };
    struct buf text = buf_init(source->text.n * 3 + 16);
    struct blobs blobs = blobs_of(p->out);
    enum cs_status st = CS_OK;

    if (p->is_second_pass) {
        st = string_text(p, source, &text);
        if (st == CS_OK)
            st = emit_whole(p->out, &c, buf_slice(&text));
        if (st == CS_OK)
            st = script_strings(buf_slice(&text), &blobs);
    }
    st = blobs_end(&blobs, st);
    buf_release(&text);
    return st;
}

/* ---- streams ---- */

/* The filters of a stream, wherever they stand. */
static enum cs_status chain_of(struct pdf *p, const struct pdf_object *o, struct pdf_chain *chain)
{
    enum cs_status st;

    *chain = (struct pdf_chain){ o->dict.filter, o->dict.parms };
    p->filter.n = p->parms.n = 0;
    st = pdf_values_resolve(&p->values, &chain->filter, &p->filter);
    if (st == CS_OK)
        st = pdf_values_resolve(&p->values, &chain->parms, &p->parms);
    pdf_walk_spend(&p->walk, (p->filter.n + p->parms.n) * VALUE_COST);
    return st;
}

/* Decoded bytes on their way: the first of them decide what child they become. */
struct sink {
    struct emit *out;
    struct emit_child child;
    uint8_t head[MAGIC_HEAD];
    size_t n;
    bool is_open, is_member;     /* is_member: whatever the bytes say */
    bool is_only_member;         /* a mere view of them would show nothing new */
    bool is_dropped;
};

static enum cs_status sink_open(struct sink *s)
{
    struct slice head = slice_of(s->head, s->n);
    enum cs_status st;

    if (s->is_open || s->is_dropped)
        return CS_OK;
    s->is_member = s->is_member || magic_is_object(head);
    s->is_dropped = s->is_only_member && !s->is_member;
    if (s->is_dropped)
        return CS_OK;
    s->child.kind = s->is_member ? EMIT_MEMBER : EMIT_VIEW;
    s->is_open = true;
    st = s->out->open(s->out, &s->child);
    return st == CS_OK && s->n ? s->out->put(s->out, head) : st;
}

static enum cs_status sink_put(void *to, struct slice bytes)
{
    struct sink *s = to;
    enum cs_status st = CS_OK;

    if (!s->is_open && !s->is_dropped) {
        struct slice first = slice_take(bytes, sizeof s->head - s->n);
        memcpy(s->head + s->n, first.p, first.n);
        s->n += first.n;
        bytes = slice_drop(bytes, first.n);
        if (s->n == sizeof s->head)
            st = sink_open(s);
    }
    return st == CS_OK && s->is_open && bytes.n ? s->out->put(s->out, bytes) : st;
}

static enum cs_status sink_close(struct sink *s)
{
    enum cs_status st = s->n || s->is_member ? sink_open(s) : CS_OK;

    return st == CS_OK && s->is_open ? s->out->close(s->out) : st;
}

static enum cs_status emit_stream(struct pdf *p, const struct pdf_object *o, const struct pdf_chain *chain, struct slice data)
{
    const struct file_name *f = find_file(p, p->walk.number);
    bool is_file = f || pdf_is_type(o, "EmbeddedFile");
    struct sink s = { .out = p->out, .is_member = is_file, .is_only_member = slice_trim(o->dict.filter).n == 0 };
    struct pdf_filtered res;
    bool is_lost;                           /* nothing of it could be unpacked */
    enum cs_status st;

    s.child = (struct emit_child){ .name = f ? buf_slice(&f->name) : slice_take(data, 0), .how = is_file ? "pdf-file" : "pdf-stream",
                                   .size = UINT64_MAX, .packed = data.n };
    st = pdf_filter(chain, data, sink_put, &s, &res);
    if (st != CS_OK)
        return st;
    if (res.is_picture && res.n_applied == 0 && !s.is_open)
        return CS_OK;                       /* the picture's bytes stand in the file as they are */
    is_lost = res.is_damaged && s.n == 0 && data.n >= LOST_MIN;
    st = sink_close(&s);
    if (st == CS_OK && is_lost)
        st = note(p, EMIT_ENCRYPTED, "unreadable PDF stream");
    if (st == CS_OK && res.is_unknown)
        st = note(p, EMIT_ENCRYPTED, "PDF filter without a decoder");
    if (st == CS_OK && res.is_damaged)
        st = note(p, EMIT_DAMAGED, "damaged PDF stream");
    if (st == CS_OK && res.is_limited)
        st = note(p, EMIT_LIMITED, "a PDF stream is large between its filters");
    return st;
}

static enum cs_status keep(void *to, struct slice bytes)
{
    return buf_put(to, bytes);
}

static enum cs_status read_objects(struct pdf *p, struct slice in);

/* Scripts are all that the second reading of an object stream is after: does the name of one stand there, as it is or escaped? */
static bool may_hold_scripts(struct slice text)
{
    return slice_find(text, SLICE("/J")) < text.n || slice_find(text, SLICE("/#")) < text.n;
}

/* Objects inside a stream: what they hold counts as if it stood outside. */
static enum cs_status object_stream(struct pdf *p, const struct pdf_object *o, const struct pdf_chain *chain, struct slice data)
{
    struct buf text = buf_init(STREAM_MAX);
    struct pdf_filtered res;
    enum cs_status st = pdf_filter(chain, data, keep, &text, &res);

    if (st == CS_TOOBIG)
        st = note(p, EMIT_LIMITED, "large PDF object stream");
    if (st == CS_OK && (!p->is_second_pass || may_hold_scripts(buf_slice(&text))))
        st = read_objects(p, buf_slice(&text));
    if (st == CS_OK && p->is_second_pass)
        st = pdf_loops_stream(&p->loops, p->walk.number, &o->dict, buf_slice(&text));
    buf_release(&text);
    return st;
}

/* A cross-reference stream: only what it says about loops is of interest. */
static enum cs_status table(struct pdf *p, const struct pdf_object *o, const struct pdf_chain *chain, struct slice data)
{
    struct buf entries = buf_init(STREAM_MAX);
    struct pdf_filtered res;
    enum cs_status st = pdf_filter(chain, data, keep, &entries, &res);

    if (st == CS_OK || st == CS_TOOBIG)
        st = pdf_loops_table(&p->loops, &o->dict, buf_slice(&entries));
    buf_release(&entries);
    return st;
}

/* Dictionaries one after another, the numbers in front of them being of no interest. */
static enum cs_status read_objects(struct pdf *p, struct slice in)
{
    struct pdf_hooks hooks = { .to = p, .script = on_script, .file = on_file };
    struct pdf_object o = { .end = 0 };
    enum cs_status st = CS_OK;

    while (st == CS_OK && o.end < in.n && p->walk.work) {
        size_t from = o.end;
        st = pdf_object_read(in, from, &hooks, &o);
        pdf_walk_spend(&p->walk, o.end - from + 1);
    }
    return st;
}

static bool is_embedded(const struct pdf *p, const struct pdf_object *o)
{
    return find_file(p, p->walk.number) || pdf_is_type(o, "EmbeddedFile");
}

static enum cs_status plain_stream(struct pdf *p, const struct pdf_object *o, const struct pdf_chain *chain, struct slice data)
{
    enum cs_status st = CS_OK;

    if (pdf_is_type(o, "ObjStm")) {
        p->is_inside = true;
        st = object_stream(p, o, chain, data);
        p->is_inside = false;
    }
    if (st == CS_OK && p->is_second_pass && pdf_is_type(o, "XRef"))
        st = table(p, o, chain, data);
    return st == CS_OK && p->is_second_pass ? emit_stream(p, o, chain, data) : st;
}

/* What the stream is encrypted with: a filter /Crypt of its own comes before what the file says. */
static enum pdf_cipher cipher_of(const struct pdf *p, const struct pdf_object *o, const struct pdf_chain *chain)
{
    struct slice name;

    if (!p->is_encrypted || pdf_is_type(o, "XRef"))
        return PDF_PLAIN;
    if (pdf_filter_crypt(chain, &name))
        return name.n == 0 || pdf_name_is(name, "Identity") ? PDF_PLAIN : p->key.named;
    return is_embedded(p, o) ? p->key.files : p->key.streams;
}

static enum cs_status stream(struct pdf *p, const struct pdf_object *o)
{
    struct slice data = pdf_walk_data(&p->walk, o);
    struct buf plain = buf_init(data.n + 16);
    struct pdf_chain chain;
    enum pdf_cipher with;
    enum cs_status st = chain_of(p, o, &chain);

    if (st != CS_OK)
        return st;
    with = cipher_of(p, o, &chain);
    pdf_walk_spend(&p->walk, data.n);
    if (with == PDF_PLAIN)
        return plain_stream(p, o, &chain, data);
    p->is_shut |= !p->key.is_open;
    if (!p->key.is_open)
        return CS_OK;
    st = buf_reserve(&plain, data.n + 1);
    if (st == CS_OK) {
        plain.n = pdf_key_decrypt(&p->key, with, p->walk.number, p->walk.generation, data, plain.p);
        st = plain_stream(p, o, &chain, buf_slice(&plain));
    }
    buf_release(&plain);
    return st;
}

/* ---- the file ---- */

static enum cs_status pass(struct pdf *p)
{
    struct pdf_hooks hooks = { .to = p, .script = on_script, .file = on_file };
    struct pdf_object o;
    bool is_end = false;
    enum cs_status st = CS_OK;

    p->walk = pdf_walk_over(p->all);
    while (st == CS_OK) {
        st = pdf_walk_next(&p->walk, &hooks, &o, &is_end);
        if (is_end)
            break;
        if (st == CS_OK && p->is_second_pass)
            st = pdf_loops_object(&p->loops, p->walk.number, &o.dict);
        if (st == CS_OK && o.has_stream)
            st = stream(p, &o);
    }
    return st == CS_OK && p->walk.is_spent ? note(p, EMIT_LIMITED, "PDF objects overlap too often") : st;
}

static enum cs_status loops(struct pdf *p)
{
    const char *name;
    enum cs_status st = pdf_loops_find(&p->loops, p->all, &name);

    return st == CS_OK && name ? note(p, EMIT_LIMITED, name) : st;
}

/* Readers differ in what they want to see: the mark with its dash, without it at the very start, PostScript's, and that of forms. */
bool pdf_is(struct slice head)
{
    struct slice near = slice_take(head, HEAD + 4);

    if (slice_starts(head, SLICE("%PDF")) || slice_starts(head, SLICE("%FDF-")))
        return true;
    if (slice_find(near, SLICE("%PDF-")) < near.n)
        return true;
    return slice_starts(head, SLICE("%!PS-Adobe-")) && slice_find(slice_take(head, 32), SLICE(" PDF-")) < slice_take(head, 32).n;
}

static bool has(struct slice s, struct slice what)
{
    return slice_find(s, what) < s.n;
}

/* Behind the last "%%EOF"; 0 when there is none. */
static size_t last_mark(struct slice s)
{
    for (size_t n = s.n; n;) {
        const uint8_t *q = memrchr(s.p, '%', n);

        if (!q)
            break;
        n = (size_t)(q - s.p);
        if (slice_starts(slice_drop(s, n), SLICE("%EOF")))
            return n + 4;
    }
    return 0;
}

enum cs_status pdf_decode(struct slice object, struct emit *out)
{
    struct pdf *p = calloc(1, sizeof *p);
    enum cs_status st = CS_OK;

    if (!p)
        return CS_NOMEM;
    p->all = object;
    p->out = out;
    p->loops = pdf_loops_init();
    p->values = pdf_values_of(object);
    p->filter = buf_init(PDF_VALUE_MAX * 2);
    p->parms = buf_init(PDF_VALUE_MAX * 2);
    p->is_encrypted = pdf_key_open(object, out->passwords, out->n_passwords, &p->key);
    if (has(object, SLICE("/EF")) || has(object, SLICE("ObjStm")))
        st = pass(p);
    p->is_second_pass = true;
    if (st == CS_OK)
        st = pass(p);
    if (st == CS_OK && p->is_shut)
        st = note(p, EMIT_ENCRYPTED, "encrypted PDF");
    if (st == CS_OK)
        st = loops(p);
    if (st == CS_OK)
        st = inside_behind(object, last_mark(object), out);
    pdf_loops_release(&p->loops);
    pdf_values_release(&p->values);
    buf_release(&p->filter);
    buf_release(&p->parms);
    for (size_t i = 0; i < p->n_files; i++)
        buf_release(&p->files[i].name);
    free(p);
    return st;
}
