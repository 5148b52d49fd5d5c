/*
 * gen-cage - the system calls that convscan may still make inside the cage, turned into a filter at build time.
 *
 * Prints a C array of BPF instructions, exported by libseccomp, so that the program loads it in one call and does not
 * pay for building it. Everything that is not listed raises SIGSYS.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* As few as serve: every line costs each start a little. Add what a test under the cage shows to be missing. */
static const int allowed[] = {
    /* bytes of files that are open */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(fstat),
    SCMP_SYS(newfstatat), SCMP_SYS(fsync), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
    /* files: landlock says which */
    SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(rename), SCMP_SYS(renameat2), SCMP_SYS(unlink), SCMP_SYS(mkdir), SCMP_SYS(getdents64),
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    /* time, signals, leaving */
    SCMP_SYS(clock_gettime), SCMP_SYS(setitimer), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(exit_group),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(getrandom), SCMP_SYS(futex), SCMP_SYS(getrusage),
    /* the name of the host, for notices */
    SCMP_SYS(uname),
    /* qsort() asks how much memory there is */
    SCMP_SYS(sysinfo),
    /* the log socket, connected before the cage closed; there is no socket() to make another */
    SCMP_SYS(sendto),
};

static void must(int rc, const char *what)
{
    if (rc < 0) {
        fprintf(stderr, "gen-cage: %s: error %d\n", what, -rc);
        exit(1);
    }
}

/* Memory is never writable and executable, nor made executable later; a library's file may be mapped to run. */
static void add_memory_rules(scmp_filter_ctx ctx)
{
    must(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)), "mmap");
    must(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC),
                          SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0)), "mmap of a file");
    must(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)), "mprotect");
}

/* abort() and raise() send a signal to the process itself; anything else stays out of reach. fcntl may not set owners. */
static void add_narrow_rules(scmp_filter_ctx ctx)
{
    static const unsigned commands[] = { F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC };

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        must(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, commands[i])), "fcntl");
    must(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A2(SCMP_CMP_EQ, 6)), "tgkill");
    must(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0)), "prlimit64");
}

static void print_array(FILE *bpf)
{
    struct { uint16_t code; uint8_t jt, jf; uint32_t k; } ins;
    size_t n = 0;

    rewind(bpf);
    printf("/* Made by scripts/gen-cage.c; do not edit. */\nstatic const struct sock_filter cage_filter[] = {\n");
    /* The kernel tries every call number on a new filter, to cache what is always allowed. A process that lives for a
     * millisecond never earns that back; the trial ends at an instruction that it does not know, such as this harmless one. */
    printf("    { 0x07, 0, 0, 0 },\n");
    for (; fread(&ins, sizeof ins, 1, bpf) == 1; n++)
        printf("    { 0x%02x, %u, %u, 0x%08x },\n", ins.code, ins.jt, ins.jf, ins.k);
    printf("};\n");
    if (n == 0)
        must(-EIO, "empty filter");
}

int main(void)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
    FILE *bpf = tmpfile();

    if (!ctx || !bpf)
        return 1;
    must(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimize");
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        must(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0), "allow");
    add_memory_rules(ctx);
    add_narrow_rules(ctx);
    must(seccomp_export_bpf(ctx, fileno(bpf)), "export");
    print_array(bpf);
    seccomp_release(ctx);
    return fclose(bpf) != 0;
}
