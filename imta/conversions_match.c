/* Which entry is for this part: every match clause must hold, the first entry that fits wins. */
#include "conversions.h"

#include "glob.h"

enum { MATCHED_TEXT = 65536 };  /* the start of a value: a megabyte of subject and ten thousand parts are no work then */

static bool value_fits(const struct conversion_clause *cl, struct slice text)
{
    return glob_star(cl->plain, slice_take(text, MATCHED_TEXT));
}

/* A parameter as every reader might see it. */
static bool param_fits(const struct conversion_clause *cl, const struct mime_param *p)
{
    return value_fits(cl, p->value) || value_fits(cl, p->raw);
}

struct param_ids {
    enum clause_id name, value, fallback;
};

static const struct param_ids type_ids = { CL_IN_PARAMETER_NAME, CL_IN_PARAMETER_VALUE, CL_IN_PARAMETER_DEFAULT };
static const struct param_ids disposition_ids = { CL_IN_DPARAMETER_NAME, CL_IN_DPARAMETER_VALUE,
                                                  CL_IN_DPARAMETER_DEFAULT };

/* in-parameter-name-N: some parameter has this name (and, where in-parameter-value-N stands, this value). */
static bool params_fit(const struct conversion *e, const struct conversion_clause *cl, const struct param_ids *ids,
                       const struct mime_value *v)
{
    const struct conversion_clause *name = cl->id == ids->name ? cl : conversion_clause(e, ids->name, cl->index);
    const struct conversion_clause *value = cl->id == ids->value ? cl : conversion_clause(e, ids->value, cl->index);
    const struct conversion_clause *fallback = conversion_clause(e, ids->fallback, cl->index);
    bool is_there = false;

    if (!name)                          /* a value alone means the parameter at this place */
        return cl->index < v->n_params && param_fits(cl, &v->params[cl->index]);
    for (size_t i = 0; i < v->n_params; i++) {
        if (!value_fits(name, v->params[i].name))
            continue;
        is_there = true;
        if (!value || param_fits(value, &v->params[i]))
            return true;
    }
    return !is_there && fallback && (!value || value_fits(value, fallback->plain));
}

static bool tag_fits(const struct conversion_clause *cl, const struct part_facts *f)
{
    for (size_t i = 0; i < f->n_tags; i++)
        if (value_fits(cl, slice_str(f->tags[i])))
            return true;
    return false;
}

static bool clause_fits(const struct conversion *e, const struct conversion_clause *cl, const struct part_facts *f)
{
    switch (cl->id) {
    case CL_IN_CHAN:
        return value_fits(cl, f->in_chan);
    case CL_OUT_CHAN:
        return value_fits(cl, f->out_chan);
    case CL_IN_TYPE:
        return value_fits(cl, f->type);
    case CL_IN_SUBTYPE:
        return value_fits(cl, f->subtype);
    case CL_IN_PARAMETER_NAME:
    case CL_IN_PARAMETER_VALUE:
        return params_fit(e, cl, &type_ids, f->content_type);
    case CL_IN_DPARAMETER_NAME:
    case CL_IN_DPARAMETER_VALUE:
        return params_fit(e, cl, &disposition_ids, f->disposition);
    case CL_IN_DISPOSITION:
        return value_fits(cl, f->disposition->token);
    case CL_IN_DESCRIPTION:
        return value_fits(cl, f->description);
    case CL_IN_ENCODING:
        return value_fits(cl, f->encoding);
    case CL_IN_SUBJECT:
        return value_fits(cl, f->subject);
    case CL_IN_MESSAGE_CONTEXT:
        return value_fits(cl, f->message_context);
    case CL_IN_A1_TYPE:
        return value_fits(cl, f->a1_type);
    case CL_IN_A1_FORMAT:
        return value_fits(cl, f->a1_format);
    case CL_PART_NUMBER:
        return value_fits(cl, f->number);
    case CL_ATTACHMENT_NUMBER:
        return f->attachment_number.n && value_fits(cl, f->attachment_number);
    case CL_TAG:
        return tag_fits(cl, f);
    default:
        return true;
    }
}

static bool entry_fits(const struct conversion *e, const struct part_facts *f)
{
    if (!e->has_in_type || e->is_relabel || (!e->command && !e->is_deleting))
        return false;
    for (size_t i = 0; i < e->n; i++)
        if (!clause_fits(e, &e->clauses[i], f))
            return false;
    return true;
}

const struct conversion *conversions_match(const struct conversions *cv, const struct part_facts *f)
{
    for (size_t i = 0; i < cv->n; i++)
        if (entry_fits(&cv->entries[i], f))
            return &cv->entries[i];
    return NULL;
}

/* The parameter that entry and symbol mean: what in-parameter-name-N (and -value-N) found, else the one that is called as the variable. */
static const struct mime_param *find_param(const struct conversion *e, const struct conversion_clause *symbol, const struct param_ids *ids,
                                           const struct mime_value *v)
{
    const struct conversion_clause *name = conversion_clause(e, ids->name, symbol->index);
    const struct conversion_clause *value = conversion_clause(e, ids->value, symbol->index);

    for (size_t i = 0; i < v->n_params; i++)
        if (name ? value_fits(name, v->params[i].name) && (!value || param_fits(value, &v->params[i]))
                 : slice_ieq(v->params[i].name, symbol->plain))
            return &v->params[i];
    return NULL;
}

struct slice conversion_symbol_value(const struct conversion *e, const struct conversion_clause *symbol,
                                     const struct part_facts *f, const struct switches *sw)
{
    bool is_type = symbol->id == CL_PARAMETER_SYMBOL;
    const struct param_ids *ids = is_type ? &type_ids : &disposition_ids;
    const struct mime_value *v = is_type ? f->content_type : f->disposition;
    const struct conversion_clause *fallback = conversion_clause(e, ids->fallback, symbol->index);
    const struct mime_param *p = NULL;

    if (sw->parameter_symbol == SYMBOL_BY_POSITION)
        p = symbol->index < v->n_params ? &v->params[symbol->index] : NULL;
    else
        p = find_param(e, symbol, ids, v);
    if (p)
        return p->value;
    return fallback ? fallback->plain : (struct slice){ NULL, 0 };
}
