/* mailcorpus.h - helpers of the mail tests: files of the corpus, tables, and what all readings of a message hold. */
#ifndef TESTS_MAILCORPUS_H
#define TESTS_MAILCORPUS_H

#include <check.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "corpus.h"
#include "mime/mime.h"

enum { TABLE_COLUMNS = 16, FILE_MAX = 64 << 20 };

static inline bool mail_open(struct mapfile *m, const char *name)
{
    char path[1024];

    return snprintf(path, sizeof path, "mail/%s", name) < (int)sizeof path && corpus_open(m, path);
}

/* The next line of a table, cut at its tabs; false at the end. */
static inline bool table_next(struct slice *left, struct slice *columns, size_t *n)
{
    size_t end = slice_chr(*left, '\n');
    struct slice line = slice_take(*left, end);

    *n = 0;
    if (left->n == 0)
        return false;
    *left = slice_drop(*left, end + 1);
    while (*n < TABLE_COLUMNS) {
        size_t tab = slice_chr(line, '\t');
        columns[(*n)++] = slice_take(line, tab);
        if (tab == line.n)
            break;
        line = slice_drop(line, tab + 1);
    }
    for (size_t i = *n; i < TABLE_COLUMNS; i++)
        columns[i] = slice_of("", 0);
    return true;
}

static inline void sha256_text(struct slice s, char out[65])
{
    struct sha256_ctx ctx;
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_init(&ctx);
    sha256_update(&ctx, s.n, s.p);
    sha256_digest(&ctx, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static inline enum cs_status put_buf(void *ctx, struct slice s)
{
    return buf_put(ctx, s);
}

/* The decoded bytes of a body. The caller releases. */
static inline struct buf decode_body(enum mime_encoding e, struct slice body)
{
    struct buf out = buf_init(FILE_MAX);
    struct mime_decoder d;

    mime_decoder_init(&d, e, put_buf, &out);
    ck_assert_int_eq(mime_decoder_feed(&d, body), CS_OK);
    ck_assert_int_eq(mime_decoder_end(&d), CS_OK);
    return out;
}

/* Called for each leaf of each reading; bytes are decoded. part is NULL for a file inside a text. */
typedef void leaf_fn(void *ctx, const struct mime_part *part, struct slice bytes, unsigned variant);

struct leaf_call {
    leaf_fn *fn;
    void *ctx;
    unsigned variant;
};

static inline enum cs_status leaf_embedded(void *ctx, struct slice name, struct slice bytes, const char *how)
{
    struct leaf_call *c = ctx;

    (void)name;
    (void)how;
    c->fn(c->ctx, NULL, bytes, c->variant);
    return CS_OK;
}

static inline void all_leaves(struct slice msg, unsigned depth, leaf_fn *fn, void *ctx);

static inline void one_leaf(const struct mime_part *part, struct slice body, unsigned depth, struct leaf_call *c)
{
    enum mime_encoding e = part->encoding;

    do {
        struct buf out = decode_body(e, body);

        c->fn(c->ctx, part, buf_slice(&out), c->variant);
        ck_assert_int_eq(mime_find_embedded(buf_slice(&out), FILE_MAX, leaf_embedded, c), CS_OK);
        if (slice_starts(part->type.token, SLICE("message/")) && part->encoding >= MIME_ENC_QP && depth < 5)
            all_leaves(buf_slice(&out), depth + 1, c->fn, c->ctx);
        buf_release(&out);
        e = mime_encoding_next(e);
    } while (e != MIME_ENC_NONE);
}

/* One reading; notes in is_read which others would see the same. */
static inline void leaves_of(struct slice msg, unsigned variant, unsigned depth, bool is_read[MIME_VARIANTS], leaf_fn *fn,
                             void *ctx)
{
    struct mime_reading how = { .variant = variant };
    struct mime_walk *w = mime_walk_new(msg, NULL, &how);
    struct leaf_call c = { fn, ctx, variant };
    struct mime_event ev;

    ck_assert_ptr_nonnull(w);
    do {
        ck_assert_int_eq(mime_walk_next(w, &ev), CS_OK);
        if (ev.kind == MIME_BODY)
            one_leaf(ev.part, ev.data, depth, &c);
    } while (ev.kind != MIME_END);
    for (unsigned v = 0; v < MIME_VARIANTS; v++)
        is_read[v] |= !mime_walk_is_ambiguous(w, v);
    mime_walk_free(w);
}

static inline void all_leaves(struct slice msg, unsigned depth, leaf_fn *fn, void *ctx)
{
    bool is_read[MIME_VARIANTS] = { false };

    for (unsigned v = 0; v < MIME_VARIANTS; v++)
        if (!is_read[v])
            leaves_of(msg, v, depth, is_read, fn, ctx);
}

#endif
