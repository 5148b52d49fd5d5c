/*
 * regexcheck.h - does a regular expression compile? Asked before it comes into an image: the matching half compiles it when it is needed, and takes a
 * failure for a damaged image.
 *
 *   Borrows   the pattern.
 *   Fails     false with a reason: what PCRE2 says, and at which byte.
 *   Threads   no state.
 */
#ifndef VDL_COMPILE_REGEXCHECK_H
#define VDL_COMPILE_REGEXCHECK_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/status.h"

enum { REGEX_WHY = 80 };

/* flags: VR_*. */
bool vdl_regex_check(struct slice pattern, unsigned flags, char why[REGEX_WHY]) MUST_USE;

#endif
