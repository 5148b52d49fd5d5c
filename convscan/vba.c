#include "vba.h"

#include "base/bytes.h"

enum {
    CHUNK = 4096,
    ID_NAME = 0x1a, ID_NAME_UTF16 = 0x32, ID_OFFSET = 0x31, ID_VERSION = 0x09
};

/* ---- compression ---- */

static bool chunk_ok(uint16_t head)
{
    return (head >> 12 & 7) == 3;
}

/* A copy token splits its 16 bits by how much of the chunk is there: 4 to 12 bits of offset, the rest is length. */
static unsigned offset_bits(size_t done)
{
    unsigned bits = 4;

    while (bits < 12 && (size_t)1 << bits < done)
        bits++;
    return bits;
}

static bool copy_back(uint8_t *chunk, size_t *done, uint16_t token)
{
    unsigned bits = offset_bits(*done);
    size_t back = (size_t)(token >> (16 - bits)) + 1;
    size_t len = (token & (0xffffu >> bits)) + 3u;

    if (back > *done)
        return false;
    for (; len && *done < CHUNK; len--, ++*done)
        chunk[*done] = chunk[*done - back];
    return len == 0;
}

/* One chunk's data; false when it is broken, with what came before in chunk. */
static bool unpack_chunk(struct slice in, uint8_t *chunk, size_t *done)
{
    size_t at = 0;

    while (at < in.n) {
        unsigned flags = in.p[at++];
        for (int bit = 0; bit < 8 && at < in.n; bit++, flags >>= 1) {
            if (!(flags & 1)) {
                if (*done == CHUNK)
                    return false;
                chunk[(*done)++] = in.p[at++];
            } else {
                if (in.n - at < 2 || !copy_back(chunk, done, get_le16(in.p + at)))
                    return false;
                at += 2;
            }
        }
    }
    return true;
}

enum cs_status vba_unpack(struct slice in, struct buf *out, bool *is_whole)
{
    uint8_t chunk[CHUNK];
    enum cs_status st = CS_OK;

    *is_whole = false;
    if (in.n < 3 || in.p[0] != 1)
        return CS_OK;
    for (in = slice_drop(in, 1); st == CS_OK && in.n >= 2; ) {
        uint16_t head = get_le16(in.p);
        struct slice body = slice_sub(in, 2, (head & 0x0fffu) + 1);
        size_t done = 0;
        if (!chunk_ok(head))
            return CS_OK;
        if (head & 0x8000) {
            *is_whole = unpack_chunk(body, chunk, &done);
        } else {                                    /* stored: 4096 bytes, whatever the length says */
            body = slice_sub(in, 2, CHUNK);
            memcpy(chunk, body.p, done = body.n);
            *is_whole = true;
        }
        st = out->n + done > VBA_MOST ? CS_TOOBIG : buf_put(out, slice_of(chunk, done));
        in = slice_drop(in, body.n + 2);
        if (!*is_whole)
            break;
    }
    return st == CS_TOOBIG ? CS_OK : st;
}

/* ---- the list of modules ---- */

static enum cs_status add_module(struct vba_project *p, struct vba_module m)
{
    if (p->n_modules == VBA_MODULES)
        return CS_OK;
    if ((p->n_modules & (p->n_modules - 1)) == 0) {
        size_t room = p->n_modules ? p->n_modules * 2 : 1;
        struct vba_module *to = realloc(p->modules, room * sizeof *to);
        if (!to)
            return CS_NOMEM;
        p->modules = to;
    }
    p->modules[p->n_modules++] = m;
    return CS_OK;
}

enum cs_status vba_open(struct vba_project *p, struct slice dir)
{
    struct vba_module m = { .name = slice_of(NULL, 0) };
    bool is_whole;
    struct slice in;
    enum cs_status st;

    *p = (struct vba_project){ .text = buf_init(VBA_MOST) };
    st = vba_unpack(dir, &p->text, &is_whole);
    in = buf_slice(&p->text);
    while (st == CS_OK && in.n >= 6) {
        unsigned id = get_le16(in.p);
        uint32_t n = get_le32(in.p + 2);
        struct slice value = slice_sub(in, 6, n);
        if (id == ID_NAME || id == ID_NAME_UTF16) {
            m.name = value;
            m.is_utf16 = id == ID_NAME_UTF16;
        } else if (id == ID_OFFSET && value.n == 4 && m.name.n) {
            m.offset = get_le32(value.p);
            st = add_module(p, m);
            m.name.n = 0;
        }
        /* The version record's length leaves out its last two bytes. */
        in = slice_drop(in, id == ID_VERSION ? 12 : 6 + value.n);
    }
    if (st != CS_OK)
        vba_close(p);
    return st;
}

void vba_close(struct vba_project *p)
{
    free(p->modules);
    buf_release(&p->text);
    *p = (struct vba_project){ 0 };
}

static bool same_name(const struct vba_module *m, struct slice utf16)
{
    if (m->is_utf16)
        return slice_eq(m->name, utf16);
    if (m->name.n * 2 != utf16.n)
        return false;
    for (size_t i = 0; i < m->name.n; i++)
        if (m->name.p[i] < 0x80 && m->name.p[i] != get_le16(utf16.p + i * 2))
            return false;
    return true;
}

/* ---- sources in a stream ---- */

static void add_source(struct vba_sources *s, struct slice stream, size_t at)
{
    if (s->n == VBA_SOURCES || at >= stream.n || stream.p[at] != 1)
        return;
    for (size_t i = 0; i < s->n; i++)
        if (s->at[i] == at)
            return;
    s->at[s->n++] = at;
}

/* Every module begins with "Attribute", so packed: 1, a chunk's head, no flags, eight literal bytes. */
static void by_attribute(struct vba_sources *s, struct slice stream)
{
    struct slice mark = SLICE("Attribut"), rest = stream;

    while (s->n < VBA_SOURCES) {
        size_t skip = slice_find(rest, mark), at = (size_t)(rest.p - stream.p) + skip;
        if (skip == rest.n)
            break;
        if (at >= 4 && stream.p[at - 1] == 0)
            add_source(s, stream, at - 4);
        rest = slice_drop(rest, skip + mark.n);
    }
}

/* Where a row of chunks leads exactly to the end of the stream; found from the end backwards, each position once. */
static enum cs_status by_chunks(struct vba_sources *s, struct slice in)
{
    uint8_t *leads = calloc(1, in.n / 8 + 1);
    size_t found = in.n;

    if (!leads)
        return CS_NOMEM;
    leads[in.n / 8] = (uint8_t)(1 << in.n % 8);
    for (size_t at = in.n; at-- > 1; ) {
        uint16_t head = in.n - at >= 2 ? get_le16(in.p + at) : 0;
        size_t len = (head & 0x0fffu) + 3;
        if (!chunk_ok(head) || len > in.n - at || !(leads[(at + len) / 8] & 1 << (at + len) % 8))
            continue;
        leads[at / 8] |= (uint8_t)(1 << at % 8);
        if (in.p[at - 1] == 1)
            found = at - 1;
    }
    free(leads);
    add_source(s, in, found);
    return CS_OK;
}

enum cs_status vba_find(const struct vba_project *p, bool in_project, struct slice utf16_name, struct slice stream,
                        struct vba_sources *out)
{
    *out = (struct vba_sources){ 0 };
    for (size_t i = 0; p && i < p->n_modules; i++)
        if (same_name(&p->modules[i], utf16_name))
            add_source(out, stream, p->modules[i].offset);
    by_attribute(out, stream);
    return in_project && out->n == 0 ? by_chunks(out, stream) : CS_OK;
}

enum cs_status vba_emit(const struct vba_sources *s, struct slice path, struct slice stream, struct emit *out, size_t *n_views)
{
    /* Signatures for OLE2 files are meant for the macros too: ClamAV's target 2 is searched in them, with offsets from their first byte. */
    struct emit_child c = { .kind = EMIT_VIEW, .name = path, .how = "vba", .type = "OLE2", .size = UINT64_MAX, .packed = UINT64_MAX };
    struct buf text = buf_init(VBA_MOST);
    enum cs_status st = CS_OK;

    *n_views = 0;
    for (size_t i = 0; st == CS_OK && i < s->n; i++) {
        bool is_whole;
        text.n = 0;
        st = vba_unpack(slice_drop(stream, s->at[i]), &text, &is_whole);
        if (st == CS_OK && text.n) {
            ++*n_views;
            st = emit_whole(out, &c, buf_slice(&text));
        }
        if (st == CS_OK && text.n > VBA_MOST - CHUNK)
            st = out->note(out, EMIT_LIMITED, "source of a macro module");
    }
    buf_release(&text);
    return st;
}
