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

/* What stands between words: by a table, for every name is held against lists of hundreds. */
static const bool stands_between[256] = { [' '] = true, ['\t'] = true, ['\n'] = true, ['\v'] = true, ['\f'] = true, ['\r'] = true, [','] = true };

struct slice conf_word(struct slice *list)
{
    struct slice s = *list;
    size_t n = 0;

    while (s.n && stands_between[s.p[0]])
        s = slice_drop(s, 1);
    while (n < s.n && !stands_between[s.p[n]])
        n++;
    *list = slice_drop(s, n);
    return slice_take(s, n);
}
