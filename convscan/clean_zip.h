/*
 * clean_zip.h - members taken out of a zip file, and macros out of Office documents.
 *
 *   Borrows, Fails, Bounded   as clean.h and ziprewrite.h.
 */
#ifndef CONVSCAN_CLEAN_ZIP_H
#define CONVSCAN_CLEAN_ZIP_H

#include "clean.h"

/* Is the member of this name to go? Then the text that takes its place is put to notice. */
typedef bool clean_pick(void *to, struct slice name, struct buf *notice);

/*
 * In a picked member's place stands its name with ".removed.txt" behind it, holding the notice. In a document, whose parts refer to each
 * other, the name stays as it was, and a picked part in XML is CS_UNSUPPORTED.
 */
enum cs_status clean_zip(struct slice in, bool is_document, clean_pick *pick, void *to, struct buf *out, bool *is_changed) MUST_USE;

/* Macros of Office Open XML: the project, what belongs to it, and every mention in content types and relationships. */
clean_fn clean_ooxml;
/* Macros of OpenDocument: the folders of Basic and of scripts, and their lines in the manifest. */
clean_fn clean_odf;

#endif
