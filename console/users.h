/*
 * users.h - who may sign in: a file of lines NAME:HASH:RIGHTS:DOMAINS, # in front of remarks. The only user of libcrypt.
 *
 *   Owns      the list, until users_release().
 *   Fails     users_read(): statuses of the file; CS_UNSAFE when others may read or write it; CS_INVALID with the line's number in *line.
 *   Bounded   USERS_BYTES a file, USERS_MAX users, sizes of struct user.
 *   Threads   a list is read-only once read. user_check() may take a while, as it should.
 *
 * RIGHTS is r or rw; DOMAINS are separated by commas, or * for all mail. The hash is what crypt(3) makes; --add-user makes yescrypt.
 */
#ifndef CONSOLE_USERS_H
#define CONSOLE_USERS_H

#include "base/slice.h"
#include "base/status.h"

enum { USERS_MAX = 1000, USERS_BYTES = 1 << 20, USER_NAME = 64, USER_HASH = 256, USER_DOMAINS = 1024, USER_DOMAINS_MAX = 32, USER_PASSWORD = 256 };

struct user {
    char name[USER_NAME], hash[USER_HASH];
    char domains[USER_DOMAINS];         /* lower case, a comma between two, "*" for all */
    bool can_write;
};

struct users {
    struct user *all;
    size_t n;
};

enum cs_status users_read(struct users *u, const char *path, size_t *line) MUST_USE;
enum cs_status users_parse(struct users *u, struct slice text, size_t *line) MUST_USE;
void users_release(struct users *u);
const struct user *users_find(const struct users *u, const char *name);

/* Does this password fit? With user NULL it takes as long, and does not. */
bool user_check(const struct user *user, const char *password);

/* A user added, or changed in place: CS_INVALID when the fields cannot stand in the file. */
enum cs_status users_add(const char *path, const struct user *user, const char *password) MUST_USE;

static inline bool user_has_all(const struct user *u)
{
    return strcmp(u->domains, "*") == 0;
}

/* The next word of a list that commas or blanks divide; n == 0 at the end. */
struct slice list_next(struct slice *left);
/* The domain of an address, <> taken off; n == 0 when there is none. */
struct slice address_domain(struct slice address);
/* Is this address in one of the user's domains? */
bool user_owns(const struct user *u, struct slice address);

/* Same bytes? Takes the same time wherever they differ. */
bool is_same_secret(const void *a, const void *b, size_t n);

#endif
