#include "pdfwalk.h"

enum { BLANKS = 64 };

/* Where the data of a stream begins: behind the end of the line that says "stream", blanks at its end or not. */
static size_t data_start(struct slice all, size_t at)
{
    size_t blanks = 0;

    while (blanks < BLANKS && at + blanks < all.n && (all.p[at + blanks] == ' ' || all.p[at + blanks] == '\t'))
        blanks++;
    if (blanks && at + blanks < all.n && (all.p[at + blanks] == '\r' || all.p[at + blanks] == '\n'))
        at += blanks;
    if (at < all.n && all.p[at] == '\r')
        at++;
    if (at < all.n && all.p[at] == '\n')
        at++;
    return at;
}

/* /Length when "endstream" follows there, else all up to the next "endstream". */
struct slice pdf_walk_data(struct pdf_walk *w, const struct pdf_object *o)
{
    size_t at = data_start(w->all, o->end), n = pdf_number(o->dict.length);
    struct slice data = slice_drop(w->all, at), tail = slice_trim(slice_sub(data, n, 16));

    if (slice_trim(o->dict.length).n && data.n >= n && slice_starts(tail, SLICE("endstream")) &&
        slice_chr(o->dict.length, 'R') == o->dict.length.n)
        return slice_take(data, n);
    n = slice_find(data, SLICE("endstream"));
    pdf_walk_spend(w, n);
    if (n < data.n && n && data.p[n - 1] == '\n')
        n--;
    if (n < data.n && n && data.p[n - 1] == '\r')
        n--;
    return slice_take(data, n);
}

/* The numbers in "N G obj", 0 when there are none. */
static void read_numbers(struct pdf_walk *w, size_t at)
{
    uint64_t v[2] = { 0, 0 };

    for (int field = 0; field < 2; field++) {
        size_t end;
        while (at && pdf_is_space(w->all.p[at - 1]))
            at--;
        for (end = at; at && end - at < 10 && ascii_is_digit(w->all.p[at - 1]);)
            at--;
        v[field] = pdf_number(slice_sub(w->all, at, end - at));
    }
    w->number = v[1];
    w->generation = v[0];
}

struct pdf_walk pdf_walk_over(struct slice all)
{
    return (struct pdf_walk){ .all = all, .work = (uint64_t)all.n * 8 + (1 << 20) };
}

enum cs_status pdf_walk_next(struct pdf_walk *w, const struct pdf_hooks *hooks, struct pdf_object *o, bool *is_end)
{
    size_t found;
    enum cs_status st;

    *is_end = true;
    do {                                        /* not those of "endobj" */
        found = w->at + slice_find(slice_drop(w->all, w->at), SLICE("obj"));
        w->at = found + 3;
    } while (found < w->all.n && found && ascii_is_alpha(w->all.p[found - 1]));
    w->is_spent = w->work == 0;
    if (found >= w->all.n || w->is_spent)
        return CS_OK;
    read_numbers(w, found);
    st = pdf_object_read(w->all, w->at, hooks, o);
    pdf_walk_spend(w, o->end - w->at);
    *is_end = false;
    return st;
}

bool pdf_is_type(const struct pdf_object *o, const char *word)
{
    return pdf_name_is(slice_drop(slice_trim(o->dict.type), 1), word);
}
