#include "throttle.h"

#include <math.h>
#include <sys/random.h>

#include "base/bytes.h"
#include "imta/digest.h"

bool throttle_init(struct throttle *t, double tries, double seconds)
{
    memset(t, 0, sizeof *t);
    t->tries = tries;
    t->seconds = seconds;
    return pthread_mutex_init(&t->lock, NULL) == 0 && getrandom(t->key, sizeof t->key, 0) == (ssize_t)sizeof t->key;
}

static size_t slot_of(const struct throttle *t, const char *name)
{
    uint8_t text[sizeof t->key + 256] = { 0 };
    char hex[DIGEST_HEX];
    size_t at = 0;

    memcpy(text, t->key, sizeof t->key);
    memcpy(text + sizeof t->key, name, strnlen(name, 256));
    digest_sha256(slice_of(text, sizeof text), hex);
    for (size_t i = 0; i < 8; i++)
        at = at * 16 + (size_t)ascii_hex((uint8_t)hex[i]);
    return at % THROTTLE_SLOTS;
}

double throttle_take(struct throttle *t, const char *name, double now)
{
    size_t at = slot_of(t, name);
    double level, wait = 0;

    pthread_mutex_lock(&t->lock);
    level = fmax(0, t->slot[at].level - (now - t->slot[at].at) / t->seconds);
    if (level + 1 > t->tries)
        wait = ceil((level + 1 - t->tries) * t->seconds);
    else
        level += 1;
    t->slot[at].level = level;
    t->slot[at].at = now;
    pthread_mutex_unlock(&t->lock);
    return wait;
}

void throttle_forget(struct throttle *t, const char *name)
{
    size_t at = slot_of(t, name);

    pthread_mutex_lock(&t->lock);
    t->slot[at].level = 0;
    pthread_mutex_unlock(&t->lock);
}
