#include "formats.h"
#include "mime/mime.h"

/*
 * armour.c - messages of OpenPGP and S/MIME written as text: base64 between two lines of dashes (RFC 9580 6.2, RFC 7468). Keys,
 * certificates and signatures hold no message.
 */

enum { ARMOURS = 256 };

static const struct armour {
    struct slice label;
    const char *type;
} armours[] = {
    { SLICE("PGP MESSAGE"), "PGP" }, { SLICE("PGP ARMORED FILE"), "PGP" }, { SLICE("PKCS7"), "CMS" },
    { SLICE("PKCS #7"), "CMS" },     { SLICE("CMS"), "CMS" },
};

static const char *type_of(struct slice label)
{
    for (size_t i = 0; i < sizeof armours / sizeof *armours; i++)
        if (slice_starts(label, armours[i].label))
            return armours[i].type;
    return NULL;
}

static struct slice take_line(struct slice *in)
{
    struct slice line = slice_take(*in, slice_chr(*in, '\n'));

    *in = slice_drop(*in, line.n + 1);
    return slice_trim(line);
}

/* Fields such as "Version: 1" in front, and an empty line; neither is always there. */
static struct slice skip_fields(struct slice in)
{
    struct slice rest = in, line = take_line(&rest);

    while (line.n && slice_chr(line, ':') < line.n) {
        in = rest;
        line = take_line(&rest);
    }
    return in;
}

/* Up to the line of dashes, or the checksum in front of it. */
static enum cs_status emit_base64(struct slice in, const char *type, struct emit *out)
{
    const struct emit_child c = { .kind = EMIT_MEMBER, .how = "armour", .type = type, .name = SLICE(""), .size = UINT64_MAX,
                                  .packed = UINT64_MAX };
    struct mime_decoder d;
    enum cs_status st = out->open(out, &c);

    mime_decoder_init(&d, MIME_ENC_BASE64, emit_put, out);
    while (st == CS_OK && in.n) {
        struct slice line = take_line(&in);
        if (slice_starts(line, SLICE("-----")) || slice_starts(line, SLICE("=")))
            break;
        st = mime_decoder_feed(&d, line);
    }
    if (st == CS_OK)
        st = mime_decoder_end(&d);
    return st == CS_OK ? out->close(out) : st;
}

enum cs_status armour_decode(struct slice object, struct emit *out)
{
    const struct slice begin = SLICE("-----BEGIN ");
    enum cs_status st = CS_OK;

    for (unsigned n = 0; st == CS_OK;) {
        const char *type;
        object = slice_drop(object, slice_find(object, begin) + begin.n);
        if (object.n == 0)
            break;
        type = type_of(object);
        if (type && n++ == ARMOURS)
            return out->note(out, EMIT_LIMITED, "messages in armour");
        take_line(&object);
        if (type)
            st = emit_base64(skip_fields(object), type, out);
    }
    return st;
}
