/*
 * html.h - web pages as browsers read them: three normalised views, the scripts, and the files that they carry.
 *
 *   Bounded   memory by a few times the page, at most HTML_MAX a view (EMIT_LIMITED beyond); time linear.
 */
#ifndef CONVSCAN_HTML_H
#define CONVSCAN_HTML_H

#include "emit.h"

enum { HTML_MAX = 32 << 20 };

enum cs_status html_decode(struct slice object, struct emit *out) MUST_USE;

#endif
