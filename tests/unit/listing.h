/* listing.h - a message's events as text, a line each; what the golden files hold. */
#ifndef TESTS_LISTING_H
#define TESTS_LISTING_H

#include <check.h>

#include "base/buf.h"
#include "mime/mime.h"

static inline enum cs_status listing_put(void *ctx, struct slice s)
{
    return buf_put(ctx, s);
}

/* Printable bytes as they are, others as \xx. */
static inline void list_text(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 32 && s.p[i] < 127 && s.p[i] != '\\')
            ck_assert_int_eq(buf_putc(out, s.p[i]), CS_OK);
        else
            ck_assert_int_eq(buf_printf(out, "\\%02x", s.p[i]), CS_OK);
}

static inline void list_labelled(struct buf *out, const char *label, struct slice s)
{
    ck_assert_int_eq(buf_printf(out, " %s=", label), CS_OK);
    list_text(out, s);
}

static inline void list_value(struct buf *out, const struct mime_value *v)
{
    list_text(out, v->token);
    for (size_t i = 0; i < v->n_params; i++) {
        ck_assert_int_eq(buf_puts(out, "; "), CS_OK);
        list_text(out, v->params[i].name);
        ck_assert_int_eq(buf_puts(out, "="), CS_OK);
        list_text(out, v->params[i].value);
    }
}

static inline void list_part(struct buf *out, const struct mime_part *p)
{
    static const char *const encodings[] = { "none", "7bit", "8bit", "binary", "quoted-printable", "base64", "uuencode",
                                             "yenc", "binhex", "unknown", "uuencode-bare", "quoted-printable-upper-two",
                                             "quoted-printable-upper-three", "quoted-printable-two", "quoted-printable-three",
                                             "quoted-printable-loose", "base64-fours", "base64-zeros", "base64-short",
                                             "base64-lines", "base64-cut", "base64-url", "base64-not", "base64-loose" };
    static const char *const shapes[] = { "leaf", "multipart", "message" };

    ck_assert_int_eq(buf_printf(out, " [%s] %s %s ", p->number, shapes[p->shape], encodings[p->encoding]), CS_OK);
    list_value(out, &p->type);
    if (p->disposition.token.n || p->disposition.n_params) {
        ck_assert_int_eq(buf_puts(out, " | "), CS_OK);
        list_value(out, &p->disposition);
    }
    for (size_t i = 0; i < p->n_names; i++)
        list_labelled(out, "name", p->names[i]);
    if (p->shape == MIME_MULTIPART)
        list_labelled(out, "boundary", p->boundary);
    if (p->subject.n)
        list_labelled(out, "subject", p->subject);
}

static inline void list_body(struct buf *out, const struct mime_event *ev)
{
    struct buf body = buf_init(1 << 24);
    struct mime_decoder d;

    mime_decoder_init(&d, ev->part->encoding, listing_put, &body);
    ck_assert_int_eq(mime_decoder_feed(&d, ev->data), CS_OK);
    ck_assert_int_eq(mime_decoder_end(&d), CS_OK);
    ck_assert_int_eq(buf_printf(out, " %zu%s: ", body.n, d.is_damaged ? " damaged" : ""), CS_OK);
    list_text(out, slice_take(buf_slice(&body), 200));
    buf_release(&body);
}

static inline void list_event(struct buf *out, const struct mime_event *ev)
{
    static const char *const kinds[] = { "end", "open", "field", "head", "body", "preamble", "delimiter", "epilogue",
                                         "close", "defect", "limit" };

    ck_assert_int_eq(buf_printf(out, "%*s%s", ev->part ? (int)ev->part->depth * 2 : 0, "", kinds[ev->kind]), CS_OK);
    if (ev->kind == MIME_FIELD)
        list_labelled(out, "name", ev->field_name);
    else if (ev->kind == MIME_HEAD)
        list_part(out, ev->part);
    else if (ev->kind == MIME_BODY)
        list_body(out, ev);
    else if (ev->data.n)
        list_labelled(out, "data", ev->data);
    if (ev->defect)
        list_labelled(out, "what", slice_str(ev->defect));
    ck_assert_int_eq(buf_puts(out, "\n"), CS_OK);
}

/* One reading; notes in is_read which others would see the same. */
static inline void list_message(struct buf *out, struct slice msg, unsigned variant, bool is_read[MIME_VARIANTS])
{
    struct mime_reading how = { .variant = variant };
    struct mime_walk *w = mime_walk_new(msg, NULL, &how);
    struct mime_event ev;

    ck_assert_ptr_nonnull(w);
    do {
        ck_assert_int_eq(mime_walk_next(w, &ev), CS_OK);
        if (ev.kind != MIME_OPEN && ev.kind != MIME_END)
            list_event(out, &ev);
    } while (ev.kind != MIME_END);
    for (unsigned v = 0; v < MIME_VARIANTS; v++)
        is_read[v] |= !mime_walk_is_ambiguous(w, v);
    mime_walk_free(w);
}

#endif
