#include "part.h"

#include "charset.h"
#include "word.h"

enum { SCATTERED = 4096 };

/* "Content-Type::" is read over. */
static void values_add(struct values *v, struct slice value)
{
    while (value.n && value.p[0] == ':')
        value = slice_drop(value, 1);
    value = slice_trim(value);
    if (v->n && !slice_eq(v->list[0], value))
        v->is_doubled = true;
    if (v->n < HEAD_SAME)
        v->n++;
    v->list[v->n - 1] = value;
}

void head_add(struct head *h, struct slice name, struct slice value)
{
    if (slice_ieq(name, SLICE("content-type")))
        values_add(&h->type, value);
    else if (slice_ieq(name, SLICE("content-transfer-encoding")))
        values_add(&h->encoding, value);
    else if (slice_ieq(name, SLICE("content-disposition")))
        values_add(&h->disposition, value);
    else if (slice_ieq(name, SLICE("content-description")))
        h->description = slice_trim(value);
    else if (slice_ieq(name, SLICE("subject")))
        h->subject = slice_trim(value);
    else if (slice_ieq(name, SLICE("message-id")))
        h->message_id = slice_trim(value);
}

static const struct {
    const char *token;
    enum mime_encoding encoding;
} encodings[] = {
    { "7bit", MIME_ENC_7BIT },           { "8bit", MIME_ENC_8BIT },
    { "binary", MIME_ENC_BINARY },       { "quoted-printable", MIME_ENC_QP },
    { "base64", MIME_ENC_BASE64 },       { "x-base64", MIME_ENC_BASE64 },
    { "x-gzip64", MIME_ENC_BASE64 },     { "gzip64", MIME_ENC_BASE64 },
    { "b64", MIME_ENC_BASE64 },          { "quoted_printable", MIME_ENC_QP },
    { "x-uuencode", MIME_ENC_UU },       { "x-uue", MIME_ENC_UU },
    { "x-uu", MIME_ENC_UU },             { "uuencode", MIME_ENC_UU },
    { "uue", MIME_ENC_UU },              { "x-uuencoded", MIME_ENC_UU },
    { "x-yencode", MIME_ENC_YENC },      { "yenc", MIME_ENC_YENC },
    { "x-yenc", MIME_ENC_YENC },         { "mac-binhex40", MIME_ENC_BINHEX },
    { "binhex", MIME_ENC_BINHEX },       { "x-binhex40", MIME_ENC_BINHEX },
    { "x-binhex", MIME_ENC_BINHEX },     { "x-mac-binhex40", MIME_ENC_BINHEX },
    { "binhex40", MIME_ENC_BINHEX },     { "mac-binhex", MIME_ENC_BINHEX },
    { "7-bit", MIME_ENC_7BIT },          { "8-bit", MIME_ENC_8BIT },
};

bool encoding_is_identity(enum mime_encoding e)
{
    return e <= MIME_ENC_BINARY || e == MIME_ENC_UNKNOWN;
}

static enum mime_encoding encoding_of(struct slice token)
{
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        if (slice_eq(token, slice_str(encodings[i].token)))
            return encodings[i].encoding;
    return MIME_ENC_UNKNOWN;
}

static bool is_token_byte(uint8_t c)
{
    return c > 32 && c < 127 && !strchr("()<>@,;:\\\"/[]?={}", c);
}

struct choice {
    enum mime_encoding first, last;
    struct slice first_token, last_token;
    bool is_last_other;         /* last is a coding, and not the first */
};

/* Of several the last, but rather one that is a coding and not the first: what is as it stands is seen by a strict reader. */
static void choose_last(struct choice *c, enum mime_encoding e, struct slice token)
{
    bool is_other = !encoding_is_identity(e) && e != c->first;

    if ((e == MIME_ENC_UNKNOWN && c->last != MIME_ENC_NONE) || (c->is_last_other && !is_other))
        return;
    c->last = e;
    c->last_token = token;
    c->is_last_other = is_other;
}

/* Every word of a value that names an encoding counts: ";base64", "base64 quoted-printable", "\"base64\"". */
static void read_encodings(struct slice s, struct choice *c)
{
    while (s.n) {
        size_t n = 0;
        enum mime_encoding e;
        while (s.n && !is_token_byte(s.p[0]))
            s = slice_drop(s, 1);
        while (n < s.n && is_token_byte(s.p[n]))
            n++;
        if (n == 0)
            return;
        e = encoding_of(slice_take(s, n));
        if (c->first == MIME_ENC_NONE || c->first == MIME_ENC_UNKNOWN) {
            c->first = e;
            c->first_token = slice_take(s, n);
        }
        choose_last(c, e, slice_take(s, n));
        s = slice_drop(s, n);
    }
}

/* What is spelt in another way, with letters left out, added or marked: the name is looked for in what letters and digits there are. */
static const struct {
    const char *part;
    enum mime_encoding encoding;
} likenesses[] = {
    { "base64", MIME_ENC_BASE64 }, { "quotedprint", MIME_ENC_QP }, { "uuencode", MIME_ENC_UU },
    { "yenc", MIME_ENC_YENC }, { "binhex", MIME_ENC_BINHEX },
};

static enum cs_status read_likeness(struct slice s, struct choice *c, struct arena *a)
{
    uint8_t *out;
    size_t n = 0;

    if (word_is_there(s))
        s = word_decode(s, a);
    out = s.p && s.n ? arena_get(a, s.n, 1) : NULL;
    if (!out)
        return s.n ? CS_NOMEM : CS_OK;
    for (size_t i = 0; i < s.n; i++)
        if (ascii_is_alpha(s.p[i]) || ascii_is_digit(s.p[i]))
            out[n++] = ascii_lower(s.p[i]);
    for (size_t i = 0; i < sizeof likenesses / sizeof *likenesses; i++)
        if (slice_find(slice_of(out, n), slice_str(likenesses[i].part)) < n) {
            c->first = c->last = likenesses[i].encoding;
            c->first_token = c->last_token = slice_of(out, n);
            return CS_OK;
        }
    return CS_OK;
}

/* Where no encoding is declared, the type may imply one. */
static enum mime_encoding implied(struct slice type)
{
    if (slice_eq(type, SLICE("application/mac-binhex40")) || slice_eq(type, SLICE("application/x-mac-binhex40")) ||
        slice_eq(type, SLICE("application/binhex")) || slice_eq(type, SLICE("application/x-binhex40")))
        return MIME_ENC_BINHEX;
    if (slice_eq(type, SLICE("application/x-uuencode")) || slice_eq(type, SLICE("text/x-uuencode")) ||
        slice_eq(type, SLICE("application/x-uue")))
        return MIME_ENC_UU;
    return MIME_ENC_NONE;
}

/* One field that holds one of the five names of RFC 2045 and nothing else? */
static bool is_standard(const struct values *v)
{
    static const char *const names[] = { "7bit", "8bit", "binary", "quoted-printable", "base64" };

    for (size_t i = 0; v->n == 1 && i < sizeof names / sizeof *names; i++)
        if (slice_ieq(v->list[0], slice_str(names[i])))
            return true;
    return v->n == 0;
}

static enum cs_status fill_encoding(struct mime_part *part, const struct head *h, const struct part_habits *how,
                                    struct arena *a, struct part_doubts *doubts)
{
    struct choice c = { .first_token = slice_of("", 0), .last_token = slice_of("", 0) };

    for (size_t i = 0; i < h->encoding.n; i++) {
        struct slice text = param_token(h->encoding.list[i], a);
        if (!text.p)
            return CS_NOMEM;
        read_encodings(text, &c);
    }
    for (size_t i = 0; i < h->encoding.n && c.first == MIME_ENC_UNKNOWN && c.last == MIME_ENC_UNKNOWN; i++)
        if (read_likeness(h->encoding.list[i], &c, a) != CS_OK)
            return CS_NOMEM;
    doubts->has_two_encodings = c.first != c.last;
    part->encoding = how->is_last ? c.last : c.first;
    part->encoding_token = how->is_last ? c.last_token : c.first_token;
    if (encoding_is_identity(part->encoding) && implied(part->type.token) != MIME_ENC_NONE)
        part->encoding = implied(part->type.token);
    doubts->has_odd_encoding = !encoding_is_identity(part->encoding) &&
                               (!is_standard(&h->encoding) || part->encoding >= MIME_ENC_UU);
    if (how->is_strict && doubts->has_odd_encoding)
        part->encoding = MIME_ENC_UNKNOWN;
    return CS_OK;
}

/* The last; a multipart in the midst of others that are none would be seen by nobody. */
static size_t last_of(const struct values *v)
{
    for (size_t i = v->n - 1; i > 0; i--)
        if (slice_istarts(v->list[i], SLICE("multipart")))
            return i;
    return v->n - 1;
}

/* A doubled field: the value that is believed, and all others for their names. */
static enum cs_status fill_value(const struct values *v, bool is_last, struct arena *a, struct mime_value *out)
{
    *out = (struct mime_value){ .token = slice_of("", 0) };
    if (v->n == 0)
        return CS_OK;
    return param_parse(v->list[is_last ? last_of(v) : 0], is_last, a, out);
}

typedef enum cs_status name_reader(const struct mime_value *v, const char *name, struct arena *a, struct readings *out);

/* One kind of readings of both parameters of all copies of a field, the believed one first. */
static enum cs_status add_names(name_reader *read, const struct mime_value *believed, const struct values *all,
                                const char *name, struct arena *a, struct readings *r)
{
    enum cs_status st = read(believed, name, a, r);

    for (size_t i = 0; all->n > 1 && i < all->n && st == CS_OK; i++) {
        struct mime_value value;
        st = param_parse(all->list[i], false, a, &value);
        if (st == CS_OK)
            st = read(&value, name, a, r);
    }
    return st;
}

static bool has_star(const struct values *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (slice_chr(v->list[i], '*') < v->list[i].n)
            return true;
    return false;
}

/* Sections of a name that stand in different fields: some programs read all of them as one. */
static enum cs_status add_scattered(const struct head *h, struct arena *a, struct readings *r)
{
    const struct values *const fields[] = { &h->disposition, &h->type };
    uint8_t room[SCATTERED];
    struct mime_value v;
    size_t n = 0;
    enum cs_status st;

    if (h->type.n + h->disposition.n < 2 || (!has_star(&h->type) && !has_star(&h->disposition)))
        return CS_OK;
    memcpy(room, "x;", n = 2);
    for (size_t f = 0; f < 2; f++)
        for (size_t i = 0; i < fields[f]->n; i++) {
            struct slice s = slice_drop(fields[f]->list[i], slice_chr(fields[f]->list[i], ';'));

            if (s.n > sizeof room - n)
                return CS_OK;
            memcpy(room + n, s.p, s.n);
            n += s.n;
        }
    st = param_parse(slice_of(room, n), false, a, &v);
    if (st == CS_OK)
        st = param_names(&v, "filename", a, r);
    return st == CS_OK ? param_names(&v, "name", a, r) : st;
}

/*
 * What programs show first: so many odd readings of one parameter could otherwise push out the plain one of another. A
 * parameter counts in the field where it does not belong, too.
 */
static enum cs_status fill_names(struct mime_part *part, const struct head *h, struct arena *a)
{
    static name_reader *const readers[] = { param_names, param_odd_names };
    struct readings r = { .list = part->names, .max = MIME_NAMES };
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < 2 && st == CS_OK; i++) {
        st = add_names(readers[i], &part->disposition, &h->disposition, "filename", a, &r);
        if (st == CS_OK)
            st = add_names(readers[i], &part->type, &h->type, "name", a, &r);
        if (st == CS_OK)
            st = add_names(readers[i], &part->disposition, &h->disposition, "name", a, &r);
        if (st == CS_OK)
            st = add_names(readers[i], &part->type, &h->type, "filename", a, &r);
    }
    if (st == CS_OK)
        st = add_scattered(h, a, &r);
    part->n_names = r.n;
    part->name = part->n_names ? part->names[0] : slice_of("", 0);
    return st;
}

static enum cs_status unfold(struct slice *s, struct arena *a)
{
    uint8_t *out;
    size_t n = 0;

    *s = slice_of(s->p, s->n);
    if (slice_chr(*s, '\n') == s->n && slice_chr(*s, '\r') == s->n)
        return CS_OK;
    out = arena_get(a, s->n, 1);
    if (!out)
        return CS_NOMEM;
    for (size_t i = 0; i < s->n; i++)
        if (s->p[i] != '\n' && s->p[i] != '\r')
            out[n++] = s->p[i];
    *s = slice_of(out, n);
    return CS_OK;
}

enum cs_status part_fill(struct mime_part *part, const struct head *h, const struct part_habits *how, struct arena *a,
                         struct part_doubts *doubts)
{
    enum cs_status st = fill_value(&h->type, how->is_last, a, &part->type);

    doubts->has_doubled_field = h->type.is_doubled || h->disposition.is_doubled;
    doubts->has_doubled_param = param_is_doubled(&part->type, "charset");
    part->has_type = h->type.n != 0;
    if (!part->has_type)
        part->type.token = how->is_in_digest ? SLICE("message/rfc822") : SLICE("text/plain");
    if (st == CS_OK)
        st = fill_value(&h->disposition, how->is_last, a, &part->disposition);
    if (st == CS_OK)
        st = fill_encoding(part, h, how, a, doubts);
    if (st == CS_OK)
        st = fill_names(part, h, a);
    part->description = h->description;
    part->subject = h->subject;
    part->message_id = h->message_id;
    if (st == CS_OK)
        st = unfold(&part->description, a);
    if (st == CS_OK)
        st = unfold(&part->subject, a);
    return st == CS_OK ? unfold(&part->message_id, a) : st;
}
