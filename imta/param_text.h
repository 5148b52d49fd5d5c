/*
 * param_text.h - values as header text: parameters (RFC 2045, 2231) and encoded words (RFC 2047).
 *
 *   Borrows   name and value.
 *   Fails     CS_NOMEM, CS_TOOBIG.
 *   Bounded   by the buffer. Control characters do not get through.
 */
#ifndef IMTA_PARAM_TEXT_H
#define IMTA_PARAM_TEXT_H

#include "base/buf.h"

/* "; name=value", folded; in sections where it is long or not ASCII. */
enum cs_status param_text_put(struct buf *out, struct slice name, struct slice value, const char *eol) MUST_USE;
/* Free text for a field. */
enum cs_status param_text_words(struct buf *out, struct slice value, const char *eol) MUST_USE;
/* RFC 2045 token characters only, and at least one. */
bool param_text_is_token(struct slice s);

#endif
