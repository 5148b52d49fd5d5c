#include "flatxml.h"

#include "coded.h"
#include "inflate.h"

enum { NAME_NEAR = 4096, ACTIVEMIME_HEAD = 1024 };

/* ---- XML ---- */

/* The value of the last name="…" in s, or nothing. */
static struct slice last_name(struct slice s)
{
    struct slice mark = SLICE("name=\""), found = slice_of(NULL, 0);

    for (;;) {
        size_t at = slice_find(s, mark);
        if (at == s.n)
            return found;
        s = slice_drop(s, at + mark.n);
        found = slice_take(s, slice_chr(s, '"'));
    }
}

static enum cs_status emit_base64(struct slice name, struct slice text, struct emit *out)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .name = name, .how = "xml-base64", .size = text.n / 4 * 3, .packed = text.n };

    return emit_coded(out, &c, MIME_ENC_BASE64, text);
}

/* Elements <…binData …> and <…binaryData>, whatever their prefix. */
enum cs_status flatxml_decode(struct slice object, struct emit *out)
{
    struct slice rest = object, name, text;
    enum cs_status st = CS_OK;

    while (st == CS_OK) {
        size_t at = slice_find(rest, SLICE("Data")), end;
        if (at == rest.n)
            break;
        text = slice_take(rest, at);
        rest = slice_drop(rest, at);
        if (!slice_ends(text, SLICE("bin")) && !slice_ends(text, SLICE("binary"))) {
            rest = slice_drop(rest, 1);
            continue;
        }
        end = slice_chr(rest, '>');
        name = last_name(slice_take(rest, end));
        at = (size_t)(rest.p - object.p);
        if (name.n == 0)                            /* flat OOXML names the part around it */
            name = last_name(slice_sub(object, at > NAME_NEAR ? at - NAME_NEAR : 0, at < NAME_NEAR ? at : NAME_NEAR));
        rest = slice_drop(rest, end + 1);
        text = slice_take(rest, slice_chr(rest, '<'));
        rest = slice_drop(rest, text.n);
        if (slice_trim(slice_take(text, 64)).n)
            st = emit_base64(name, text, out);
    }
    return st;
}

/* ---- ActiveMime ---- */

bool activemime_is(struct slice head)
{
    return slice_starts(head, SLICE("ActiveMime"));
}

struct probe {
    uint8_t at[8];
    size_t n;
};

static enum cs_status probe_put(void *to, struct slice bytes)
{
    struct probe *p = to;

    for (size_t i = 0; i < bytes.n && p->n < sizeof p->at; i++)
        p->at[p->n++] = bytes.p[i];
    return p->n == sizeof p->at ? CS_STOP : CS_OK;
}

/* The header's length differs from version to version: the data begin at the first place that unpacks to a compound file. */
static struct slice packed_data(struct slice object)
{
    struct slice magic = SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    size_t tries = 0;

    for (size_t at = 10; at < object.n && at < ACTIVEMIME_HEAD && tries < ACTIVEMIME_TRIES; at++) {
        struct probe p = { .n = 0 };
        struct inflate_result res;
        if (object.p[at] != 0x78)
            continue;
        tries++;
        if (inflate_all(slice_drop(object, at), INFLATE_ZLIB, probe_put, &p, &res) == CS_STOP &&
            slice_eq(slice_of(p.at, p.n), magic))
            return slice_drop(object, at);
    }
    return slice_drop(object, 0x32);
}

enum cs_status activemime_decode(struct slice object, struct emit *out)
{
    struct slice data = activemime_is(object) ? packed_data(object) : object;
    struct emit_child c = { .kind = EMIT_MEMBER, .name = SLICE("oledata"), .how = "activemime", .size = UINT64_MAX,
                            .packed = data.n };
    struct inflate_result res = { 0 };
    enum cs_status st;

    if (!activemime_is(object))
        return CS_OK;
    st = out->open(out, &c);
    if (st == CS_OK)
        st = inflate_all(data, INFLATE_ZLIB, emit_put, out, &res);
    if (st == CS_OK)
        st = out->close(out);
    return st == CS_OK && res.is_damaged ? out->note(out, EMIT_DAMAGED, "ActiveMime") : st;
}
