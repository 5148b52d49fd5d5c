#include "dmg.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "bz.h"
#include "inflate.h"
#include "unbase.h"
#include "xz.h"

enum { TAIL = 512, SECTOR = 512, HEAD = 204, CHUNK = 40, PARTITIONS = 256, ADC_MAX = 16 << 20 };
static const uint64_t MOST_SECTORS = UINT64_MAX / SECTOR / 4;
/* What pieces are; 0x80000007 is LZFSE. */
static const uint32_t ZEROS = 0, RAW = 1, UNUSED = 2, ADC = 0x80000004, ZLIB = 0x80000005, BZIP2 = 0x80000006, XZ = 0x80000008, REMARK = 0x7ffffffe;

struct dmg {
    struct slice fork;           /* where the packed pieces stand */
    struct emit *out;
    bool is_damaged;
};

/* A piece of a partition. */
struct chunk {
    uint32_t kind;
    uint64_t at, n;              /* bytes of the partition */
    struct slice packed;
};

/* What a piece may still give: no more than it says (CS_TOOBIG ends it then), and what it does not give are zeros. */
struct chunk_out {
    struct emit *out;
    uint64_t left;
};

static enum cs_status put(void *to, struct slice bytes)
{
    struct chunk_out *o = to;

    bytes = slice_take(bytes, at_most(o->left));
    o->left -= bytes.n;
    return bytes.n ? o->out->put(o->out, bytes) : CS_TOOBIG;
}

/* ---- Apple's own packing: bytes as they are, and runs of earlier ones ---- */

static enum cs_status copy_back(struct buf *b, size_t far, size_t n)
{
    enum cs_status st = CS_OK;

    if (far > b->n)
        return CS_CORRUPT;
    while (n-- && st == CS_OK)
        st = buf_putc(b, b->p[b->n - far]);
    return st;
}

static enum cs_status unpack_adc(struct slice in, struct buf *b)
{
    enum cs_status st = CS_OK;

    while (in.n && st == CS_OK) {
        uint8_t c = in.p[0];
        size_t head = c & 0x80 ? 1 : c & 0x40 ? 3 : 2;

        if (in.n < head)
            return CS_CORRUPT;
        if (c & 0x80) {
            struct slice plain = slice_sub(in, 1, (c & 0x7fu) + 1);

            st = buf_put(b, plain);
            head += plain.n;
        } else if (c & 0x40) {
            st = copy_back(b, (size_t)get_be16(in.p + 1) + 1, (c & 0x3fu) + 4);
        } else {
            st = copy_back(b, ((c & 3u) << 8 | in.p[1]) + 1, (c >> 2 & 15u) + 3);
        }
        in = slice_drop(in, head);
    }
    return st;
}

static enum cs_status put_adc(struct slice in, struct chunk_out *to, bool *is_damaged)
{
    struct buf b = buf_init(to->left < ADC_MAX ? at_most(to->left) : ADC_MAX);
    enum cs_status st = unpack_adc(in, &b);

    *is_damaged = st == CS_CORRUPT || st == CS_TOOBIG;
    if (st == CS_OK || *is_damaged)
        st = b.n ? to->out->put(to->out, buf_slice(&b)) : CS_OK;
    to->left -= b.n;
    buf_release(&b);
    return st;
}

/* ---- partitions ---- */

static enum cs_status put_chunk(struct dmg *d, const struct chunk *c)
{
    struct chunk_out to = { d->out, c->n };
    struct inflate_result res = { 0 };
    enum cs_status st = CS_OK;

    if (c->kind == RAW && c->packed.n)
        st = put(&to, c->packed);
    else if (c->kind == ADC)
        st = put_adc(c->packed, &to, &res.is_damaged);
    else if (c->kind == ZLIB)
        st = inflate_all(c->packed, INFLATE_ZLIB, put, &to, &res);
    else if (c->kind == BZIP2)
        st = bz_all(c->packed, put, &to, &res);
    else if (c->kind == XZ)
        st = xz_all(c->packed, XZ_XZ, UINT64_MAX, put, &to, &res);
    d->is_damaged = d->is_damaged || res.is_damaged || (c->kind == RAW && to.left);
    return st == CS_OK || st == CS_TOOBIG ? emit_zeros(d->out, to.left) : st;
}

static bool is_known(uint32_t kind)
{
    const uint32_t all[] = { ZEROS, RAW, UNUSED, ADC, ZLIB, BZIP2, XZ };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (kind == all[i])
            return true;
    return false;
}

static int by_place(const void *a, const void *b)
{
    const struct chunk *x = a, *y = b;

    return (x->at > y->at) - (x->at < y->at);
}

/* The pieces, in the order in which they stand on the disk; *has_data: not all of them are left out. */
static size_t read_chunks(const struct dmg *d, struct slice mish, struct chunk *all, bool *has_data, bool *is_closed)
{
    struct slice data = slice_drop(d->fork, at_most(get_be64(mish.p + 24)));
    size_t n = 0;

    for (struct slice s = slice_drop(mish, HEAD); s.n >= CHUNK; s = slice_drop(s, CHUNK)) {
        uint64_t at = get_be64(s.p + 8), sectors = get_be64(s.p + 16);
        uint32_t kind = get_be32(s.p);

        if (kind == UINT32_MAX)
            break;
        if (kind == REMARK || sectors == 0)
            continue;
        if (!is_known(kind) || at > MOST_SECTORS || sectors > MOST_SECTORS) {
            *is_closed = true;
            continue;
        }
        *has_data = *has_data || (kind != ZEROS && kind != UNUSED);
        all[n++] = (struct chunk){ kind, at * SECTOR, sectors * SECTOR,
                                   kind == ZEROS || kind == UNUSED ? slice_take(data, 0) : slice_sub(data, get_be64(s.p + 24), get_be64(s.p + 32)) };
    }
    qsort(all, n, sizeof *all, by_place);
    return n;
}

static enum cs_status put_chunks(struct dmg *d, const struct chunk *all, size_t n)
{
    uint64_t at = 0;
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < n && st == CS_OK; i++) {
        if (all[i].at > at)
            st = emit_zeros(d->out, all[i].at - at);
        d->is_damaged = d->is_damaged || all[i].at < at;
        at = all[i].at + all[i].n;
        if (st == CS_OK)
            st = put_chunk(d, &all[i]);
    }
    return st;
}

static enum cs_status partition(struct dmg *d, struct slice mish, struct slice name)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "dmg", .name = name, .size = UINT64_MAX, .packed = UINT64_MAX };
    struct chunk *all = malloc((mish.n / CHUNK + 1) * sizeof *all);
    bool has_data = false, is_closed = false;
    size_t n = all ? read_chunks(d, mish, all, &has_data, &is_closed) : 0;
    enum cs_status st = all ? CS_OK : CS_NOMEM;

    if (is_closed)
        st = d->out->note(d->out, EMIT_ENCRYPTED, "method of a disk image");
    if (st == CS_OK && has_data)
        st = d->out->open(d->out, &c);
    if (st == CS_OK && has_data)
        st = put_chunks(d, all, n);
    if (st == CS_OK && has_data)
        st = d->out->close(d->out);
    free(all);
    return st;
}

/* ---- the list of them, in XML ---- */

/* What stands between here and the next tag; *rest begins there. */
static struct slice text_of(struct slice *rest)
{
    struct slice text = slice_take(*rest, slice_chr(*rest, '<'));

    *rest = slice_drop(*rest, text.n);
    return text;
}

/* The last text between <string> and the next tag in front of the data, or behind: a name, and no more. */
static struct slice name_near(struct slice front)
{
    static const char word[] = "<string>";
    struct slice name = slice_take(front, 0);

    for (size_t at = slice_find(front, slice_str(word)); at < front.n; at = slice_find(front, slice_str(word))) {
        front = slice_drop(front, at + sizeof word - 1);
        name = text_of(&front);
    }
    return name;
}

static enum cs_status partitions(struct dmg *d, struct slice list, bool *has_any)
{
    static const char word[] = "<data>";
    struct buf data = buf_init(list.n);
    enum cs_status st = CS_OK;

    for (unsigned n = 0; st == CS_OK && n < PARTITIONS; n++) {
        size_t at = slice_find(list, slice_str(word));
        struct slice front = slice_take(list, at), mish;

        if (at == list.n)
            break;
        list = slice_drop(list, at + sizeof word - 1);
        data.n = 0;
        st = unbase64(text_of(&list), &data);
        mish = buf_slice(&data);
        if (st != CS_OK || mish.n < HEAD || !slice_starts(mish, SLICE("mish")))
            continue;
        *has_any = true;
        st = partition(d, mish, name_near(front));
    }
    buf_release(&data);
    return st == CS_OK && slice_find(list, slice_str(word)) < list.n ? d->out->note(d->out, EMIT_LIMITED, "partitions of a disk image") : st;
}

enum cs_status dmg_decode(struct slice object, struct emit *out)
{
    struct slice tail = slice_drop(object, object.n > TAIL ? object.n - TAIL : 0);
    struct dmg d = { .out = out };
    bool has_any = false;
    enum cs_status st;

    if (tail.n < TAIL || !slice_starts(tail, SLICE("koly")))
        return out->note(out, EMIT_ENCRYPTED, "disk image");
    d.fork = slice_drop(object, at_most(get_be64(tail.p + 24)));
    st = partitions(&d, slice_sub(object, get_be64(tail.p + 216), get_be64(tail.p + 224)), &has_any);
    if (st == CS_OK && (!has_any || get_be32(tail.p + 60) > 1))
        st = out->note(out, EMIT_ENCRYPTED, "disk image");
    if (st == CS_OK && d.is_damaged)
        st = out->note(out, EMIT_DAMAGED, "disk image");
    return st;
}
