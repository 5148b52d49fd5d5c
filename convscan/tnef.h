/*
 * tnef.h - decoder of Outlook's winmail.dat.
 *
 *   Borrows   the object; attachments are slices of it.
 *   Fails     as the emit does; CS_NOMEM. Damage is noted; what came before it, and the piece it cut short, are emitted.
 *   Bounded   linear in the object.
 *
 * Attachments are members under their long names, bodies are members (RTF, HTML) or views (text).
 */
#ifndef CONVSCAN_TNEF_H
#define CONVSCAN_TNEF_H

#include "emit.h"

bool tnef_is(struct slice head);
enum cs_status tnef_decode(struct slice object, struct emit *out) MUST_USE;

#endif
