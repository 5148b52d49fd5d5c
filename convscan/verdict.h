/*
 * verdict.h - the classes, which of two is worse, and the findings that led there.
 *
 *   Owns      the list of findings, until verdict_release().
 *   Fails     never: a finding that does not fit in the list still counts for the verdict.
 *   Bounded   VERDICT_HITS findings are kept; names and members are cut.
 */
#ifndef CONVSCAN_VERDICT_H
#define CONVSCAN_VERDICT_H

#include "base/slice.h"

/*
 * Worse is larger. A virus is certain. Next come the classes that say "we could not look at everything" (error, limit), because the
 * actions of the classes below them may let the part through. A blocked name says more than spam, spam more than a lock.
 */
enum cls { CLS_CLEAN, CLS_ENCRYPTED, CLS_SPAM, CLS_EXT, CLS_LIMIT, CLS_ERROR, CLS_VIRUS, CLS_N };

const char *cls_name(enum cls c);
bool cls_find(struct slice name, enum cls *out);

struct finding {
    enum cls cls;
    char name[160];         /* of the signature, the limit, the reason; safe text */
    char member[480];       /* way to the object inside the part, "" for the part itself; safe text */
    uint64_t offset;
};

enum { VERDICT_HITS = 10000 };

struct verdict {
    struct finding worst;   /* cls CLS_CLEAN: nothing was found */
    struct finding *hits;   /* all of them, when keeps_all */
    size_t n_hits, room;
    bool keeps_all;
    unsigned excepted;      /* classes of which an allow rule took a finding away; bits */
    char exceptions[480];   /* the first of each of them: "vir-ex:NAME,ext-ex:NAME,spam-ex:NAME"; no comma in a name */
};

void verdict_add(struct verdict *v, enum cls c, struct slice name, struct slice member, uint64_t offset);
/* What another verdict holds: its texts are safe already. */
void verdict_add_finding(struct verdict *v, const struct finding *f);
/* An allow rule took this finding away. */
void verdict_except(struct verdict *v, enum cls c, struct slice name);
void verdict_release(struct verdict *v);

#endif
