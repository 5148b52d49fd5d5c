/*
 * param.h - Content-* values: a token and parameters, in all the ways that programs read them.
 *
 *   Borrows   the value, as it stands in the message with its folding.
 *   Owns      nothing; what is made lives in the arena.
 *   Fails     CS_NOMEM when the arena is full.
 *   Bounded   PARAM_MAX distinct parameters are listed and PARAM_SECTIONS sections joined; readings see every one.
 *   Threads   any.
 */
#ifndef MIME_PARAM_H
#define MIME_PARAM_H

#include "base/arena.h"
#include "mime.h"

enum { PARAM_MAX = 256, PARAM_SECTIONS = 256 };

enum piece_quote { QUOTE_NONE, QUOTE_WHOLE, QUOTE_OPEN };

/* One "name*section*=value" as it stands. */
struct mime_piece {
    const struct mime_piece *next;
    struct slice name;          /* lower case */
    int section;                /* -1: none */
    bool is_extended;           /* a '*' before the '=' */
    enum piece_quote quote;
    struct slice raw;           /* without its quotes */
    struct slice whole;         /* up to the ';', with its quotes */
    struct slice longer;        /* without quotes: and on to the last ';' before something with '=' in it */
};

/* Different readings of one thing, the likeliest first, none twice. */
struct readings {
    struct slice *list;
    size_t n, max;
};
void readings_add(struct readings *r, struct slice s);

/* With is_last, of two parameters of one name the second is believed. */
enum cs_status param_parse(struct slice value, bool is_last, struct arena *a, struct mime_value *out) MUST_USE;

/*
 * Readings of a parameter that is a file name: RFC 2231 forms before the plain one, encoded words decoded. The likely ones
 * are what programs show; the odd ones are all others.
 */
enum cs_status param_names(const struct mime_value *v, const char *name, struct arena *a, struct readings *out) MUST_USE;
enum cs_status param_odd_names(const struct mime_value *v, const char *name, struct arena *a, struct readings *out) MUST_USE;
/* Every reading of a boundary: the plain form before RFC 2231. */
enum cs_status param_boundaries(const struct mime_value *v, struct arena *a, struct readings *out) MUST_USE;

/* Is there a parameter of this name twice, with different values? */
bool param_is_doubled(const struct mime_value *v, const char *name);

/* Comments gone, white space at the ends gone, lower case. */
struct slice param_token(struct slice value, struct arena *a);

#endif
