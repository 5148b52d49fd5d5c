/*
 * pdf.h - PDF files, found by what stands in them: cross-reference tables are not believed.
 *
 * Every "obj" is looked at, inside object streams too. Streams are unfiltered; embedded files and whatever has the look of a
 * program, an archive or a document come out as members, all other decoded streams and JavaScript as views.
 *
 *   Bounded   bytes looked at by a multiple of the object; names of embedded files by PDF_NAMES; output by emit.
 */
#ifndef CONVSCAN_PDF_H
#define CONVSCAN_PDF_H

#include "emit.h"

enum { PDF_NAMES = 256 };

bool pdf_is(struct slice head);
enum cs_status pdf_decode(struct slice object, struct emit *out) MUST_USE;

#endif
