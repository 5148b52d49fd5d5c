#include "regexcheck.h"
#include "sema.h"
#include "yara.h"

/* Regular expressions: YARA's are Perl's but for a few forms, and the wide ones are written out with the zero behind each character. */

struct rewrite { struct buf out; struct slice s; size_t at; bool is_wide, is_short; const char *why; };

static void put(struct rewrite *w, struct slice s)
{
    w->is_short = w->is_short || buf_put(&w->out, s) != CS_OK;
}

static void copy(struct rewrite *w, size_t n)
{
    put(w, slice_sub(w->s, w->at, n));
    w->at += n;
}

static uint8_t peek(const struct rewrite *w, size_t ahead)
{
    return w->at + ahead < w->s.n ? w->s.p[w->at + ahead] : 0;
}

/* {n}, {n,}, {n,m}, {,m}: how long it is; 0: a brace that is nothing but a brace. */
static size_t braces(const struct rewrite *w)
{
    size_t n = 1, digits = 0;

    for (; ascii_is_digit(peek(w, n)); n++)
        digits++;
    if (peek(w, n) == ',')
        for (n++; ascii_is_digit(peek(w, n)); n++)
            digits++;
    return peek(w, 0) == '{' && digits && peek(w, n) == '}' ? n + 1 : 0;
}

static size_t repetition(const struct rewrite *w)
{
    uint8_t b = peek(w, 0);

    return b == '*' || b == '+' || b == '?' ? 1 : braces(w);
}

/* [ … ]: to behind its ']'. */
static size_t class_length(const struct rewrite *w)
{
    size_t n = peek(w, 1) == '^' ? 2 : 1;

    for (n += peek(w, n) == ']'; w->at + n < w->s.n && peek(w, n) != ']'; n++)
        n += peek(w, n) == '\\';
    return n + 1;
}

/* An edge of a word, of characters with a zero behind them. */
static void wide_edge(struct rewrite *w, bool is_not)
{
    put(w, is_not ? SLICE("(?:(?<=\\w\\x00)(?=\\w\\x00)|(?<!\\w\\x00)(?!\\w\\x00))")
                  : SLICE("(?:(?<=\\w\\x00)(?!\\w\\x00)|(?<!\\w\\x00)(?=\\w\\x00))"));
    w->at += 2;
}

static void wide_character(struct rewrite *w, size_t n)
{
    size_t from = w->at;
    bool is_repeated;

    w->at += n;
    is_repeated = repetition(w) != 0;
    w->at = from;
    if (is_repeated)
        put(w, SLICE("(?:"));
    copy(w, n);
    put(w, is_repeated ? SLICE("\\x00)") : SLICE("\\x00"));
}

static void escape(struct rewrite *w)
{
    uint8_t b = peek(w, 1);

    if (b == 'b' || b == 'B')
        wide_edge(w, b == 'B');
    else if ((ascii_is_alpha(b) || ascii_is_digit(b)) && !strchr("dDwWsSnrtfax", b))
        w->why = "an escape in a wide regular expression";
    else
        wide_character(w, b == 'x' ? 4 : 2);
}

static void element(struct rewrite *w)
{
    uint8_t b = peek(w, 0);
    size_t n = repetition(w);

    if (n && b == '{' && peek(w, 1) == ',') {       /* up to m: Perl wants the 0 */
        put(w, SLICE("{0"));
        w->at++;
        copy(w, n - 1);
    } else if (n) {
        copy(w, n);
    } else if (!w->is_wide) {
        copy(w, b == '\\' ? 2 : b == '[' ? class_length(w) : 1);
    } else if (b == '(' && peek(w, 1) == '?') {
        w->why = "a group with '?' in a wide regular expression";
    } else if (b == '(' || b == ')' || b == '|' || b == '^' || b == '$') {
        copy(w, 1);
    } else if (b == '\\') {
        escape(w);
    } else {
        wide_character(w, b == '[' ? class_length(w) : 1);
    }
}

/* The pattern as PCRE2 wants it, in the arena. */
static struct slice rewritten(struct yara *y, struct slice pattern, bool is_wide, bool is_word)
{
    struct rewrite w = { .out = buf_init((size_t)YARA_TEXT * 12), .s = pattern, .is_wide = is_wide };
    struct slice result = slice_of(NULL, 0);

    if (is_word)
        put(&w, is_wide ? SLICE("(?<![A-Za-z0-9]\\x00)(?:") : SLICE("(?<![A-Za-z0-9])(?:"));
    while (w.at < w.s.n && !w.why && !w.is_short)
        element(&w);
    if (is_word)
        put(&w, is_wide ? SLICE(")(?![A-Za-z0-9]\\x00)") : SLICE(")(?![A-Za-z0-9])"));
    if (w.is_short)
        y->r->status = CS_NOMEM;
    else if (w.why)
        yara_unsupported(y, w.why);
    else
        result = reader_bytes(y->r, buf_slice(&w.out));
    buf_release(&w.out);
    return result;
}

static struct vdl_node *one_form(struct yara *y, struct slice pattern, uint32_t flags, bool is_wide, bool is_word)
{
    struct slice bare = rewritten(y, pattern, is_wide, false), whole = is_word ? rewritten(y, pattern, is_wide, true) : bare;
    struct vdl_node *trigger, *n;
    char reason[REGEX_WHY];

    if (!bare.n || !whole.n)
        return NULL;
    if (!vdl_regex_check(whole, 0, reason))
        return yara_wrong(y, reason);
    trigger = vdl_regex_trigger(y->r, bare, flags, 2);
    if (!trigger)
        return yara_unsupported(y, "regular expression without a literal");
    n = node_over(y->r, VN_REGEX, trigger);
    if (n) {
        n->regex = flags;
        n->bytes = whole;
    }
    return n;
}

struct vdl_node *yara_regex(struct yara *y, struct slice pattern, struct slice letters, unsigned mods)
{
    bool is_folded = mods & YM_NOCASE || slice_chr(letters, 'i') < letters.n;
    uint32_t flags = VR_DOLLAR_END | (is_folded ? VR_ICASE : 0) | (slice_chr(letters, 's') < letters.n ? VR_DOTALL : 0);
    struct vdl_node *forms[2];
    char reason[REGEX_WHY];
    size_t n = 0;

    for (size_t i = 0; i < letters.n; i++)
        if (letters.p[i] != 'i' && letters.p[i] != 's')
            return yara_wrong(y, "an unknown flag behind a regular expression");
    if (!vdl_regex_check(pattern, 0, reason))
        return yara_wrong(y, reason);
    if (mods & YM_ASCII || !(mods & YM_WIDE))
        forms[n++] = one_form(y, pattern, flags, false, mods & YM_FULLWORD);
    if (mods & YM_WIDE)
        forms[n++] = one_form(y, pattern, flags, true, mods & YM_FULLWORD);
    return node_list(y->r, VN_OR, forms, n);
}
