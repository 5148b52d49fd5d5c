#include "pkold.h"

#include "window.h"

enum { CODES = 8192, CONTROL = 256, FREE = 0xffff };

struct shrink {
    uint16_t parent[CODES];
    uint8_t value[CODES];
    uint8_t text[CODES];         /* the string of a code, last byte first */
    unsigned at;                 /* the code that was given out last */
    uint8_t first;               /* the first byte of the last string */
};

static void shrink_init(struct shrink *s)
{
    memset(s->parent, 0xff, sizeof s->parent);
    for (unsigned i = 0; i < CONTROL; i++) {
        s->parent[i] = CONTROL;
        s->value[i] = (uint8_t)i;
    }
    s->at = CONTROL;
}

/* Give up every code that is nobody's parent. */
static void partial_clear(struct shrink *s)
{
    bool is_parent[CODES] = { false };

    for (size_t i = CONTROL + 1; i < CODES; i++)
        if (s->parent[i] < CODES)
            is_parent[s->parent[i]] = true;
    for (size_t i = CONTROL + 1; i < CODES; i++)
        if (!is_parent[i])
            s->parent[i] = FREE;
    s->at = CONTROL;
}

/* The string of a code; a code not given out yet is the last string and its first byte again. */
static bool put_string(struct shrink *s, struct window *w, unsigned code, unsigned last)
{
    size_t n = 0;

    if (s->parent[code] == FREE) {
        s->text[n++] = s->first;
        code = last;
    }
    while (code != CONTROL) {
        if (n == CODES || s->parent[code] == FREE)
            return false;
        s->text[n++] = s->value[code];
        code = s->parent[code];
    }
    if (n == 0)
        return false;
    s->first = s->text[n - 1];
    while (n)
        window_byte(w, s->text[--n]);
    return true;
}

static void add_code(struct shrink *s, unsigned last)
{
    do
        s->at++;
    while (s->at < CODES && s->parent[s->at] != FREE);
    if (s->at < CODES) {
        s->parent[s->at] = (uint16_t)last;
        s->value[s->at] = s->first;
    } else {
        s->at = CODES - 1;
    }
}

static bool run(struct shrink *s, struct bits *b, struct window *w, uint64_t size)
{
    unsigned width = 9, last = CODES;

    while (w->made < size && w->st == CS_OK) {
        unsigned code = bits_get(b, width);
        if (b->is_over)
            return false;
        if (code == CONTROL) {
            unsigned what = bits_get(b, width);
            if (what == 1 && width < 13)
                width++;
            else if (what == 2)
                partial_clear(s);
            else
                return false;
            continue;
        }
        if (last == CODES && code > CONTROL)
            return false;
        if (!put_string(s, w, code, last))
            return false;
        if (last != CODES)
            add_code(s, last);
        last = code;
    }
    return true;
}

enum cs_status pkold_shrink(struct slice in, uint64_t size, inflate_put *put, void *to, struct inflate_result *res)
{
    struct window w = { .put = put, .to = to };
    struct bits b = { .in = in };
    struct shrink s;
    bool is_good;

    shrink_init(&s);
    is_good = run(&s, &b, &w, size);
    window_flush(&w);
    *res = (struct inflate_result){ .used = bits_used(&b), .made = w.made, .is_damaged = !is_good };
    return w.st;
}
