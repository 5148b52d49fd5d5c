/*
 * page.h - the one way to write HTML: a template that is a literal, and texts that are always escaped.
 *
 *   Borrows   the texts during a call.
 *   Owns      the bytes, until page_release().
 *   Fails     never by itself; is_cut says that memory or PAGE_BYTES ran out, and the page must not be sent.
 *   Bounded   PAGE_BYTES a page.
 *
 * Each $ of the template stands for the next text. Control characters but newline and tab, bidirectional controls and bytes that
 * are no UTF-8 come out as U+FFFD, so that nothing can be shown as something else; <bdi> around a stranger's text does the rest.
 */
#ifndef CONSOLE_PAGE_H
#define CONSOLE_PAGE_H

#include <time.h>

#include "base/buf.h"

enum { PAGE_BYTES = 16 << 20 };

struct page {
    struct buf out;
    bool is_cut;
};

struct shorttext {
    char s[48];
};

#define page(p, template, ...)                                                   \
    page_put(p, "" template, (const char *const[]){ NULL, __VA_ARGS__ },         \
             sizeof((const char *const[]){ NULL, __VA_ARGS__ }) / sizeof(char *))

void page_init(struct page *p);
void page_release(struct page *p);
/* texts[0] is not used. */
void page_put(struct page *p, const char *template, const char *const *texts, size_t n);
void page_text(struct page *p, struct slice s);
/* A literal, or what was made by these functions. */
void page_raw(struct page *p, struct slice s);

/* For a query in a link: all but letters, digits and -._~ as %XX. */
void page_url(struct page *p, const char *text);

/* Small values as texts; each lasts until the end of the expression. */
struct shorttext text_number(double v);         /* 12,345 */
struct shorttext text_bytes(double v);          /* 1.2 MB */
struct shorttext text_time(time_t t);           /* 2026-01-02 03:04:05, local */
struct shorttext text_age(double seconds);      /* 5 min, 3 h, 2 d; "-" below 0 */
struct shorttext text_int(long long v);         /* 12345 */
#define NUMBER(v) text_number((double)(v)).s
#define BYTES(v) text_bytes((double)(v)).s
#define TIME(v) text_time(v).s
#define AGE(v) text_age(v).s
#define INT(v) text_int((long long)(v)).s

#endif
