/*
 * mappings.h - the mappings file: tables of patterns and templates.
 *
 *   Borrows   text and file name while parsing. Nothing afterwards.
 *   Owns      copies of all it needs, until mappings_free().
 *   Fails     mappings_parse(): CS_INVALID after complaints with line numbers, CS_NOMEM, CS_TOOBIG.
 *             mappings_probe(): CS_NOMEM, CS_TOOBIG; CS_LIMIT when a table runs in circles.
 *   Bounded   MAPPINGS_MAX bytes of file; MAPPINGS_STEPS entries tried in one probe (a long text counts once more for each 256 bytes);
 *             MAPPINGS_RESULT bytes of result.
 *   Threads   read-only after parsing.
 */
#ifndef IMTA_MAPPINGS_H
#define IMTA_MAPPINGS_H

#include "base/buf.h"
#include "complaint.h"

enum { MAPPINGS_MAX = 4 << 20, MAPPINGS_STEPS = 10000, MAPPINGS_RESULT = 4096, MAPPINGS_DEPTH = 8 };

struct mappings;

enum cs_status mappings_parse(struct slice text, struct complaints *c, struct mappings **out) MUST_USE;
void mappings_free(struct mappings *m);

struct mapping_answer {
    bool is_match;
    bool flags[128];            /* $Y, $N, $T … by capital letter */
    unsigned line;              /* of the last entry that matched */
    uint8_t text[MAPPINGS_RESULT];
    size_t n;
};

/* Runs text through a table. A table that is not there matches nothing. m may be NULL. */
enum cs_status mappings_probe(const struct mappings *m, struct slice table, struct slice text,
                              struct mapping_answer *out) MUST_USE;

/* What the CONVERSIONS table says for a message on its way. */
struct conversions_answer {
    bool is_diverted, is_preprocessed;
    uint8_t channel[64];        /* of Channel=; n is 0 for the usual one */
    size_t n_channel;
    unsigned line;              /* 0 when nothing matched */
};
/* is_tagged puts "TAG=<tags>;" before CONVERT. Without a CONVERSIONS table nothing is diverted; m == NULL diverts all. */
enum cs_status mappings_divert(const struct mappings *m, struct slice in_chan, struct slice out_chan, bool is_tagged,
                               struct slice tags, struct conversions_answer *out) MUST_USE;

/* Pitfalls of section "mappings" that are no errors: long lines, blanks in CONVERSIONS templates, unknown keywords. */
void mappings_lint(const struct mappings *m, struct complaints *c);

#endif
