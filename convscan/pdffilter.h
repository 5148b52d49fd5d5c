/*
 * pdffilter.h - the filters of PDF streams, alone and in chains.
 *
 *   Borrows   the input and the dictionary's values.
 *   Fails     with put()'s status and CS_NOMEM. Damage is no failure: what came out before it has been put.
 *   Bounded   chains by PDF_FILTERS, what lies between two filters by PDF_BETWEEN; the last filter's output by put().
 */
#ifndef CONVSCAN_PDFFILTER_H
#define CONVSCAN_PDFFILTER_H

#include "inflate.h"

enum { PDF_FILTERS = 8, PDF_BETWEEN = 32 << 20 };

struct pdf_chain {
    struct slice filter, parms;  /* the values of /Filter and /DecodeParms, as they stand */
};

struct pdf_filtered {
    bool is_damaged, is_limited;
    bool is_unknown;             /* a filter that nobody here knows was left out */
    bool is_picture;             /* the last filters are for pictures and were left alone */
    size_t n_applied;
};

enum cs_status pdf_filter(const struct pdf_chain *c, struct slice in, inflate_put *put, void *to,
                          struct pdf_filtered *res) MUST_USE;

/* Has the chain a filter /Crypt? *name: of what it is encrypted with, empty where it does not say. */
bool pdf_filter_crypt(const struct pdf_chain *c, struct slice *name);

#endif
