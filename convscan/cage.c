#include "cage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cage_filter.h"

/* Access rights in the order in which kernels learned them; older headers lack the later ones. */
enum {
    FS_EXECUTE = 1, FS_WRITE_FILE = 2, FS_READ_FILE = 4, FS_READ_DIR = 8, FS_REMOVE_DIR = 0x10, FS_REMOVE_FILE = 0x20,
    FS_MAKE_CHAR = 0x40, FS_MAKE_DIR = 0x80, FS_MAKE_REG = 0x100, FS_MAKE_SOCK = 0x200, FS_MAKE_FIFO = 0x400,
    FS_MAKE_BLOCK = 0x800, FS_MAKE_SYM = 0x1000, FS_REFER = 0x2000, FS_TRUNCATE = 0x4000,
    FS_ABI1 = 0x1fff, NET_BIND_CONNECT = 3, SCOPE_ALL = 3, NEWEST_ABI = 6
};

/* What <linux/landlock.h> says, which the headers of Oracle Linux and RHEL 8 lack; the numbers of calls are the same everywhere but on alpha. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
enum { RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };

struct path_beneath {           /* landlock_path_beneath_attr */
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

struct ruleset {                /* landlock_ruleset_attr as of ABI 6 */
    uint64_t fs, net, scoped;
};

/* Renaming and linking between folders came with ABI 2, truncation with 3, TCP with 4, scopes with 6. */
static struct ruleset rules_of_abi(long abi, size_t *size)
{
    struct ruleset r = { FS_ABI1, 0, 0 };

    *size = sizeof r.fs;
    if (abi >= 2)
        r.fs |= FS_REFER;
    if (abi >= 3)
        r.fs |= FS_TRUNCATE;
    if (abi >= 4) {
        r.net = NET_BIND_CONNECT;
        *size = sizeof r.fs + sizeof r.net;
    }
    if (abi >= 6) {
        r.scoped = SCOPE_ALL;
        *size = sizeof r;
    }
    return r;
}

static uint64_t rights_of(enum cage_use use)
{
    uint64_t rights = FS_READ_FILE;

    if (use >= CAGE_READ)
        rights |= FS_READ_DIR;
    if (use >= CAGE_WRITE)
        rights |= FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_REG | FS_MAKE_DIR | FS_REFER | FS_TRUNCATE;
    return rights;
}

static bool allow_path(int ruleset, const struct cage_path *p, uint64_t handled)
{
    struct path_beneath rule = { .allowed_access = rights_of(p->use) & handled };
    int fd = open(p->path, O_PATH | O_CLOEXEC);
    bool is_done;

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR;
    rule.parent_fd = fd;
    is_done = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
    if (!is_done && errno == EINVAL) {      /* a file, not a folder: rights of folders do not apply */
        rule.allowed_access &= FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE;
        is_done = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
    }
    close(fd);
    return is_done;
}

/* All that is known here at once, for a start has no time to ask; a kernel that knows less is asked. Gives the ruleset, or -1. */
static int make_ruleset(long *abi, uint64_t *handled)
{
    size_t size;
    struct ruleset rules = rules_of_abi(NEWEST_ABI, &size);
    int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);

    *abi = NEWEST_ABI;
    if (fd < 0) {
        *abi = syscall(SYS_landlock_create_ruleset, NULL, 0, RULESET_VERSION);
        if (*abi < 1)
            return -1;
        rules = rules_of_abi(*abi, &size);
        fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    }
    *handled = rules.fs;
    return fd;
}

static unsigned close_files(const struct cage_path *paths, size_t n)
{
    uint64_t handled;
    long abi;
    int fd = make_ruleset(&abi, &handled);
    bool is_done = true;

    if (fd < 0)
        return CAGE_NO_LANDLOCK;
    for (size_t i = 0; i < n; i++)
        is_done &= allow_path(fd, &paths[i], handled);
#ifdef COUNTS_FOLDER            /* make coverage: the lines that ran are written at the end, from inside */
    is_done &= allow_path(fd, &(struct cage_path){ COUNTS_FOLDER, CAGE_WRITE }, handled);
#endif
    is_done = is_done && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
    close(fd);
    if (!is_done)
        return CAGE_NO_LANDLOCK;
    return abi < 3 ? CAGE_OLD_LANDLOCK : 0;
}

#ifdef __GLIBC__
typedef __rlimit_resource_t limit_of;
#else
typedef int limit_of;
#endif

/* What the site has set stays where it is stricter: others than root cannot raise it, root puts it back. */
static bool set_limit(limit_of what, uint64_t value)
{
    const struct rlimit want = { value, value };
    struct rlimit before;

    if (prlimit(0, what, &want, &before) < 0)
        return errno == EPERM && getrlimit(what, &before) == 0 && before.rlim_max <= value;
    if (before.rlim_max < value)
        return setrlimit(what, &before) == 0;
    return true;
}

static unsigned set_limits(const struct cage_limits *l)
{
    bool is_done = true;

    if (l->memory)
        is_done &= set_limit(RLIMIT_DATA, l->memory);
    if (l->cpu_seconds) {
        struct rlimit cpu = { l->cpu_seconds, l->cpu_seconds + 2u };     /* SIGXCPU first, time to answer it */

        is_done &= setrlimit(RLIMIT_CPU, &cpu) == 0;
    }
    if (l->file_size)
        is_done &= set_limit(RLIMIT_FSIZE, l->file_size);
    return is_done ? 0 : CAGE_NO_LIMITS;
}

static unsigned close_calls(void)
{
    enum { N = sizeof cage_filter / sizeof *cage_filter };
    struct sock_filter filter[N];
    struct sock_fprog prog = { N, filter };
    const uint32_t own = (uint32_t)getpid();

    for (unsigned i = 0; i < N; i++) {
        filter[i] = cage_filter[i];
        if (filter[i].k == CAGE_OWN)
            filter[i].k = own;
    }
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0 ? 0 : CAGE_NO_SECCOMP;
}

unsigned cage_close(const struct cage_path *paths, size_t n, const struct cage_limits *limits)
{
    unsigned missing = set_limits(limits);

    prctl(PR_SET_DUMPABLE, 0);             /* no core file with somebody's mail, no tracing */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return missing | CAGE_NO_PRIVS | CAGE_NO_LANDLOCK | CAGE_NO_SECCOMP;
    missing |= close_files(paths, n);
    return missing | close_calls();
}

void cage_missing(unsigned bits, char text[80])
{
    static const char *const names[] = { "seccomp", "landlock", "landlock-truncate", "no-new-privs", "limits" };
    size_t at = 0;

    snprintf(text, 80, "none");
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (bits & 1u << i)
            at += (size_t)snprintf(text + at, 80 - at, "%s%s", at ? "," : "", names[i]);
}
