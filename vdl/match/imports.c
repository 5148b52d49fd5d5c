#include "exe.h"

/*
 * The text that hashes of import tables are made of, as ClamAV and pefile make it: for each library of the table, for each function
 * "library.function", without .dll, .ocx or .sys, in lower case, joined by commas. A function given by a number alone is "ord7", or its name where
 * the number is as good as one. A function's name of other characters than linkers write, or a place outside the file, and there is no such text.
 * ClamAV 1.4 has none for 64-bit programs and for names of C++ functions either; pefile has.
 */
enum { LIBRARIES = 1024, NAME = 256, DESCRIPTOR = 20 };

struct table { const struct exe *x; struct slice file; uint64_t headers; bool is_wide; struct buf *out; };

static bool file_place(const struct table *t, uint64_t address, uint64_t *at)
{
    *at = address;
    if (address < t->headers)
        return address < t->file.n;
    for (uint32_t i = t->x->n; i-- > 0;) {
        const struct exe_section *s = &t->x->sections[i];

        if (address >= s->address && address - s->address < s->size) {
            *at = s->at + (address - s->address);
            return *at < t->file.n;
        }
    }
    return false;
}

/* Up to a NUL byte. */
static struct slice text_at(const struct table *t, uint64_t at)
{
    struct slice s = slice_sub(t->file, (size_t)at, NAME);

    return slice_take(s, slice_chr(s, 0));
}

static bool is_name(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alpha(s.p[i]) && !ascii_is_digit(s.p[i]) && slice_chr(SLICE("_.?@$()<>"), s.p[i]) == 9)
            return false;
    return true;
}

static enum cs_status put_lower(struct buf *out, struct slice s)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < s.n && st == CS_OK; i++)
        st = buf_putc(out, ascii_lower(s.p[i]));
    return st;
}

/* name: NULL for a function that has only a number. */
static enum cs_status put_import(struct buf *out, struct slice library, const struct slice *name, unsigned ordinal)
{
    size_t dot = slice_chr(library, '.');
    struct slice ending = slice_take(slice_drop(library, dot), 4);
    enum cs_status st = out->n ? buf_putc(out, ',') : CS_OK;

    if (slice_ieq(ending, SLICE(".dll")) || slice_ieq(ending, SLICE(".ocx")) || slice_ieq(ending, SLICE(".sys")))
        library = slice_take(library, dot);
    if (st == CS_OK)
        st = put_lower(out, library);
    if (st == CS_OK)
        st = buf_putc(out, '.');
    if (st == CS_OK)
        st = name ? put_lower(out, *name) : buf_printf(out, "ord%u", ordinal);
    return st;
}

/* The functions of one library: an array of numbers or of places of names, up to a 0. */
static enum cs_status put_library(const struct table *t, struct slice library, uint64_t at)
{
    unsigned width = t->is_wide ? 8 : 4;
    enum cs_status st = CS_OK;
    uint64_t thunk, place;

    for (; st == CS_OK && at + width <= t->file.n && (thunk = exe_get(t->file, at, width)) != 0; at += width) {
        unsigned ordinal = (unsigned)(thunk & 0xffff);
        bool is_number = thunk >> (8 * width - 1);
        struct slice name = is_number ? exe_ordinal_name(library, ordinal) : SLICE("");

        if (!is_number) {
            if (!file_place(t, thunk, &place) || place + 2 >= t->file.n)
                return CS_CORRUPT;
            name = text_at(t, place + 2);
            if (!is_name(name))
                return CS_CORRUPT;
        }
        st = put_import(t->out, library, is_number && name.n == 0 ? NULL : &name, ordinal);
    }
    return st;
}

enum cs_status exe_imports(const struct exe *x, struct slice file, struct buf *out)
{
    uint64_t optional = exe_get(file, 0x3c, 4) + 24, address, size, at, name, thunks;
    struct table t = { .x = x, .file = file, .headers = exe_get(file, optional + 60, 4), .is_wide = exe_get(file, optional, 2) == 0x20b, .out = out };
    enum cs_status st = CS_OK;

    out->n = 0;
    if (!exe_directory(x, file, 1, &address, &size) || address == 0 || size == 0 || !file_place(&t, address, &at) || size > file.n - at)
        return CS_NOENT;
    for (unsigned i = 0; i < LIBRARIES && size > DESCRIPTOR && exe_get(file, at + 12, 4) && st == CS_OK; i++, at += DESCRIPTOR, size -= DESCRIPTOR) {
        uint64_t first = exe_get(file, at, 4);

        if (!file_place(&t, exe_get(file, at + 12, 4), &name) ||
            ((first == 0 || !file_place(&t, first, &thunks)) && !file_place(&t, exe_get(file, at + 16, 4), &thunks)))
            return CS_NOENT;
        st = put_library(&t, text_at(&t, name), thunks);
    }
    return st == CS_OK || st == CS_NOMEM ? st : CS_NOENT;
}
