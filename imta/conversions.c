#include "conversions.h"

#include <stdlib.h>

#include "base/arena.h"
#include "clause.h"
#include "glob.h"

enum clause_kind { KIND_MATCH, KIND_HELP, KIND_LABEL, KIND_ACTION, KIND_FLAG, KIND_SYMBOL };

static const struct {
    const char *name;
    enum clause_kind kind;
    bool has_index;
} table[] = {
#define X(id, kind, indexed, name) { name, KIND_##kind, indexed },
    CONVERSION_CLAUSES(X)
#undef X
};

const char *conversion_clause_name(enum clause_id id)
{
    return id < CL_UNKNOWN ? table[id].name : "?";
}

static enum clause_id find_id(struct slice name)
{
    if (slice_ieq(name, SLICE("in-channel")))
        return CL_IN_CHAN;
    if (slice_ieq(name, SLICE("out-channel")))
        return CL_OUT_CHAN;
    for (int id = 0; id < CL_UNKNOWN; id++)
        if (slice_ieq(name, slice_str(table[id].name)))
            return (enum clause_id)id;
    return CL_UNKNOWN;
}

struct parser {
    struct arena arena;
    struct complaints *c;
    struct conversion_clause *clauses;          /* all of the file, in order */
    size_t n_clauses, max_clauses, first;       /* first of the entry being read */
    struct conversion *entries;
    size_t n_entries;
};

/* The numbers that flags take; beyond most is a mistake worth stopping for. */
static unsigned flag_value(struct parser *p, const struct conversion_clause *cl)
{
    unsigned most = cl->id == CL_MESSAGE_HEADER_FILE ? 2 : 1;

    if (cl->plain.n == 1 && cl->plain.p[0] >= '0' && (unsigned)(cl->plain.p[0] - '0') <= most)
        return (unsigned)(cl->plain.p[0] - '0');
    complaint(p->c, COMPLAINT_ERROR, cl->line, "%s: 0%s or %u expected, not \"%.*s\"", table[cl->id].name,
             most == 2 ? ", 1" : "", most, (int)cl->plain.n, (const char *)cl->plain.p);
    return 0;
}

static void take_flag(struct parser *p, struct conversion *e, const struct conversion_clause *cl)
{
    unsigned v = flag_value(p, cl);

    switch (cl->id) {
    case CL_DELETE:
        e->is_deleting = v;
        break;
    case CL_RELABEL:
        e->is_relabel = v;
        break;
    case CL_MESSAGE_HEADER_FILE:
        e->message_header_file = v;
        break;
    case CL_ORIGINAL_HEADER_FILE:
        e->wants_original_headers = v;
        break;
    case CL_OVERRIDE_HEADER_FILE:
        e->overrides_headers = v;
        break;
    case CL_OVERRIDE_OPTION_FILE:
        e->overrides_options = v;
        break;
    default:
        break;
    }
}

bool conversion_is_safe_variable(struct slice name)
{
    static const char *const taken[] = { "PATH", "TZ", "IFS", "ENV", "BASH_ENV", "SHELL", "HOME", "TMPDIR", "PS4", "CDPATH",
                                         "INPUT_*", "OUTPUT_*", "MESSAGE_HEADERS", "PART_NUMBER", "PART_SIZE",
                                         "ATTACHMENT_NUMBER", "CONVERSION_TAG", "LD_*", "GCONV_PATH", "LOCPATH",
                                         "MALLOC_*", "PYTHON*", "PERL*", "BASH_*", "ENVELOPE_*", "CONVCHAN_*" };

    if (name.n == 0 || name.n > 64 || ascii_is_digit(name.p[0]))
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_is_alpha(name.p[i]) && !ascii_is_digit(name.p[i]) && name.p[i] != '_')
            return false;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (glob_star(slice_str(taken[i]), name))
            return false;
    return true;
}

static void check_clause(struct parser *p, struct conversion *e, const struct conversion_clause *cl)
{
    enum clause_kind kind = cl->id < CL_UNKNOWN ? table[cl->id].kind : KIND_HELP;

    if (cl->id == CL_IN_TYPE)
        e->has_in_type = true;
    if (cl->id == CL_COMMAND && cl->plain.n == 0)
        complaint(p->c, COMPLAINT_ERROR, cl->line, "command: a program expected");
    if (cl->id == CL_COMMAND)
        e->command = cl;
    if (kind == KIND_FLAG)
        take_flag(p, e, cl);
    if (kind == KIND_SYMBOL && !conversion_is_safe_variable(cl->plain))
        complaint(p->c, COMPLAINT_ERROR, cl->line, "%s-%u: the name of a free variable expected, not \"%.*s\"",
                 table[cl->id].name, cl->index, (int)cl->plain.n, (const char *)cl->plain.p);
}

static void end_entry(struct parser *p)
{
    struct conversion *e = &p->entries[p->n_entries];

    if (p->n_clauses == p->first)
        return;
    *e = (struct conversion){ .line = p->clauses[p->first].line, .number = (unsigned)p->n_entries + 1,
                              .clauses = p->clauses + p->first, .n = p->n_clauses - p->first };
    for (size_t i = 0; i < e->n; i++)
        check_clause(p, e, &e->clauses[i]);
    p->n_entries++;
    p->first = p->n_clauses;
}

/* The name again as one word, for what is not in the table. */
static struct slice whole_name(const struct clause *cl, struct arena *a)
{
    char room[300];
    int n = cl->has_index ? snprintf(room, sizeof room, "%.*s-%u", (int)cl->name.n, (const char *)cl->name.p, cl->index)
                          : snprintf(room, sizeof room, "%.*s", (int)cl->name.n, (const char *)cl->name.p);

    return arena_copy(a, slice_of(room, n < (int)sizeof room ? (size_t)n : sizeof room - 1));
}

static enum cs_status keep_clause(struct parser *p, const struct clause *cl)
{
    struct conversion_clause *own = &p->clauses[p->n_clauses];

    if (p->n_clauses == p->max_clauses)
        return CS_TOOBIG;
    *own = (struct conversion_clause){ .id = find_id(cl->name), .index = cl->index, .line = cl->line };
    if (own->id != CL_UNKNOWN && table[own->id].has_index != cl->has_index) {
        complaint(p->c, COMPLAINT_WARNING, cl->line, "%s: %s", table[own->id].name,
                 cl->has_index ? "takes no number, the clause is ignored"
                               : "a number expected behind the name, as in -0; the clause is ignored");
        own->id = CL_UNKNOWN;
    }
    own->name = whole_name(cl, &p->arena);
    own->written = arena_copy(&p->arena, cl->written);
    own->plain = arena_copy(&p->arena, cl->plain);
    if (!own->name.p || !own->written.p || !own->plain.p)
        return CS_NOMEM;
    if (find_id(cl->name) == CL_UNKNOWN)
        conversion_unknown(own, p->c);
    p->n_clauses++;
    return CS_OK;
}

static enum cs_status read_all(struct parser *p, struct slice text)
{
    struct clause_reader r;
    struct clause cl;
    enum clause_event event = CLAUSE_ONE;
    enum cs_status st = CS_OK;

    clause_reader_init(&r, text, p->c);
    while (st == CS_OK && event != CLAUSE_END) {
        st = clause_next(&r, &cl, &event);
        if (st == CS_OK && event == CLAUSE_ONE)
            st = keep_clause(p, &cl);
        if (st == CS_OK && (event != CLAUSE_ONE || cl.ends_entry))
            end_entry(p);
    }
    clause_reader_release(&r);
    return st;
}

static size_t count_signs(struct slice s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '=';
    return n;
}

enum cs_status conversions_parse(struct slice text, struct complaints *c, struct conversions *out)
{
    size_t most = count_signs(text) + 1;        /* each clause has its '=', each entry a clause */
    struct parser p = { .c = c, .max_clauses = most };
    struct arena *kept;
    enum cs_status st;

    *out = (struct conversions){ .n = 0 };
    if (text.n > CONVERSIONS_MAX)
        return CS_TOOBIG;
    st = arena_init(&p.arena, most * (sizeof *p.clauses + sizeof *p.entries + 64) + text.n * 4 + 4096);
    if (st != CS_OK)
        return st;
    p.clauses = arena_get(&p.arena, most, sizeof *p.clauses);
    p.entries = arena_get(&p.arena, most, sizeof *p.entries);
    kept = malloc(sizeof *kept);
    st = p.clauses && p.entries && kept ? read_all(&p, text) : CS_NOMEM;
    if (st == CS_OK && c->errors)
        st = CS_INVALID;
    if (st != CS_OK) {
        arena_release(&p.arena);
        free(kept);
        return st;
    }
    *kept = p.arena;
    *out = (struct conversions){ p.entries, p.n_entries, kept };
    return CS_OK;
}

void conversions_free(struct conversions *c)
{
    if (c->own)
        arena_release(c->own);
    free(c->own);
    *c = (struct conversions){ .n = 0 };
}

const struct conversion_clause *conversion_clause(const struct conversion *e, enum clause_id id, unsigned index)
{
    for (size_t i = e->n; i-- > 0;)
        if (e->clauses[i].id == id && e->clauses[i].index == index)
            return &e->clauses[i];
    return NULL;
}

bool conversion_counts(const struct conversion *e, const struct conversion_clause *cl)
{
    return conversion_clause(e, cl->id, cl->index) == cl;
}
