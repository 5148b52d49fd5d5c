/*
 * relabel.h - the header of a processed part: what stays, what the entry and the command say instead.
 *
 *   Borrows   everything in struct relabel, for the length of the call.
 *   Fails     CS_NOMEM, CS_TOOBIG.
 *   Bounded   RELABEL_HEADER bytes of OUTPUT_HEADERS, RELABEL_LINE bytes a value.
 *
 * Order: out-* clauses, before them nothing but the copied parameters; a header file of the command instead of both;
 * OUTPUT_TYPE and its family over all. Whatever comes from outside is stripped of control characters.
 */
#ifndef IMTA_RELABEL_H
#define IMTA_RELABEL_H

#include "answer.h"
#include "conversions.h"
#include "symbols.h"

enum { RELABEL_HEADER = 1 << 20, RELABEL_LINE = 1 << 16 };

struct relabel {
    const struct conversion *entry;
    const struct mime_part *part;
    const struct symbols *symbols;
    const struct mappings *maps;
    const struct answer *answer;
    bool is_message;                    /* the part's header is a message's: only MIME fields may change */
    bool has_file;
    struct slice file;                  /* OUTPUT_HEADERS */
    bool is_new_body;
    const char *encoding;               /* of a new body; "" for none */
    const char *eol;
};

/* Is anything asked for beyond what the part already says? file_before is what the command got as INPUT_HEADERS. */
bool relabel_is_asked(const struct relabel *r, struct slice file_before);

/* The value of OUTPUT_x, else of the out-* clause expanded, else empty. */
enum cs_status relabel_wish(const struct relabel *r, struct slice from_answer, enum clause_id id, struct buf *out) MUST_USE;

/* Will the new label be text/…? A label that is not written at all is taken for the part's own. */
enum cs_status relabel_is_text(const struct relabel *r, bool *is_text) MUST_USE;

/* The new header with its empty line. */
enum cs_status relabel_header(const struct relabel *r, struct buf *out) MUST_USE;

/* The MIME fields of a header: what INPUT_HEADERS of a message's own body holds. */
enum cs_status relabel_mime_fields(struct slice header, struct buf *out) MUST_USE;

#endif
