/*
 * session.h - who is signed in. Kept in memory alone: a restart signs everybody out.
 *
 *   Owns      the table.
 *   Fails     session_start(): false without random bytes; the longest unused session makes room when the table is full.
 *   Bounded   SESSIONS at a time, SESSION_IDLE seconds unused, SESSION_LONGEST seconds in all.
 *   Threads   any.
 *
 * The token in the cookie is 32 random bytes as hex; only its SHA-256 is kept. The form token of a session (against forged requests)
 * is made from it, so that it needs no place.
 */
#ifndef CONSOLE_SESSION_H
#define CONSOLE_SESSION_H

#include <pthread.h>

#include "users.h"

enum { SESSIONS = 1024, SESSION_IDLE = 30 * 60, SESSION_LONGEST = 12 * 3600, TOKEN_HEX = 65 };

struct session {
    char token_digest[TOKEN_HEX];
    char user[USER_NAME], password_digest[TOKEN_HEX];   /* a changed password ends the session */
    double begun, used;                 /* seconds; begun 0: free */
};

struct sessions {
    pthread_mutex_t lock;
    uint8_t key[32];                    /* of form tokens */
    struct session all[SESSIONS];
};

bool sessions_init(struct sessions *s);
/* 32 random bytes as hex. */
bool token_make(char out[TOKEN_HEX]);
bool session_start(struct sessions *s, const struct user *u, double now, char token[TOKEN_HEX]);
/* The name of the user of this token, and the digest of the password then; with touches, the session counts as used now. */
bool session_find(struct sessions *s, struct slice token, double now, bool touches, char user[USER_NAME], char password[TOKEN_HEX]);
void session_end(struct sessions *s, struct slice token);
/* What a form must bring along; for a session's token, or another random text in a cookie. */
void form_token(const struct sessions *s, struct slice token, char out[TOKEN_HEX]);
bool form_token_fits(const struct sessions *s, struct slice token, const char *given);

#endif
