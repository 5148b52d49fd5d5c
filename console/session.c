#include "session.h"

#include <stdlib.h>
#include <sys/random.h>

#include "imta/digest.h"

static bool fill_random(void *p, size_t n)
{
    return getrandom(p, n, 0) == (ssize_t)n;
}

bool sessions_init(struct sessions *s)
{
    memset(s, 0, sizeof *s);
    return pthread_mutex_init(&s->lock, NULL) == 0 && fill_random(s->key, sizeof s->key);
}

bool token_make(char out[TOKEN_HEX])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[(TOKEN_HEX - 1) / 2];

    if (!fill_random(bytes, sizeof bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[TOKEN_HEX - 1] = '\0';
    return true;
}

static bool is_alive(const struct session *e, double now)
{
    return e->begun > 0 && now - e->used < SESSION_IDLE && now - e->begun < SESSION_LONGEST;
}

bool session_start(struct sessions *s, const struct user *u, double now, char token[TOKEN_HEX])
{
    struct session *at = &s->all[0];

    if (!token_make(token))
        return false;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < SESSIONS; i++) {
        if (!is_alive(&s->all[i], now))
            s->all[i] = (struct session){ .begun = 0 };
        if (s->all[i].used < at->used)
            at = &s->all[i];
    }
    *at = (struct session){ .begun = now, .used = now };
    digest_sha256(slice_str(token), at->token_digest);
    digest_sha256(slice_str(u->hash), at->password_digest);
    snprintf(at->user, sizeof at->user, "%s", u->name);
    pthread_mutex_unlock(&s->lock);
    return true;
}

/* The lock is held. All are looked at, whichever fits. */
static struct session *find(struct sessions *s, struct slice token)
{
    char digest[TOKEN_HEX];
    struct session *found = NULL;

    digest_sha256(token, digest);
    for (size_t i = 0; i < SESSIONS; i++)
        if (s->all[i].begun > 0 && is_same_secret(s->all[i].token_digest, digest, sizeof digest))
            found = &s->all[i];
    return found;
}

bool session_find(struct sessions *s, struct slice token, double now, bool touches, char user[USER_NAME], char password[TOKEN_HEX])
{
    struct session *e;
    bool is_good;

    if (token.n != TOKEN_HEX - 1)
        return false;
    pthread_mutex_lock(&s->lock);
    e = find(s, token);
    is_good = e && is_alive(e, now);
    if (is_good) {
        memcpy(user, e->user, sizeof e->user);
        memcpy(password, e->password_digest, sizeof e->password_digest);
        if (touches)
            e->used = now;
    }
    pthread_mutex_unlock(&s->lock);
    return is_good;
}

void session_end(struct sessions *s, struct slice token)
{
    struct session *e;

    pthread_mutex_lock(&s->lock);
    e = find(s, token);
    if (e)
        *e = (struct session){ .begun = 0 };
    pthread_mutex_unlock(&s->lock);
}

void form_token(const struct sessions *s, struct slice token, char out[TOKEN_HEX])
{
    uint8_t text[sizeof s->key + TOKEN_HEX] = { 0 };

    token = slice_take(token, TOKEN_HEX - 1);
    memcpy(text, s->key, sizeof s->key);
    memcpy(text + sizeof s->key, token.p, token.n);
    digest_sha256(slice_of(text, sizeof text), out);
}

bool form_token_fits(const struct sessions *s, struct slice token, const char *given)
{
    char due[TOKEN_HEX];

    form_token(s, token, due);
    return token.n == TOKEN_HEX - 1 && strlen(given) == TOKEN_HEX - 1 && is_same_secret(due, given, TOKEN_HEX - 1);
}
