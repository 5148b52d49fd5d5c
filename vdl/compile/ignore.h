/*
 * ignore.h - names that must not be loaded (.ign2), some of them only while their database line is unchanged.
 *
 *   Owns      its table, from ignore_new() to ignore_free().
 *   Fails     CS_NOMEM.
 *   Bounded   by the sources.
 *   Threads   one.
 */
#ifndef VDL_COMPILE_IGNORE_H
#define VDL_COMPILE_IGNORE_H

#include "base/slice.h"
#include "base/status.h"

struct ignore;
struct ignore *ignore_new(void);
void ignore_free(struct ignore *g);
/* digest: MD5 of the whole database line in 32 hexadecimal digits, or empty: whatever the line. */
enum cs_status ignore_add(struct ignore *g, struct slice name, struct slice digest) MUST_USE;
bool ignore_has(const struct ignore *g, struct slice name, struct slice line);

#endif
