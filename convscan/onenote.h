/*
 * onenote.h - decoder of OneNote sections: embedded files.
 *
 *   Borrows   the object; embedded files are slices of it.
 *   Fails     as the emit does.
 *   Bounded   linear in the object: lengths that lie may make files overlap up to ONENOTE_OVERLAP times it, then EMIT_LIMITED.
 *
 * Files are found by the mark in front of each, not through the tables, so revisions and damage do not hide one. A file's ending
 * is found where its reference stands; its whole name is in a page's properties and stays unknown.
 */
#ifndef CONVSCAN_ONENOTE_H
#define CONVSCAN_ONENOTE_H

#include "emit.h"

enum { ONENOTE_OVERLAP = 4 };

bool onenote_is(struct slice head);
enum cs_status onenote_decode(struct slice object, struct emit *out) MUST_USE;

#endif
