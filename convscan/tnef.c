#include "tnef.h"

#include "base/buf.h"
#include "cut.h"
#include "lzfu.h"
#include "utf16.h"

enum {
    LEVEL_ATTACHMENT = 2,
    ATT_TITLE = 0x8010, ATT_DATA = 0x800f, ATT_METAFILE = 0x8011, ATT_RENDDATA = 0x9002, ATT_MAPI = 0x9005,
    ATT_MESSAGE_MAPI = 0x9003,                      /* low half of the attribute's number */
    TYPE_STRING = 0x1e, TYPE_UNICODE = 0x1f, TYPE_OBJECT = 0x0d, TYPE_BINARY = 0x102, TYPE_MULTIPLE = 0x1000,
    PR_BODY = 0x1000, PR_RTF_PACKED = 0x1009, PR_HTML = 0x1013, PR_ATTACH_DATA = 0x3701, PR_ATTACH_NAME = 0x3704,
    PR_ATTACH_LONG_NAME = 0x3707,
    IID_SIZE = 16
};

/* Its pieces come in any order, so data wait until the next attachment begins. */
struct attachment {
    struct slice title, data, object, picture;
    struct buf name;
    int name_rank;              /* 1 short, 2 long */
};

struct tnef {
    struct emit *out;
    struct attachment now;
};

bool tnef_is(struct slice head)
{
    return slice_starts(head, SLICE("\x78\x9f\x3e\x22"));
}

/* ---- MAPI properties ---- */

struct property {
    unsigned type, id;
    struct slice value;
};

/* Bytes of one value of a type without a length of its own; 0 when it has one. Every value fills up four bytes. */
static size_t fixed_size(unsigned type)
{
    switch (type) {
    case 0x02: case 0x03: case 0x04: case 0x0a: case 0x0b:
        return 4;
    case 0x05: case 0x06: case 0x07: case 0x14: case 0x40:
        return 8;
    case 0x48:
        return 16;
    default:
        return 0;
    }
}

static struct slice padded(struct cut *c)
{
    uint32_t n = cut_le32(c);
    struct slice s = cut_bytes(c, n);

    (void)cut_bytes(c, (0 - (size_t)n) & 3);
    return s;
}

/* A named property says whose name it is, and a number or a string. */
static void skip_name(struct cut *c)
{
    (void)cut_bytes(c, IID_SIZE);
    if (cut_le32(c) == 0)
        (void)cut_le32(c);
    else
        (void)padded(c);
}

static enum cs_status use_property(struct tnef *t, const struct property *p);

static enum cs_status values(struct tnef *t, struct cut *c, struct property *p)
{
    bool is_multiple = p->type & TYPE_MULTIPLE;
    size_t fixed = fixed_size(p->type &= ~(unsigned)TYPE_MULTIPLE);
    bool is_known = fixed || p->type == TYPE_STRING || p->type == TYPE_UNICODE || p->type == TYPE_OBJECT || p->type == TYPE_BINARY;
    uint32_t count = is_multiple || !fixed ? cut_le32(c) : 1;
    enum cs_status st = CS_OK;

    c->is_out = c->is_out || !is_known;             /* the next one cannot be found */
    for (; st == CS_OK && count && !c->is_out; count--) {
        p->value = fixed ? cut_bytes(c, fixed) : padded(c);
        st = use_property(t, p);
    }
    return st;
}

static enum cs_status properties(struct tnef *t, struct slice in)
{
    struct cut c = { in, false };
    enum cs_status st = CS_OK;

    for (uint32_t count = cut_le32(&c); st == CS_OK && count && !c.is_out; count--) {
        struct property p = { .type = cut_le16(&c), .value = slice_of(NULL, 0) };
        p.id = cut_le16(&c);
        if (p.id >= 0x8000)
            skip_name(&c);
        if (!c.is_out)
            st = values(t, &c, &p);
    }
    return st == CS_OK && c.is_out ? t->out->note(t->out, EMIT_DAMAGED, "properties in TNEF") : st;
}

static enum cs_status set_name(struct attachment *a, const struct property *p, int rank)
{
    if (rank <= a->name_rank)
        return CS_OK;
    a->name_rank = rank;
    a->name.n = 0;
    return p->type == TYPE_UNICODE ? utf16le_put(&a->name, utf16le_until_nul(p->value)) : buf_put(&a->name, until_nul(p->value));
}

static enum cs_status body(struct tnef *t, const struct property *p)
{
    struct emit_child c = { .kind = EMIT_VIEW, .name = SLICE("body"), .how = "tnef-body", .size = UINT64_MAX,
                            .packed = p->value.n };
    struct buf text = buf_init(SIZE_MAX / 2);
    enum cs_status st;

    if (p->id == PR_RTF_PACKED) {
        c = (struct emit_child){ .kind = EMIT_MEMBER, .name = SLICE("body.rtf"), .how = "tnef-rtf", .type = "RTF",
                                 .size = UINT64_MAX, .packed = p->value.n };
        st = lzfu_unpack(p->value, &text);
    } else {
        if (p->id == PR_HTML)
            c = (struct emit_child){ .kind = EMIT_MEMBER, .name = SLICE("body.html"), .how = "tnef-html", .type = "HTML",
                                     .size = UINT64_MAX, .packed = p->value.n };
        st = p->type == TYPE_UNICODE ? utf16le_put(&text, p->value) : buf_put(&text, p->value);
    }
    if (st == CS_OK && text.n)
        st = emit_whole(t->out, &c, buf_slice(&text));
    if (st == CS_OK && p->id == PR_RTF_PACKED && text.n >= LZFU_MOST)
        st = t->out->note(t->out, EMIT_LIMITED, "packed RTF");
    buf_release(&text);
    return st;
}

static enum cs_status use_property(struct tnef *t, const struct property *p)
{
    if (fixed_size(p->type))
        return CS_OK;
    switch (p->id) {
    case PR_ATTACH_NAME:
        return set_name(&t->now, p, 1);
    case PR_ATTACH_LONG_NAME:
        return set_name(&t->now, p, 2);
    case PR_ATTACH_DATA:                            /* an object says first by which interface it is read */
        t->now.object = p->type == TYPE_OBJECT ? slice_drop(p->value, IID_SIZE) : p->value;
        return CS_OK;
    case PR_BODY:
    case PR_RTF_PACKED:
    case PR_HTML:
        return body(t, p);
    default:
        return CS_OK;
    }
}

/* ---- attributes ---- */

static enum cs_status emit_data(struct tnef *t, struct slice data)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "tnef", .size = data.n, .packed = data.n };

    c.name = t->now.name.n ? buf_slice(&t->now.name) : t->now.title;
    return data.n ? emit_whole(t->out, &c, data) : CS_OK;
}

static enum cs_status flush(struct tnef *t)
{
    enum cs_status st = emit_data(t, t->now.data);

    if (st == CS_OK)
        st = emit_data(t, t->now.object);
    if (st == CS_OK)
        st = emit_data(t, t->now.picture);
    buf_release(&t->now.name);
    t->now = (struct attachment){ .name = buf_init(SIZE_MAX / 2), .title = slice_of(NULL, 0) };
    return st;
}

static enum cs_status attribute(struct tnef *t, unsigned level, unsigned id, struct slice value)
{
    enum cs_status st = CS_OK;

    switch (id) {
    case ATT_RENDDATA:
        return flush(t);
    case ATT_TITLE:
        t->now.title = until_nul(value);
        return CS_OK;
    case ATT_DATA:
        if (t->now.data.n)
            st = flush(t);
        t->now.data = value;
        return st;
    case ATT_METAFILE:
        t->now.picture = value;
        return CS_OK;
    case ATT_MAPI:
    case ATT_MESSAGE_MAPI:
        return properties(t, value);
    default:                                        /* whatever else belongs to an attachment is looked at as it is */
        return level == LEVEL_ATTACHMENT && value.n > 64 ? emit_data(t, value) : CS_OK;
    }
}

enum cs_status tnef_decode(struct slice object, struct emit *out)
{
    struct tnef t = { .out = out, .now = { .name = buf_init(SIZE_MAX / 2), .title = slice_of(NULL, 0) } };
    struct cut c = { slice_drop(object, 6), false };        /* signature, key */
    enum cs_status st = CS_OK;

    while (st == CS_OK && c.left.n && !c.is_out) {
        unsigned level = cut_u8(&c), id = cut_le16(&c), type = cut_le16(&c);
        struct slice value = cut_bytes(&c, cut_le32(&c));
        if (level != 1 && level != LEVEL_ATTACHMENT) {
            c.is_out = true;
            break;
        }
        (void)type;
        st = attribute(&t, level, id, value);
        (void)cut_bytes(&c, 2);                     /* checksum */
    }
    if (st == CS_OK)
        st = flush(&t);
    buf_release(&t.now.name);
    return st == CS_OK && c.is_out ? out->note(out, EMIT_DAMAGED, "TNEF") : st;
}
