/*
 * words.h - words that may open a locked archive: from the settings, and from the text of the message ("the password is 1234").
 *
 *   Owns      copies, inside the struct.
 *   Fails     never; what does not fit is left out.
 *   Bounded   WORDS_MAX words, WORDS_TEXT bytes, the first 64 KB of a text.
 */
#ifndef CONVSCAN_WORDS_H
#define CONVSCAN_WORDS_H

#include "base/slice.h"

enum { WORDS_MAX = 64, WORDS_TEXT = 2048 };

struct words {
    struct slice words[WORDS_MAX];      /* into text */
    size_t n, text_n;
    uint8_t text[WORDS_TEXT];
};

void words_add(struct words *w, struct slice word);

/* What stands near a word for "password" in a number of languages, and what looks like nothing but one. */
void words_from_text(struct words *w, struct slice text);

#endif
