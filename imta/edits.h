/*
 * edits.h - what has to be done to one header so that it becomes another: the steps that a mail filter may ask a server for.
 *
 *   Borrows   both headers; names and values given to the caller point into them, their line ends included.
 *   Fails     CS_TOOBIG beyond EDITS_FIELDS fields, CS_NOMEM, or what the caller's function gave back; CS_INVALID when a line of the
 *             new header is no field, as no step can bring that about.
 *   Threads   no state.
 *
 * Fields of one name are compared in their order. Every number is right when it is its turn: of each name first the changes, then the
 * removals from its last; the additions come when all that is done, in their order, and go to the end of the header.
 */
#ifndef IMTA_EDITS_H
#define IMTA_EDITS_H

#include "base/slice.h"
#include "base/status.h"

enum { EDITS_FIELDS = 100000 };

enum edit_kind { EDIT_CHANGE, EDIT_REMOVE, EDIT_ADD };

struct edit {
    enum edit_kind kind;
    struct slice name;
    unsigned number;            /* 1 for the first field of this name */
    struct slice value;         /* all behind the colon but the last line end; of EDIT_REMOVE nothing */
};

typedef enum cs_status edit_step(void *ctx, const struct edit *e);

enum cs_status edits_make(struct slice before, struct slice after, edit_step *step, void *ctx) MUST_USE;

/* Fields in this header, lines that are none included. */
unsigned edits_count(struct slice header);

#endif
