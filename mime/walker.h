/*
 * walker.h - what the files of the walker share: walk.c (the steps), frame.c (headers), delim.c (boundaries), habit.c.
 *
 *   Borrows   the message. Frames and the texts of parts live in the walker's arena.
 *   Fails     as each function says.
 *   Bounded   by struct mime_limits.
 */
#ifndef MIME_WALKER_H
#define MIME_WALKER_H

#include "bounds.h"
#include "field.h"
#include "part.h"

enum {
    DEFECTS = 8,
    GUESS_REACH = 16384,        /* how far to look for a boundary that was not declared */
    PASSES = 16,                /* how often the message may be looked through behind outer delimiters */
    ANY_READING = BOUNDARIES    /* whichever reading of a boundary turns up first */
};

/* What other programs read in another way, each a bit. docs/LENIENCY.md has a row for each. */
enum doubt {
    DOUBT_LAST = 1 << 0,        /* of doubled fields and encodings the last counts */
    DOUBT_CR = 1 << 1,          /* a bare CR ends a line */
    DOUBT_JUNK = 1 << 2,        /* a header line that is no field begins the body, or not */
    DOUBT_BLANK = 1 << 3,       /* a line of white space alone ends the header */
    DOUBT_BLIND = 1 << 4,       /* no delimiter is seen inside a header */
    DOUBT_PREFIX = 1 << 5,      /* a delimiter may have more behind it */
    DOUBT_LOOSE = 1 << 6,       /* broken escapes and padding are skipped */
    DOUBT_REOPEN = 1 << 7,      /* delimiters behind the closing one count */
    DOUBT_ENCODED = 1 << 8,     /* the transfer encoding of a container is (not) believed */
    DOUBT_OUTER = 1 << 9,       /* of two open boundaries that are the same, the outer counts */
    DOUBT_GUESS = 1 << 10,      /* an undeclared boundary is not guessed, and a declared one not replaced by a guess */
    DOUBT_STRICT = 1 << 11,     /* an encoding that is not written as RFC 2045 writes it is none */
    DOUBT_LEADING = 1 << 12,    /* empty lines before a header are skipped */
    DOUBT_TRAILING = 1 << 13,   /* a delimiter with white space behind it is none */
    DOUBT_HIDDEN = 1 << 14,     /* a Content- field behind white space, or without a colon, is one */
    DOUBT_TYPE = 1 << 15,       /* what has delimiters in it is a multipart, whatever its type */
    DOUBT_INNER = 1 << 16,      /* up to its closing delimiter, only an inner multipart's delimiters count */
    DOUBT_BOUNDARY = 1 << 17    /* a boundary parameter has several readings */
};

struct habit {
    unsigned flips;             /* doubts */
    unsigned reading;           /* of a boundary */
};

struct habit habit_of(unsigned variant);

enum step {
    STEP_OPEN, STEP_FIELDS, STEP_HEAD, STEP_BODY, STEP_PREAMBLE, STEP_AFTER, STEP_DELIMITER, STEP_EPILOGUE, STEP_LIMIT,
    STEP_REST, STEP_CLOSE, STEP_POP, STEP_END
};

struct frame {
    struct mime_part part;
    struct frame *up;
    uint8_t *mark;              /* arena, before this frame */
    size_t head_end, body_at;
    unsigned n_children;
    unsigned chosen;            /* reading of the boundary in use; ANY_READING until one was seen */
    bool is_closed;             /* the closing delimiter has come */
    const char *limit;          /* crossed in this header */
};

/* A delimiter line, with the line end before it. */
struct delim {
    size_t start, end;
    struct frame *owner;        /* NULL: there is none up to the end */
    bool is_close;
};

struct mime_walk {
    struct slice msg;
    struct mime_limits lim;
    struct mime_reading how;
    struct habit habit;
    struct line_rules rules;
    struct arena arena;
    struct bounds bounds;
    struct frame *top;
    size_t at;
    unsigned n_parts;
    enum step step;
    struct delim delim;         /* the next one, once STEP_AFTER is reached */
    bool is_over;               /* a limit was crossed: only closing is left */
    bool is_passing;            /* in this search one was passed over */
    uint64_t passed;            /* bytes looked through behind outer delimiters that do not count */
    unsigned doubts;
    unsigned n_readings;        /* the most that a boundary has */
    const char *limit;
    const char *defects[DEFECTS];
    unsigned n_defects, defect_at;
};

static inline void defect(struct mime_walk *w, const char *text)
{
    if (w->n_defects < DEFECTS)
        w->defects[w->n_defects++] = text;
}

static inline bool flips(const struct mime_walk *w, enum doubt d)
{
    return (w->habit.flips & (unsigned)d) != 0;
}

/* Notes the doubt, and says whether this walk reads the other way. */
static inline bool doubt(struct mime_walk *w, enum doubt d)
{
    w->doubts |= (unsigned)d;
    return flips(w, d);
}

static inline struct slice rest(const struct mime_walk *w, size_t at)
{
    return slice_drop(w->msg, at);
}

static inline struct slice between(const struct mime_walk *w, size_t from, size_t to)
{
    return slice_sub(w->msg, from, to - from);
}

static inline bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0;
}

static inline struct slice trim_right(struct slice s)
{
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* The next delimiter of any open multipart at a line start from `from` on, in w->delim; can_guess: before the first part. */
void delim_find(struct mime_walk *w, size_t from, bool can_guess);
/* The multipart whose delimiter the line [at, at + len) is, or NULL. It begins with "--". */
struct frame *delim_owner(struct mime_walk *w, size_t at, size_t len, bool *is_close);
/* A line "--something" with a Content- field behind it? */
bool delim_is_likely(const struct mime_walk *w, size_t at, size_t len);

/* Reads the header at w->at into f, and opens its boundaries. CS_NOMEM when the arena is full. */
enum cs_status frame_read(struct mime_walk *w, struct frame *f) MUST_USE;

#endif
