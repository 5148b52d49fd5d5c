/*
 * leaf.h - one leaf on its way through a command: facts, files, variables, the run, what it said, the new part.
 *
 *   Borrows   the channel and what it points to, for the length of the call.
 *   Owns      nothing: the replacement goes to the tree's node.
 *   Fails     any status means: could not tell. The message is tried again.
 */
#ifndef IMTA_LEAF_H
#define IMTA_LEAF_H

#include "base/arena.h"
#include "convert.h"
#include "runner.h"
#include "rebuild.h"

struct channel {
    const struct convert_job *job;
    const struct switches *sw;
    struct convert_result *result;
    struct runner *runner;
    struct arena arena;                 /* rewound for every part */
    const char *eol;
    unsigned n_leaves, n_attachments;
};

/*
 * *outcome is what this part means for the message. The diagnostic and the sample are already in the result.
 * With whole (a reason) the body must come back unchanged, else the message is held for that reason.
 */
enum cs_status leaf_convert(struct channel *ch, struct part_node *node, const struct mime_part *part, struct slice body,
                            const char *whole, enum outcome *outcome) MUST_USE;

#endif
