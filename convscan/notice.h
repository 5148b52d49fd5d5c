/*
 * notice.h - the text that stands where a part was.
 *
 *   Borrows   the facts during the call.
 *   Fails     CS_NOMEM; a template that is missing or too large falls back to the built-in one.
 *   Bounded   NOTICE_MAX bytes. Every value is made safe before it goes in.
 */
#ifndef CONVSCAN_NOTICE_H
#define CONVSCAN_NOTICE_H

#include "base/buf.h"
#include "conf.h"

enum { NOTICE_MAX = 64 << 10 };

struct notice_facts {
    const char *virus, *file, *type, *size, *sender, *subject, *date, *host, *action, *id, *contact;
    enum cls cls;
};

/* UTF-8 text, lines ending in LF. */
enum cs_status notice_text(const struct conf *c, const struct notice_facts *f, struct slice languages, struct buf *out) MUST_USE;

/* MIME header lines for the notice, for OUTPUT_HEADERS; name is what the file was called. */
enum cs_status notice_headers(struct slice name, struct buf *out) MUST_USE;

#endif
