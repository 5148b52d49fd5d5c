/*
 * pdfwalk.h - every object of a PDF file in turn, wherever "obj" stands, and the data of its stream.
 *
 *   Borrows   the file and the hooks.
 *   Fails     with the hooks' status.
 *   Bounded   by work: objects may seem to hold one another, but only so many bytes are looked at; then is_spent is set.
 */
#ifndef CONVSCAN_PDFWALK_H
#define CONVSCAN_PDFWALK_H

#include "pdfobj.h"

struct pdf_walk {
    struct slice all;
    size_t at;
    uint64_t work;
    uint64_t number, generation; /* of the object at hand; 0 when it does not tell */
    bool is_spent;
};

struct pdf_walk pdf_walk_over(struct slice all);

/* *is_end when there is no further object. */
enum cs_status pdf_walk_next(struct pdf_walk *w, const struct pdf_hooks *hooks, struct pdf_object *o, bool *is_end) MUST_USE;

/* What stands between "stream" and "endstream". */
struct slice pdf_walk_data(struct pdf_walk *w, const struct pdf_object *o);

/* Is the object's /Type this word? */
bool pdf_is_type(const struct pdf_object *o, const char *word);

static inline void pdf_walk_spend(struct pdf_walk *w, uint64_t n)
{
    w->work -= n < w->work ? n : w->work;
}

#endif
