#include "cfb.h"

#include "base/bytes.h"
#include "utf16.h"

enum {
    HEAD = 512, ENTRY = 128, HEAD_DIFAT = 109,
    PATH_DEPTH = 32, PATH_MOST = 4096
};

static const uint32_t last_sector = 0xfffffffa;             /* numbers above mean something else */
static const uint32_t end_of_chain = 0xfffffffe;

bool cfb_is(struct slice head)
{
    return slice_starts(head, SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"));
}

static size_t sector_size(const struct cfb *c)
{
    return (size_t)1 << c->shift;
}

static size_t sectors(const struct cfb *c)
{
    return (c->file.n >> c->shift) + 1;
}

/* The bytes of a sector: fewer, or none, at or past the end of the file. */
static struct slice sector(const struct cfb *c, uint32_t number)
{
    uint64_t at = ((uint64_t)number + 1) << c->shift;

    return at < c->file.n ? slice_sub(c->file, (size_t)at, sector_size(c)) : slice_of(NULL, 0);
}

/* The i-th 32-bit number of a table that is spread over sectors; false when it is not there. */
static bool table_get(const struct cfb *c, const struct cfb_list *list, uint64_t i, uint32_t *out)
{
    size_t each = sector_size(c) / 4, in_list = (size_t)(i / each);
    struct slice s;

    *out = end_of_chain;
    if (i / each >= list->n)
        return false;
    s = slice_sub(sector(c, list->at[in_list]), (size_t)(i % each) * 4, 4);
    if (s.n < 4)
        return false;
    *out = get_le32(s.p);
    return true;
}

static bool is_end(uint32_t number)
{
    return number >= last_sector;
}

/* The sectors of a chain whose length nobody tells: until its end, a loop, or damage. */
static enum cs_status chain_list(struct cfb *c, uint32_t first, struct cfb_list *out)
{
    size_t most = sectors(c);
    uint8_t *seen = calloc(1, most / 8 + 1);
    size_t room = 0;

    if (!seen)
        return CS_NOMEM;
    while (!is_end(first)) {
        if (first >= most || seen[first / 8] & 1 << first % 8) {
            c->is_damaged = true;
            break;
        }
        seen[first / 8] |= (uint8_t)(1 << first % 8);
        if (out->n == room) {
            uint32_t *at = realloc(out->at, (room = room ? room * 2 : 64) * sizeof *at);
            if (!at) {
                free(seen);
                return CS_NOMEM;
            }
            out->at = at;
        }
        out->at[out->n++] = first;
        if (!table_get(c, &c->fat, first, &first))
            c->is_damaged = true;
    }
    free(seen);
    return CS_OK;
}

/* Where the FAT's own sectors are: 109 in the header, more in a chain of DIFAT sectors. */
static enum cs_status read_difat(struct cfb *c)
{
    size_t each = sector_size(c) / 4, most = sectors(c) / each + 1, blocks = 0;
    uint32_t next = get_le32(c->file.p + 68);
    struct slice s = slice_sub(c->file, HEAD - (size_t)HEAD_DIFAT * 4, (size_t)HEAD_DIFAT * 4);
    size_t here = HEAD_DIFAT;

    c->fat.at = calloc(most, sizeof *c->fat.at);
    if (!c->fat.at)
        return CS_NOMEM;
    for (;;) {
        for (size_t i = 0; i < here && i * 4 + 4 <= s.n && c->fat.n < most; i++) {
            uint32_t number = get_le32(s.p + i * 4);
            if (is_end(number))
                break;
            c->fat.at[c->fat.n++] = number;
        }
        if (is_end(next) || c->fat.n == most)
            return CS_OK;
        s = sector(c, next);
        if (s.n < sector_size(c) || ++blocks > most) {
            c->is_damaged = true;
            return CS_OK;
        }
        here = each - 1;
        next = get_le32(s.p + here * 4);
    }
}

static bool read_head(struct cfb *c)
{
    const uint8_t *p = c->file.p;
    unsigned shift = get_le16(p + 30), mini = get_le16(p + 32);

    /* Programs that open such a file know no other sizes of small sectors and small streams, whatever the head says. */
    c->has_head = get_le16(p + 28) == 0xfffe && (shift == 9 || shift == 12) && (mini == 6 || get_le32(p + 56) == 4096);
    c->shift = shift == 12 ? 12 : 9;
    c->mini_shift = 6;
    c->mini_cutoff = 4096;
    return c->has_head && mini == 6 && get_le32(p + 56) == 4096;
}

/* ---- the directory ---- */

static struct slice entry_bytes(const struct cfb *c, size_t i)
{
    size_t each = sector_size(c) / ENTRY;

    return i / each < c->dir.n ? slice_sub(sector(c, c->dir.at[i / each]), i % each * ENTRY, ENTRY) : slice_of(NULL, 0);
}

struct cfb_entry cfb_at(const struct cfb *c, size_t i)
{
    struct slice s = entry_bytes(c, i);
    struct cfb_entry e = { .name = slice_of(NULL, 0), .clsid = slice_of(NULL, 0), .parent = CFB_ORPHAN };
    size_t n;

    if (s.n < ENTRY)
        return e;
    n = get_le16(s.p + 64);
    e.name = utf16le_until_nul(slice_take(s, n && n <= 64 ? n : 64));
    e.kind = s.p[66] == 1 || s.p[66] == 2 || s.p[66] == 5 ? (enum cfb_kind)s.p[66] : CFB_EMPTY;
    e.parent = c->parents ? c->parents[i] : CFB_ORPHAN;
    e.start = get_le32(s.p + 116);
    e.size = c->shift == 9 ? get_le32(s.p + 120) : get_le64(s.p + 120);
    e.clsid = slice_sub(s, 80, 16);
    return e;
}

/* Note every entry's storage: a walk over the trees of siblings, each entry once. */
static enum cs_status find_parents(struct cfb *c)
{
    size_t n = c->n_entries, head = 0, tail = 0;
    uint32_t *queue = calloc(n + 1, sizeof *queue);

    c->parents = malloc((n + 1) * sizeof *c->parents);
    if (!queue || !c->parents) {
        free(queue);
        return CS_NOMEM;
    }
    memset(c->parents, 0xff, (n + 1) * sizeof *c->parents);
    if (n) {
        c->parents[0] = 0;
        queue[tail++] = 0;
    }
    while (head < tail) {
        uint32_t i = queue[head++];
        struct slice s = entry_bytes(c, i);
        for (size_t link = 68; link <= 76 && s.n == ENTRY; link += 4) {     /* left, right, child */
            uint32_t to = get_le32(s.p + link);
            if (to >= n || (link < 76 && i == 0))
                continue;
            if (c->parents[to] != CFB_ORPHAN) {
                c->is_damaged = true;
                continue;
            }
            c->parents[to] = link == 76 ? i : c->parents[i];
            queue[tail++] = to;
        }
    }
    free(queue);
    return CS_OK;
}

static enum cs_status read_tables(struct cfb *c)
{
    struct cfb_entry root;
    enum cs_status st = read_difat(c);

    if (st == CS_OK)
        st = chain_list(c, get_le32(c->file.p + 48), &c->dir);
    if (st == CS_OK)
        st = chain_list(c, get_le32(c->file.p + 60), &c->minifat);
    if (st != CS_OK)
        return st;
    c->n_entries = c->dir.n * (sector_size(c) / ENTRY);
    root = cfb_at(c, 0);
    st = chain_list(c, root.start, &c->ministream);
    return st == CS_OK ? find_parents(c) : st;
}

static void drop_tables(struct cfb *c)
{
    free(c->fat.at);
    free(c->minifat.at);
    free(c->ministream.at);
    free(c->dir.at);
    free(c->parents);
    c->fat = c->minifat = c->ministream = c->dir = (struct cfb_list){ 0 };
    c->parents = NULL;
}

bool cfb_has_root(const struct cfb *c)
{
    return c->n_entries && cfb_at(c, 0).kind == CFB_ROOT;
}

/* Once more with the other size of sectors, where the one in the head leads to no directory. */
static enum cs_status try_other_size(struct cfb *c)
{
    enum cs_status st;

    drop_tables(c);
    c->shift = c->shift == 9 ? 12 : 9;
    c->is_damaged = true;
    st = read_tables(c);
    if (st != CS_OK || cfb_has_root(c))
        return st;
    drop_tables(c);
    c->shift = c->shift == 9 ? 12 : 9;
    return read_tables(c);
}

enum cs_status cfb_open(struct cfb *c, struct slice file)
{
    enum cs_status st;

    *c = (struct cfb){ .file = file, .work_left = (uint64_t)file.n * CFB_WORK };
    if (file.n < HEAD || !cfb_is(file))
        return CS_FOREIGN;
    c->is_damaged = !read_head(c);
    st = read_tables(c);
    if (st == CS_OK && !cfb_has_root(c))
        st = try_other_size(c);
    if (st != CS_OK)
        cfb_close(c);
    return st;
}

void cfb_close(struct cfb *c)
{
    drop_tables(c);
    *c = (struct cfb){ 0 };
}

/* ---- streams ---- */

/* One sector of a stream, big or mini, and the one after it. */
static struct slice step(const struct cfb *c, bool is_mini, uint32_t *number)
{
    struct slice s = slice_of(NULL, 0);

    if (!is_mini) {
        s = sector(c, *number);
        (void)table_get(c, &c->fat, *number, number);
        return s;
    }
    uint64_t at = (uint64_t)*number << c->mini_shift;
    if (at >> c->shift < c->ministream.n)
        s = slice_sub(sector(c, c->ministream.at[at >> c->shift]), (size_t)(at & (sector_size(c) - 1)),
                      (size_t)1 << c->mini_shift);
    (void)table_get(c, &c->minifat, *number, number);
    return s;
}

/* The next run of bytes that lie side by side; empty at the end of the chain. */
static struct slice run(const struct cfb *c, bool is_mini, uint32_t *number, uint64_t want)
{
    struct slice all = slice_of(NULL, 0);

    while (all.n < want && !is_end(*number)) {
        uint32_t here = *number;
        struct slice s = step(c, is_mini, number);
        if (s.n == 0) {
            *number = end_of_chain;
        } else if (all.n == 0) {
            all = s;
        } else if (s.p == all.p + all.n) {
            all.n += s.n;
        } else {
            *number = here;
            break;
        }
    }
    return slice_take(all, want < all.n ? (size_t)want : all.n);
}

enum cs_status cfb_read(struct cfb *c, const struct cfb_entry *e, struct buf *room, struct slice *out)
{
    bool is_mini = e->kind != CFB_ROOT && e->size < c->mini_cutoff;
    uint64_t want = e->size < c->file.n ? e->size : c->file.n;
    uint32_t number = e->start;
    enum cs_status st = CS_OK;

    room->n = 0;
    *out = slice_of(NULL, 0);
    if (want > c->work_left)
        return CS_TOOBIG;
    c->work_left -= want;
    *out = run(c, is_mini, &number, want);
    if (out->n < want && !is_end(number)) {
        st = buf_put(room, *out);
        while (st == CS_OK && room->n < want) {
            struct slice more = run(c, is_mini, &number, want - room->n);
            if (more.n == 0)
                break;
            st = buf_put(room, more);
        }
        *out = buf_slice(room);
    }
    if (out->n < e->size)
        c->is_damaged = true;
    return st;
}

void cfb_overwrite(const struct cfb *c, const struct cfb_entry *e, struct slice bytes, uint8_t *copy)
{
    bool is_mini = e->kind != CFB_ROOT && e->size < c->mini_cutoff;
    uint32_t number = e->start;

    while (bytes.n) {
        struct slice to = run(c, is_mini, &number, bytes.n);
        if (to.n == 0)
            return;
        memcpy(copy + (to.p - c->file.p), bytes.p, to.n);
        bytes = slice_drop(bytes, to.n);
    }
}

/* ---- names ---- */

/* Windows Installer packs two characters of [0-9A-Za-z._] in one; no other program writes names in this block. */
static enum cs_status name_put(struct buf *out, struct slice name)
{
    static const char plain[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
    bool is_mangled = name.n >= 2;
    enum cs_status st = CS_OK;

    for (size_t i = 0; name.n - i >= 2; i += 2) {
        uint32_t c = get_le16(name.p + i);
        is_mangled = is_mangled && c >= 0x3800 && c <= 0x4840;
    }
    if (!is_mangled)
        return utf16le_put(out, name);
    for (size_t i = 0; st == CS_OK && name.n - i >= 2; i += 2) {
        uint32_t c = get_le16(name.p + i) - 0x3800u;
        if (c >= 0x1040)
            st = buf_putc(out, '!');
        else
            st = buf_putc(out, (uint8_t)plain[c & 0x3f]);
        if (st == CS_OK && c < 0x1000)
            st = buf_putc(out, (uint8_t)plain[c >> 6]);
    }
    return st;
}

enum cs_status cfb_path(const struct cfb *c, size_t i, struct buf *out)
{
    size_t way[PATH_DEPTH], n = 0;
    enum cs_status st = CS_OK;

    while (n < PATH_DEPTH && i != 0) {
        uint32_t up = cfb_at(c, i).parent;
        way[n++] = i;
        if (up == CFB_ORPHAN)
            break;
        i = up;
    }
    while (st == CS_OK && n && out->n < PATH_MOST) {
        st = name_put(out, cfb_at(c, way[--n]).name);
        if (st == CS_OK && n)
            st = buf_putc(out, '/');
    }
    return st;
}
