/*
 * exe.h - where an executable's entry point and sections stand in the file: PE, ELF, Mach-O; the strings of a PE file's version information, and its
 * imports.
 *
 *   Borrows   the object.
 *   Fails     exe_read() gives false when the headers make no sense; every place relative to them then fails.
 *   Bounded   EXE_SECTIONS; EXE_KEYS, and 65,536 steps to find them; imports by the ceiling of the buffer, EXE_IMPORTS being enough.
 */
#ifndef VDL_MATCH_EXE_H
#define VDL_MATCH_EXE_H

#include "base/buf.h"

enum { EXE_SECTIONS = 96, EXE_KEYS = 256, EXE_IMPORTS = 1 << 20 };
struct exe_section { uint64_t at, size, address, length; };
struct exe {
    bool is_valid, has_entry;
    uint64_t entry;                 /* file offset */
    uint32_t n;
    struct exe_section sections[EXE_SECTIONS];
    bool has_keys;                  /* exe_read_keys() was here */
    uint32_t n_keys;
    uint64_t keys[EXE_KEYS];        /* file offsets of the keys of version information */
};

bool exe_read(struct exe *x, struct slice file);
/* version.c: fill keys; after exe_read(). */
void exe_read_keys(struct exe *x, struct slice file);
/* imports.c: "library.function,…", what hashes of import tables are made of; after exe_read(). CS_NOENT: there is none, or its text would be larger
   than the buffer may be; CS_NOMEM. */
enum cs_status exe_imports(const struct exe *x, struct slice file, struct buf *out) MUST_USE;
/* ordinals.c: the name of a function that a library gives by its number, empty when none is known. */
struct slice exe_ordinal_name(struct slice library, unsigned ordinal);
/* The directory of that number of a PE file: its place in memory, and its size. */
bool exe_directory(const struct exe *x, struct slice file, unsigned number, uint64_t *address, uint64_t *size);
/* n bytes, little-endian; bytes that are not there make it 0. */
uint64_t exe_get(struct slice file, uint64_t at, unsigned n);

#endif
