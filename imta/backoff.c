#include "backoff.h"

void backoff_default(struct backoff *b)
{
    static const unsigned normal[] = { 60, 120, 120, 240, 240, 240, 480 };

    for (int p = 0; p < 3; p++) {
        b->n[p] = sizeof normal / sizeof *normal;
        for (unsigned i = 0; i < b->n[p]; i++)
            b->seconds[p][i] = (p == PRIORITY_URGENT ? normal[i] / 2 : p == PRIORITY_NORMAL ? normal[i] : normal[i] * 2) * (uint64_t)60;
    }
}

bool backoff_duration(struct slice s, uint64_t *seconds)
{
    bool is_time = false, has_one = false;
    uint64_t n = 0;
    size_t digits = 0;

    *seconds = 0;
    if (s.n < 3 || ascii_lower(s.p[0]) != 'p')
        return false;
    for (size_t i = 1; i < s.n; i++) {
        uint8_t c = ascii_lower(s.p[i]);
        uint64_t unit = is_time ? (c == 'h' ? 3600 : c == 'm' ? 60 : c == 's') : (c == 'w' ? 604800 : c == 'd' ? 86400 : 0);

        if (ascii_is_digit(c)) {
            n = n * 10 + (uint64_t)(c - '0');
            if (++digits > 6)
                return false;
        } else if (c == 't' && !is_time && !digits) {
            is_time = true;
        } else if (unit && digits) {
            *seconds += n * unit;
            has_one = true;
            n = digits = 0;
        } else {
            return false;
        }
    }
    return has_one && !digits;
}

enum cs_status backoff_set(struct backoff *b, struct slice list)
{
    struct backoff made = { .n = { 0 } };

    while (list.n) {
        size_t n = slice_chr(list, ',');
        uint64_t s;
        unsigned at = made.n[PRIORITY_NORMAL];

        if (at == BACKOFF_STEPS || !backoff_duration(slice_trim(slice_take(list, n)), &s))
            return CS_INVALID;
        made.seconds[PRIORITY_NORMAL][at] = s;
        made.seconds[PRIORITY_URGENT][at] = s / 2;
        made.seconds[PRIORITY_NONURGENT][at] = s * 2;
        made.n[0] = made.n[1] = made.n[2] = at + 1;
        list = slice_drop(list, n + 1);
    }
    if (made.n[0] == 0)
        return CS_INVALID;
    *b = made;
    return CS_OK;
}

uint64_t backoff_seconds(const struct backoff *b, enum priority p, unsigned failures)
{
    unsigned at = failures ? failures - 1 : 0;

    return b->seconds[p][at < b->n[p] ? at : b->n[p] - 1];
}
