#include "exe.h"

#include "base/bytes.h"

/* Integers of either order; bytes that are not there are 0 and make the file invalid. */
struct reader { struct slice file; bool is_big, is_bad; };

static uint64_t get(struct reader *r, uint64_t at, unsigned n)
{
    uint64_t v = 0;

    if (at > r->file.n || n > r->file.n - at) {
        r->is_bad = true;
        return 0;
    }
    for (unsigned i = 0; i < n; i++)
        v |= (uint64_t)r->file.p[at + i] << 8 * (r->is_big ? n - 1 - i : i);
    return v;
}

static void add_section(struct exe *x, uint64_t at, uint64_t size, uint64_t address, uint64_t length)
{
    if (x->n < EXE_SECTIONS)
        x->sections[x->n++] = (struct exe_section){ at, size, address, length };
}

/* An address in memory to a place in the file. */
static void find_entry(struct exe *x, uint64_t address)
{
    for (uint32_t i = 0; i < x->n && !x->has_entry; i++) {
        const struct exe_section *s = &x->sections[i];

        if (address >= s->address && address - s->address < s->length && address - s->address < s->size) {
            x->entry = s->at + (address - s->address);
            x->has_entry = true;
        }
    }
}

static bool read_pe(struct exe *x, struct reader *r)
{
    uint64_t pe = get(r, 0x3c, 4), n, table, entry, align;

    if (r->is_bad || get(r, pe, 4) != 0x4550)
        return false;
    n = get(r, pe + 6, 2);
    table = pe + 24 + get(r, pe + 20, 2);
    entry = get(r, pe + 24 + 16, 4);
    align = get(r, pe + 24 + 36, 4);
    if (r->is_bad || n == 0 || n > EXE_SECTIONS)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t s = table + i * 40, size = get(r, s + 16, 4), at = get(r, s + 20, 4), virt = get(r, s + 8, 4);

        /* The loader rounds the raw place down to 512 when the alignment is a usual one. */
        if (align >= 512)
            at &= ~(uint64_t)511;
        add_section(x, at, size, get(r, s + 12, 4), virt > size ? virt : size);
    }
    if (r->is_bad)
        return false;
    find_entry(x, entry);
    if (!x->has_entry && entry < x->sections[0].address) {
        x->entry = entry;
        x->has_entry = true;
    }
    return true;
}

static bool read_elf(struct exe *x, struct reader *r)
{
    uint64_t wide = get(r, 4, 1) == 2, entry, ph, sh, n_ph, n_sh, ph_size, sh_size;

    r->is_big = get(r, 5, 1) == 2;
    entry = get(r, 24, wide ? 8 : 4);
    ph = get(r, wide ? 32 : 28, wide ? 8 : 4);
    sh = get(r, wide ? 40 : 32, wide ? 8 : 4);
    ph_size = get(r, wide ? 54 : 42, 2);
    n_ph = get(r, wide ? 56 : 44, 2);
    sh_size = get(r, wide ? 58 : 46, 2);
    n_sh = get(r, wide ? 60 : 48, 2);
    if (r->is_bad || n_ph > 128 || n_sh > 2048 || ph > r->file.n || sh > r->file.n)
        return false;
    for (uint64_t i = 0; i < n_ph && !x->has_entry; i++) {
        uint64_t p = ph + i * ph_size, address = get(r, p + (wide ? 16 : 8), wide ? 8 : 4);
        uint64_t size = get(r, p + (wide ? 32 : 16), wide ? 8 : 4), at = get(r, p + (wide ? 8 : 4), wide ? 8 : 4);

        if (!r->is_bad && get(r, p, 4) == 1 && entry >= address && entry - address < size) {
            x->entry = at + (entry - address);
            x->has_entry = true;
        }
    }
    for (uint64_t i = 0; i < n_sh; i++) {
        uint64_t s = sh + i * sh_size;

        add_section(x, get(r, s + (wide ? 24 : 16), wide ? 8 : 4), get(r, s + (wide ? 32 : 20), wide ? 8 : 4),
                    get(r, s + (wide ? 16 : 12), wide ? 8 : 4), get(r, s + (wide ? 32 : 20), wide ? 8 : 4));
    }
    return !r->is_bad;
}

static bool read_macho(struct exe *x, struct reader *r, bool wide)
{
    uint64_t n = get(r, 16, 4), at = wide ? 32 : 28, entry = 0;
    bool has_main = false;

    for (uint64_t i = 0; i < n && i < 256 && !r->is_bad; i++) {
        uint64_t cmd = get(r, at, 4), size = get(r, at + 4, 4);

        if (cmd == (wide ? 0x19u : 0x1u)) {
            uint64_t n_sect = get(r, at + (wide ? 64 : 48), 4), s = at + (wide ? 72 : 56);

            for (uint64_t k = 0; k < n_sect && k < EXE_SECTIONS && !r->is_bad; k++, s += wide ? 80 : 68) {
                uint64_t length = get(r, s + (wide ? 40 : 36), wide ? 8 : 4);

                add_section(x, get(r, s + (wide ? 48 : 40), 4), length, get(r, s + 32, wide ? 8 : 4), length);
            }
        } else if (cmd == 0x80000028u) {
            entry = get(r, at + 8, 8);
            has_main = true;
        }
        if (size < 8)
            return false;
        at += size;
    }
    if (has_main) {
        x->entry = entry;
        x->has_entry = true;
    }
    return !r->is_bad;
}

uint64_t exe_get(struct slice file, uint64_t at, unsigned n)
{
    struct reader r = { .file = file };

    return get(&r, at, n);
}

bool exe_directory(const struct exe *x, struct slice file, unsigned number, uint64_t *address, uint64_t *size)
{
    uint64_t at = exe_get(file, 0x3c, 4) + 24;

    if (!x->is_valid || exe_get(file, 0, 2) != 0x5a4d)
        return false;
    at += exe_get(file, at, 2) == 0x20b ? 112 : 96;
    *address = exe_get(file, at + (uint64_t)8 * number, 4);
    *size = exe_get(file, at + (uint64_t)8 * number + 4, 4);
    return exe_get(file, at - 4, 4) > number;
}

bool exe_read(struct exe *x, struct slice file)
{
    struct reader r = { .file = file };
    uint32_t magic = file.n >= 4 ? get_le32(file.p) : 0;

    *x = (struct exe){ 0 };
    if ((magic & 0xffff) == 0x5a4d)
        x->is_valid = read_pe(x, &r);
    else if (magic == 0x464c457f)
        x->is_valid = read_elf(x, &r);
    else if (magic == 0xfeedface || magic == 0xfeedfacf)
        x->is_valid = read_macho(x, &r, magic == 0xfeedfacf);
    else if (magic == 0xcefaedfe || magic == 0xcffaedfe) {
        r.is_big = true;
        x->is_valid = read_macho(x, &r, magic == 0xcffaedfe);
    }
    if (!x->is_valid)
        *x = (struct exe){ 0 };
    return x->is_valid;
}
