/*
 * rtflex.h - rich text as a row of tokens.
 *
 *   Borrows   the bytes; tokens are slices of them.
 *   Fails     never; any bytes are some row of tokens.
 *   Bounded   every token but the end takes at least one byte.
 */
#ifndef CONVSCAN_RTFLEX_H
#define CONVSCAN_RTFLEX_H

#include "base/slice.h"

enum rtf_kind {
    RTF_END, RTF_OPEN, RTF_CLOSE,
    RTF_WORD,         /* \name and its number */
    RTF_SYMBOL,       /* \ and one character: bytes.p[0] */
    RTF_QUOTE,        /* \'hh: bytes are the characters behind the quote, up to two */
    RTF_TEXT,
    RTF_BIN           /* \binN: bytes are the raw bytes behind it */
};

struct rtf_token {
    enum rtf_kind kind;
    struct slice bytes;
    bool has_number;
    int32_t number;
};

struct rtf_lex {
    struct slice all;
    size_t at;
    bool ignores_bin;           /* read what \bin would skip */
};

struct rtf_token rtf_next(struct rtf_lex *l);

#endif
