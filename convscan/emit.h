/*
 * emit.h - where a decoder puts what it finds inside an object: children, pieces, remarks.
 *
 *   Borrows   names and bytes during the call.
 *   Fails     any status but CS_OK must make the decoder unwind at once and give that status back: CS_STOP (enough found),
 *             CS_LIMIT (a budget is spent), CS_NOMEM, CS_IO.
 *   Bounded   by the budget behind it: a decoder need not count bytes, objects or depth of what it emits, but must bound its own
 *             loops and memory.
 *
 * A decoder is  enum cs_status NAME_decode(struct slice object, struct emit *out)  and is listed in formats.c. It gives CS_OK
 * also for damaged input (after emit_note(EMIT_DAMAGED)), having emitted what could be read before the damage.
 */
#ifndef CONVSCAN_EMIT_H
#define CONVSCAN_EMIT_H

#include "base/slice.h"
#include "base/status.h"

enum emit_kind {
    EMIT_MEMBER,      /* an object of its own: typed, unpacked and matched like any other */
    EMIT_VIEW         /* another form of the same object (decoded text, script source): matched only */
};

struct emit_child {
    enum emit_kind kind;
    struct slice name;          /* as the container says; untrusted bytes; may be empty */
    const char *how;            /* what made it: "zip", "vba", "html-data-uri" …; a constant */
    const char *type;           /* type word when the decoder knows it better than the bytes can tell; else NULL */
    uint64_t size;              /* as declared, or UINT64_MAX */
    uint64_t packed;            /* bytes it takes in the container, or UINT64_MAX */
    const struct slice *names;  /* further readings of the name; may be NULL */
    size_t n_names;
    struct slice declared;      /* declared media type, "text/html"; may be empty */
    struct slice charset;       /* declared; may be empty */
    bool is_lent;               /* what put() is given stays as it is until close(): large runs are not copied */
};

enum emit_remark {
    EMIT_ENCRYPTED,   /* something here cannot be opened: encrypted, or a method or format without a decoder */
    EMIT_DAMAGED,     /* something here is broken; the rest was read */
    EMIT_MACROS,      /* there are macros: policy may care */
    EMIT_LIMITED      /* a limit of the decoder itself was reached: class limit */
};

struct emit {
    enum cs_status (*open)(struct emit *e, const struct emit_child *c);
    enum cs_status (*put)(struct emit *e, struct slice bytes);
    enum cs_status (*close)(struct emit *e);    /* types, unpacks and matches the child before it returns */
    enum cs_status (*note)(struct emit *e, enum emit_remark r, const char *text);   /* text: a constant */
    /* Right behind open(): n bytes to write into, which the next put() takes without a copy when it is given the front of them.
     * May be NULL, and may give NULL where so much is not to be had. */
    uint8_t *(*room)(struct emit *e, size_t n);
    const struct slice *passwords;              /* to try on encrypted containers */
    size_t n_passwords;
    struct slice name, declared, charset;       /* what is known of the object being decoded; may be empty */
    bool wants_normalised_text;                 /* some loaded signature is meant for that view of plain text */
    const char *how;                            /* what made the object being decoded, as in emit_child; NULL for the part itself */
};

/* put() for what wants a function and something to call it with: decoders of streams. */
static inline enum cs_status emit_put(void *e, struct slice bytes)
{
    struct emit *out = e;

    return out->put(out, bytes);
}

/* A hole of a sparse file counts like bytes: what is matched is what would be unpacked. */
static inline enum cs_status emit_zeros(struct emit *e, uint64_t n)
{
    static const uint8_t zeros[4096];
    enum cs_status st = CS_OK;

    for (size_t now; n && st == CS_OK; n -= now) {
        now = n < sizeof zeros ? (size_t)n : sizeof zeros;
        st = e->put(e, slice_of(zeros, now));
    }
    return st;
}

/* A child that is all there. */
static inline enum cs_status emit_whole(struct emit *e, const struct emit_child *c, struct slice bytes)
{
    struct emit_child whole = *c;
    enum cs_status st;

    whole.is_lent = true;
    st = e->open(e, &whole);
    if (st == CS_OK)
        st = e->put(e, bytes);
    return st == CS_OK ? e->close(e) : st;
}

#endif
