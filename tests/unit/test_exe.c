/* Headers of executables: PE, ELF and Mach-O of either width and order, good ones and each way to be bad. */
#include <check.h>
#include <stdlib.h>

#include "base/slice.h"
#include "vdl/match/exe.h"

enum { ROOM = 8192 };

static uint8_t file[ROOM];
static bool is_big;

static void put(size_t at, uint64_t v, unsigned n)
{
    ck_assert_uint_le(at + n, ROOM);
    for (unsigned i = 0; i < n; i++)
        file[at + i] = (uint8_t)(v >> 8 * (is_big ? n - 1 - i : i));
}

static void start(bool big)
{
    memset(file, 0, sizeof file);
    is_big = big;
}

static bool read(struct exe *x, size_t n)
{
    return exe_read(x, slice_of(file, n));
}

static void check_section(const struct exe *x, uint32_t i, uint64_t at, uint64_t size, uint64_t address, uint64_t length)
{
    ck_assert_uint_lt(i, x->n);
    ck_assert_uint_eq(x->sections[i].at, at);
    ck_assert_uint_eq(x->sections[i].size, size);
    ck_assert_uint_eq(x->sections[i].address, address);
    ck_assert_uint_eq(x->sections[i].length, length);
}

/* ---- PE ---- */

enum { PE_AT = 0x80, PE_OPTIONAL = 0xe0, PE_TABLE = PE_AT + 24 + PE_OPTIONAL };

/* Two sections: 0x1000 at 0x400, 0x200 bytes; 0x2000 at 0x610, 0x100 bytes. */
static void make_pe(uint64_t entry, uint64_t align)
{
    start(false);
    put(0, 0x5a4d, 2);
    put(0x3c, PE_AT, 4);
    put(PE_AT, 0x4550, 4);
    put(PE_AT + 6, 2, 2);
    put(PE_AT + 20, PE_OPTIONAL, 2);
    put(PE_AT + 24 + 16, entry, 4);
    put(PE_AT + 24 + 36, align, 4);
    for (unsigned i = 0; i < 2; i++) {
        put(PE_TABLE + i * 40 + 8, i ? 0x50 : 0x300, 4);
        put(PE_TABLE + i * 40 + 12, 0x1000 * (i + 1), 4);
        put(PE_TABLE + i * 40 + 16, i ? 0x100 : 0x200, 4);
        put(PE_TABLE + i * 40 + 20, i ? 0x610 : 0x400, 4);
    }
}

static const struct { uint64_t address, align; bool has; uint64_t entry; } pe_entries[] = {
    { 0x1000, 512, true, 0x400 }, { 0x11ff, 512, true, 0x5ff }, { 0x1200, 512, false, 0 /* in memory, but not in the file */ },
    { 0x2004, 512, true, 0x604 /* a place rounded down as the loader does */ }, { 0x2004, 256, true, 0x614 }, { 0x20ff, 256, true, 0x70f },
    { 0x2100, 256, false, 0 }, { 0x40, 512, true, 0x40 /* in the headers */ }, { 0x900000, 512, false, 0 },
};

START_TEST(pe_entry)
{
    struct exe x;

    make_pe(pe_entries[_i].address, pe_entries[_i].align);
    ck_assert(read(&x, sizeof file));
    ck_assert_uint_eq(x.n, 2);
    ck_assert_int_eq(x.has_entry, pe_entries[_i].has);
    ck_assert_uint_eq(x.entry, pe_entries[_i].entry);
    check_section(&x, 0, 0x400, 0x200, 0x1000, 0x300);
    check_section(&x, 1, pe_entries[_i].align >= 512 ? 0x600 : 0x610, 0x100, 0x2000, 0x100);
}
END_TEST

static const struct { const char *what; size_t at; uint64_t value; unsigned n; size_t size; } pe_injuries[] = {
    { "no MZ", 0, 0x5a4e, 2, ROOM }, { "header beyond the end", 0x3c, ROOM - 2, 4, ROOM }, { "header at the end of all numbers", 0x3c, 0xffffffff, 4, ROOM },
    { "no PE", PE_AT, 0x4551, 4, ROOM }, { "no sections", PE_AT + 6, 0, 2, ROOM }, { "too many sections", PE_AT + 6, EXE_SECTIONS + 1, 2, ROOM },
    { "the table is cut", 0, 0x5a4d, 2, PE_TABLE + 40 + 23 }, { "the table is elsewhere", PE_AT + 20, 0xffff, 2, ROOM },
    { "the optional header is cut", 0, 0x5a4d, 2, PE_AT + 40 }, { "hardly a header", 0, 0x5a4d, 2, 0x3e }, { "four bytes", 0, 0x5a4d, 2, 4 },
    { "three bytes", 0, 0x5a4d, 2, 3 }, { "nothing", 0, 0x5a4d, 2, 0 },
};

START_TEST(bad_pe)
{
    struct exe x;

    make_pe(0x1000, 512);
    put(pe_injuries[_i].at, pe_injuries[_i].value, pe_injuries[_i].n);
    ck_assert_msg(!read(&x, pe_injuries[_i].size), "%s", pe_injuries[_i].what);
    ck_assert(!x.is_valid && !x.has_entry && x.n == 0);
}
END_TEST

START_TEST(pe_of_many_sections)
{
    struct exe x;

    make_pe(0x1000, 512);
    put(PE_AT + 6, EXE_SECTIONS, 2);
    ck_assert(read(&x, sizeof file));
    ck_assert_uint_eq(x.n, EXE_SECTIONS);
}
END_TEST

/* ---- ELF: _i & 1: 64 bits, _i & 2: big-endian ---- */

struct elf { unsigned word, head, ph_size, sh_size, n_ph, n_sh; };

static struct elf make_elf(int form)
{
    bool wide = form & 1;
    struct elf e = { wide ? 8 : 4, wide ? 64 : 52, wide ? 56 : 32, wide ? 64 : 40, 2, 2 };
    size_t sh = e.head + 2 * e.ph_size;

    start(form & 2);
    memcpy(file, "\x7f" "ELF", 4);
    file[4] = wide ? 2 : 1;
    file[5] = form & 2 ? 2 : 1;
    put(24, 0x8010, e.word);
    put(wide ? 32 : 28, e.head, e.word);
    put(wide ? 40 : 32, sh, e.word);
    put(wide ? 54 : 42, e.ph_size, 2);
    put(wide ? 56 : 44, 2, 2);
    put(wide ? 58 : 46, e.sh_size, 2);
    put(wide ? 60 : 48, 2, 2);
    for (unsigned i = 0; i < 2; i++) {      /* the first one is of another type */
        size_t p = e.head + i * e.ph_size, s = sh + i * e.sh_size;
        put(p, i ? 1 : 4, 4);
        put(p + (wide ? 8 : 4), 0x100 * (i + 1), e.word);
        put(p + (wide ? 16 : 8), 0x8000, e.word);
        put(p + (wide ? 32 : 16), 0x80, e.word);
        put(s + (wide ? 16 : 12), 0x8000 + i, e.word);
        put(s + (wide ? 24 : 16), 0x200 + i, e.word);
        put(s + (wide ? 32 : 20), 0x30 + i, e.word);
    }
    return e;
}

START_TEST(elf_entry_and_sections)
{
    struct exe x;

    make_elf(_i);
    ck_assert(read(&x, sizeof file));
    ck_assert(x.has_entry);
    ck_assert_uint_eq(x.entry, 0x210);
    ck_assert_uint_eq(x.n, 2);
    check_section(&x, 0, 0x200, 0x30, 0x8000, 0x30);
    check_section(&x, 1, 0x201, 0x31, 0x8001, 0x31);
    put(24, 0x8080, _i & 1 ? 8 : 4);        /* behind the segment */
    ck_assert(read(&x, sizeof file));
    ck_assert(!x.has_entry);
}
END_TEST

START_TEST(bad_elf)
{
    struct elf e;
    struct exe x;
    bool wide = _i & 1;
    const struct { size_t at; uint64_t value; unsigned n; } injuries[] = {
        { wide ? 56 : 44, 129, 2 }, { wide ? 60 : 48, 2049, 2 }, { wide ? 32 : 28, ROOM + 1, wide ? 8 : 4 }, { wide ? 40 : 32, ROOM + 1, wide ? 8 : 4 },
        { wide ? 40 : 32, ROOM - 20, wide ? 8 : 4 }, { wide ? 32 : 28, ROOM - 10, wide ? 8 : 4 },
    };

    for (size_t i = 0; i < sizeof injuries / sizeof *injuries; i++) {
        e = make_elf(_i);
        put(injuries[i].at, injuries[i].value, injuries[i].n);
        ck_assert_msg(!read(&x, sizeof file), "injury %zu of form %d", i, _i);
    }
    e = make_elf(_i);
    for (size_t n = 0; n < e.head + 2 * e.ph_size + e.sh_size + e.sh_size / 2; n += 4)
        ck_assert_msg(!read(&x, n), "%zu bytes of form %d", n, _i);
}
END_TEST

START_TEST(elf_of_many_sections)
{
    struct exe x;

    make_elf(_i);
    put(_i & 1 ? 60 : 48, 200, 2);
    put(_i & 1 ? 58 : 46, 1, 2);            /* they overlap */
    ck_assert(read(&x, sizeof file));
    ck_assert_uint_eq(x.n, EXE_SECTIONS);
}
END_TEST

/* ---- Mach-O, the same forms ---- */

static size_t make_macho(int form, bool has_main)
{
    bool wide = form & 1;
    size_t at = wide ? 32 : 28, sect = wide ? 80 : 68, head = wide ? 72 : 56;

    start(form & 2);
    put(0, wide ? 0xfeedfacf : 0xfeedface, 4);
    put(16, 2, 4);
    put(at, wide ? 0x19 : 1, 4);
    put(at + 4, head + 2 * sect, 4);
    put(at + (wide ? 64 : 48), 2, 4);
    for (unsigned i = 0; i < 2; i++) {
        size_t s = at + head + i * sect;
        put(s + 32, 0x4000 + i, wide ? 8 : 4);
        put(s + (wide ? 40 : 36), 0x50 + i, wide ? 8 : 4);
        put(s + (wide ? 48 : 40), 0x300 + i, 4);
    }
    at += head + 2 * sect;
    put(at, has_main ? 0x80000028 : 2, 4);
    put(at + 4, 24, 4);
    put(at + 8, 0x345, 8);
    return at;
}

START_TEST(macho_entry_and_sections)
{
    struct exe x;

    make_macho(_i, true);
    ck_assert(read(&x, sizeof file));
    ck_assert(x.has_entry);
    ck_assert_uint_eq(x.entry, 0x345);
    ck_assert_uint_eq(x.n, 2);
    check_section(&x, 0, 0x300, 0x50, 0x4000, 0x50);
    check_section(&x, 1, 0x301, 0x51, 0x4001, 0x51);
    make_macho(_i, false);
    ck_assert(read(&x, sizeof file) && !x.has_entry && x.n == 2);
}
END_TEST

START_TEST(bad_macho)
{
    struct exe x;
    size_t at = make_macho(_i, true);

    for (size_t n = 0; n < at + 8; n += 4)
        ck_assert_msg(!read(&x, n), "%zu bytes of form %d", n, _i);
    put(at + 4, 7, 4);                      /* a command smaller than its own head */
    ck_assert(!read(&x, sizeof file));
    put(at + 4, 8, 4);
    put(16, UINT32_MAX, 4);                 /* commands without end, of 8 bytes each: only so many are read */
    for (size_t i = at; i + 8 <= ROOM; i += 8)
        put(i, 2, 4), put(i + 4, 8, 4);
    ck_assert(read(&x, sizeof file));
    make_macho(_i, true);
    put(_i & 1 ? 32 + 64 : 28 + 48, UINT32_MAX, 4);
    read(&x, sizeof file);
    ck_assert_uint_le(x.n, EXE_SECTIONS);
}
END_TEST

/* ---- version information: the keys of the strings ---- */

/* A block of: length, length of the value, kind, key, padding, what is inside. */
static size_t block(size_t at, const char *key, size_t value, const size_t *inside)
{
    size_t n = 6;

    for (; *key; key++, n += 2)
        put(at + n, (uint8_t)*key, 2);
    n = (n + 2 + 3) & ~(size_t)3;
    n += value + (inside ? *inside : 0);
    put(at, n, 2);
    put(at + 2, value, 2);
    return n;
}

/* Type 16, name 1, language 0; the data at 0x500 (address 0x1100). */
static void make_resources(void)
{
    size_t table, string, info;

    make_pe(0x1000, 512);
    put(PE_AT + 24, 0x10b, 2);
    put(PE_AT + 24 + 92, 16, 4);
    put(PE_AT + 24 + 96 + 16, 0x1000, 4);
    put(PE_AT + 24 + 96 + 20, 0x200, 4);
    for (unsigned i = 0; i < 3; i++) {
        size_t dir = 0x400 + 0x20 * i;
        put(dir + 14, 1, 2);
        put(dir + 16, i == 0 ? 16 : 1, 4);
        put(dir + 20, i < 2 ? 0x80000000 | (0x20 * (i + 1)) : 0x60, 4);
    }
    put(0x460, 0x1100, 4);
    put(0x464, 0x100, 4);
    string = block(0x500 + 92 + 36 + 24, "Name", 8, NULL);
    table = block(0x500 + 92 + 36, "040904b0", 0, &string);
    info = block(0x500 + 92, "StringFileInfo", 0, &table);
    put(0x500, 92 + info, 2);
    put(0x502, 52, 2);
    for (unsigned i = 0; "VS_VERSION_INFO"[i]; i++)
        put(0x506 + 2 * i, (uint8_t)"VS_VERSION_INFO"[i], 2);
    put(0x500 + 40, 0xfeef04bd, 4);
}

START_TEST(version_keys)
{
    struct exe x;

    make_resources();
    ck_assert(read(&x, sizeof file));
    exe_read_keys(&x, slice_of(file, sizeof file));
    ck_assert_uint_eq(x.n_keys, 1);
    ck_assert_uint_eq(x.keys[0], 0x500 + 92 + 36 + 24 + 6);
}
END_TEST

/* Every byte of the tree changed, and the file cut everywhere: it ends, and no key is outside the file. */
START_TEST(bad_version_keys)
{
    struct exe x;

    for (size_t at = 0x400; at < 0x5a0; at++)
        for (unsigned flip = 1; flip < 256; flip += 127) {
            make_resources();
            file[at] ^= (uint8_t)flip;
            ck_assert(read(&x, sizeof file));
            exe_read_keys(&x, slice_of(file, sizeof file));
            for (uint32_t i = 0; i < x.n_keys; i++)
                ck_assert_uint_lt(x.keys[i], sizeof file);
        }
    make_resources();
    for (size_t n = 0x180; n < 0x5a0; n++)
        if (read(&x, n)) {
            exe_read_keys(&x, slice_of(file, n));
            for (uint32_t i = 0; i < x.n_keys; i++)
                ck_assert_uint_lt(x.keys[i], n);
        }
    make_resources();
    put(0x414 + 0x20, 0x80000000, 4);       /* a directory that is inside itself */
    ck_assert(read(&x, sizeof file));
    exe_read_keys(&x, slice_of(file, sizeof file));
    ck_assert_uint_eq(x.n_keys, 0);
}
END_TEST

static const struct { const char *library; unsigned ordinal; const char *name; } ordinals[] = {
    { "ws2_32.dll", 1, "accept" }, { "WS2_32.DLL", 23, "socket" }, { "wsock32.dll", 115, "wsastartup" }, { "ws2_32.dll", 500, "wep" },
    { "ws2_32.dll", 0, "" }, { "ws2_32.dll", 100, "" }, { "ws2_32.dll", 501, "" }, { "ws2_32.dll", 65535, "" },
    { "oleaut32.dll", 2, "sysallocstring" }, { "OleAut32.dll", 443, "unregistertypelibforuser" }, { "oleaut32.dll", 1, "" },
    { "kernel32.dll", 1, "" }, { "ws2_32", 1, "" }, { "", 1, "" },
};

START_TEST(numbers_have_names)
{
    struct slice name = exe_ordinal_name(slice_str(ordinals[_i].library), ordinals[_i].ordinal);

    ck_assert_msg(slice_eq(name, slice_str(ordinals[_i].name)), "%s %u: %.*s", ordinals[_i].library, ordinals[_i].ordinal, (int)name.n, (const char *)name.p);
}
END_TEST

#define N(a) (int)(sizeof(a) / sizeof *(a))

int main(void)
{
    Suite *s = suite_create("exe");
    TCase *t = tcase_create("headers");
    SRunner *r;
    int failed;

    tcase_add_loop_test(t, pe_entry, 0, N(pe_entries));
    tcase_add_loop_test(t, bad_pe, 0, N(pe_injuries));
    tcase_add_test(t, pe_of_many_sections);
    tcase_add_loop_test(t, elf_entry_and_sections, 0, 4);
    tcase_add_loop_test(t, bad_elf, 0, 4);
    tcase_add_loop_test(t, elf_of_many_sections, 0, 4);
    tcase_add_loop_test(t, macho_entry_and_sections, 0, 4);
    tcase_add_loop_test(t, bad_macho, 0, 4);
    tcase_add_test(t, version_keys);
    tcase_add_test(t, bad_version_keys);
    tcase_add_loop_test(t, numbers_have_names, 0, N(ordinals));
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
