/*
 * zip.h - zip files, read so that whatever any unpacker would get out is emitted.
 *
 * Unpackers differ: some believe the central directory, some the local headers, some the last end record, some the first.
 * Here every directory that an end record points to is walked, every local header outside other members' data is taken too, and
 * where two headers disagree about a member, each reading is emitted.
 *
 *   Bounded   entries by ZIP_ENTRIES; packed bytes read by a multiple of the object (members may overlap); output by emit.
 */
#ifndef CONVSCAN_ZIP_H
#define CONVSCAN_ZIP_H

#include "emit.h"

enum { ZIP_ENTRIES = 200000 };

/* Starts like a zip file. */
bool zip_is(struct slice head);

/* Ends like one, whatever it starts with: self-extractors, and zips hidden behind pictures. */
bool zip_is_behind(struct slice object);

/* And ends with the last byte of it. */
bool zip_is_at_end(struct slice object);

enum cs_status zip_decode(struct slice object, struct emit *out) MUST_USE;

#endif
