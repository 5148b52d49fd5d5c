#include "sizes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool sizes_read(struct sizes *s, const char *text)
{
    uint64_t last = 0;
    char *end;

    s->n = 0;
    do {
        errno = 0;
        if (*text < '0' || *text > '9' || s->n == SIZES_MAX)
            return false;
        s->bound[s->n] = strtoull(text, &end, 10);
        if (errno || s->bound[s->n] <= last || s->bound[s->n] > UINT64_MAX / 2 || (*end && *end != ','))
            return false;
        last = s->bound[s->n++];
        text = end + (*end == ',');
    } while (*end);
    return true;
}

unsigned sizes_class(const struct sizes *s, uint64_t bytes)
{
    unsigned k = 0;

    while (k < s->n && bytes > s->bound[k])
        k++;
    return k;
}

unsigned sizes_of_place(const struct sizes *s, unsigned i)
{
    return s->n - i % (s->n + 1);
}
