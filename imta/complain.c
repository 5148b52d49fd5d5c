#include "complain.h"

#include <stdio.h>

#include "base/diag.h"

void complain(struct complaints *c, enum complain_grade grade, unsigned line, const char *fmt, ...)
{
    char text[COMPLAIN_TEXT];
    unsigned *count = grade == COMPLAIN_ERROR ? &c->errors : &c->warnings;
    va_list ap;

    ++*count;
    if (!c->say || (grade == COMPLAIN_ERROR && *count > COMPLAIN_MAX))
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->say(c->ctx, c->file, line, grade, text);
}

void complain_to_stderr(void *ctx, const char *file, unsigned line, enum complain_grade grade, const char *text)
{
    (void)ctx;
    diag_warn("%s:%u: %s: %s", file, line, grade == COMPLAIN_ERROR ? "error" : "warning", text);
}
