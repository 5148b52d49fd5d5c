/*
 * clean.h - cleaning: one function a format that takes out what can run.
 *
 *   Borrows   in.
 *   Fails     CS_NOMEM; CS_TOOBIG past the ceiling of out; CS_UNSUPPORTED where this cannot be cleaned (damaged, encrypted).
 *   Bounded   by the size of in, and out's ceiling. Linear, but for a few thousand bytes a macro module.
 *
 * The whole cleaned object is appended to out, *is_changed tells whether it differs from in. None of them knows what was found:
 * the result is scanned again, and only a clean one is used.
 */
#ifndef CONVSCAN_CLEAN_H
#define CONVSCAN_CLEAN_H

#include "base/buf.h"

typedef enum cs_status clean_fn(struct slice in, struct buf *out, bool *is_changed);

/* Macros of Office documents become empty modules, embedded packages empty files; nothing moves, so the document still opens. */
clean_fn clean_ole2;
/* Objects of rich text go, with the group they stand in; the picture that stood for them stays. */
clean_fn clean_rtf;
/* Scripts, event handlers, addresses that are scripts or files, plug-ins and text that is a file in base64 leave a page. */
clean_fn clean_html;
/* Scripts, actions and embedded files of PDF are blanked where they stand, so that nothing moves. */
clean_fn clean_pdf;

#endif
