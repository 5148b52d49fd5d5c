/*
 * pdfobj.h - one object of a PDF file: what its dictionaries say that a scanner wants to know.
 *
 *   Borrows   the bytes and the hooks.
 *   Fails     with the hooks' status.
 *   Bounded   nesting by PDF_DEPTH (deeper dictionaries are passed over), time by the length of the object.
 */
#ifndef CONVSCAN_PDFOBJ_H
#define CONVSCAN_PDFOBJ_H

#include "pdflex.h"

enum { PDF_DEPTH = 48 };

/* Values of the outermost dictionary, as they stand. */
struct pdf_dict {
    struct slice type, filter, parms, length;
    struct slice kids, parent, extends, first, count, widths, index, prev, next;
    struct slice list;           /* the object itself, when it is a list and no dictionary */
};

/* NULL where nobody wants to know. */
struct pdf_hooks {
    void *to;
    /* /JS with its source as a string. */
    enum cs_status (*script)(void *to, const struct pdf_token *source);
    /* /JS with the number of the stream that holds it. */
    enum cs_status (*script_at)(void *to, uint64_t number);
    /* A file specification: a name (PDF_END when it has none), the best first, and the number of the object that holds the file. */
    enum cs_status (*file)(void *to, const struct pdf_token *name, uint64_t number);
};

struct pdf_object {
    struct pdf_dict dict;
    size_t end;                  /* where reading ended */
    bool has_stream;             /* the data begins at end */
};

/* Read what follows "obj" at this place of in, up to "endobj" or "stream". */
enum cs_status pdf_object_read(struct slice in, size_t at, const struct pdf_hooks *hooks, struct pdf_object *o) MUST_USE;

#endif
