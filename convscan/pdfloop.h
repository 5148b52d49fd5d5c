/*
 * pdfloop.h - what in a PDF file leads back to itself, where a program that shows the file follows it.
 *
 *   Borrows   what is handed over, during the call.
 *   Owns      its tables, until pdf_loops_release().
 *   Fails     with CS_NOMEM.
 *   Bounded   by PDF_LOOP_RECORDS objects and as many references; what comes behind them is not followed.
 *
 * Of objects that are defined several times the last one counts, as where a file was changed by adding to it.
 */
#ifndef CONVSCAN_PDFLOOP_H
#define CONVSCAN_PDFLOOP_H

#include "pdfobj.h"

enum { PDF_LOOP_RECORDS = 262144, PDF_LOOP_TABLES = 1024, PDF_LOOP_PAGES = 1000000 };

struct pdf_loops {
    struct buf objects, links;
    bool is_own_stream;          /* an object stream holds itself */
};

struct pdf_loops pdf_loops_init(void);
void pdf_loops_release(struct pdf_loops *l);

/* An object with its number (0: it has none). */
enum cs_status pdf_loops_object(struct pdf_loops *l, uint64_t number, const struct pdf_dict *d) MUST_USE;
/* The same for all objects in an object stream, which is unpacked. */
enum cs_status pdf_loops_stream(struct pdf_loops *l, uint64_t number, const struct pdf_dict *d, struct slice text) MUST_USE;
/* A cross-reference stream, unpacked. */
enum cs_status pdf_loops_table(struct pdf_loops *l, const struct pdf_dict *d, struct slice table) MUST_USE;

/* At the end: *name is a constant that names a loop of the file, or NULL. */
enum cs_status pdf_loops_find(struct pdf_loops *l, struct slice file, const char **name) MUST_USE;

#endif
