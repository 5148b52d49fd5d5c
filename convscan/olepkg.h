/*
 * olepkg.h - what OLE 1 wraps around an embedded file: Ole10Native streams, packages, the objects inside RTF.
 *
 *   Borrows   the bytes; nothing is copied.
 *   Fails     only as the emit does. Whatever does not look like it should is emitted as it is.
 *   Bounded   linear in the input; at most a handful of children.
 */
#ifndef CONVSCAN_OLEPKG_H
#define CONVSCAN_OLEPKG_H

#include "emit.h"

struct olepkg {
    struct slice label, path, command, data;
    bool is_short;              /* it claims more data than there are */
};

/* A package, from its type word on. False when this is none. */
bool olepkg_parse(struct slice in, struct olepkg *out);

/* The stream \1Ole10Native: a length, then a package or anything. */
enum cs_status olepkg_native(struct slice stream, struct emit *out) MUST_USE;

/* Whether the head of an OLE 1 object is there. */
bool olepkg_is_object(struct slice object);

/* An OLE 1 object as in RTF's \objdata: version, class, length, data. Real attacks break every field of it. */
enum cs_status olepkg_object(struct slice object, struct emit *out) MUST_USE;

#endif
