#include "regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { ICASE = 1, DOTALL = 2, MULTILINE = 4, EXTENDED = 8, ANCHORED = 16, DOLLAR_END = 32, UNGREEDY = 64, ROLLING = 256, ENCOMPASS = 512 };

static uint32_t options_of(uint32_t flags)
{
    return (flags & ICASE ? PCRE2_CASELESS : 0) | (flags & DOTALL ? PCRE2_DOTALL : 0) | (flags & MULTILINE ? PCRE2_MULTILINE : 0) |
           (flags & EXTENDED ? PCRE2_EXTENDED : 0) | (flags & ANCHORED ? PCRE2_ANCHORED : 0) |
           (flags & DOLLAR_END ? PCRE2_DOLLAR_ENDONLY : 0) | (flags & UNGREEDY ? PCRE2_UNGREEDY : 0) | PCRE2_NEVER_UTF |
           PCRE2_NEVER_BACKSLASH_C;
}

static enum cs_status run(pcre2_code *code, struct slice data, uint64_t lo, uint64_t hi, uint32_t how, bool *is_match)
{
    pcre2_match_context *mc = pcre2_match_context_create(NULL);
    pcre2_match_data *md = pcre2_match_data_create(1, NULL);
    enum cs_status st = CS_NOMEM;

    if (mc && md) {
        int rc;

        pcre2_set_match_limit(mc, REGEX_STEPS);
        pcre2_set_heap_limit(mc, REGEX_HEAP);
        rc = pcre2_match(code, data.p, data.n, (size_t)lo, how, md, mc);
        if (rc >= 0)
            *is_match = pcre2_get_ovector_pointer(md)[0] <= hi;
        st = rc >= 0 || rc == PCRE2_ERROR_NOMATCH ? CS_OK
             : rc == PCRE2_ERROR_NOMEMORY        ? CS_NOMEM
             : rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT || rc == PCRE2_ERROR_HEAPLIMIT ? CS_LIMIT : CS_CORRUPT;
    }
    pcre2_match_data_free(md);
    pcre2_match_context_free(mc);
    return st;
}

enum cs_status regex_match(struct slice pattern, uint32_t flags, struct slice data, uint64_t lo, uint64_t hi, bool *is_match)
{
    pcre2_code *code;
    PCRE2_SIZE where;
    int error;
    enum cs_status st;

    *is_match = false;
    data = slice_take(data, REGEX_BYTES);
    if (flags & ENCOMPASS && hi < data.n)
        data = slice_take(data, (size_t)hi);
    if (lo > data.n)
        return CS_OK;
    code = pcre2_compile(pattern.p, pattern.n, options_of(flags), &error, &where, NULL);
    if (!code)
        return CS_CORRUPT;
    st = run(code, data, lo, hi, lo == hi && !(flags & ROLLING) ? PCRE2_ANCHORED : 0, is_match);
    pcre2_code_free(code);
    return st;
}
