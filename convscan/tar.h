/*
 * tar.h - headers of tar, and archives as GNU tar reads what others refuse: it passes over a zero byte in front of a number, and goes on at the
 * next header behind damage (found by trying it, GNU tar 1.34).
 *
 *   Borrows   the object.
 *   Fails     as the emit does.
 *   Bounded   linear; a member for each header.
 */
#ifndef CONVSCAN_TAR_H
#define CONVSCAN_TAR_H

#include "emit.h"

enum { TAR_BLOCK = 512 };

/* A header with its sum right, of signed bytes or of unsigned ones; any reader's. */
bool tar_is_header(struct slice s);

/* Where the first header stands at a whole block from at on, before end; s.n: nowhere. */
size_t tar_next(struct slice s, size_t at, size_t end);

/* Gives what libarchive left: members with numbers that it refuses, and everything behind the bytes that it read. */
enum cs_status tar_again(struct slice object, uint64_t read, struct emit *out) MUST_USE;

/* Everything from a header on, to be read as an archive of its own. */
enum cs_status tar_give(struct slice object, size_t at, struct emit *out) MUST_USE;

#endif
