#include "users.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mapfile.h"
#include "base/newfile.h"

bool is_same_secret(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t differs = 0;

    for (size_t i = 0; i < n; i++)
        differs |= x[i] ^ y[i];
    return differs == 0;
}

/* ---- lists of addresses and domains ---- */

static bool is_divider(uint8_t c)
{
    return c == ',' || ascii_is_space(c);
}

struct slice list_next(struct slice *left)
{
    struct slice word;

    while (left->n && is_divider(left->p[0]))
        *left = slice_drop(*left, 1);
    word = slice_take(*left, 0);
    while (word.n < left->n && !is_divider(left->p[word.n]))
        word.n++;
    *left = slice_drop(*left, word.n);
    return word;
}

struct slice address_domain(struct slice address)
{
    size_t at = address.n;

    if (address.n && address.p[address.n - 1] == '>')
        at = --address.n;
    while (at > 0 && address.p[at - 1] != '@')
        at--;
    return at ? slice_drop(address, at) : slice_of(NULL, 0);
}

bool user_owns(const struct user *u, struct slice address)
{
    struct slice domain = address_domain(address), left, word;

    if (user_has_all(u))
        return true;
    left = slice_str(u->domains);
    while ((word = list_next(&left)).n)
        if (domain.n && slice_ieq(word, domain))
            return true;
    return false;
}

/* ---- the file ---- */

static bool is_word(struct slice s, const char *also, size_t max)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alpha(s.p[i]) && !ascii_is_digit(s.p[i]) && !strchr(also, s.p[i]))
            return false;
    return s.n && s.n < max && !memchr(s.p, 0, s.n);
}

static bool take_domains(struct slice list, char out[USER_DOMAINS])
{
    struct slice word;
    size_t at = 0, n = 0;
    bool is_all = false;

    while ((word = list_next(&list)).n) {
        is_all |= slice_eq(word, SLICE("*")) || slice_ieq(word, SLICE("all"));
        if (!is_all && !is_word(word, ".-_", USER_DOMAINS - 2 - at))
            return false;
        if (n++ == USER_DOMAINS_MAX)
            return false;
        if (at)
            out[at++] = ',';
        for (size_t i = 0; i < word.n && !is_all; i++)
            out[at++] = (char)ascii_lower(word.p[i]);
        out[at] = '\0';
    }
    if (is_all)
        memcpy(out, "*", 2);
    return n > 0;
}

static bool parse_line(struct slice line, struct user *u)
{
    struct slice f[4];

    for (size_t i = 0; i < 4; i++) {
        f[i] = slice_trim(slice_take(line, i < 3 ? slice_chr(line, ':') : line.n));
        line = slice_drop(line, slice_chr(line, ':') + 1);
    }
    *u = (struct user){ .can_write = slice_eq(f[2], SLICE("rw")) };
    if (!is_word(f[0], "._-@+", sizeof u->name) || !is_word(f[1], "$./+=,_-", sizeof u->hash) ||
        (!u->can_write && !slice_eq(f[2], SLICE("r"))))
        return false;
    memcpy(u->name, f[0].p, f[0].n);
    memcpy(u->hash, f[1].p, f[1].n);
    return take_domains(f[3], u->domains);
}

enum cs_status users_parse(struct users *u, struct slice text, size_t *line)
{
    *u = (struct users){ .n = 0 };
    *line = 0;
    u->all = calloc(USERS_MAX, sizeof *u->all);
    if (!u->all)
        return CS_NOMEM;
    while (text.n) {
        struct slice row = slice_take(text, slice_chr(text, '\n'));

        text = slice_drop(text, row.n + 1);
        row = slice_trim(row);
        ++*line;
        if (row.n == 0 || row.p[0] == '#')
            continue;
        if (u->n == USERS_MAX || !parse_line(row, &u->all[u->n]) || users_find(u, u->all[u->n].name)) {
            users_release(u);
            return CS_INVALID;
        }
        u->n++;
    }
    return CS_OK;
}

enum cs_status users_read(struct users *u, const char *path, size_t *line)
{
    struct mapfile m;
    enum cs_status st = mapfile_open(&m, path, MAPFILE_OURS, USERS_BYTES);

    *u = (struct users){ .n = 0 };
    *line = 0;
    if (st != CS_OK)
        return st;
    st = m.st.st_mode & S_IROTH ? CS_UNSAFE : users_parse(u, m.data, line);
    mapfile_close(&m);
    return st;
}

void users_release(struct users *u)
{
    free(u->all);
    *u = (struct users){ .n = 0 };
}

const struct user *users_find(const struct users *u, const char *name)
{
    for (size_t i = 0; i < u->n; i++)
        if (strcmp(u->all[i].name, name) == 0)
            return &u->all[i];
    return NULL;
}

/* ---- passwords ---- */

/* One at a time: each takes megabytes, and strangers may ask for as many as they like. */
bool user_check(const struct user *user, const char *password)
{
    static const char nobody[] = "$y$j9T$AAAAAAAAAAAAAAAAAAAAA.$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.";
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
    struct crypt_data *room = calloc(1, sizeof *room);
    const char *hash = user ? user->hash : nobody, *made;
    bool fits;

    if (!room)
        return false;
    pthread_mutex_lock(&one);
    made = crypt_r(password, hash, room);
    pthread_mutex_unlock(&one);
    fits = made && made[0] != '*' && strlen(made) == strlen(hash) && is_same_secret(made, hash, strlen(hash));
    explicit_bzero(room, sizeof *room);
    free(room);
    return user && fits;
}

static enum cs_status make_hash(const char *password, char out[USER_HASH])
{
    struct crypt_data *room = calloc(1, sizeof *room);
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    const char *made;
    bool is_good;

    if (!room)
        return CS_NOMEM;
    made = crypt_gensalt_rn("$y$", 0, NULL, 0, salt, sizeof salt) ? crypt_r(password, salt, room) : NULL;
    is_good = made && made[0] != '*' && snprintf(out, USER_HASH, "%s", made) < USER_HASH;
    explicit_bzero(room, sizeof *room);
    free(room);
    return is_good ? CS_OK : CS_UNSUPPORTED;
}

/* All lines but this user's as they are, the new one in its place or at the end. */
static enum cs_status edit(struct slice text, const struct user *u, struct buf *out)
{
    enum cs_status st = CS_OK;
    bool is_in = false;

    while (text.n && st == CS_OK) {
        struct slice row = slice_take(text, slice_chr(text, '\n'));
        struct slice name = slice_trim(slice_take(row, slice_chr(row, ':')));

        text = slice_drop(text, row.n + 1);
        if (slice_eq(name, slice_str(u->name)) && row.n > name.n) {
            st = buf_printf(out, "%s:%s:%s:%s\n", u->name, u->hash, u->can_write ? "rw" : "r", u->domains);
            is_in = true;
        } else {
            st = buf_printf(out, "%.*s\n", (int)row.n, (const char *)row.p);
        }
    }
    if (st == CS_OK && !is_in)
        st = buf_printf(out, "%s:%s:%s:%s\n", u->name, u->hash, u->can_write ? "rw" : "r", u->domains);
    return st;
}

enum cs_status users_add(const char *path, const struct user *user, const char *password)
{
    struct buf out = buf_init(USERS_BYTES);
    struct mapfile m = { .data = slice_of(NULL, 0) };
    struct user u = *user;
    struct users all = { .n = 0 };
    size_t line, n_password = strlen(password);
    int lock = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    enum cs_status st = lock < 0 || flock(lock, LOCK_EX) != 0 ? cs_status_errno(errno) : CS_OK;

    if (st == CS_OK)
        st = n_password && n_password < USER_PASSWORD ? make_hash(password, u.hash) : CS_INVALID;
    if (st == CS_OK)
        st = mapfile_open(&m, path, MAPFILE_OURS, USERS_BYTES);
    if (st == CS_OK) {
        st = edit(m.data, &u, &out);
        if (st == CS_OK)
            st = users_parse(&all, buf_slice(&out), &line);
        if (st == CS_OK && !users_find(&all, u.name))
            st = CS_INVALID;
        if (st == CS_OK)
            st = newfile_store(path, m.st.st_mode & 0640, buf_slice(&out), true);
        mapfile_close(&m);
    }
    if (lock >= 0)
        close(lock);
    users_release(&all);
    buf_release(&out);
    explicit_bzero(u.hash, sizeof u.hash);
    return st;
}
