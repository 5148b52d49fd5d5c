#include "formats.h"

static const struct format formats[] = {
#define X(type, fn, wraps) { type, fn, wraps },
    FORMATS(X)
#undef X
#define X(type) { type, NULL, true },
    CLOSED(X)
#undef X
};

const struct format *format_next(const char *type, size_t *at)
{
    while (*at < sizeof formats / sizeof *formats) {
        const struct format *f = &formats[(*at)++];

        if (f->type[0] == type[0] && strcmp(f->type, type) == 0)
            return f;
    }
    return NULL;
}
