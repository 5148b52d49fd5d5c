/*
 * swf.h - Flash: the compressed body, and the files that DefineBinaryData tags hold.
 *
 *   Bounded   by the object; output by emit.
 */
#ifndef CONVSCAN_SWF_H
#define CONVSCAN_SWF_H

#include "emit.h"

enum cs_status swf_decode(struct slice object, struct emit *out) MUST_USE;

#endif
