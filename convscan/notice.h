/*
 * notice.h - the text that stands where a part was.
 *
 *   Borrows   the facts during the call.
 *   Fails     CS_NOMEM; a template that is missing or too large falls back to the built-in one.
 *   Bounded   NOTICE_MAX bytes; a page or both together NOTICE_BOTH. Every value is made safe before it goes in.
 */
#ifndef CONVSCAN_NOTICE_H
#define CONVSCAN_NOTICE_H

#include "base/buf.h"
#include "conf.h"

enum { NOTICE_MAX = 64 << 10, NOTICE_BOTH = 16 * NOTICE_MAX };

struct notice_facts {
    const char *virus, *file, *type, *size, *sender, *subject, *date, *host, *action, *id, *contact;
    const char *languages, *recipients;     /* as the message has them: these choose the language */
    enum cls cls;
};

/* UTF-8 text, lines ending in LF. */
enum cs_status notice_text(const struct conf *c, const struct notice_facts *f, struct buf *out) MUST_USE;

/* The same as an HTML page: the template LANG.html, else the text in a page of its own. Values are escaped. */
enum cs_status notice_page(const struct conf *c, const struct notice_facts *f, struct slice text, struct buf *out) MUST_USE;

/* MIME header lines for the notice, for OUTPUT_HEADERS; name is what the file was called. */
enum cs_status notice_headers(struct slice name, struct buf *out) MUST_USE;

/* Both in one multipart/alternative of 7bit lines, and its header lines. id: no blanks or quotes, part of the boundary. */
struct notice_both {
    struct slice text, page, name;
    const char *id;
};
enum cs_status notice_alternative(const struct notice_both *b, struct buf *headers, struct buf *body) MUST_USE;

#endif
