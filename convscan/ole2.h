/*
 * ole2.h - decoder of compound files: Office documents, Outlook messages, Windows Installer, VBA projects.
 *
 *   Borrows   the object.
 *   Fails     as the emit does; CS_NOMEM. Damage is noted and what can be read is emitted.
 *   Bounded   see cfb.h; past that EMIT_LIMITED is noted.
 *
 * Every stream is a member under its path. Besides: embedded packages, sources of macros, attachments under their own names.
 */
#ifndef CONVSCAN_OLE2_H
#define CONVSCAN_OLE2_H

#include "emit.h"

bool ole2_is(struct slice head);
enum cs_status ole2_decode(struct slice object, struct emit *out) MUST_USE;

/* "MSI" for a Windows Installer file, else NULL. */
const char *ole2_type(struct slice object);

#endif
