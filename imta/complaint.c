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

struct slice complaint_skip_mark(struct complaints *c, struct slice text)
{
    static const struct slice mark = { (const uint8_t *)"\xef\xbb\xbf", 3 };

    if (!slice_starts(text, mark))
        return text;
    complaint(c, COMPLAINT_WARNING, 1, "a byte order mark that is taken for a part of the first name: save the file without it");
    return slice_drop(text, mark.n);
}
