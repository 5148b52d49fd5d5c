/*
 * script.h - scripts: what their strings say when they are put together, and the files that they carry.
 *
 * No language is parsed; strings with their escapes, joined by + and &, calls that make characters from numbers, and lists of
 * numbers look alike in JavaScript, VBScript and PowerShell.
 *
 *   Bounded   time linear in the script; strings by BLOB_MAX; output by emit.
 */
#ifndef CONVSCAN_SCRIPT_H
#define CONVSCAN_SCRIPT_H

#include "emit.h"

/* A script as an object of its own, encoded perhaps. */
enum cs_status script_decode(struct slice object, struct emit *out) MUST_USE;

struct blobs;

/* The strings of a script that is part of something else. */
enum cs_status script_strings(struct slice source, struct blobs *blobs) MUST_USE;

#endif
