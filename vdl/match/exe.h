/*
 * exe.h - where an executable's entry point and sections stand in the file: PE, ELF, Mach-O; and the strings of a PE file's version information.
 *
 *   Borrows   the object.
 *   Fails     exe_read() gives false when the headers make no sense; every place relative to them then fails.
 *   Bounded   EXE_SECTIONS; EXE_KEYS, and 65,536 steps to find them.
 */
#ifndef VDL_MATCH_EXE_H
#define VDL_MATCH_EXE_H

#include "base/slice.h"

enum { EXE_SECTIONS = 96, EXE_KEYS = 256 };
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

#endif
