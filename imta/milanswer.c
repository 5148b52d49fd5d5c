#include "milanswer.h"

#include "base/safe.h"

const char *mil_answer_text(enum mil_answer a)
{
    static const char *const texts[] = { "tempfail", "accept", "change", "hold", "redirect", "reject", "discard" };

    return (size_t)a < sizeof texts / sizeof *texts ? texts[a] : "tempfail";
}

enum mil_answer mil_answer(enum cs_status st, const struct convert_result *r, bool has_postmaster)
{
    static const struct {
        enum outcome outcome;
        enum mil_answer answer;
    } table[] = {
        { OUTCOME_HOLD, MIL_HOLD },       { OUTCOME_POSTMASTER, MIL_REDIRECT },  { OUTCOME_RETURN, MIL_REJECT },
        { OUTCOME_RETURN_SAMPLE, MIL_REJECT }, { OUTCOME_DISCARD, MIL_DISCARD }, { OUTCOME_JETTISON, MIL_DISCARD },
        { OUTCOME_BITBUCKET, MIL_DISCARD },
    };

    if (st != CS_OK)
        return MIL_TEMPFAIL;
    if (r->outcome == OUTCOME_PASS)
        return r->is_rebuilt ? MIL_CHANGE : MIL_ACCEPT;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].outcome == r->outcome)
            return table[i].answer == MIL_REDIRECT && !has_postmaster ? MIL_HOLD : table[i].answer;
    return MIL_TEMPFAIL;
}

const char *mil_reply(char *out, size_t room, const char *reason)
{
    safe_ascii(out, room, slice_str(reason && reason[0] ? reason : "refused by the mail policy of this site"));
    for (char *c = out; *c; c++)
        if (*c == '%')                  /* servers have taken replies for formats */
            *c = '?';
    return out;
}
