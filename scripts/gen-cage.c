/*
 * gen-cage [--counts] [--break N] - the system calls that convscan may still make inside the cage, turned into a filter at build time.
 *
 * Prints a C array of BPF instructions, so that the program loads it in one call and does not pay for building it. Everything that
 * is not listed raises SIGSYS. The kernel translates the filter at every start, at a price for each instruction, so it is written
 * here in about half as many as libseccomp takes; libseccomp is given the same rules, and both filters are run over every call
 * number and all arguments that matter: where they differ, nothing is printed and the build ends.
 * --counts allows what a program counting its own lines needs at its end besides (make coverage).
 * --break N spoils instruction N first: a test sees that this is found.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* As few as serve: every line costs each start a little. Add what a test under the cage shows to be missing. */
static const int allowed[] = {
    /* bytes of files that are open */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(fstat),
    SCMP_SYS(newfstatat), SCMP_SYS(fsync), SCMP_SYS(fallocate),
    /* files: landlock says which */
    SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(rename), SCMP_SYS(renameat2), SCMP_SYS(linkat), SCMP_SYS(unlink), SCMP_SYS(mkdir), SCMP_SYS(getdents64),
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    /* time, signals, leaving */
    SCMP_SYS(clock_gettime), SCMP_SYS(setitimer), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(exit_group),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(futex),
    /* a second thread: whether there is a processor for it, its beginning and its end */
    SCMP_SYS(sched_getaffinity), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sigaltstack), SCMP_SYS(exit),
    /* the name of the host, for notices */
    SCMP_SYS(uname),
    /* qsort() asks how much memory there is */
    SCMP_SYS(sysinfo),
    /* the log socket, connected before the cage closed; there is no socket() to make another */
    SCMP_SYS(sendto),
#if __SIZEOF_POINTER__ == 4
    /* the same with wider numbers */
    SCMP_SYS(_llseek), SCMP_SYS(fstat64), SCMP_SYS(fstatat64), SCMP_SYS(statx), SCMP_SYS(clock_gettime64), SCMP_SYS(futex_time64),
    SCMP_SYS(sigreturn),
#endif
#ifndef __GLIBC__
    /* musl: the older calls for the same, and its streams write in two pieces */
    SCMP_SYS(open), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(readv), SCMP_SYS(writev),
#endif
    /* --counts: gcov locks a file before it adds to it */
    SCMP_SYS(fcntl),
#if __SIZEOF_POINTER__ == 4
    SCMP_SYS(fcntl64),
#endif
};

/* Calls that depend on arguments: each line is one way to be allowed. The kernel uses the low 32 bits of these. OWN stands for the
 * process itself, whose number is put there when the cage closes; none is as large as this. */
enum { OWN = 0x7fffffff };
enum kind { NONE, EQUAL, CLEAR /* none of these bits */, THREAD /* this bit and none of MAKES_OTHERS */ };
struct test {
    enum kind kind;
    unsigned arg;
    uint32_t value;
};
#if __SIZEOF_POINTER__ == 4
#define MAP_CALL SCMP_SYS(mmap2)
#else
#define MAP_CALL SCMP_SYS(mmap)
#endif
/* Besides threads, clone() makes processes and name spaces. Its successor takes its arguments from memory, which no filter can see: it is
 * said not to be there, and the C library takes this one. */
#define MAKES_OTHERS (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE | CLONE_VFORK)
#ifdef __s390x__
enum { CLONE_FLAGS = 1 };
#else
enum { CLONE_FLAGS = 0 };
#endif

static const struct way {
    int call;
    struct test tests[2];
} ways[] = {
    /* memory is never writable and executable, nor made executable later; a library's file may be mapped to run */
    { MAP_CALL, { { CLEAR, 2, PROT_EXEC } } },
    { MAP_CALL, { { CLEAR, 2, PROT_WRITE }, { CLEAR, 3, MAP_ANONYMOUS } } },
    { SCMP_SYS(mprotect), { { CLEAR, 2, PROT_EXEC } } },
    /* abort() and raise() send a signal to the process itself; anything else stays out of reach */
    { SCMP_SYS(tgkill), { { EQUAL, 0, OWN }, { EQUAL, 2, 6 } } },
    { SCMP_SYS(clone), { { THREAD, CLONE_FLAGS, CLONE_THREAD } } },
#ifndef __GLIBC__
    { SCMP_SYS(tkill), { { EQUAL, 0, OWN }, { EQUAL, 1, 6 } } },
    /* a stream asks whether it is a terminal; a file is told to close when another program is started */
    { SCMP_SYS(ioctl), { { EQUAL, 1, TIOCGWINSZ } } },
    { SCMP_SYS(fcntl), { { EQUAL, 1, F_SETFD } } },
#endif
};
enum { N_ALL = sizeof allowed / sizeof *allowed, N_COUNTS = __SIZEOF_POINTER__ == 4 ? 2 : 1, N_WAYS = sizeof ways / sizeof *ways, FILTER_MAX = 512 };
static size_t n_allowed = N_ALL - N_COUNTS;

struct filter {
    struct sock_filter ins[FILTER_MAX];
    size_t n;
};

static void must(int rc, const char *what)
{
    if (rc < 0) {
        fprintf(stderr, "gen-cage: %s: error %d\n", what, -rc);
        exit(1);
    }
}

/* ---- the filter of libseccomp --------------------------------------------------------------------------------------- */

static struct scmp_arg_cmp compare(const struct test *t)
{
    const uint32_t mask = t->kind == EQUAL ? UINT32_MAX : t->kind == THREAD ? MAKES_OTHERS | t->value : t->value;

    return SCMP_CMP(t->arg, SCMP_CMP_MASKED_EQ, mask, t->kind == CLEAR ? 0 : t->value);
}

static void make_reference(struct filter *f)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
    FILE *bpf = tmpfile();

    if (!ctx || !bpf)
        exit(1);
    /* A call by another convention ends in the watchdog's verdict like any other that is forbidden. */
    must(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_TRAP), "other conventions");
    for (size_t i = 0; i < n_allowed; i++)
        must(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0), "allow");
    must(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "refuse");
    for (size_t i = 0; i < N_WAYS; i++) {
        const struct scmp_arg_cmp c[] = { compare(&ways[i].tests[0]), compare(&ways[i].tests[1]) };

        must(seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, ways[i].call, ways[i].tests[1].kind == NONE ? 1 : 2, c), "allow some");
    }
    must(seccomp_export_bpf(ctx, fileno(bpf)), "export");
    rewind(bpf);
    f->n = fread(f->ins, sizeof *f->ins, FILTER_MAX, bpf);
    must(f->n == 0 || f->n == FILTER_MAX ? -EFBIG : 0, "size");
    seccomp_release(ctx);
    fclose(bpf);
}

/* ---- the same in fewer instructions --------------------------------------------------------------------------------- */

enum { BITS = 32, LOW_WORD = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4, TO_ALLOW = 255, TO_DENY = 254, TO_REFUSE = 253 };

/* jt and jf: instructions to skip, TO_ALLOW, TO_DENY or TO_REFUSE. */
static struct sock_filter *put(struct filter *f, unsigned code, unsigned jt, unsigned jf, uint32_t k)
{
    must(f->n == TO_REFUSE ? -EFBIG : 0, "too long");
    f->ins[f->n] = (struct sock_filter){ (uint16_t)code, (uint8_t)jt, (uint8_t)jf, k };
    return &f->ins[f->n++];
}

/* Calls below 32 are one look at a word of bits; anything else goes on with its number in A again. */
static void put_bits(struct filter *f)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < n_allowed; i++)
        if (allowed[i] >= 0 && allowed[i] < BITS)
            bits |= (uint32_t)1 << allowed[i];
    put(f, BPF_JMP | BPF_JGE | BPF_K, 5, 0, BITS);
    put(f, BPF_MISC | BPF_TAX, 0, 0, 0);
    put(f, BPF_LD | BPF_IMM, 0, 0, bits);
    put(f, BPF_ALU | BPF_RSH | BPF_X, 0, 0, 0);
    put(f, BPF_JMP | BPF_JSET | BPF_K, TO_ALLOW, 0, 1);
    put(f, BPF_MISC | BPF_TXA, 0, 0, 0);
}

/* The ways of one call, one behind the other; a test that fails goes on with the next way. */
static void put_ways(struct filter *f, size_t from, size_t to)
{
    unsigned loaded = UINT32_MAX;

    for (size_t i = from; i < to; i++)
        for (size_t t = 0; t < 2 && ways[i].tests[t].kind != NONE; t++) {
            const struct test *x = &ways[i].tests[t];
            const bool is_last = t == 1 || ways[i].tests[1].kind == NONE;
            const unsigned yes = is_last ? TO_ALLOW : 0, no = i + 1 == to ? TO_DENY : 0;

            must(!is_last && no != TO_DENY ? -EINVAL : 0, "two tests must be the last way");
            const uint32_t at = (uint32_t)offsetof(struct seccomp_data, args) + 8 * x->arg;

            if (x->arg != loaded)
                put(f, BPF_LD | BPF_W | BPF_ABS, 0, 0, at + LOW_WORD);
            loaded = x->arg;
            if (x->kind == THREAD) {
                put(f, BPF_ALU | BPF_AND | BPF_K, 0, 0, MAKES_OTHERS | x->value);
                loaded = UINT32_MAX;
            }
            if (x->kind != CLEAR)
                put(f, BPF_JMP | BPF_JEQ | BPF_K, yes, no, x->value);
            else
                put(f, BPF_JMP | BPF_JSET | BPF_K, no, yes, x->value);
        }
}

static void put_end(struct filter *f)
{
    const size_t ends[] = { f->n + 2, f->n, f->n + 1 };      /* in the order of TO_… */

    for (size_t i = 0; i < f->n; i++) {
        uint8_t *const jumps[] = { &f->ins[i].jt, &f->ins[i].jf };

        for (size_t j = 0; j < 2; j++)
            if (*jumps[j] >= TO_REFUSE)
                *jumps[j] = (uint8_t)(ends[*jumps[j] - TO_REFUSE] - i - 1);
    }
    put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRAP);
    put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
    put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
}

static void make_short(struct filter *f)
{
    size_t firsts[N_WAYS], n = 0;
    size_t jump[N_WAYS];

    /* The kernel tries every call number on a new filter, to cache what is always allowed. A process that lives for a
     * millisecond never earns that back; the trial ends at an instruction that it does not know, such as this harmless one. */
    put(f, BPF_MISC | BPF_TAX, 0, 0, 0);
    put(f, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
    put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, TO_DENY, seccomp_arch_native());
    put(f, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
    put_bits(f);
    for (size_t i = 0; i < n_allowed; i++)
        if (allowed[i] >= BITS)
            put(f, BPF_JMP | BPF_JEQ | BPF_K, TO_ALLOW, 0, (uint32_t)allowed[i]);
    put(f, BPF_JMP | BPF_JEQ | BPF_K, TO_REFUSE, 0, (uint32_t)SCMP_SYS(clone3));
    for (size_t i = 0; i < N_WAYS; i++)
        if (ways[i].call >= 0 && (i == 0 || ways[i].call != ways[i - 1].call)) {
            firsts[n] = i;
            jump[n++] = f->n;
            put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, (uint32_t)ways[i].call);
        }
    f->ins[f->n - 1].jf = TO_DENY;
    for (size_t k = 0; k < n; k++) {
        size_t end = firsts[k] + 1;

        while (end < N_WAYS && ways[end].call == ways[firsts[k]].call)
            end++;
        f->ins[jump[k]].jt = (uint8_t)(f->n - jump[k] - 1);
        put_ways(f, firsts[k], end);
    }
    put_end(f);
}

/* ---- both must say the same ----------------------------------------------------------------------------------------- */

static uint32_t run(const struct filter *f, const struct seccomp_data *d)
{
    uint32_t a = 0, x = 0;

    for (size_t i = 0; i < f->n; i++) {
        const struct sock_filter *s = &f->ins[i];
        bool is_true = false;

        switch (s->code) {
        case BPF_RET | BPF_K: return s->k;
        case BPF_LD | BPF_IMM: a = s->k; break;
        case BPF_LD | BPF_W | BPF_ABS: memcpy(&a, (const char *)d + s->k % sizeof *d, sizeof a); break;
        case BPF_ALU | BPF_AND | BPF_K: a &= s->k; break;
        case BPF_ALU | BPF_RSH | BPF_X: a = x < 32 ? a >> x : 0; break;
        case BPF_MISC | BPF_TAX: x = a; break;
        case BPF_MISC | BPF_TXA: a = x; break;
        case BPF_JMP | BPF_JA: i += s->k; break;
        case BPF_JMP | BPF_JEQ | BPF_K: is_true = a == s->k; break;
        case BPF_JMP | BPF_JGT | BPF_K: is_true = a > s->k; break;
        case BPF_JMP | BPF_JGE | BPF_K: is_true = a >= s->k; break;
        case BPF_JMP | BPF_JSET | BPF_K: is_true = (a & s->k) != 0; break;
        default: must(-ENOSYS, "an instruction that the comparison does not know");
        }
        if (BPF_CLASS(s->code) == BPF_JMP && BPF_OP(s->code) != BPF_JA)
            i += is_true ? s->jt : s->jf;
    }
    must(-ERANGE, "a filter without an end");
    return 0;
}

static bool is_same(const struct filter *a, const struct filter *b, const struct seccomp_data *d)
{
    if (run(a, d) == run(b, d))
        return true;
    fprintf(stderr, "gen-cage: call %d (convention %x): libseccomp says %x, the short filter %x\n", d->nr, d->arch, run(a, d), run(b, d));
    return false;
}

static bool is_same_for_arguments(const struct filter *a, const struct filter *b, struct seccomp_data *d)
{
    static const uint64_t values[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x20, 0x22, F_DUPFD_CLOEXEC, F_DUPFD_CLOEXEC + 1, TIOCGWINSZ, UINT32_MAX, UINT64_MAX,
                                       (uint64_t)1 << 32, (uint64_t)6 << 32, ((uint64_t)1 << 32) + 4, ((uint64_t)1 << 32) + 6, CLONE_THREAD, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_NEWUSER };
    static const uint64_t processes[] = { 0, 1, OWN, OWN + 1u, ((uint64_t)1 << 32) + OWN, CLONE_THREAD, CLONE_THREAD | CLONE_VM | CLONE_VFORK,
                                          CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_NEWNET, (uint64_t)CLONE_THREAD << 32 };
    enum { N = sizeof values / sizeof *values, N_PROCESSES = sizeof processes / sizeof *processes };

    for (size_t i = 0; i < (size_t)N * N * N * N_PROCESSES; i++) {
        d->args[0] = processes[i / N / N / N];
        d->args[1] = values[i % N];
        d->args[2] = values[i / N % N];
        d->args[3] = values[i / N / N % N];
        if (!is_same(a, b, d))
            return false;
    }
    return true;
}

static bool is_same_everywhere(const struct filter *a, const struct filter *b)
{
    const uint32_t conventions[] = { seccomp_arch_native(), AUDIT_ARCH_I386, 0 };
    enum { NUMBERS = 1024, X32 = 0x40000000 };

    for (size_t c = 0; c < sizeof conventions / sizeof *conventions; c++)
        for (int nr = -1; nr < NUMBERS; nr++) {
            struct seccomp_data d = { .nr = nr, .arch = conventions[c] }, other = { .nr = nr + X32, .arch = conventions[c] };

            if (!is_same(a, b, &d) || !is_same(a, b, &other))
                return false;
            for (size_t i = 0; i < N_WAYS && c == 0; i++)
                if (ways[i].call == nr && (i == 0 || ways[i - 1].call != nr) && !is_same_for_arguments(a, b, &d))
                    return false;
        }
    return true;
}

/* One instruction says something else. */
static void spoil(struct sock_filter *s)
{
    uint8_t jt = s->jt;

    if (BPF_CLASS(s->code) == BPF_JMP) {
        s->jt = s->jf;
        s->jf = jt;
    } else if (BPF_CLASS(s->code) == BPF_RET) {
        s->k = SECCOMP_RET_LOG;
    } else if (s->code == (BPF_LD | BPF_W | BPF_ABS)) {
        s->k ^= 4;
    } else {
        s->code = BPF_LD | BPF_IMM;
        s->k ^= 1;
    }
}

int main(int argc, char **argv)
{
    static struct filter reference, f;
    size_t broken = 0;

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--counts") == 0)
            n_allowed = N_ALL;
        else if (strcmp(argv[i], "--break") == 0 && i + 1 < argc)
            broken = strtoul(argv[++i], NULL, 10);
        else
            return 64;
    make_reference(&reference);
    make_short(&f);
    if (broken >= f.n)
        return 3;               /* there is no such instruction */
    if (broken)
        spoil(&f.ins[broken]);
    if (!is_same_everywhere(&reference, &f))
        return 1;
    printf("/* Made by scripts/gen-cage.c; do not edit. libseccomp says the same in %zu instructions. */\n", reference.n);
    printf("static const struct sock_filter cage_filter[] = {\n");
    for (size_t i = 0; i < f.n; i++)
        printf("    { 0x%02x, %u, %u, 0x%08x },\n", f.ins[i].code, f.ins[i].jt, f.ins[i].jf, f.ins[i].k);
    printf("};\n");
    printf("enum { CAGE_OWN = 0x%x };      /* the number of the process goes there */\n", OWN);
    return 0;
}
