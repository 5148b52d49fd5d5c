/*
 * switches.h - what the manuals leave open about the conversion channel, as settings: NAME=VALUE.
 *
 *   Fails     switches_set(): CS_INVALID with the values that would have been right.
 */
#ifndef IMTA_SWITCHES_H
#define IMTA_SWITCHES_H

#include "base/buf.h"

enum { ON_EXIT_UNCHANGED, ON_EXIT_RETRY, ON_EXIT_HOLD };
enum { ON_SIGNAL_RETRY, ON_SIGNAL_UNCHANGED };
enum { ON_OUTPUT_FAIL, ON_OUTPUT_ORIGINAL, ON_OUTPUT_EMPTY };
enum { ON_HEADERS_ORIGINAL, ON_HEADERS_NONE };
enum { STATUS_ODD_IS_SUCCESS, STATUS_FAILURE };
enum { SYNTAX_DECIMAL, SYNTAX_HEX };
enum { DUPLICATE_LAST, DUPLICATE_FIRST };
enum { MULTI_FIRST, MULTI_SEVERE };
enum { SYMBOL_BY_NAME, SYMBOL_BY_POSITION };
enum { ABSENT_UNSET, ABSENT_EMPTY };
enum { LINES_LF, LINES_CRLF };
enum { SECURITY_RETAIN, SECURITY_PROCESS, SECURITY_CONDITIONAL };
enum { VERSION_63, VERSION_60, VERSION_PMDF6 };
enum { SAME_KEEP, SAME_RELABEL };
enum { AS_IS_MESSAGE, AS_IS_REST };
enum { ENCODING_INTERPRET, ENCODING_IGNORE };
enum { MESSAGE_LEAVES_PROCESS, MESSAGE_LEAVES_SKIP };
enum { ON_LIMIT_HOLD, ON_LIMIT_PROCESS };
enum { AMBIGUOUS_SCAN, AMBIGUOUS_IGNORE };
enum { UNASKED_UNSET, UNASKED_SET };
enum { NO, YES };

struct switches {
    int on_nonzero_exit, on_signal_or_timeout, on_missing_output, on_missing_output_headers, unknown_status,
        status_syntax, duplicate_option, multi_verdict, parameter_symbol, absent_header_variable, text_line_ends,
        security_multiparts, version, on_same_output, force_as_is, container_encoding, message_leaves, on_mime_limit, ambiguous, probe_tags,
        unasked_file_variable;
    uint64_t timeout;           /* seconds; 0 is none */
    uint64_t max_message, max_output;           /* bytes */
    uint64_t max_mime_levels, max_mime_parts;
    uint64_t lines_to_return;
    uint64_t nochange, bitbucket;               /* the two numbers that no manual shows; 0 is none */
};

void switches_default(struct switches *s);
/* text is NAME=VALUE. On CS_INVALID why says what was expected. */
enum cs_status switches_set(struct switches *s, struct slice text, struct buf *why) MUST_USE;
/* Calls say() for every name with its values, the default first. */
void switches_list(void (*say)(void *ctx, const char *name, const char *values), void *ctx);

#endif
