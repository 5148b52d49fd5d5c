#include "script.h"

#include "base/bytes.h"
#include "blob.h"
#include "magic.h"
#include "normtext.h"
#include "screnc.h"
#include "scriptlook.h"
#include "unbase.h"
#include "utf16.h"

enum { NUMBERS_MIN = 16, BARE_MIN = 64, BARE_PIECE = 40, PIECE_MIN = 16, WORD_MAX = SCRIPT_WORD_MAX, JOINED_MIN = 64, GAP_MAX = 48, TRIES = 8, SHORT_MAX = 64 << 10 };

struct script {
    struct slice in;
    size_t at;
    struct blobs *blobs;
    struct buf string;           /* the one that is being put together */
    size_t n_made;               /* how many of its characters were written as numbers */
    size_t n_joints;             /* how many pieces were joined to the first */
    struct buf pieces;           /* base64 in several strings in a row */
    size_t n_pieces;
    struct buf shorts;           /* the same of strings of any length */
    size_t n_shorts;             /* how many of them are shorter than a piece */
    struct buf wide;             /* the list of numbers at hand, four bytes each */
    uint32_t largest;            /* of that list */
    struct buf run;              /* numbers of lists with the same between them */
    size_t run_lists, run_end;
    struct slice gap;            /* what stands between them */
    struct buf all;              /* every string, a line each */
};

static uint8_t peek(const struct script *s, size_t ahead)
{
    return s->at < s->in.n && s->in.n - s->at > ahead ? s->in.p[s->at + ahead] : 0;
}

static void skip_space(struct script *s)
{
    while (s->at < s->in.n) {
        if (peek(s, 0) == '/' && peek(s, 1) == '*') {
            struct slice rest = slice_drop(s->in, s->at + 2);
            size_t n = slice_find(rest, SLICE("*/"));
            s->at += n < rest.n ? n + 4 : rest.n + 2;
        } else if (ascii_is_space(peek(s, 0)) || (peek(s, 0) == '_' && peek(s, 1) == '\r')) {
            s->at++;
        } else {
            return;
        }
    }
}

/* ---- strings ---- */

static enum cs_status put_number(struct buf *out, uint32_t c)
{
    return c < 0x100 ? buf_putc(out, (uint8_t)c) : utf16_put_char(out, c);
}

/* Up to max digits of this base. */
static uint32_t digits(struct script *s, unsigned base, size_t max)
{
    uint32_t v = 0;

    for (; max; max--, s->at++) {
        int d = ascii_hex(peek(s, 0));
        if (d < 0 || (unsigned)d >= base)
            break;
        v = v * base + (unsigned)d;
    }
    return v;
}

/* Behind a backslash. */
static enum cs_status escape(struct script *s)
{
    static const char from[] = "nrtbfv", to[] = "\n\r\t\b\f\v";
    uint8_t c = peek(s, 0);
    const char *q = c ? strchr(from, c) : NULL;

    s->n_made += (c >= '0' && c <= '7') || c == 'x' || c == 'u';
    if (c >= '0' && c <= '7')
        return put_number(&s->string, digits(s, 8, 3) & 0xff);
    s->at++;
    if (c == 'x')
        return put_number(&s->string, digits(s, 16, 2));
    if (c == 'u' && peek(s, 0) == '{') {
        uint32_t v;
        s->at++;
        v = digits(s, 16, 6);
        s->at += peek(s, 0) == '}';
        return put_number(&s->string, v);
    }
    if (c == 'u')
        return put_number(&s->string, digits(s, 16, 4));
    if (c == '\r')
        s->at += peek(s, 0) == '\n';
    return c == '\r' || c == '\n' ? CS_OK : buf_putc(&s->string, q ? (uint8_t)to[q - from] : c);
}

/* One string literal, added to what is being put together. A line's end closes all but those in back quotes. */
static enum cs_status literal(struct script *s)
{
    uint8_t quote = s->in.p[s->at++];
    enum cs_status st = CS_OK;

    while (st == CS_OK && s->at < s->in.n) {
        struct slice rest = slice_drop(s->in, s->at);
        size_t n = 0;
        while (n < rest.n && rest.p[n] != quote && rest.p[n] != '\\' && (quote == '`' || rest.p[n] != '\n'))
            n++;
        st = buf_put(&s->string, slice_take(rest, n));
        s->at += n;
        if (st != CS_OK || n == rest.n)
            break;
        s->at++;
        if (rest.p[n] != '\\')
            break;
        st = escape(s);
    }
    return st;
}

static enum cs_status flush_pieces(struct script *s)
{
    enum cs_status st = CS_OK;

    if (s->n_pieces > 1)
        st = blob_text(s->blobs, buf_slice(&s->pieces), "script-pieces");
    s->pieces.n = s->n_pieces = 0;
    return st;
}

/* What the base64 or the digits of something known begin with. */
static bool may_begin(struct slice s)
{
    static const char firsts[256] = { ['T'] = 1, ['U'] = 1, ['N'] = 1, ['J'] = 1, ['0'] = 1, ['f'] = 1, ['H'] = 1, ['e'] = 1, ['Q'] = 1, ['/'] = 1, ['K'] = 1,
                                      ['P'] = 1, ['4'] = 1, ['5'] = 1, ['1'] = 1, ['d'] = 1, ['D'] = 1, ['2'] = 1, ['3'] = 1, ['7'] = 1 };
    static const char pairs[] = "TVUEUmN3JV0Mf0H4e1Ql/TKLPGPHPC4d4D501f1Fd0D02552377f7F3c3C";

    for (const char *p = pairs; s.n > 1 && firsts[s.p[0]] && *p; p += 2)
        if (p[0] == (char)s.p[0] && p[1] == (char)s.p[1])
            return true;
    return false;
}

/*
 * Strings in a row that are put together somewhere else, by join() or one by one: from wherever something known begins. What stands in
 * front are words of the script.
 */
static enum cs_status flush_shorts(struct script *s)
{
    struct slice left = buf_slice(&s->shorts);
    enum cs_status st = CS_OK;

    for (size_t tries = 0; s->n_shorts > 1 && st == CS_OK && left.n >= JOINED_MIN && tries < TRIES; left = slice_drop(left, 1)) {
        if (!may_begin(left))
            continue;
        tries++;
        if (blob_begins(left)) {
            st = blob_known(s->blobs, left, "script-pieces");
            break;
        }
    }
    s->shorts.n = s->n_shorts = 0;
    return st;
}

static enum cs_status add_short(struct script *s, struct slice text)
{
    if (text.n == 0)
        return CS_OK;
    if (slice_istarts(text, SLICE("0x")))
        text = slice_drop(text, 2);
    if (text.n > SHORT_MAX || !unbase_is_64(text, 1))
        return flush_shorts(s);
    s->n_shorts += text.n < PIECE_MIN;
    return buf_put(&s->shorts, text);
}

static enum cs_status put_line(struct buf *to, struct slice line)
{
    enum cs_status st = buf_reserve(to, line.n + 1);

    if (st != CS_OK)
        return st;
    memcpy(to->p + to->n, line.p, line.n);
    to->n += line.n + 1;
    to->p[to->n - 1] = '\n';
    return CS_OK;
}

/* The string at hand to those in a row. The first one of them changes hands: it may be most of the script. */
static enum cs_status add_piece(struct script *s)
{
    struct buf first = s->string;

    if (s->pieces.n)
        return buf_put(&s->pieces, buf_slice(&s->string));
    s->string = s->pieces;
    s->pieces = first;
    return CS_OK;
}

/* A string is complete. */
static enum cs_status end_string(struct script *s)
{
    struct slice text = buf_slice(&s->string);
    bool is_long = text.n >= PIECE_MIN, is_made;
    bool is_piece = is_long ? unbase_is_64(text, PIECE_MIN) : s->n_pieces && unbase_is_64(text, 1);     /* the last one may be short */
    enum cs_status st = is_long && !is_piece ? flush_pieces(s) : CS_OK;

    if (st == CS_OK)
        st = add_short(s, text);
    is_made = s->n_made >= BLOB_MIN || (s->n_joints && text.n >= JOINED_MIN && blob_is_script(text));
    if (st == CS_OK)
        st = is_made ? blob_bytes(s->blobs, text, "script-string") : blob_text(s->blobs, text, "script-string");
    if (st == CS_OK)
        st = blob_addresses(s->blobs, text);
    if (st == CS_OK && text.n)
        st = put_line(&s->all, text);
    if (st == CS_OK && is_piece) {
        s->n_pieces += is_long;
        st = add_piece(s);
    }
    s->string.n = s->n_made = s->n_joints = 0;
    return st;
}

/* ---- numbers ---- */

static bool number(struct script *s, uint32_t *v)
{
    bool is_minus = peek(s, 0) == '-', is_hex;

    s->at += is_minus;
    is_hex = (peek(s, 0) == '0' && ascii_lower(peek(s, 1)) == 'x') || (peek(s, 0) == '&' && ascii_lower(peek(s, 1)) == 'h');
    if (!is_hex && !ascii_is_digit(peek(s, 0)))
        return false;
    s->at += is_hex ? 2 : 0;
    *v = digits(s, is_hex ? 16 : 10, 10);
    if (!is_minus && *v > s->largest)
        s->largest = *v;
    if (is_minus)
        *v = 0 - *v;
    return true;
}

static enum cs_status put_wide(struct buf *to, uint32_t v)
{
    uint8_t bytes[4];

    put_le32(bytes, v);
    return to->n <= BLOB_MAX - 4 ? buf_put(to, slice_of(bytes, 4)) : CS_OK;
}

/* With the first number that is no byte, those before it are wide, too. narrow: all of them, the last one being v. */
static enum cs_status add_wide(struct script *s, const struct buf *narrow, uint32_t v)
{
    enum cs_status st = CS_OK;

    if (s->wide.n == 0)
        for (size_t i = 0; i + 1 < narrow->n && st == CS_OK; i++)
            st = put_wide(&s->wide, narrow->p[i]);
    return st == CS_OK ? put_wide(&s->wide, v) : st;
}

/* Numbers with commas between: each is a character (or a byte) of the result. */
static size_t list(struct script *s, struct buf *out, bool is_text, enum cs_status *st)
{
    size_t n = 0;
    uint32_t v;

    for (skip_space(s); *st == CS_OK && number(s, &v); skip_space(s)) {
        *st = is_text ? put_number(out, v) : buf_putc(out, (uint8_t)v);
        if (*st == CS_OK && !is_text && s->largest > UINT8_MAX)
            *st = add_wide(s, out, v);
        n++;
        skip_space(s);
        if (peek(s, 0) != ',')
            break;
        s->at++;
    }
    return n;
}

/* Lists that come one after another with the same between them are one: a.push(77); a.push(90); and lists of lists. */
static enum cs_status flush_run(struct script *s)
{
    struct slice run = buf_slice(&s->run);
    enum cs_status st = CS_OK;

    if (s->run_lists > 1 && run.n >= NUMBERS_MIN && magic_is_object(slice_take(run, MAGIC_HEAD)))
        st = blob_bytes(s->blobs, run, "script-numbers");
    s->run.n = s->run_lists = 0;
    return st;
}

static enum cs_status add_to_run(struct script *s, size_t from, struct slice bytes)
{
    struct slice gap = slice_sub(s->in, s->run_end, from - s->run_end);
    bool goes_on = s->run_lists && gap.n <= GAP_MAX && (s->run_lists == 1 || slice_eq(gap, s->gap));
    enum cs_status st = goes_on ? CS_OK : flush_run(s);

    s->gap = gap;
    s->run_end = s->at;
    s->run_lists++;
    return st == CS_OK ? buf_put(&s->run, bytes) : st;
}

/* Numbers too large for a byte: two bytes each, or four. */
static enum cs_status wide_numbers(struct script *s)
{
    size_t step = s->largest > UINT16_MAX ? 4 : 2, n = 0;

    for (size_t i = 0; i + 4 <= s->wide.n; i += 4)
        for (size_t k = 0; k < step; k++)
            s->wide.p[n++] = s->wide.p[i + k];
    s->wide.n = n;
    return magic_is_object(slice_take(buf_slice(&s->wide), MAGIC_HEAD)) ? blob_bytes(s->blobs, buf_slice(&s->wide), "script-numbers") : CS_OK;
}

/* At a remark, in which texts of many lines may stand that the script reads out of itself. */
static enum cs_status remark(struct script *s)
{
    struct slice text = slice_drop(s->in, s->at + 2);

    text = slice_take(text, slice_find(text, SLICE("*/")));
    s->at += text.n + 4 < s->in.n - s->at ? text.n + 4 : s->in.n - s->at;
    return blob_known(s->blobs, text, "script-remark");
}

/* At numbers; from: where the list began. */
static enum cs_status numbers(struct script *s, size_t from)
{
    struct buf bytes = buf_init(BLOB_MAX);
    enum cs_status st = CS_OK;
    size_t n;

    s->wide.n = s->largest = 0;
    n = list(s, &bytes, false, &st);
    if (n && st == CS_OK)
        st = add_to_run(s, from, buf_slice(&bytes));
    if (n >= NUMBERS_MIN && st == CS_OK)
        st = blob_bytes(s->blobs, buf_slice(&bytes), "script-numbers");
    if (n >= NUMBERS_MIN && s->largest > UINT8_MAX && st == CS_OK)
        st = wide_numbers(s);
    buf_release(&bytes);
    return st;
}

static enum cs_status array(struct script *s)
{
    size_t from = s->at++;
    enum cs_status st = CS_OK;

    if (peek(s, 0) == '/' && peek(s, 1) == '*')
        st = remark(s);
    return st == CS_OK && script_may_list(peek(s, 0)) ? numbers(s, from) : st;
}

/* ---- what strings are made of, besides literals ---- */

/* Nearly every word is told by its first letter to be none of these. */
static bool makes_text(struct slice word)
{
    uint8_t c = word.n ? ascii_lower(word.p[0]) : 0;

    if (c == 'f')
        return slice_ieq(word, SLICE("fromcharcode"));
    return c == 'c' && (slice_ieq(word, SLICE("chr")) || slice_ieq(word, SLICE("chrw")) || slice_ieq(word, SLICE("chrb")) ||
                        slice_ieq(word, SLICE("char")));
}

/* fromCharCode(…), Chr(…): true when one was read. */
static bool call(struct script *s, struct slice word, enum cs_status *st)
{
    size_t before = s->at, n;

    if (!makes_text(word))
        return false;
    skip_space(s);
    if (peek(s, 0) == ']') {                    /* [char]65 */
        s->at++;
    } else if (peek(s, 0) == '(') {
        s->at++;
    } else {
        s->at = before;
        return false;
    }
    n = list(s, &s->string, true, st);
    if (n == 0) {
        s->at = before;
        return false;
    }
    s->n_made += n;
    skip_space(s);
    s->at += peek(s, 0) == ')';
    return true;
}

static struct slice word_at(struct script *s)
{
    size_t from = s->at;

    while (s->at < s->in.n && script_is_word(s->in.p[s->at]))
        s->at++;
    return slice_sub(s->in, from, s->at - from);
}

/* Behind a piece of a string: does + or & join another one? Then the position is at that one. */
static bool joins(struct script *s)
{
    size_t before = s->at;

    skip_space(s);
    if (peek(s, 0) == '+' || peek(s, 0) == '&') {
        s->at++;
        skip_space(s);
        if (peek(s, 0) == '"' || peek(s, 0) == '\'' || peek(s, 0) == '`')
            return true;
        for (size_t words = 0; words < 4 && (script_is_word(peek(s, 0)) || peek(s, 0) == '['); words++) {   /* String.fromCharCode */
            struct slice w;
            enum cs_status st = CS_OK;
            s->at += peek(s, 0) == '[';
            w = word_at(s);
            if (w.n <= WORD_MAX && call(s, w, &st))
                return st == CS_OK;
            s->at += peek(s, 0) == '.';
        }
    }
    s->at = before;
    return false;
}

/* PowerShell: @' or @", and all lines down to the one that begins with the same turned around. */
static bool here_string(struct script *s, enum cs_status *st)
{
    uint8_t end[] = { '\n', peek(s, 0), '@' };
    struct slice text = slice_drop(s->in, s->at + 1);

    if (s->at == 0 || s->in.p[s->at - 1] != '@' || (peek(s, 1) != '\r' && peek(s, 1) != '\n'))
        return false;
    text = slice_take(text, slice_find(text, slice_of(end, sizeof end)));
    s->at += 1 + text.n;
    s->at = s->in.n - s->at < sizeof end ? s->in.n : s->at + sizeof end;
    *st = buf_put(&s->string, slice_trim(text));
    return true;
}

/* At a quote, or behind a call that has begun a string. */
static enum cs_status string(struct script *s)
{
    enum cs_status st = CS_OK;

    do {
        uint8_t c = peek(s, 0);
        if ((c == '"' || c == '\'' || c == '`') && !here_string(s, &st))
            st = literal(s);
    } while (st == CS_OK && joins(s) && ++s->n_joints);
    return st == CS_OK ? end_string(s) : st;
}

/* Base64 outside quotes: an argument on a command line. PowerShell's is UTF-16. */
static enum cs_status bare(struct script *s, struct slice word)
{
    struct buf bytes = buf_init(BLOB_MAX), text = buf_init(BLOB_MAX);
    enum cs_status st = unbase64(word, &bytes);
    struct slice b = buf_slice(&bytes);

    if (st == CS_OK && b.n > 3 && b.p[1] == 0 && b.p[3] == 0) {
        st = utf16le_put(&text, b);
        b = buf_slice(&text);
    }
    if (st == CS_OK)
        st = blob_bytes(s->blobs, b, "script-argument");
    buf_release(&bytes);
    buf_release(&text);
    return st;
}

/* PowerShell writes lists without brackets. */
static bool is_list(const struct script *s, struct slice w)
{
    return w.n && ascii_is_digit(w.p[0]) && peek(s, 0) == ',';
}

/* In lines of a script, each of which is written somewhere, or all of which are one argument. */
static enum cs_status bare_piece(struct script *s, struct slice w)
{
    enum cs_status st = add_short(s, w);

    s->n_shorts++;
    return st == CS_OK && w.n >= BARE_MIN ? bare(s, w) : st;
}

static enum cs_status word(struct script *s)
{
    size_t from = s->at;
    struct slice w = word_at(s);
    enum cs_status st = CS_OK;

    if (is_list(s, w)) {
        s->at = from;
        return numbers(s, from);
    }
    if (w.n <= WORD_MAX && makes_text(w))
        return call(s, w, &st) && st == CS_OK ? string(s) : st;
    if (w.n <= WORD_MAX && peek(s, 0) != '+' && peek(s, 0) != '/')
        return CS_OK;
    from = s->at;
    while (s->at < s->in.n && (script_is_word(s->in.p[s->at]) || strchr("+/=", s->in.p[s->at])) && s->in.p[s->at])
        s->at++;
    if (w.n + s->at - from < BARE_PIECE) {
        s->at = from + (w.n == 0);
        return CS_OK;
    }
    w.n = (size_t)(s->in.p + s->at - w.p);
    return w.n >= BARE_PIECE && unbase_is_64(w, BARE_PIECE) ? bare_piece(s, w) : CS_OK;
}

static enum cs_status step(struct script *s)
{
    uint8_t c = peek(s, 0);

    if (script_is_quote(c))
        return string(s);
    if (c == '/' && peek(s, 1) == '*')
        return remark(s);
    if (c == '/' && peek(s, 1) == '/') {
        s->at += slice_chr(slice_drop(s->in, s->at), '\n');
        return CS_OK;
    }
    if (script_is_bracket(c))
        return array(s);
    if (script_is_coded(c))
        return word(s);
    s->at++;
    return CS_OK;
}

static enum cs_status emit_all(struct script *s)
{
    struct emit_child c = { .kind = EMIT_VIEW, .how = "script-strings", .type = "script", .size = s->all.n,
                            .packed = UINT64_MAX, .name = slice_take(s->in, 0) };

    return s->all.n ? emit_whole(s->blobs->out, &c, buf_slice(&s->all)) : CS_OK;
}

enum cs_status script_strings(struct slice source, struct blobs *blobs)
{
    struct script s = { .in = source, .blobs = blobs, .string = buf_init(BLOB_MAX), .pieces = buf_init(BLOB_MAX),
                        .shorts = buf_init(BLOB_MAX), .wide = buf_init(BLOB_MAX), .run = buf_init(BLOB_MAX), .all = buf_init(BLOB_MAX) };
    struct scriptlook look = scriptlook_of(source);
    enum cs_status st = CS_OK;

    while (st == CS_OK && s.at < s.in.n) {
        if (!script_may_begin(s.in.p[s.at]))
            s.at = scriptlook_next(&look, s.at);
        else
            st = step(&s);
    }
    if (st == CS_OK)
        st = flush_pieces(&s);
    if (st == CS_OK)
        st = flush_shorts(&s);
    if (st == CS_OK)
        st = flush_run(&s);
    buf_release(&s.string);             /* before what is seen of all of them takes its own room */
    buf_release(&s.pieces);
    buf_release(&s.shorts);
    buf_release(&s.wide);
    buf_release(&s.run);
    if (st == CS_OK)
        st = emit_all(&s);
    buf_release(&s.all);
    return st == CS_TOOBIG ? blobs->out->note(blobs->out, EMIT_LIMITED, "a script with large strings") : st;
}

enum cs_status script_decode(struct slice object, struct emit *out)
{
    struct blobs blobs = blobs_of(out);
    struct buf plain = buf_init(object.n);
    struct emit_child c = { .kind = EMIT_VIEW, .how = "script-encode", .type = "script", .size = UINT64_MAX,
                            .packed = object.n, .name = slice_take(object, 0) };
    enum cs_status st = CS_OK;

    if (screnc_has(object)) {
        st = screnc_decode(object, &plain);
        object = buf_slice(&plain);
        if (st == CS_OK)
            st = emit_whole(out, &c, object);
        if (st == CS_OK)
            st = normtext_emit(object, out);
    }
    if (st == CS_OK)
        st = script_strings(object, &blobs);
    buf_release(&plain);
    return blobs_end(&blobs, st);
}
