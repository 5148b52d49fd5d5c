/*
 * word.h - encoded words in header fields (RFC 2047), and unfolding.
 *
 *   Borrows   the value.
 *   Fails     p is NULL when the arena is full.
 *   Bounded   by the arena; time is linear.
 *
 * Read beyond the RFC: words inside quotes, words that touch each other or other text, characters cut between two words
 * of one charset, white space in Q text, a last word without its "?=".
 */
#ifndef MIME_WORD_H
#define MIME_WORD_H

#include "base/arena.h"
#include "mime.h"

bool word_is_there(struct slice s);
struct slice word_decode(struct slice s, struct arena *a);

#endif
