#include "conf.h"

/* Which override counts for a part: kept apart from conf.c, which reads the file. */

static bool fits(const char *pattern, const char *text)
{
    return !pattern || pattern_matches(slice_str(pattern), slice_str(text));
}

static bool fits_word(const char *pattern, struct slice word)
{
    return !pattern || pattern_matches(slice_str(pattern), word);
}

static bool any_fits(const char *pattern, const char *words)
{
    struct slice list = slice_str(words);

    if (!pattern)
        return true;
    for (struct slice w = conf_word(&list); w.n; w = conf_word(&list))
        if (fits_word(pattern, w))
            return true;
    return false;
}

static bool rule_fits(const struct conf_rule *u, const struct conf_case *k)
{
    return fits(u->cls, cls_name(k->cls)) && fits(u->in, k->in) && fits(u->out, k->out) && fits(u->sender, k->sender) &&
           fits(u->signature, k->signature);
}

/* For one recipient, or with none for the whole list. */
static struct conf_class decide_for(const struct conf *c, const struct conf_case *k, struct slice recipient)
{
    struct conf_class out = c->classes[k->cls];

    for (size_t i = 0; i < c->n_rules && k->cls != CLS_CLEAN; i++) {
        const struct conf_rule *u = &c->rules[i];

        if (!rule_fits(u, k) || !(recipient.n ? fits_word(u->recipient, recipient) : any_fits(u->recipient, k->recipients)))
            continue;
        out.action = u->action == CONF_NOT_SET ? out.action : u->action;
        out.otherwise = u->otherwise == CONF_NOT_SET ? out.otherwise : u->otherwise;
        out.quarantine = u->quarantine == CONF_NOT_SET ? out.quarantine : u->quarantine;
        break;
    }
    return out;
}

/* One message, several recipients: the action that suits the most careful of them, and none that loses what another wants kept. */
static unsigned severer(unsigned a, unsigned b)
{
    static const uint8_t rank[ACT_N] = { [ACT_PASS] = 0, [ACT_TAG] = 1, [ACT_CLEAN] = 2, [ACT_REPLACE] = 3, [ACT_DELETE] = 4,
                                         [ACT_DISCARD] = 5, [ACT_RETURN] = 6, [ACT_POSTMASTER] = 7, [ACT_HOLD] = 8,
                                         [ACT_RETRY] = 9 };

    return a < ACT_N && b < ACT_N && rank[a] >= rank[b] ? a : b;
}

struct conf_class conf_decide(const struct conf *c, const struct conf_case *k)
{
    struct slice list = slice_str(k->is_envelope ? k->recipients : "");
    struct slice one = conf_word(&list);
    struct conf_class out = decide_for(c, k, one);

    if (one.n)
        for (one = conf_word(&list); one.n; one = conf_word(&list)) {
            struct conf_class next = decide_for(c, k, one);

            out.action = severer(out.action, next.action);
            out.otherwise = severer(out.otherwise, next.otherwise);
            out.quarantine |= next.quarantine;
        }
    return out;
}
