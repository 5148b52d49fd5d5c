/*
 * vba.h - the source text of Visual Basic projects: MS-OVBA compression and the module list.
 *
 *   Borrows   streams during a call.
 *   Owns      struct vba_project its module list and the names in it, until vba_close().
 *   Fails     CS_NOMEM, or as the emit does. Damage gives what was read before it.
 *   Bounded   an unpacked stream by VBA_MOST bytes, modules by VBA_MODULES; work linear in the stream.
 */
#ifndef CONVSCAN_VBA_H
#define CONVSCAN_VBA_H

#include "base/buf.h"
#include "emit.h"

enum { VBA_MOST = 16 << 20, VBA_MODULES = 4096, VBA_SOURCES = 16 };

struct vba_module {
    struct slice name;          /* of its stream, UTF-16LE, or in the project's code page */
    bool is_utf16;
    uint32_t offset;            /* of the packed source in the stream */
};

struct vba_project {
    struct vba_module *modules;
    size_t n_modules;
    struct buf text;            /* the unpacked dir stream */
};

/* One packed container; *is_whole tells whether it ended as it should. */
enum cs_status vba_unpack(struct slice in, struct buf *out, bool *is_whole) MUST_USE;

/* dir: the project's dir stream, packed. */
enum cs_status vba_open(struct vba_project *p, struct slice dir) MUST_USE;
void vba_close(struct vba_project *p);

/* Where packed sources begin in a stream; the first one is the one the module list names, if it does. */
struct vba_sources {
    size_t at[VBA_SOURCES];
    size_t n;
};

/*
 * p may be NULL: then, and where its offset leads nowhere, the packed text is searched for. in_project: the stream stands beside
 * a dir stream, so search harder.
 */
enum cs_status vba_find(const struct vba_project *p, bool in_project, struct slice utf16_name, struct slice stream,
                        struct vba_sources *out) MUST_USE;

/* Emit them as views under the given name; *n_views tells how many there were. */
enum cs_status vba_emit(const struct vba_sources *s, struct slice path, struct slice stream, struct emit *out,
                        size_t *n_views) MUST_USE;

#endif
