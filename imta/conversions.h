/*
 * conversions.h - the conversions file: entries that say what is done with which part.
 *
 *   Borrows   text while parsing; facts while matching.
 *   Owns      copies of all clauses, until conversions_free(). Entries point into it.
 *   Fails     conversions_parse(): CS_INVALID after complaints with line numbers, CS_NOMEM, CS_TOOBIG.
 *   Bounded   CONVERSIONS_MAX bytes of file.
 *   Threads   read-only after parsing.
 */
#ifndef IMTA_CONVERSIONS_H
#define IMTA_CONVERSIONS_H

#include "mime/mime.h"
#include "complaint.h"
#include "switches.h"

enum { CONVERSIONS_MAX = 4 << 20 };

/* Where a clause belongs, whether it carries a number, and its name. */
#define CONVERSION_CLAUSES(X)                                   \
    X(IN_CHAN, MATCH, 0, "in-chan")                             \
    X(OUT_CHAN, MATCH, 0, "out-chan")                           \
    X(IN_TYPE, MATCH, 0, "in-type")                             \
    X(IN_SUBTYPE, MATCH, 0, "in-subtype")                       \
    X(IN_PARAMETER_NAME, MATCH, 1, "in-parameter-name")         \
    X(IN_PARAMETER_VALUE, MATCH, 1, "in-parameter-value")       \
    X(IN_PARAMETER_DEFAULT, HELP, 1, "in-parameter-default")    \
    X(IN_DISPOSITION, MATCH, 0, "in-disposition")               \
    X(IN_DPARAMETER_NAME, MATCH, 1, "in-dparameter-name")       \
    X(IN_DPARAMETER_VALUE, MATCH, 1, "in-dparameter-value")     \
    X(IN_DPARAMETER_DEFAULT, HELP, 1, "in-dparameter-default")  \
    X(IN_DESCRIPTION, MATCH, 0, "in-description")               \
    X(IN_ENCODING, MATCH, 0, "in-encoding")                     \
    X(IN_SUBJECT, MATCH, 0, "in-subject")                       \
    X(IN_MESSAGE_CONTEXT, MATCH, 0, "in-message-context")       \
    X(IN_A1_TYPE, MATCH, 0, "in-a1-type")                       \
    X(IN_A1_FORMAT, MATCH, 0, "in-a1-format")                   \
    X(PART_NUMBER, MATCH, 0, "part-number")                     \
    X(ATTACHMENT_NUMBER, MATCH, 0, "attachment-number")         \
    X(TAG, MATCH, 0, "tag")                                     \
    X(OUT_TYPE, LABEL, 0, "out-type")                           \
    X(OUT_SUBTYPE, LABEL, 0, "out-subtype")                     \
    X(OUT_PARAMETER_NAME, LABEL, 1, "out-parameter-name")       \
    X(OUT_PARAMETER_VALUE, LABEL, 1, "out-parameter-value")     \
    X(PARAMETER_COPY, LABEL, 1, "parameter-copy")               \
    X(OUT_DISPOSITION, LABEL, 0, "out-disposition")             \
    X(OUT_DPARAMETER_NAME, LABEL, 1, "out-dparameter-name")     \
    X(OUT_DPARAMETER_VALUE, LABEL, 1, "out-dparameter-value")   \
    X(DPARAMETER_COPY, LABEL, 1, "dparameter-copy")             \
    X(OUT_DESCRIPTION, LABEL, 0, "out-description")             \
    X(OUT_MODE, LABEL, 0, "out-mode")                           \
    X(OUT_ENCODING, LABEL, 0, "out-encoding")                   \
    X(COMMAND, ACTION, 0, "command")                            \
    X(DELETE, FLAG, 0, "delete")                                \
    X(RELABEL, FLAG, 0, "relabel")                              \
    X(SERVICE_COMMAND, ACTION, 0, "service-command")            \
    X(MESSAGE_HEADER_FILE, FLAG, 0, "message-header-file")      \
    X(ORIGINAL_HEADER_FILE, FLAG, 0, "original-header-file")    \
    X(OVERRIDE_HEADER_FILE, FLAG, 0, "override-header-file")    \
    X(OVERRIDE_OPTION_FILE, FLAG, 0, "override-option-file")    \
    X(PARAMETER_SYMBOL, SYMBOL, 1, "parameter-symbol")          \
    X(DPARAMETER_SYMBOL, SYMBOL, 1, "dparameter-symbol")

enum clause_id {
#define X(id, kind, indexed, name) CL_##id,
    CONVERSION_CLAUSES(X)
#undef X
    CL_UNKNOWN
};

struct conversion_clause {
    enum clause_id id;
    unsigned index, line;
    struct slice written, plain, name;          /* the name as the file has it */
};

struct conversion {
    unsigned line, number;                      /* of the first clause; 1 for the first entry */
    const struct conversion_clause *clauses;
    size_t n;
    bool has_in_type, is_deleting, is_relabel, overrides_headers, overrides_options, wants_original_headers;
    unsigned message_header_file;               /* 0, 1 or 2 */
    const struct conversion_clause *command;    /* NULL when there is none */
};

struct conversions {
    struct conversion *entries;
    size_t n;
    void *own;
};

/* Unknown names are warnings: the server ignores them in silence. */
enum cs_status conversions_parse(struct slice text, struct complaints *c, struct conversions *out) MUST_USE;
void conversions_free(struct conversions *c);

/* Warns of a name that no entry knows, with the name that was meant where one is near. */
void conversion_unknown(const struct conversion_clause *cl, struct complaints *c);

/* The pitfalls that administrators fall into, with line and remedy. */
void conversions_lint(const struct conversions *cv, struct complaints *c);

/* The clause of this name and number, the last one where it stands twice; NULL when there is none. */
const struct conversion_clause *conversion_clause(const struct conversion *e, enum clause_id id, unsigned index);
/* Is cl of this entry the last one of its name and number? What is written is written by that one alone. */
bool conversion_counts(const struct conversion *e, const struct conversion_clause *cl);
const char *conversion_clause_name(enum clause_id id);

/* What the match clauses ask about. Slices with n == 0 stand for what is missing. */
struct part_facts {
    struct slice in_chan, out_chan;
    struct slice type, subtype;
    const struct mime_value *content_type, *disposition;
    struct slice description, encoding, subject, message_context, a1_type, a1_format;
    struct slice number, attachment_number;
    const char *const *tags;
    size_t n_tags;
};

/* The first entry that does something with this part; NULL when none does. */
const struct conversion *conversions_match(const struct conversions *cv, const struct part_facts *f);

/* The parameter that parameter-symbol-N (or, is_disposition, dparameter-symbol-N) means; p is NULL when there is none. */
struct slice conversion_symbol_value(const struct conversion *e, const struct conversion_clause *symbol,
                                     const struct part_facts *f, const struct switches *sw);

/* A name that a program's environment may get from outside: not PATH, LD_PRELOAD and the like. */
bool conversion_is_safe_variable(struct slice name);

#endif
