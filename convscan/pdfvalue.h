/*
 * pdfvalue.h - values of a PDF dictionary that stand in an object of their own: "/Filter 9 0 R".
 *
 *   Borrows   the file, until pdf_values_release().
 *   Owns      a list of the file's objects, made when first asked for.
 *   Fails     with CS_NOMEM. What cannot be found stays a reference.
 *   Bounded   PDF_VALUES objects; a value by PDF_VALUE_MAX, references in references by PDF_VALUE_DEPTH.
 */
#ifndef CONVSCAN_PDFVALUE_H
#define CONVSCAN_PDFVALUE_H

#include "base/buf.h"
#include "base/slice.h"

enum { PDF_VALUES = 65536, PDF_VALUE_MAX = 16384, PDF_VALUE_DEPTH = 3 };

struct pdf_value {
    uint64_t number;
    size_t at;                   /* behind "obj" */
};

struct pdf_values {
    struct slice all;
    struct pdf_value *list;
    size_t n, room;
    bool is_read;
};

struct pdf_values pdf_values_of(struct slice all);
void pdf_values_release(struct pdf_values *v);

/* *value with what it refers to in place of the references; out holds it then. */
enum cs_status pdf_values_resolve(struct pdf_values *v, struct slice *value, struct buf *out) MUST_USE;

/* The number in "N G obj", where "obj" stands at this place. */
bool pdf_number_before(struct slice all, size_t at, uint64_t *number);

#endif
