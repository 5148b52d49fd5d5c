#include "words.h"

enum { LONGEST = 64, LOOKED_AT = 64 << 10, NEAR = 4, ENDS = 3 };

void words_add(struct words *w, struct slice word)
{
    uint8_t *at = w->text + w->text_n;

    if (word.n == 0 || word.n > LONGEST || w->n == WORDS_MAX || word.n > sizeof w->text - w->text_n)
        return;
    for (size_t i = 0; i < w->n; i++)
        if (slice_eq(w->words[i], word))
            return;
    memcpy(at, word.p, word.n);
    w->text_n += word.n;
    w->words[w->n++] = slice_of(at, word.n);
}

static bool is_key(struct slice word)
{
    static const char *const keys[] = { "password", "passwort", "passcode", "passwd", "pass", "pwd", "pw", "pin", "code", "kennwort",
                                        "contrase", "clave", "mot de passe", "passe", "senha", "parola", "wachtwoord", "has\xc5\x82o",
                                        "\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb", "\xe3\x83\x91\xe3\x82\xb9\xe3\x83\xaf\xe3\x83\xbc\xe3\x83\x89",
                                        "\xe5\xaf\x86\xe7\xa0\x81" };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (slice_istarts(word, slice_str(keys[i])))
            return true;
    return false;
}

/* Quotes and the marks that end a sentence do not belong to a word. */
static struct slice strip(struct slice s)
{
    static const char marks[] = "\"'`.,;:!?()[]{}<>*_=";

    while (s.n && memchr(marks, s.p[0], sizeof marks - 1))
        s = slice_drop(s, 1);
    while (s.n && memchr(marks, s.p[s.n - 1], sizeof marks - 1))
        s.n--;
    return s;
}

static struct slice next_word(struct slice *text)
{
    struct slice s = *text;
    size_t n = 0;

    while (s.n && ascii_is_space(s.p[0]))
        s = slice_drop(s, 1);
    while (n < s.n && !ascii_is_space(s.p[n]))
        n++;
    *text = slice_drop(s, n);
    return slice_take(s, n);
}

/* A mark at the end may belong to the password or to the sentence: it is tried with one mark less each time. */
static void add_ends(struct words *w, struct slice word)
{
    struct slice inner = strip(word);
    size_t tail = (size_t)(word.p + word.n - (inner.p + inner.n));

    words_add(w, inner);
    for (size_t n = 1; n <= tail && n <= ENDS; n++)
        words_add(w, slice_of(inner.p, inner.n + n));
    words_add(w, word);
}

/* And what stands behind a colon or an equals sign: "password:1234". */
static void add_readings(struct words *w, struct slice word)
{
    size_t colon = slice_chr(word, ':'), equals = slice_chr(word, '=');

    add_ends(w, word);
    if (colon + 1 < word.n)
        add_ends(w, slice_drop(word, colon + 1));
    if (equals + 1 < word.n)
        add_ends(w, slice_drop(word, equals + 1));
}

void words_from_text(struct words *w, struct slice text)
{
    unsigned near = 0;

    text = slice_take(text, LOOKED_AT);
    for (struct slice word = next_word(&text); word.n; word = next_word(&text)) {
        if (is_key(strip(word))) {
            near = NEAR;
            if (slice_chr(word, ':') + 1 < word.n || slice_chr(word, '=') + 1 < word.n)
                add_readings(w, word);
        } else if (near) {
            near--;
            add_readings(w, word);
        }
    }
}
