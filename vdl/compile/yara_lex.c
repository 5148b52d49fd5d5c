#include "yara.h"

#include <stdlib.h>

void *yara_wrong(struct yara *y, const char *text)
{
    if (!y->has_failed) {
        snprintf(y->why, sizeof y->why, "%s", text);
        y->fail_line = y->t.line;
        y->fail_column = y->t.column;
        y->is_unsupported = false;
    }
    y->has_failed = true;
    return NULL;
}

void *yara_unsupported(struct yara *y, const char *text)
{
    bool is_first = !y->has_failed;

    yara_wrong(y, text);
    if (is_first)
        y->is_unsupported = true;
    return NULL;
}

static int peek(const struct yara *y, size_t ahead)
{
    return y->at + ahead < y->text.n ? y->text.p[y->at + ahead] : -1;
}

static bool is_word_char(int c)
{
    return c == '_' || (c >= 0 && (ascii_is_alpha((uint8_t)c) || ascii_is_digit((uint8_t)c)));
}

static void step(struct yara *y)
{
    if (y->text.p[y->at++] == '\n') {
        y->line++;
        y->line_start = y->at;
    }
}

static void skip_blanks(struct yara *y)
{
    for (;;) {
        int c = peek(y, 0);
        if (c == '/' && peek(y, 1) == '/') {
            while (peek(y, 0) >= 0 && peek(y, 0) != '\n')
                y->at++;
        } else if (c == '/' && peek(y, 1) == '*') {
            y->at += 2;
            while (peek(y, 0) >= 0 && !(peek(y, 0) == '*' && peek(y, 1) == '/'))
                step(y);
            y->at = y->at + 2 > y->text.n ? y->text.n : y->at + 2;
        } else if (c >= 0 && ascii_is_space((uint8_t)c)) {
            step(y);
        } else {
            return;
        }
    }
}

static void text(struct yara *y)
{
    static const char from[] = "ntr", to[] = "\n\t\r";
    uint8_t room[YARA_TEXT];
    size_t n = 0;

    y->at++;
    for (;; n++) {
        int c = peek(y, 0);
        if (c < 0 || c == '\n' || n == sizeof room) {
            yara_wrong(y, n == sizeof room ? "a text longer than 16,384 bytes" : "a text without its closing '\"'");
            y->t.kind = YT_BAD;
            return;
        }
        y->at++;
        if (c == '"')
            break;
        if (c == '\\') {
            int e = peek(y, 0);
            const char *at = e > 0 ? strchr(from, e) : NULL;
            y->at++;
            if (at) {
                c = (uint8_t)to[at - from];
            } else if (e == 'x' && peek(y, 0) >= 0 && peek(y, 1) >= 0 && ascii_hex((uint8_t)peek(y, 0)) >= 0 && ascii_hex((uint8_t)peek(y, 1)) >= 0) {
                c = ascii_hex((uint8_t)peek(y, 0)) * 16 + ascii_hex((uint8_t)peek(y, 1));
                y->at += 2;
            } else if (e == '"' || e == '\\') {
                c = e;
            } else {
                yara_wrong(y, "an unknown escape in a text");
                c = '?';
            }
        }
        room[n] = (uint8_t)c;
    }
    y->t.kind = YT_TEXT;
    y->t.bytes = reader_bytes(y->r, (struct slice){ room, n });
}

/* /…/flags: '\/' becomes '/'. */
static void regex(struct yara *y)
{
    uint8_t room[YARA_TEXT];
    size_t n = 0, from;
    bool in_class = false;

    for (y->at++;; y->at++) {
        int c = peek(y, 0);
        if (c < 0 || c == '\n' || n + 2 > sizeof room) {
            yara_wrong(y, "a regular expression without its closing '/'");
            y->t.kind = YT_BAD;
            return;
        }
        if (c == '/' && !in_class)
            break;
        in_class = (in_class && c != ']') || c == '[';
        if (c == '\\' && peek(y, 1) >= 0 && peek(y, 1) != '\n') {
            y->at++;
            if (peek(y, 0) != '/')
                room[n++] = '\\';
            c = peek(y, 0);
        }
        room[n++] = (uint8_t)c;
    }
    from = ++y->at;
    while (is_word_char(peek(y, 0)))
        y->at++;
    y->t.kind = YT_REGEX;
    y->t.bytes = reader_bytes(y->r, (struct slice){ room, n });
    y->t.flags = slice_sub(y->text, from, y->at - from);
}

/* { … } of hex, whole. */
static void hex(struct yara *y)
{
    size_t from = ++y->at;

    while (peek(y, 0) >= 0 && peek(y, 0) != '}')
        step(y);
    y->t.kind = peek(y, 0) < 0 ? YT_BAD : YT_HEX;
    y->t.bytes = slice_sub(y->text, from, y->at - from);
    if (y->t.kind == YT_BAD)
        yara_wrong(y, "a hex string without its '}'");
    else
        y->at++;
}

static void number(struct yara *y)
{
    size_t from = y->at;
    struct slice s;
    uint64_t unit = 1;

    while (is_word_char(peek(y, 0)))
        y->at++;
    s = slice_sub(y->text, from, y->at - from);
    if (slice_ends(s, SLICE("KB")) || slice_ends(s, SLICE("MB"))) {
        unit = s.p[s.n - 2] == 'K' ? 1024 : 1024 * 1024;
        s.n -= 2;
    }
    y->t.kind = YT_NUMBER;
    if (!number_of(s, &y->t.value) || y->t.value > INT64_MAX / unit) {
        yara_wrong(y, "a broken number");
        y->t.kind = YT_BAD;
    }
    y->t.value *= unit;
}

static void identifier(struct yara *y, int sign)
{
    size_t from;

    y->at += sign != 0;
    from = y->at;
    while (is_word_char(peek(y, 0)) || (sign == 0 && peek(y, 0) == '.' && is_word_char(peek(y, 1))))
        y->at++;
    if (sign == '$' && peek(y, 0) == '*')
        y->at++;
    y->t.bytes = slice_sub(y->text, from, y->at - from);
    y->t.kind = sign == '$' ? YT_STRING_ID : sign == '#' ? YT_COUNT_ID : sign == '@' ? YT_OFFSET_ID : sign == '!' ? YT_LENGTH_ID : YT_WORD;
}

static void punct(struct yara *y)
{
    static const struct { char text[3]; int value; } pairs[] = {
        { "==", YP_EQ }, { "!=", YP_NE }, { "<=", YP_LE }, { ">=", YP_GE }, { "..", YP_DOTS }, { "<<", YP_SHL }, { ">>", YP_SHR },
    };

    y->t.kind = YT_PUNCT;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (peek(y, 0) == pairs[i].text[0] && peek(y, 1) == pairs[i].text[1]) {
            y->at += 2;
            y->t.value = (uint64_t)pairs[i].value;
            return;
        }
    y->t.value = y->text.p[y->at];
    step(y);
}

void yara_next(struct yara *y)
{
    int c;

    skip_blanks(y);
    y->t = (struct yara_token){ .line = y->line, .column = (uint32_t)(y->at - y->line_start) + 1 };
    c = peek(y, 0);
    if (c < 0)
        return;
    if (c == '"')
        text(y);
    else if (c == '{' && y->in_strings)
        hex(y);
    else if (c == '/' && y->in_strings)
        regex(y);
    else if (ascii_is_digit((uint8_t)c))
        number(y);
    else if (c == '$' || c == '#' || c == '@' || (c == '!' && peek(y, 1) != '='))
        identifier(y, c);
    else if (is_word_char(c))
        identifier(y, 0);
    else
        punct(y);
}

bool yara_is(const struct yara *y, int p)
{
    return y->t.kind == YT_PUNCT && y->t.value == (uint64_t)p;
}

bool yara_is_word(const struct yara *y, const char *word)
{
    return y->t.kind == YT_WORD && slice_eq(y->t.bytes, slice_str(word));
}

bool yara_take(struct yara *y, int p)
{
    if (!yara_is(y, p))
        return false;
    yara_next(y);
    return true;
}

bool yara_take_word(struct yara *y, const char *word)
{
    if (!yara_is_word(y, word))
        return false;
    yara_next(y);
    return true;
}

bool yara_need(struct yara *y, int p, const char *what)
{
    char why[64];

    if (yara_take(y, p))
        return true;
    snprintf(why, sizeof why, "expected %s", what);
    yara_wrong(y, why);
    return false;
}

bool yara_push(struct yara *y, struct vdl_node *n)
{
    if (!n)
        return false;
    if (y->n_kids == y->kid_room) {
        size_t room = y->kid_room ? y->kid_room * 2 : 256;
        struct vdl_node **kids = room <= YARA_STACK ? reallocarray(y->kids, room, sizeof *kids) : NULL;
        if (!kids)
            return yara_unsupported(y, "a rule of too many parts");
        y->kids = kids;
        y->kid_room = room;
    }
    y->kids[y->n_kids++] = n;
    return true;
}
