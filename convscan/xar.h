/*
 * xar.h - XAR archives (macOS packages): a table of contents in XML, and a heap.
 *
 *   Bounded   the table of contents by XAR_TOC; data read by a multiple of the object; output by emit.
 */
#ifndef CONVSCAN_XAR_H
#define CONVSCAN_XAR_H

#include "emit.h"

enum { XAR_TOC = 16 << 20 };

enum cs_status xar_decode(struct slice object, struct emit *out) MUST_USE;

#endif
