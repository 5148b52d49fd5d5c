#include "conf.h"

/* One star is remembered, never two: the work is at most pattern times text, and both are short. */
bool pattern_matches(struct slice pattern, struct slice text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.n && (pattern.p[p] == '?' || ascii_lower(pattern.p[p]) == ascii_lower(text.p[t]))) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

struct slice conf_word(struct slice *list)
{
    struct slice s = *list;
    size_t n = 0;

    while (s.n && (ascii_is_space(s.p[0]) || s.p[0] == ','))
        s = slice_drop(s, 1);
    while (n < s.n && !ascii_is_space(s.p[n]) && s.p[n] != ',')
        n++;
    *list = slice_drop(s, n);
    return slice_take(s, n);
}
