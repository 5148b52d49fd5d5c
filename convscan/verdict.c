#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safe.h"

static const char *const names[CLS_N] = {
    [CLS_CLEAN] = "clean", [CLS_ENCRYPTED] = "encrypted", [CLS_SPAM] = "spam",   [CLS_EXT] = "ext",
    [CLS_LIMIT] = "limit", [CLS_ERROR] = "error",         [CLS_VIRUS] = "virus",
};

const char *cls_name(enum cls c)
{
    return c < CLS_N ? names[c] : "error";
}

bool cls_find(struct slice name, enum cls *out)
{
    for (int c = 0; c < CLS_N; c++)
        if (slice_eq(name, slice_str(names[c]))) {
            *out = (enum cls)c;
            return true;
        }
    return false;
}

static bool is_known(const struct verdict *v, const struct finding *f)
{
    for (size_t i = v->n_hits; i > 0 && v->n_hits - i < 64; i--)
        if (v->hits[i - 1].cls == f->cls && strcmp(v->hits[i - 1].name, f->name) == 0 &&
            strcmp(v->hits[i - 1].member, f->member) == 0)
            return true;
    return false;
}

static void keep(struct verdict *v, const struct finding *f)
{
    if (v->n_hits == VERDICT_HITS || is_known(v, f))
        return;
    if (v->n_hits == v->room) {
        size_t room = v->room ? v->room * 2 : 1;
        struct finding *hits = realloc(v->hits, room * sizeof *hits);

        if (!hits)
            return;
        v->hits = hits;
        v->room = room;
    }
    v->hits[v->n_hits++] = *f;
}

void verdict_add_finding(struct verdict *v, const struct finding *f)
{
    if (f->cls > v->worst.cls)
        v->worst = *f;
    if (v->keeps_all)
        keep(v, f);
}

void verdict_add(struct verdict *v, enum cls c, struct slice name, struct slice member, uint64_t offset)
{
    struct finding f = { .cls = c, .offset = offset };

    safe_text(f.name, sizeof f.name, name);
    safe_text(f.member, sizeof f.member, member);
    verdict_add_finding(v, &f);
}

void verdict_except(struct verdict *v, enum cls c, struct slice name)
{
    const char *kind = c == CLS_VIRUS ? "vir-ex" : c == CLS_EXT ? "ext-ex" : "spam-ex";
    size_t n = strlen(v->exceptions);
    char text[120];

    if (v->excepted & 1u << c)
        return;
    safe_text(text, sizeof text, name);
    for (char *p = text; *p; p++)
        *p = *p == ',' ? '.' : *p;
    snprintf(v->exceptions + n, sizeof v->exceptions - n, "%s%s:%s", v->excepted ? "," : "", kind, text);
    v->excepted |= 1u << c;
}

void verdict_release(struct verdict *v)
{
    free(v->hits);
    *v = (struct verdict){ .keeps_all = v->keeps_all };
}
