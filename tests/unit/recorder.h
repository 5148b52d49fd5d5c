/*
 * recorder.h - an emit that keeps what a decoder gives it, for the tests and fuzz targets of decoders.
 *
 * It also holds decoders to the contract: open, put…, close, one child at a time, and nothing at all after a status other
 * than CS_OK. A decoder that breaks it aborts.
 */
#ifndef TESTS_RECORDER_H
#define TESTS_RECORDER_H

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "convscan/emit.h"

struct record {
    enum emit_kind kind;
    const char *how, *type;
    struct buf name, bytes;
};

struct recorder {
    struct emit emit;           /* first: the decoder's pointer is ours */
    struct record *items;
    size_t n_items;
    size_t notes[EMIT_LIMITED + 1];
    size_t calls, stop_at;      /* stop_at: this call (from 1) gives CS_STOP; 0 never */
    size_t bytes, max_bytes;    /* past max_bytes: CS_LIMIT */
    size_t max_items;
    bool is_open, is_stopped;
};

static inline enum cs_status recorder_tick(struct recorder *r)
{
    assert(!r->is_stopped);
    if (++r->calls == r->stop_at || r->bytes > r->max_bytes || r->n_items > r->max_items) {
        r->is_stopped = true;
        return r->calls == r->stop_at ? CS_STOP : CS_LIMIT;
    }
    return CS_OK;
}

static inline enum cs_status recorder_open(struct emit *e, const struct emit_child *c)
{
    struct recorder *r = (struct recorder *)(void *)e;
    struct record *item;

    assert(!r->is_open && c->how);
    r->items = realloc(r->items, (r->n_items + 1) * sizeof *r->items);
    assert(r->items);
    item = &r->items[r->n_items++];
    *item = (struct record){ .kind = c->kind, .how = c->how, .type = c->type,
                             .name = buf_init(SIZE_MAX / 2), .bytes = buf_init(SIZE_MAX / 2) };
    assert(buf_put(&item->name, c->name) == CS_OK);
    r->is_open = true;
    return recorder_tick(r);
}

static inline enum cs_status recorder_put(struct emit *e, struct slice bytes)
{
    struct recorder *r = (struct recorder *)(void *)e;

    assert(r->is_open && bytes.p);
    assert(buf_put(&r->items[r->n_items - 1].bytes, bytes) == CS_OK);
    r->bytes += bytes.n;
    return recorder_tick(r);
}

static inline enum cs_status recorder_close(struct emit *e)
{
    struct recorder *r = (struct recorder *)(void *)e;

    assert(r->is_open);
    r->is_open = false;
    return recorder_tick(r);
}

static inline enum cs_status recorder_note(struct emit *e, enum emit_remark remark, const char *text)
{
    struct recorder *r = (struct recorder *)(void *)e;

    assert(text && *text && remark <= EMIT_LIMITED);
    r->notes[remark]++;
    return recorder_tick(r);
}

static inline void recorder_init(struct recorder *r)
{
    *r = (struct recorder){ .emit = { .wants_normalised_text = true, .open = recorder_open, .put = recorder_put, .close = recorder_close,
                                      .note = recorder_note },
                            .max_bytes = 256u << 20, .max_items = 200000 };
}

static inline void recorder_release(struct recorder *r)
{
    for (size_t i = 0; i < r->n_items; i++) {
        buf_release(&r->items[i].name);
        buf_release(&r->items[i].bytes);
    }
    free(r->items);
}

static inline struct slice record_name(const struct record *item)
{
    return buf_slice(&item->name);
}

static inline struct slice record_bytes(const struct record *item)
{
    return buf_slice(&item->bytes);
}

/* The first child of this name, or NULL. */
static inline const struct record *recorder_find(const struct recorder *r, const char *name)
{
    for (size_t i = 0; i < r->n_items; i++)
        if (slice_eq(record_name(&r->items[i]), slice_str(name)))
            return &r->items[i];
    return NULL;
}

/* The first child whose bytes hold this, or NULL. */
static inline const struct record *recorder_holding(const struct recorder *r, struct slice what)
{
    for (size_t i = 0; i < r->n_items; i++)
        if (slice_find(record_bytes(&r->items[i]), what) < r->items[i].bytes.n)
            return &r->items[i];
    return NULL;
}

/* The EICAR test file's 68 bytes, made at run time so that no file of ours holds them. */
static inline struct slice test_eicar(void)
{
    static const char turned[] = "K5B!C%@NC[4\\CMK54(C^)7PP)7}$RVPNE-FGNAQNEQ-NAGVIVEHF-GRFG-SVYR!$U+U*";
    static uint8_t plain[sizeof turned - 1];

    for (size_t i = 0; i < sizeof plain; i++) {
        uint8_t c = (uint8_t)turned[i];
        plain[i] = ascii_is_alpha(c) ? (uint8_t)((c - 'A' + 13) % 26 + 'A') : c;
    }
    return slice_of(plain, sizeof plain);
}

#endif
