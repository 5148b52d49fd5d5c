/*
 * normtext.h - text as signatures for normalised text want it: lower case, runs of white space as one blank, no control characters.
 *
 *   Bounded   memory by a piece of some KB; time linear.
 */
#ifndef CONVSCAN_NORMTEXT_H
#define CONVSCAN_NORMTEXT_H

#include "emit.h"

/* The view "normalised-text" of some text. */
enum cs_status normtext_emit(struct slice text, struct emit *out) MUST_USE;

/* The same as a decoder for the formats table. */
enum cs_status normtext_decode(struct slice object, struct emit *out) MUST_USE;

#endif
