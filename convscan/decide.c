#include "conf.h"

/* Which override counts for a part: kept apart from conf.c, which reads the file. */

static bool fits(const char *pattern, const char *text)
{
    return !pattern || pattern_matches(slice_str(pattern), slice_str(text));
}

static bool any_fits(const char *pattern, const char *words)
{
    struct slice list = slice_str(words);

    if (!pattern)
        return true;
    for (struct slice w = conf_word(&list); w.n; w = conf_word(&list))
        if (pattern_matches(slice_str(pattern), w))
            return true;
    return false;
}

static bool rule_fits(const struct conf_rule *u, const struct conf_case *k)
{
    return fits(u->cls, cls_name(k->cls)) && fits(u->in, k->in) && fits(u->out, k->out) && fits(u->sender, k->sender) &&
           fits(u->signature, k->signature) && any_fits(u->recipient, k->recipients);
}

struct conf_class conf_decide(const struct conf *c, const struct conf_case *k)
{
    struct conf_class out = c->classes[k->cls];

    for (size_t i = 0; i < c->n_rules && k->cls != CLS_CLEAN; i++) {
        const struct conf_rule *u = &c->rules[i];

        if (!rule_fits(u, k))
            continue;
        out.action = u->action == CONF_NOT_SET ? out.action : u->action;
        out.otherwise = u->otherwise == CONF_NOT_SET ? out.otherwise : u->otherwise;
        out.quarantine = u->quarantine == CONF_NOT_SET ? out.quarantine : u->quarantine;
        break;
    }
    return out;
}
