#include "answer.h"

#include <stddef.h>

static const char *const outcome_texts[] = {
#define X(code, text) text,
    OUTCOMES(X)
#undef X
};

const char *outcome_text(enum outcome v)
{
    return (size_t)v < sizeof outcome_texts / sizeof *outcome_texts ? outcome_texts[v] : "?";
}

bool outcome_is_final(enum outcome v)
{
    return v >= OUTCOME_AS_IS;
}

/* The numbers of the server's header file, and the version that first knew them. */
static const struct {
    uint32_t number;
    enum outcome outcome;
    bool since_63, is_pmdf;     /* not in the 6.0 manuals; in PMDF's */
} statuses[] = {
    { 178029946, OUTCOME_RETURN, false, true },
    { 178029947, OUTCOME_RETURN_SAMPLE, true, false },
    { 178030098, OUTCOME_POSTMASTER, true, false },
    { 178030130, OUTCOME_AS_IS, true, false },
    { 178030178, OUTCOME_DELETE, false, true },
    { 178030250, OUTCOME_HOLD, false, true },
    { 178030259, OUTCOME_DISCARD, true, true },
    { 178030307, OUTCOME_JETTISON, true, false },
    { 178028698, OUTCOME_RETRY, true, false },
};

static bool is_known(size_t i, const struct switches *sw)
{
    return sw->version == VERSION_63 || (sw->version == VERSION_60 && !statuses[i].since_63) ||
           (sw->version == VERSION_PMDF6 && statuses[i].is_pmdf);
}

enum outcome answer_outcome(const struct answer *a, const struct switches *sw)
{
    if (!a->has_status)
        return OUTCOME_NONE;
    if (!a->has_number)
        return OUTCOME_FAILED;
    if (a->status == 1)
        return OUTCOME_PASS;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i].number == a->status && is_known(i, sw))
            return statuses[i].outcome;
    if (sw->nochange && a->status == sw->nochange)
        return OUTCOME_NOCHANGE;
    if (sw->bitbucket && a->status == sw->bitbucket)
        return OUTCOME_BITBUCKET;
    return sw->unknown_status == STATUS_ODD_IS_SUCCESS && (a->status & 1) ? OUTCOME_PASS : OUTCOME_FAILED;
}

static bool read_status(struct slice s, const struct switches *sw, uint64_t *out)
{
    unsigned base = 10;

    *out = 0;
    if (sw->status_syntax == SYNTAX_HEX && slice_istarts(s, SLICE("0x"))) {
        base = 16;
        s = slice_drop(s, 2);
    }
    if (s.n == 0 || s.n > 16)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        int digit = ascii_hex(s.p[i]);

        if (digit < 0 || (unsigned)digit >= base)
            return false;
        *out = *out * base + (unsigned)digit;
    }
    return true;
}

static struct slice strip_quotes(struct slice s)
{
    s = slice_trim(s);
    if (s.n >= 2 && s.p[0] == s.p[s.n - 1] && (s.p[0] == '"' || s.p[0] == '\''))
        s = slice_sub(s, 1, s.n - 2);
    return s;
}

static void take_text(struct slice *field, struct slice value, const struct switches *sw)
{
    if (field->n == 0 || sw->duplicate_option == DUPLICATE_LAST)
        *field = value;
}

static void take_status(struct answer *a, struct slice value, const struct switches *sw)
{
    if (a->has_status && sw->duplicate_option == DUPLICATE_FIRST)
        return;
    a->has_status = true;
    a->has_number = read_status(value, sw, &a->status);
}

/* A STATUS that a mark, a word or a control character in front keeps from being read. */
static bool hides_status(struct slice line)
{
    for (size_t i = 0; i < line.n; i++) {
        struct slice rest = slice_drop(line, i);
        bool is_word = i == 0 || !(ascii_is_alpha(line.p[i - 1]) || ascii_is_digit(line.p[i - 1]) || line.p[i - 1] == '_');

        if (is_word && slice_istarts(rest, SLICE("STATUS")) && slice_starts(slice_trim(slice_drop(rest, 6)), SLICE("=")))
            return true;
    }
    return false;
}

/* *is_hidden: the command meant to say something, and nobody knows what. */
static void take_line(struct answer *a, struct slice line, const struct switches *sw, bool *is_hidden)
{
    static const struct {
        const char *name;
        size_t at;
    } texts[] = {
        { "OUTPUT_TYPE", offsetof(struct answer, type) },
        { "OUTPUT_SUBTYPE", offsetof(struct answer, subtype) },
        { "OUTPUT_DESCRIPTION", offsetof(struct answer, description) },
        { "OUTPUT_DIAGNOSTIC", offsetof(struct answer, diagnostic) },
        { "OUTPUT_DISPOSITION", offsetof(struct answer, disposition) },
        { "OUTPUT_ENCODING", offsetof(struct answer, encoding) },
        { "OUTPUT_MODE", offsetof(struct answer, mode) },
    };
    size_t n = slice_chr(line, '=');
    struct slice name = slice_trim(slice_take(line, n)), value = strip_quotes(slice_drop(line, n + 1));

    if (slice_ieq(name, SLICE("STATUS"))) {
        take_status(a, value, sw);
        return;
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (slice_ieq(name, slice_str(texts[i].name)) && slice_chr(value, '\r') == value.n && slice_chr(value, '\0') == value.n) {
            take_text((struct slice *)(void *)((char *)a + texts[i].at), value, sw);
            return;
        }
    *is_hidden = *is_hidden || hides_status(line);
}

void answer_parse(struct slice text, const struct switches *sw, struct answer *out)
{
    bool is_hidden = false;

    *out = (struct answer){ .has_status = false };
    while (text.n) {
        size_t n = slice_chr(text, '\n');

        take_line(out, slice_take(text, n), sw, &is_hidden);
        text = slice_drop(text, n + 1);
    }
    out->has_status = out->has_status || is_hidden;
}
