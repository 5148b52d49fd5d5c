/*
 * exe.h - where an executable's entry point and sections stand in the file: PE, ELF, Mach-O.
 *
 *   Borrows   the object.
 *   Fails     exe_read() gives false when the headers make no sense; every place relative to them then fails.
 *   Bounded   EXE_SECTIONS.
 */
#ifndef VDL_MATCH_EXE_H
#define VDL_MATCH_EXE_H

#include "base/slice.h"

enum { EXE_SECTIONS = 96 };
struct exe_section { uint64_t at, size, address, length; };
struct exe {
    bool is_valid, has_entry;
    uint64_t entry;                 /* file offset */
    uint32_t n;
    struct exe_section sections[EXE_SECTIONS];
};

bool exe_read(struct exe *x, struct slice file);

#endif
