#include "regexcheck.h"

#include <stdio.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "ast.h"

/* Only what changes how a pattern is read; see match/regex.c. */
static uint32_t options_of(unsigned flags)
{
    return (flags & VR_EXTENDED ? PCRE2_EXTENDED : 0) | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C;
}

bool vdl_regex_check(struct slice pattern, unsigned flags, char why[REGEX_WHY])
{
    uint8_t text[REGEX_WHY - 16] = "";
    PCRE2_SIZE at;
    int error;
    pcre2_code *code = pcre2_compile(pattern.p, pattern.n, options_of(flags), &error, &at, NULL);

    *why = 0;
    if (code) {
        pcre2_code_free(code);
        return true;
    }
    pcre2_get_error_message(error, text, sizeof text);
    snprintf(why, REGEX_WHY, "%s at byte %zu", (const char *)text, (size_t)at);
    return false;
}
