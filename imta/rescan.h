/*
 * rescan.h - a held message carries no verdict: ask the scanner again.
 *
 *   Borrows   the program's path; the item's bytes.
 *   Fails     quietly: class and signature stay as they were when the scanner gives no answer.
 *   Bounded   the first line of the answer, RECORD_BYTES of it.
 */
#ifndef IMTA_RESCAN_H
#define IMTA_RESCAN_H

#include "item.h"

/* Starts PROGRAM --json - with the message on its standard input; sets class and name. */
void rescan(const char *program, struct item *it);

#endif
