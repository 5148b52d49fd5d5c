/*
 * udf.h - decoder of UDF disk images, as Windows mounts them: alone, or beside an ISO 9660 tree that may show less.
 *
 *   Borrows   the object.
 *   Fails     as the emit does; CS_NOMEM.
 *   Bounded   linear in the object but for what the emit takes; UDF_NAMES names, UDF_EXTENTS extents a file.
 *
 * File entries are found by looking at every block, not through the tree, so neither a broken tree nor a deleted name hides a
 * file. Names come from whatever directories there are.
 */
#ifndef CONVSCAN_UDF_H
#define CONVSCAN_UDF_H

#include "emit.h"

enum { UDF_NAMES = 65536, UDF_EXTENTS = 4096 };

/* Looks at the volume recognition area in the first 64 KB. */
bool udf_is(struct slice object);
enum cs_status udf_decode(struct slice object, struct emit *out) MUST_USE;

#endif
