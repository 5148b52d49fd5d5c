#include "relabel.h"

#include "fields.h"
#include "glob.h"
#include "param_text.h"

static struct slice type_text(const struct mime_part *p)
{
    return p->type.token.n ? p->type.token : SLICE("text/plain");
}

enum cs_status relabel_wish(const struct relabel *r, struct slice from_answer, enum clause_id id, struct buf *out)
{
    const struct conversion_clause *cl = conversion_clause(r->entry, id, 0);

    out->n = 0;
    if (from_answer.n)
        return buf_put(out, from_answer);
    return cl ? symbols_expand(r->symbols, r->maps, cl->written, out) : CS_OK;
}

static bool has_clause(const struct conversion *e)
{
    for (size_t i = 0; i < e->n; i++) {
        enum clause_id id = e->clauses[i].id;

        if (id >= CL_OUT_TYPE && id <= CL_OUT_ENCODING && id != CL_PARAMETER_COPY && id != CL_DPARAMETER_COPY &&
            id != CL_OUT_MODE)
            return true;
    }
    return false;
}

bool relabel_is_asked(const struct relabel *r, struct slice file_before)
{
    const struct answer *a = r->answer;

    if (a->type.n || a->subtype.n || a->description.n || a->disposition.n || a->encoding.n)
        return true;
    if (r->has_file)
        return !slice_eq(slice_trim(r->file), slice_trim(file_before));
    return has_clause(r->entry);
}

/* Which parameters of the part go on: parameter-copy-N names them, * is all. */
static bool is_copied(const struct relabel *r, enum clause_id id, struct slice name)
{
    for (size_t i = 0; i < r->entry->n; i++) {
        const struct conversion_clause *cl = &r->entry->clauses[i];

        if (cl->id == id && glob_star(cl->plain, name) && conversion_counts(r->entry, cl))
            return true;
    }
    return false;
}

struct param_source {
    enum clause_id copy, name, value;
};

static const struct param_source type_source = { CL_PARAMETER_COPY, CL_OUT_PARAMETER_NAME, CL_OUT_PARAMETER_VALUE };
static const struct param_source disposition_source = { CL_DPARAMETER_COPY, CL_OUT_DPARAMETER_NAME,
                                                        CL_OUT_DPARAMETER_VALUE };

/* Is a parameter of this name set by a clause at place first or behind it? */
static bool is_set_by_entry(const struct relabel *r, const struct param_source *src, struct slice name, size_t first)
{
    for (size_t i = first; i < r->entry->n; i++) {
        const struct conversion_clause *cl = &r->entry->clauses[i];

        if (cl->id == src->name && slice_ieq(cl->plain, name) && conversion_counts(r->entry, cl))
            return true;
    }
    return false;
}

static enum cs_status put_entry_param(const struct relabel *r, const struct param_source *src,
                                      const struct conversion_clause *name, struct buf *out)
{
    const struct conversion_clause *value = conversion_clause(r->entry, src->value, name->index);
    struct buf text = buf_init(RELABEL_LINE);
    enum cs_status st = CS_OK;

    if (value)
        st = symbols_expand(r->symbols, r->maps, value->written, &text);
    if (st == CS_OK)
        st = param_text_put(out, name->plain, buf_slice(&text), r->eol);
    buf_release(&text);
    return st;
}

static enum cs_status put_params(const struct relabel *r, const struct param_source *src, const struct mime_value *v,
                                 struct buf *out)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; st == CS_OK && i < v->n_params; i++)
        if (is_copied(r, src->copy, v->params[i].name) && !is_set_by_entry(r, src, v->params[i].name, 0))
            st = param_text_put(out, v->params[i].name, v->params[i].value, r->eol);
    for (size_t i = 0; st == CS_OK && i < r->entry->n; i++) {
        const struct conversion_clause *cl = &r->entry->clauses[i];

        if (cl->id == src->name && conversion_counts(r->entry, cl) && !is_set_by_entry(r, src, cl->plain, i + 1))
            st = put_entry_param(r, src, cl, out);
    }
    return st;
}

static enum cs_status put_file_params(const struct relabel *r, struct slice value, struct buf *out)
{
    struct arena a;
    struct mime_value v;
    enum cs_status st = arena_init(&a, value.n * 64 + 65536);

    if (st != CS_OK)
        return st;
    st = mime_value_parse(value, &a, &v);
    for (size_t i = 0; st == CS_OK && i < v.n_params; i++)
        st = param_text_put(out, v.params[i].name, v.params[i].value, r->eol);
    arena_release(&a);
    return st;
}

static enum cs_status put_lower(struct buf *out, struct slice s)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; st == CS_OK && i < s.n; i++)
        st = buf_putc(out, ascii_lower(s.p[i]));
    return st;
}

/* "type/subtype" from OUTPUT_TYPE, the clauses or the part; a word that is no token is not believed. */
static enum cs_status put_type(const struct relabel *r, struct slice was, struct buf *out)
{
    struct buf type = buf_init(RELABEL_LINE), subtype = buf_init(RELABEL_LINE);
    size_t slash = slice_chr(was, '/');
    struct slice t = slice_take(was, slash), s = slice_drop(was, slash + 1);
    enum cs_status st;

    st = relabel_wish(r, r->answer->type, r->has_file ? CL_UNKNOWN : CL_OUT_TYPE, &type);
    if (st == CS_OK)
        st = relabel_wish(r, r->answer->subtype, r->has_file ? CL_UNKNOWN : CL_OUT_SUBTYPE, &subtype);
    if (st == CS_OK && param_text_is_token(buf_slice(&type)))
        t = buf_slice(&type);
    if (st == CS_OK && param_text_is_token(buf_slice(&subtype)))
        s = buf_slice(&subtype);
    if (st == CS_OK && (!param_text_is_token(t) || !param_text_is_token(s)))
        t = SLICE("application"), s = SLICE("octet-stream");
    if (st == CS_OK)
        st = buf_puts(out, "Content-Type: ");
    if (st == CS_OK)
        st = put_lower(out, t);
    if (st == CS_OK)
        st = buf_putc(out, '/');
    if (st == CS_OK)
        st = put_lower(out, s);
    buf_release(&type);
    buf_release(&subtype);
    return st;
}

enum cs_status relabel_is_text(const struct relabel *r, bool *is_text)
{
    struct slice file = r->has_file ? header_field_find(r->file, "Content-Type") : slice_of(NULL, 0);
    struct buf type = buf_init(RELABEL_LINE);
    enum cs_status st = put_type(r, file.n ? slice_trim(slice_take(file, slice_chr(file, ';'))) : type_text(r->part), &type);

    *is_text = slice_starts(buf_slice(&type), SLICE("Content-Type: text/"));
    buf_release(&type);
    return st;
}

/* file is the field of OUTPUT_HEADERS, n == 0 when it comes from the part. */
static enum cs_status put_content_type(const struct relabel *r, struct slice file, struct buf *out)
{
    size_t end = slice_chr(file, ';');
    enum cs_status st = put_type(r, r->has_file && file.n ? slice_trim(slice_take(file, end)) : type_text(r->part), out);

    if (st == CS_OK)
        st = r->has_file ? put_file_params(r, file, out) : put_params(r, &type_source, &r->part->type, out);
    return st == CS_OK ? buf_puts(out, r->eol) : st;
}

static enum cs_status put_disposition(const struct relabel *r, struct slice file, struct buf *out)
{
    struct buf word = buf_init(RELABEL_LINE);
    struct slice token = r->has_file ? slice_trim(slice_take(file, slice_chr(file, ';'))) : r->part->disposition.token;
    enum cs_status st = relabel_wish(r, r->answer->disposition, r->has_file ? CL_UNKNOWN : CL_OUT_DISPOSITION, &word);

    if (st == CS_OK && param_text_is_token(buf_slice(&word)))
        token = buf_slice(&word);
    if (st == CS_OK && param_text_is_token(token)) {
        st = buf_printf(out, "Content-Disposition: %.*s", (int)token.n, (const char *)token.p);
        if (st == CS_OK)
            st = r->has_file ? put_file_params(r, file, out)
                             : put_params(r, &disposition_source, &r->part->disposition, out);
        if (st == CS_OK)
            st = buf_puts(out, r->eol);
    }
    buf_release(&word);
    return st;
}

static enum cs_status put_description(const struct relabel *r, const struct header_field *f, struct buf *out)
{
    struct buf text = buf_init(RELABEL_LINE);
    enum cs_status st = relabel_wish(r, r->answer->description, r->has_file ? CL_UNKNOWN : CL_OUT_DESCRIPTION, &text);

    if (st == CS_OK && text.n) {
        st = buf_puts(out, "Content-Description: ");
        if (st == CS_OK)
            st = param_text_words(out, buf_slice(&text), r->eol);
        if (st == CS_OK)
            st = buf_puts(out, r->eol);
    } else if (st == CS_OK && f) {
        st = buf_put(out, f->raw);
    }
    buf_release(&text);
    return st;
}

enum known_field { FIELD_TYPE, FIELD_DISPOSITION, FIELD_DESCRIPTION, FIELD_ENCODING, FIELD_OF_BODY, FIELD_OTHER };

static enum known_field classify(struct slice name)
{
    static const struct {
        const char *name;
        enum known_field field;
    } known[] = {
        { "Content-Type", FIELD_TYPE },
        { "Content-Disposition", FIELD_DISPOSITION },
        { "Content-Description", FIELD_DESCRIPTION },
        { "Content-Transfer-Encoding", FIELD_ENCODING },
        { "Content-MD5", FIELD_OF_BODY },
        { "Content-Length", FIELD_OF_BODY },
        { "Lines", FIELD_OF_BODY },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_ieq(name, slice_str(known[i].name)))
            return known[i].field;
    return FIELD_OTHER;
}

/* A line of OUTPUT_HEADERS: a real field, no delimiter in disguise, and for a message nothing but labels. */
static bool may_stand(const struct relabel *r, const struct header_field *f)
{
    if (!param_text_is_token(f->name) || ascii_is_space(f->raw.p[0]) || slice_starts(f->name, SLICE("--")))
        return false;
    if (classify(f->name) == FIELD_ENCODING)
        return false;                   /* the channel's own business */
    return !r->is_message || header_field_is_mime(f) || slice_istarts(f->name, SLICE("x-"));
}

/* A field in our line ends, without control characters. */
static enum cs_status put_clean(struct slice raw, const char *eol, struct buf *out)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && raw.n) {
        size_t n = slice_chr(raw, '\n');

        for (size_t i = 0; st == CS_OK && i < n; i++)
            if (raw.p[i] == '\t' || (raw.p[i] >= ' ' && raw.p[i] != 0x7f))
                st = buf_putc(out, raw.p[i]);
        if (st == CS_OK)
            st = buf_puts(out, eol);
        raw = slice_drop(raw, n + 1);
    }
    return st;
}

static enum cs_status put_file(const struct relabel *r, struct buf *out)
{
    struct slice left = r->file;
    struct header_field f;
    enum cs_status st = CS_OK;

    while (st == CS_OK && header_field_next(&left, &f))
        if (may_stand(r, &f))
            st = put_clean(f.raw, r->eol, out);
    return st;
}

static bool has_bare_cr(struct slice s)
{
    for (size_t at = slice_chr(s, '\r'); at < s.n; at = slice_chr(s, '\r')) {
        s = slice_drop(s, at + 1);
        if (s.n == 0 || s.p[0] != '\n')
            return true;
    }
    return false;
}

/* Some readers end a line at a bare CR, and the header at two: what they would read behind it is not of the header. */
static enum cs_status put_lines(struct slice header, const char *eol, struct buf *out)
{
    enum cs_status st = CS_OK;
    bool was_field = false;

    while (st == CS_OK && header.n) {
        size_t lf = slice_chr(header, '\n'), cr = slice_chr(header, '\r'), n = cr < lf ? cr : lf;
        struct slice line = slice_take(header, n), name = slice_trim(slice_take(line, slice_chr(line, ':')));

        if (n == 0)
            return CS_OK;
        if (!ascii_is_space(line.p[0]))
            was_field = name.n < line.n && param_text_is_token(name);
        if (was_field)
            st = buf_put(out, line);
        if (was_field && st == CS_OK)
            st = buf_puts(out, eol);
        header = slice_drop(header, n + (cr + 1 == lf ? 2 : 1));
    }
    return st;
}

/* The fields to start from: the part's own, or the command's with what of a message stays whatever happens. */
static enum cs_status put_base(const struct relabel *r, struct slice left, struct buf *out)
{
    struct header_field f;
    bool was_put = false;
    enum cs_status st = CS_OK;

    while (st == CS_OK && header_field_next(&left, &f)) {
        bool is_replaced = r->has_file && (!r->is_message || header_field_is_mime(&f));

        if (!is_replaced || (classify(f.name) == FIELD_ENCODING && !r->is_new_body)) {
            st = buf_put(out, f.raw);
        } else if (!was_put) {
            was_put = true;
            st = put_file(r, out);
        }
    }
    return st == CS_OK && r->has_file && !was_put ? put_file(r, out) : st;
}

static enum cs_status put_known(const struct relabel *r, enum known_field k, const struct header_field *f,
                                struct buf *out)
{
    struct slice file = r->has_file && f ? f->value : slice_of(NULL, 0);

    switch (k) {
    case FIELD_TYPE:
        if (!f && !r->answer->type.n && !r->answer->subtype.n &&
            (r->has_file || (!conversion_clause(r->entry, CL_OUT_TYPE, 0) &&
                             !conversion_clause(r->entry, CL_OUT_SUBTYPE, 0) && !r->part->has_type)))
            return CS_OK;
        return put_content_type(r, file, out);
    case FIELD_DISPOSITION:
        return put_disposition(r, file, out);
    case FIELD_DESCRIPTION:
        return put_description(r, f, out);
    case FIELD_ENCODING:
        if (!r->is_new_body)
            return f ? buf_put(out, f->raw) : CS_OK;
        return r->encoding[0] ? buf_printf(out, "Content-Transfer-Encoding: %s%s", r->encoding, r->eol) : CS_OK;
    case FIELD_OF_BODY:
        return f && !r->is_new_body ? buf_put(out, f->raw) : CS_OK;
    case FIELD_OTHER:
        break;
    }
    return f ? buf_put(out, f->raw) : CS_OK;
}

static bool says(struct slice wish, struct slice was)
{
    return wish.n == 0 || slice_ieq(wish, was);
}

/* Does the entry leave the label alone and copy all its parameters? */
static bool copies_all(const struct relabel *r, const struct param_source *src, enum clause_id first, enum clause_id second)
{
    bool is_all = false;

    for (size_t i = 0; i < r->entry->n; i++) {
        const struct conversion_clause *cl = &r->entry->clauses[i];

        if (cl->id == first || cl->id == second || cl->id == src->name)
            return false;
        is_all |= cl->id == src->copy && slice_eq(cl->plain, SLICE("*")) && conversion_counts(r->entry, cl);
    }
    return is_all;
}

/* A field that neither an OUTPUT_ option nor the entry changes stays as it was written. */
static bool is_untouched(const struct relabel *r, enum known_field k, struct slice value)
{
    const struct answer *a = r->answer;
    struct slice token = slice_trim(slice_take(value, slice_chr(value, ';')));
    size_t slash = slice_chr(token, '/');

    if (k == FIELD_TYPE)
        return says(a->type, slice_take(token, slash)) && says(a->subtype, slice_drop(token, slash + 1)) &&
               (r->has_file || copies_all(r, &type_source, CL_OUT_TYPE, CL_OUT_SUBTYPE));
    if (k == FIELD_DISPOSITION)
        return says(a->disposition, token) &&
               (r->has_file || copies_all(r, &disposition_source, CL_OUT_DISPOSITION, CL_OUT_DISPOSITION));
    return false;
}

enum cs_status relabel_header(const struct relabel *r, struct buf *out)
{
    struct buf base = buf_init(out->max), lines = buf_init(out->max);
    bool was_seen[FIELD_OTHER + 1] = { false }, has_version = !r->is_message;
    struct header_field f;
    struct slice left = r->part->header;
    enum cs_status st = CS_OK;

    if (r->is_message && r->is_new_body && has_bare_cr(left)) {
        st = put_lines(left, r->eol, &lines);
        left = buf_slice(&lines);
    }
    if (st == CS_OK)
        st = put_base(r, left, &base);
    out->n = 0;
    left = buf_slice(&base);
    while (st == CS_OK && header_field_next(&left, &f)) {
        enum known_field k = classify(f.name);

        if (was_seen[k] && k < FIELD_OF_BODY)
            continue;                   /* a second Content-Type has misled readers before */
        was_seen[k] = true;
        has_version |= slice_ieq(f.name, SLICE("mime-version"));
        st = is_untouched(r, k, f.value) ? buf_put(out, f.raw) : put_known(r, k, &f, out);
        if (st == CS_OK && out->n && out->p[out->n - 1] != '\n')
            st = buf_puts(out, r->eol);
    }
    for (int k = FIELD_TYPE; st == CS_OK && k < FIELD_OF_BODY; k++)
        if (!was_seen[k])
            st = put_known(r, (enum known_field)k, NULL, out);
    if (st == CS_OK && !has_version)
        st = buf_printf(out, "MIME-Version: 1.0%s", r->eol);
    buf_release(&base);
    buf_release(&lines);
    return st == CS_OK ? buf_puts(out, r->eol) : st;
}

enum cs_status relabel_mime_fields(struct slice header, struct buf *out)
{
    struct header_field f;
    enum cs_status st = CS_OK;

    while (st == CS_OK && header_field_next(&header, &f))
        if (header_field_is_mime(&f))
            st = buf_put(out, f.raw);
    return st;
}
