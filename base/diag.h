/*
 * diag.h - one-line messages on standard error: "PROGRAM: text".
 *
 *   Fails     never; a message that cannot be written is lost.
 *   Bounded   DIAG_LINE bytes a message; control characters in it come out as '?', so no name can forge a line.
 *   Threads   one write() a message.
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stdarg.h>

enum { DIAG_LINE = 2048 };

/*
 * The name in front of every message; the string is kept, not copied. Call it first: descriptors 0 to 2 that are closed are opened
 * on /dev/null, so that no message ends up in a file that happens to get their number; reading 0 and writing to 1 go on failing, for
 * mail written to nowhere is lost. Where they cannot be opened the program ends with 75.
 * SIGCHLD gets back its default: a parent that ignores it would hide from us how our commands end.
 * GCONV_PATH is taken out of the environment: the C library would load code from there to read a charset.
 */
void diag_program(const char *name);

void diag_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void diag_vwarn(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

#endif
