#include "complaint.h"

#include <stdio.h>

#include "base/diag.h"

void complaint(struct complaints *c, enum complaint_grade grade, unsigned line, const char *fmt, ...)
{
    char text[COMPLAINT_TEXT];
    unsigned *count = grade == COMPLAINT_ERROR ? &c->errors : &c->warnings;
    va_list ap;

    ++*count;
    if (!c->say || (grade == COMPLAINT_ERROR && *count > COMPLAINT_MAX))
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->say(c->ctx, c->file, line, grade, text);
}

void complaint_to_stderr(void *ctx, const char *file, unsigned line, enum complaint_grade grade, const char *text)
{
    (void)ctx;
    diag_warn("%s:%u: %s: %s", file, line, grade == COMPLAINT_ERROR ? "error" : "warning", text);
}
