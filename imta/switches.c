#include "switches.h"

#include <stddef.h>
#include <stdio.h>

/* The default comes first. */
static const struct word_switch {
    const char *name;
    size_t at;
    const char *values[4];
} words[] = {
#define AT(field) offsetof(struct switches, field)
    { "on-nonzero-exit", AT(on_nonzero_exit), { "unchanged", "retry", "hold" } },
    { "on-signal-or-timeout", AT(on_signal_or_timeout), { "retry", "unchanged" } },
    { "on-missing-output", AT(on_missing_output), { "fail", "original", "empty" } },
    { "on-missing-output-headers", AT(on_missing_output_headers), { "original", "none" } },
    { "unknown-status", AT(unknown_status), { "odd-is-success", "failure" } },
    { "status-syntax", AT(status_syntax), { "decimal", "decimal+0x" } },
    { "duplicate-option", AT(duplicate_option), { "last", "first" } },
    { "multi-verdict", AT(multi_verdict), { "first", "most-severe" } },
    { "parameter-symbol", AT(parameter_symbol), { "by-name", "by-position" } },
    { "absent-header-variable", AT(absent_header_variable), { "unset", "empty" } },
    { "text-line-ends", AT(text_line_ends), { "LF", "CRLF" } },
    { "security-multiparts", AT(security_multiparts), { "retain", "process", "conditional" } },
    { "version", AT(version), { "6.3+", "6.0-2005Q4", "pmdf6" } },
    { "on-same-output", AT(on_same_output), { "keep", "relabel" } },
    { "force-as-is", AT(force_as_is), { "message", "rest" } },
    { "container-encoding", AT(container_encoding), { "interpret", "ignore" } },
    { "message-leaves", AT(message_leaves), { "process", "skip" } },
    { "on-mime-limit", AT(on_mime_limit), { "hold", "process" } },
    { "ambiguous", AT(ambiguous), { "scan", "ignore" } },
    { "unasked-file-variable", AT(unasked_file_variable), { "unset", "set" } },
    { "probe-tags", AT(probe_tags), { "no", "yes" } },
};

static const struct number_switch {
    const char *name;
    size_t at;
    uint64_t value, least, most;
} numbers[] = {
    { "timeout", AT(timeout), 0, 0, 86400 },
    { "max-message", AT(max_message), (uint64_t)1 << 30, 1, (uint64_t)1 << 40 },
    { "max-output", AT(max_output), (uint64_t)1 << 30, 1, (uint64_t)1 << 40 },
    { "max-mime-levels", AT(max_mime_levels), 100, 1, 1000 },
    { "max-mime-parts", AT(max_mime_parts), 10000, 1, 1000000 },
    { "lines-to-return", AT(lines_to_return), 20, 0, 100000 },
    { "nochange-status", AT(nochange), 0, 0, UINT32_MAX },
    { "bitbucket-status", AT(bitbucket), 0, 0, UINT32_MAX },
#undef AT
};

enum { N_WORDS = sizeof words / sizeof *words, N_NUMBERS = sizeof numbers / sizeof *numbers };

static void set_number(struct switches *s, const struct number_switch *n, uint64_t value)
{
    memcpy((char *)s + n->at, &value, sizeof value);
}

void switches_default(struct switches *s)
{
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < N_NUMBERS; i++)
        set_number(s, &numbers[i], numbers[i].value);
}

static enum cs_status set_word(struct switches *s, const struct word_switch *w, struct slice value, struct buf *why)
{
    enum cs_status st;

    for (int i = 0; i < 4 && w->values[i]; i++)
        if (slice_ieq(value, slice_str(w->values[i]))) {
            memcpy((char *)s + w->at, &i, sizeof i);
            return CS_OK;
        }
    st = buf_printf(why, "%s: one of", w->name);
    for (int i = 0; st == CS_OK && i < 4 && w->values[i]; i++)
        st = buf_printf(why, "%s %s", i ? "," : "", w->values[i]);
    if (st == CS_OK)
        st = buf_printf(why, " expected, not \"%.*s\"", (int)value.n, (const char *)value.p);
    return st == CS_OK ? CS_INVALID : st;
}

static bool read_number(struct slice s, uint64_t *out)
{
    *out = 0;
    if (s.n == 0 || s.n > 18)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i]))
            return false;
        *out = *out * 10 + (uint64_t)(s.p[i] - '0');
    }
    return true;
}

enum cs_status switches_set(struct switches *s, struct slice text, struct buf *why)
{
    size_t n = slice_chr(text, '=');
    struct slice name = slice_take(text, n), value = slice_drop(text, n + 1);
    enum cs_status st;
    uint64_t number;

    for (size_t i = 0; i < N_WORDS; i++)
        if (slice_ieq(name, slice_str(words[i].name)))
            return set_word(s, &words[i], value, why);
    for (size_t i = 0; i < N_NUMBERS; i++) {
        const struct number_switch *w = &numbers[i];

        if (!slice_ieq(name, slice_str(w->name)))
            continue;
        if (read_number(value, &number) && number >= w->least && number <= w->most) {
            set_number(s, w, number);
            return CS_OK;
        }
        st = buf_printf(why, "%s: a number from %llu to %llu expected, not \"%.*s\"", w->name,
                        (unsigned long long)w->least, (unsigned long long)w->most, (int)value.n, (const char *)value.p);
        return st == CS_OK ? CS_INVALID : st;
    }
    st = buf_printf(why, "no switch is called \"%.*s\"", (int)name.n, (const char *)name.p);
    return st == CS_OK ? CS_INVALID : st;
}

void switches_list(void (*say)(void *ctx, const char *name, const char *values), void *ctx)
{
    char text[160];

    for (size_t i = 0; i < N_WORDS; i++) {
        const char *const *v = words[i].values;

        snprintf(text, sizeof text, "%s|%s%s%s", v[0], v[1], v[2] ? "|" : "", v[2] ? v[2] : "");
        say(ctx, words[i].name, text);
    }
    for (size_t i = 0; i < N_NUMBERS; i++) {
        snprintf(text, sizeof text, "%llu (%llu-%llu)", (unsigned long long)numbers[i].value,
                 (unsigned long long)numbers[i].least, (unsigned long long)numbers[i].most);
        say(ctx, numbers[i].name, text);
    }
}
