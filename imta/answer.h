/*
 * answer.h - what a command said: the lines of OUTPUT_OPTIONS and the STATUS in them.
 *
 *   Borrows   the text of the file; the slices in struct answer point into it.
 *   Fails     never. What cannot be read is ignored; a STATUS that cannot be read, also one behind other characters in its
 *             line, is there without a number, and that is OUTCOME_FAILED.
 *   Bounded   by the text.
 */
#ifndef IMTA_ANSWER_H
#define IMTA_ANSWER_H

#include "base/slice.h"
#include "switches.h"

/* What becomes of a part or its message; of two message verdicts the later in this list is the more severe. */
#define OUTCOMES(X)                                       \
    X(OUTCOME_NONE, "none")           /* no STATUS */     \
    X(OUTCOME_PASS, "pass")                               \
    X(OUTCOME_NOCHANGE, "nochange")                       \
    X(OUTCOME_CHANGED, "changed")                         \
    X(OUTCOME_UNCHANGED, "unchanged") /* failed, passed */ \
    X(OUTCOME_FAILED, "failed")                           \
    X(OUTCOME_DELETE, "delete")                           \
    X(OUTCOME_AS_IS, "as-is")                             \
    X(OUTCOME_RETRY, "retry")                             \
    X(OUTCOME_POSTMASTER, "postmaster")                   \
    X(OUTCOME_RETURN, "return")                           \
    X(OUTCOME_RETURN_SAMPLE, "return-sample")             \
    X(OUTCOME_HOLD, "hold")                               \
    X(OUTCOME_DISCARD, "discard")                         \
    X(OUTCOME_JETTISON, "jettison")                       \
    X(OUTCOME_BITBUCKET, "bitbucket")

enum outcome {
#define X(code, text) code,
    OUTCOMES(X)
#undef X
};

const char *outcome_text(enum outcome v);
/* Does it decide over the message, not only over the part? */
bool outcome_is_final(enum outcome v);

struct answer {
    struct slice type, subtype, description, diagnostic, disposition, encoding, mode;   /* n == 0: not given */
    bool has_status;
    bool has_number;
    uint64_t status;            /* when has_number */
};

void answer_parse(struct slice text, const struct switches *sw, struct answer *out);

/* The verdict for the status of an answer; OUTCOME_NONE without one, OUTCOME_FAILED for failure. */
enum outcome answer_outcome(const struct answer *a, const struct switches *sw);

#endif
