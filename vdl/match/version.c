#include "exe.h"

/*
 * The version information of a PE file: where the keys of its strings begin. Resources are a tree of three levels (type, name, language); its leaves
 * name a place in memory and a size. Inside, blocks of: length, length of the value, kind (16 bits each), a key in UTF-16, padding to 32 bits,
 * the value, and further blocks. STEPS bounds the work, whatever the tree looks like.
 */
enum { TYPE_VERSION = 16, HEAD = 6, FIXED = 92, STRINGS = 36, TABLE = 24, STEPS = 1 << 16 };

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

static bool file_place(const struct exe *x, uint64_t address, uint64_t *at)
{
    for (uint32_t i = 0; i < x->n; i++)
        if (address >= x->sections[i].address && address - x->sections[i].address < x->sections[i].size) {
            *at = x->sections[i].at + (address - x->sections[i].address);
            return true;
        }
    return false;
}

/* The next block of the ones behind one another in *rest; empty at the end. */
static struct slice next_block(struct slice *rest)
{
    size_t n = (size_t)exe_get(*rest, 0, 2);
    struct slice block = slice_take(*rest, n < HEAD ? 0 : n);

    *rest = block.n ? slice_drop(*rest, padded(block.n)) : slice_of(NULL, 0);
    return block;
}

static bool has_key(struct slice block, const char *key)
{
    for (size_t i = 0; ; i++) {
        if (exe_get(block, HEAD + 2 * i, 2) != (uint8_t)key[i] || HEAD + 2 * i + 2 > block.n)
            return false;
        if (!key[i])
            return true;
    }
}

struct walk { struct exe *x; struct slice file; uint64_t root; unsigned steps; };

static bool has_step(struct walk *w)
{
    return w->steps && w->steps--;
}

static void add_keys(struct walk *w, struct slice table)
{
    struct slice rest = slice_drop(table, TABLE), string;
    struct exe *x = w->x;

    while ((string = next_block(&rest)).n > HEAD && x->n_keys < EXE_KEYS && has_step(w))
        x->keys[x->n_keys++] = (uint64_t)(string.p - w->file.p) + HEAD;
}

static void read_version(struct walk *w, struct slice info)
{
    struct slice rest, child, tables, table;

    info = slice_take(info, (size_t)exe_get(info, 0, 2));
    if (!has_key(info, "VS_VERSION_INFO"))
        return;
    rest = slice_drop(info, exe_get(info, 2, 2) ? FIXED : FIXED - 52);
    while ((child = next_block(&rest)).n && has_step(w)) {
        if (!has_key(child, "StringFileInfo"))
            continue;
        tables = slice_drop(child, STRINGS);
        while ((table = next_block(&tables)).n && has_step(w))
            add_keys(w, table);
    }
}

/* A directory's entries, at this distance from the root: down to the leaves, only those of version information. */
static void read_directory(struct walk *w, uint64_t at, unsigned level)
{
    uint64_t dir = w->root + at, n = exe_get(w->file, dir + 12, 2) + exe_get(w->file, dir + 14, 2), place;

    for (uint64_t i = 0; i < n && has_step(w); i++) {
        uint64_t id = exe_get(w->file, dir + 16 + 8 * i, 4), to = exe_get(w->file, dir + 20 + 8 * i, 4);

        if (level == 0 && id != TYPE_VERSION)
            continue;
        if (level < 2 && to >> 31)
            read_directory(w, to & 0x7fffffff, level + 1);
        else if (level == 2 && !(to >> 31) && file_place(w->x, exe_get(w->file, w->root + to, 4), &place))
            read_version(w, slice_sub(w->file, (size_t)place, (size_t)exe_get(w->file, w->root + to + 4, 4)));
    }
}

void exe_read_keys(struct exe *x, struct slice file)
{
    struct walk w = { .x = x, .file = file, .steps = STEPS };
    uint64_t address, size;

    x->has_keys = true;
    x->n_keys = 0;
    if (exe_directory(x, file, 2, &address, &size) && file_place(x, address, &w.root))
        read_directory(&w, 0, 0);
}
