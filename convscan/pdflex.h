/*
 * pdflex.h - the words of PDF: names, numbers, strings, brackets.
 *
 *   Borrows   the bytes; tokens point into them.
 *   Fails     never: what is no PDF comes out as words, and the end as PDF_END.
 */
#ifndef CONVSCAN_PDFLEX_H
#define CONVSCAN_PDFLEX_H

#include "base/buf.h"
#include "base/slice.h"

enum pdf_kind { PDF_END, PDF_NAME, PDF_NUMBER, PDF_STRING, PDF_HEX, PDF_WORD, PDF_OPEN, PDF_CLOSE, PDF_LIST, PDF_LIST_END };

struct pdf_token {
    enum pdf_kind kind;
    struct slice text;           /* a name without its slash, a string without its brackets, still escaped */
    size_t at;                   /* where it begins */
};

struct pdf_lexer {
    struct slice in;
    size_t at;
};

struct pdf_token pdf_next(struct pdf_lexer *l);

bool pdf_is_space(uint8_t c);

/* Is this name, with its #xx escapes, this word? */
bool pdf_name_is(struct slice name, const char *word);

/* The first run of digits, or 0. */
uint64_t pdf_number(struct slice text);

/* The bytes that a string token means. */
enum cs_status pdf_string_raw(const struct pdf_token *t, struct buf *out) MUST_USE;
/* Those bytes as text: from UTF-16 where its mark says so, without the mark of UTF-8. */
enum cs_status pdf_text(struct slice raw, struct buf *out) MUST_USE;

#endif
