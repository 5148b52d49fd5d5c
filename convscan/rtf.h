/*
 * rtf.h - decoder of rich text: embedded objects and pictures as members, the text as a view, HTML that Outlook has packed in.
 *
 *   Borrows   the object.
 *   Fails     as the emit does; CS_NOMEM.
 *   Bounded   linear in the object; memory by its size.
 *
 * Word forgives nearly everything in \objdata, and attackers know how. Where readers differ (digits in nested groups, \'hh
 * between digits, a stray digit in front), every reading is emitted.
 */
#ifndef CONVSCAN_RTF_H
#define CONVSCAN_RTF_H

#include "emit.h"

bool rtf_is(struct slice head);
enum cs_status rtf_decode(struct slice object, struct emit *out) MUST_USE;

#endif
