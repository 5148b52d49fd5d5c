/*
 * xmlblob.h - files in base64 between the tags of XML: signed and wrapped data, all but Word's own (flatxml.h).
 *
 *   Bounded   as blob.h; time linear.
 */
#ifndef CONVSCAN_XMLBLOB_H
#define CONVSCAN_XMLBLOB_H

#include "emit.h"

enum cs_status xmlblob_decode(struct slice object, struct emit *out) MUST_USE;

#endif
