/*
 * clause.h - the words of a conversions file: NAME=VALUE; clauses, grouped to entries.
 *
 *   Borrows   the text, until the reader is done with.
 *   Owns      the line being read, until clause_reader_release(). A clause lasts until the next call.
 *   Fails     CS_NOMEM, CS_TOOBIG. Bad syntax is a complaint with a line number; reading goes on behind it.
 *   Bounded   CLAUSE_LINE bytes a logical line.
 *   Threads   one reader, one thread.
 *
 * A value comes in two forms: as written (the escapes \' and \\ still there, for the substitution of 'SYMBOL')
 * and plain (all escapes resolved, for comparing).
 */
#ifndef IMTA_CLAUSE_H
#define IMTA_CLAUSE_H

#include "base/buf.h"
#include "complaint.h"

enum { CLAUSE_LINE = 1 << 20, CLAUSE_COLUMNS = 252 };

struct clause {
    unsigned line;
    struct slice name;          /* as written, without the number behind the last hyphen */
    bool has_index;
    unsigned index;
    struct slice written, plain;
    bool ends_entry;            /* nothing follows in this entry */
};

struct clause_reader {
    struct complaints *c;
    struct slice left;
    unsigned line, started;
    struct buf joined, written, plain;
    struct slice rest;          /* of the logical line */
    bool in_entry;
};

void clause_reader_init(struct clause_reader *r, struct slice text, struct complaints *c);
void clause_reader_release(struct clause_reader *r);

enum clause_event { CLAUSE_END, CLAUSE_ONE, CLAUSE_GAP };   /* GAP: the entry is over */
enum cs_status clause_next(struct clause_reader *r, struct clause *out, enum clause_event *event) MUST_USE;

#endif
