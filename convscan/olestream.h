/*
 * olestream.h - what Office and Outlook hide inside single streams of a compound file.
 *
 *   Borrows   the stream during the call.
 *   Fails     as the emit does; CS_NOMEM.
 *   Bounded   linear in the stream.
 */
#ifndef CONVSCAN_OLESTREAM_H
#define CONVSCAN_OLESTREAM_H

#include "emit.h"

/* Excel's Workbook or Book: encryption, macro sheets, the theme's zip, a view of the strings in cells and formulas. */
enum cs_status olestream_workbook(struct slice path, struct slice stream, struct emit *out) MUST_USE;

/* PowerPoint Document: embedded objects and VBA projects, packed or not. */
enum cs_status olestream_powerpoint(struct slice path, struct slice stream, struct emit *out) MUST_USE;
enum cs_status olestream_current_user(struct slice path, struct slice stream, struct emit *out) MUST_USE;

enum cs_status olestream_word(struct slice path, struct slice stream, struct emit *out) MUST_USE;

#endif
