/* delim.c - finding the delimiters of the open multiparts. */
#include "walker.h"

enum { GUESS_LEN = 200 };

/* Does this boundary split its multipart, in this walk and at this time? */
static bool active(struct mime_walk *w, const struct bound *b)
{
    const struct frame *f = b->owner;

    if (f->chosen != ANY_READING && f->chosen != b->reading)
        return false;
    return !f->is_closed || doubt(w, DOUBT_REOPEN);
}

/* The boundary that is exactly text: the innermost, or for some programs the outermost. */
static const struct bound *exact(struct mime_walk *w, struct slice text)
{
    uint32_t hash = bounds_hash(text);
    const struct bound *hit = NULL;

    for (const struct bound *b = bounds_find(&w->bounds, text, hash, NULL); b;
         b = bounds_find(&w->bounds, text, hash, b)) {
        if (!active(w, b) || (hit && hit->owner == b->owner))
            continue;
        if (hit && !doubt(w, DOUBT_OUTER))
            break;
        hit = b;
    }
    return hit;
}

/* A boundary with something behind it. Once that is known to happen, only the walks that believe in it look again. */
static const struct bound *prefix(struct mime_walk *w, struct slice text)
{
    const struct bound *b;

    if ((w->doubts & DOUBT_PREFIX) && !flips(w, DOUBT_PREFIX))
        return NULL;
    b = bounds_find_prefix(&w->bounds, text);
    return b && active(w, b) && doubt(w, DOUBT_PREFIX) ? b : NULL;
}

static unsigned depth_of(const struct bound *b)
{
    const struct frame *f = b->owner;

    return f->part.depth;
}

/* An undeclared boundary? A line "--something" before the first part with a Content- field behind it. */
bool delim_is_likely(const struct mime_walk *w, size_t at, size_t len)
{
    struct slice text = trim_right(slice_sub(w->msg, at + 2, len - 2));

    return text.n && text.n <= GUESS_LEN && text.p[0] != '-' && slice_istarts(rest(w, at + len), SLICE("content-"));
}

/* The boundary that a line with this behind its dashes belongs to. */
static const struct bound *match(struct mime_walk *w, struct slice text, bool *is_close)
{
    const struct bound *b = NULL, *closing = NULL;

    if (text.n <= w->bounds.longest)
        b = exact(w, text);
    if (text.n <= w->bounds.longest + 2 && slice_ends(text, SLICE("--")))
        closing = exact(w, slice_take(text, text.n - 2));
    *is_close = closing && (!b || depth_of(closing) > depth_of(b));
    if (*is_close)
        b = closing;
    if (!b && (b = prefix(w, text)))
        *is_close = slice_starts(slice_drop(text, b->text.n), SLICE("--"));
    return b;
}

static struct slice cut_eol(struct slice line)
{
    line.n -= line.n && line.p[line.n - 1] == '\n';
    line.n -= line.n && line.p[line.n - 1] == '\r';
    return line;
}

/* The multipart that the place in hand belongs to. */
static struct frame *innermost(const struct mime_walk *w)
{
    struct frame *f = w->top;

    while (f && f->part.shape != MIME_MULTIPART)
        f = f->up;
    return f;
}

/* An outer multipart's delimiter, while the inner one is still open: who looks for the inner one's alone does not see it. */
static bool is_passed_over(struct mime_walk *w, const struct frame *owner)
{
    const struct frame *inner = innermost(w);

    if (!inner || inner == owner || inner->is_closed || !doubt(w, DOUBT_INNER))
        return false;
    w->is_passing = true;
    return true;
}

/* Is the line [at, at + len) a delimiter? It begins with "--". */
struct frame *delim_owner(struct mime_walk *w, size_t at, size_t len, bool *is_close)
{
    struct slice line = slice_sub(w->msg, at + 2, len - 2), text = trim_right(line);
    const struct bound *b = match(w, text, is_close);
    struct frame *f;

    if (b && text.n != cut_eol(line).n && doubt(w, DOUBT_TRAILING))
        b = match(w, cut_eol(line), is_close);
    if (!b)
        return NULL;
    /* A closing delimiter with a part behind it: who looks at the start of the line alone takes it for an opening one. */
    if (*is_close && slice_istarts(rest(w, at + len), SLICE("content-")) && doubt(w, DOUBT_REOPEN))
        *is_close = false;
    f = b->owner;
    if (is_passed_over(w, f))
        return NULL;
    f->chosen = b->reading;
    f->part.boundary = b->text;
    return f;
}

/* Some programs take "\r--b" for a line of its own. */
static void look_for_bare_cr(struct mime_walk *w, size_t at, size_t len)
{
    struct slice line = slice_sub(w->msg, at, len);
    size_t cr = slice_chr(line, '\r');

    while (cr + 2 < line.n) {
        if (line.p[cr + 1] == '-' && line.p[cr + 2] == '-') {
            w->doubts |= DOUBT_CR;
            return;
        }
        cr++;
        cr += slice_chr(slice_drop(line, cr), '\r');
    }
}

/* The line is the boundary of the multipart in hand, though another was declared. One guess a multipart. */
static bool take_guess(struct mime_walk *w, size_t at, size_t len)
{
    struct slice text = trim_right(slice_sub(w->msg, at + 2, len - 2));

    if (w->top->chosen == BOUNDARIES - 1)
        return false;
    w->top->chosen = BOUNDARIES - 1;
    return bounds_push(&w->bounds, text, w->top, BOUNDARIES - 1) == CS_OK;
}

/* Delimiters of one multipart in a row separate nothing; they count as one. */
static void join_delims(struct mime_walk *w)
{
    struct delim *d = &w->delim;
    bool is_close = d->is_close;

    while (!is_close && d->end < w->msg.n && w->msg.p[d->end] == '-') {
        size_t len = line_len(rest(w, d->end), w->rules.cr_ends);
        if (len < 2 || w->msg.p[d->end + 1] != '-' || delim_owner(w, d->end, len, &is_close) != d->owner || is_close)
            break;
        d->end += len;
    }
}

/* The next delimiter of any open multipart at a line start from `from` on. */
void delim_find(struct mime_walk *w, size_t from, bool can_guess)
{
    struct slice msg = w->msg;
    size_t at = from;

    w->delim = (struct delim){ .start = msg.n, .end = msg.n };
    w->is_passing = false;
    if (w->bounds.n == 0)
        return;
    while (at < msg.n) {
        size_t len = line_len(slice_drop(msg, at), w->rules.cr_ends);
        if (len >= 2 && msg.p[at] == '-' && msg.p[at + 1] == '-') {
            struct frame *f = delim_owner(w, at, len, &w->delim.is_close);
            /* Asked once more, not for ever: white space behind the guess may keep it from being one. */
            if (!f && can_guess && delim_is_likely(w, at, len) && doubt(w, DOUBT_GUESS) && take_guess(w, at, len))
                f = delim_owner(w, at, len, &w->delim.is_close);
            if (f) {
                w->delim.owner = f;
                w->delim.start = at;
                w->delim.end = at + len;
                break;
            }
        }
        if (!w->rules.cr_ends && !(w->doubts & DOUBT_CR))
            look_for_bare_cr(w, at, len);
        at += len;
        w->passed += w->is_passing ? len : 0;
    }
    if (!w->delim.owner)
        return;
    join_delims(w);
    at = w->delim.start;
    if (at > from && msg.p[at - 1] == '\n')
        at--;
    if (at > from && msg.p[at - 1] == '\r')
        at--;
    w->delim.start = at;
}
