/*
 * inject - run a program and make one of its system calls fail, or kill it there.
 *
 *   inject -l LIST command…        run it unharmed; LIST gets a line a call, in order: its name and the errors that can be tried
 *   inject -n N -e ERROR command…  the N-th call (from 1) is not made and answers ERROR
 *   inject -n N -k command…        the process that makes the N-th call is killed before it
 *   inject -w FILE …               FILE gets the name of the call that was met, and the last part of the name of the file that it was for: where
 *                                  several processes make calls, the N-th is not the same one in every run
 *
 * Counted are the calls of the program from its first instruction on, the loader's as well, and those of its children until they
 * start another program. Exit status as the program's, 128 and the number for a signal, 125 when tracing does not work.
 *
 * A call that is to fail is turned into getpid(), which the cage of convscan lets through, and its answer is replaced; so the filter
 * of the program stays in force. Only close() is made all the same: Linux closes the descriptor whatever it answers. A LD_PRELOAD
 * library would not see the calls that libc and the loader make themselves.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_TRACE = 125, MAX_TRACEES = 64 };

static const struct {
    const char *name;
    int number;
} errors[] = { { "EINTR", EINTR }, { "EIO", EIO }, { "ENOSPC", ENOSPC }, { "ENOMEM", ENOMEM }, { "EMFILE", EMFILE }, { "EAGAIN", EAGAIN } };

/* Calls and the errors that each can meet; for a call that is not listed, only being killed at it is tried. */
#define CALL(name, errors) { SYS_##name, #name, errors }
static const struct {
    long number;
    const char *name, *errors;
} calls[] = {
    CALL(open, "EINTR EIO ENOSPC ENOMEM EMFILE"), CALL(openat, "EINTR EIO ENOSPC ENOMEM EMFILE"),
    CALL(read, "EINTR EIO"), CALL(pread64, "EINTR EIO"), CALL(readv, "EINTR EIO"), CALL(getdents64, "EIO ENOMEM"), CALL(lseek, "EIO"),
    CALL(write, "EINTR EIO ENOSPC"), CALL(pwrite64, "EINTR EIO ENOSPC"), CALL(writev, "EINTR EIO ENOSPC"), CALL(copy_file_range, "EIO ENOSPC"),
    CALL(sendto, "EINTR EIO ENOMEM"), CALL(sendfile, "EINTR EIO ENOMEM"), CALL(close, "EINTR EIO"), CALL(fsync, "EINTR EIO ENOSPC"),
    CALL(fdatasync, "EINTR EIO ENOSPC"), CALL(ftruncate, "EINTR EIO ENOSPC"), CALL(fallocate, "EINTR EIO ENOSPC"),
    CALL(fstat, "EIO ENOMEM"), CALL(stat, "EIO ENOMEM"), CALL(lstat, "EIO ENOMEM"), CALL(newfstatat, "EIO ENOMEM"), CALL(access, "EIO ENOMEM"),
    CALL(faccessat, "EIO ENOMEM"), CALL(readlink, "EIO ENOMEM"), CALL(rename, "EIO ENOSPC ENOMEM"), CALL(renameat2, "EIO ENOSPC ENOMEM"),
    CALL(unlink, "EIO ENOMEM"), CALL(unlinkat, "EIO ENOMEM"), CALL(mkdir, "EIO ENOSPC ENOMEM"), CALL(rmdir, "EIO ENOMEM"),
    CALL(link, "EIO ENOSPC ENOMEM"), CALL(fchmod, "EIO ENOMEM"), CALL(chmod, "EIO ENOMEM"), CALL(utimensat, "EIO ENOMEM"), CALL(flock, "EINTR ENOMEM"),
    CALL(mmap, "ENOMEM"), CALL(brk, "ENOMEM"), CALL(mremap, "ENOMEM"), CALL(munmap, "ENOMEM"), CALL(mprotect, "ENOMEM"), CALL(madvise, "ENOMEM"),
    CALL(memfd_create, "ENOMEM EMFILE"), CALL(pipe, "ENOMEM EMFILE"), CALL(pipe2, "ENOMEM EMFILE"), CALL(dup, "EMFILE"), CALL(dup2, "EINTR EMFILE"),
    CALL(dup3, "EINTR EMFILE"), CALL(socket, "ENOMEM EMFILE"), CALL(connect, "EINTR ENOMEM"), CALL(fcntl, "EINTR EMFILE"),
    CALL(fork, "EAGAIN ENOMEM"), CALL(vfork, "EAGAIN ENOMEM"), CALL(clone, "EAGAIN ENOMEM"), CALL(clone3, "EAGAIN ENOMEM"),
    CALL(execve, "EIO ENOMEM EMFILE"), CALL(wait4, "EINTR"), CALL(poll, "EINTR ENOMEM"), CALL(ppoll, "EINTR ENOMEM"),
    CALL(select, "EINTR ENOMEM"), CALL(pselect6, "EINTR ENOMEM"), CALL(rt_sigtimedwait, "EINTR"), CALL(nanosleep, "EINTR"), CALL(clock_nanosleep, "EINTR"),
    CALL(mkdirat, "EIO ENOSPC ENOMEM"), CALL(renameat, "EIO ENOSPC ENOMEM"), CALL(recvfrom, "EINTR ENOMEM"), CALL(socketpair, "ENOMEM EMFILE"),
    CALL(signalfd4, "ENOMEM EMFILE"), CALL(inotify_init1, "ENOMEM EMFILE"), CALL(inotify_add_watch, "ENOSPC ENOMEM"), CALL(statx, "EIO ENOMEM"),
    CALL(getcwd, "EIO ENOMEM"), CALL(chdir, "EIO ENOMEM"), CALL(pidfd_open, "ENOMEM EMFILE"), CALL(waitid, "EINTR"), CALL(faccessat2, "EIO ENOMEM"),
    CALL(getrandom, "EINTR"), CALL(sigaltstack, "ENOMEM"), CALL(prctl, "ENOMEM"), CALL(seccomp, "ENOMEM"),
    CALL(landlock_create_ruleset, "ENOMEM EMFILE"), CALL(landlock_add_rule, "ENOMEM"), CALL(landlock_restrict_self, "ENOMEM"),
    CALL(prlimit64, ""), CALL(rt_sigaction, ""), CALL(rt_sigprocmask, ""), CALL(setitimer, ""), CALL(getpid, ""), CALL(arch_prctl, ""),
    CALL(set_tid_address, ""), CALL(set_robust_list, ""), CALL(rseq, ""), CALL(exit_group, ""), CALL(uname, ""), CALL(clock_gettime, ""),
    CALL(getuid, ""), CALL(geteuid, ""), CALL(umask, ""), CALL(ioctl, ""), CALL(setpgid, ""), CALL(kill, ""), CALL(sysinfo, ""),
    CALL(getrusage, ""), CALL(close_range, ""),
};

struct tracee {
    pid_t pid;
    bool is_hit;                /* inside of the chosen call */
};

static struct tracee tracees[MAX_TRACEES];
static long chosen, count;
static int error;               /* 0: kill */
static unsigned long long brk_wanted;      /* where brk() was to go; 0: the chosen call is another one */
static FILE *list, *met;

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
    exit(NO_TRACE);
}

static struct tracee *find(pid_t pid)
{
    for (size_t i = 0; i < MAX_TRACEES; i++)
        if (tracees[i].pid == pid)
            return &tracees[i];
    for (size_t i = 0; i < MAX_TRACEES; i++)
        if (!tracees[i].pid) {
            tracees[i] = (struct tracee){ .pid = pid };
            return &tracees[i];
        }
    errno = EAGAIN;
    give_up("too many children");
}

/* Where it stands in calls[]; their number when it does not. */
static size_t look_up(long number)
{
    size_t i = 0;

    while (i < sizeof calls / sizeof *calls && calls[i].number != number)
        i++;
    return i;
}

static void note(long number)
{
    size_t i = look_up(number);

    if (i < sizeof calls / sizeof *calls)
        fprintf(list, "%s %s\n", calls[i].name, calls[i].errors);
    else
        fprintf(list, "call-%ld\n", number);
}

/* A text of the process, byte by byte: it may end at the end of what can be read. */
static void read_text(pid_t pid, unsigned long long from, char *to, size_t size)
{
    size_t n = 0;

    while (n + 1 < size) {
        struct iovec here = { to + n, 1 }, there = { (void *)(uintptr_t)(from + n), 1 };

        if (process_vm_readv(pid, &here, 1, &there, 1, 0) != 1 || !to[n])
            break;
        n++;
    }
    to[n] = '\0';
}

static void note_met(const struct tracee *t, const struct user_regs_struct *r)
{
    size_t i = look_up((long)r->orig_rax);
    const char *name = i < sizeof calls / sizeof *calls ? calls[i].name : "?", *slash;
    bool has_folder = strlen(name) > 2 && strcmp(name + strlen(name) - 2, "at") == 0;
    char path[4096] = "";

    if (strcmp(name, "unlink") == 0 || strcmp(name, "rmdir") == 0)
        read_text(t->pid, r->rdi, path, sizeof path);
    else if (has_folder && strstr("openat unlinkat renameat mkdirat", name))
        read_text(t->pid, r->rsi, path, sizeof path);
    slash = strrchr(path, '/');
    fprintf(met, "%s %s\n", name, slash ? slash + 1 : path);
    fflush(met);
}

static void enter(struct tracee *t)
{
    struct user_regs_struct r;

    if (ptrace(PTRACE_GETREGS, t->pid, NULL, &r) < 0)
        return;                 /* gone in between */
    count++;
    if (list)
        note((long)r.orig_rax);
    if (count != chosen)
        return;
    if (met)
        note_met(t, &r);
    if (!error) {
        kill(t->pid, SIGKILL);
        return;
    }
    t->is_hit = true;
    if (r.orig_rax == SYS_brk) {
        brk_wanted = r.rdi;     /* brk() fails by answering where the end is, as for 0 */
        r.rdi = 0;
    } else if (r.orig_rax != SYS_close) {
        r.orig_rax = SYS_getpid;
    }
    if (ptrace(PTRACE_SETREGS, t->pid, NULL, &r) < 0)
        give_up("registers");
}

static void leave(struct tracee *t)
{
    struct user_regs_struct r;

    if (t->is_hit && ptrace(PTRACE_GETREGS, t->pid, NULL, &r) == 0) {
        if (brk_wanted)
            r.rdi = brk_wanted;
        else if (r.orig_rax != SYS_brk)
            r.rax = (unsigned long long)-(long long)error;
        if (ptrace(PTRACE_SETREGS, t->pid, NULL, &r) < 0)
            give_up("registers");
    }
    t->is_hit = false;
}

static void go_on(pid_t pid, int sig)
{
    ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)sig);
}

/* One stop of one process, which then goes on. */
static void stopped(struct tracee *t, int status, pid_t first)
{
    int sig = WSTOPSIG(status);

    if (sig == (SIGTRAP | 0x80)) {
        struct __ptrace_syscall_info info = { .op = PTRACE_SYSCALL_INFO_NONE };

        ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, (void *)sizeof info, &info);
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
            enter(t);
        else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
            leave(t);
        go_on(t->pid, 0);
    } else if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXEC << 8)) && t->pid != first) {
        ptrace(PTRACE_DETACH, t->pid, NULL, NULL);
        t->pid = 0;
    } else {
        bool is_ours = status >> 16 || sig == SIGTRAP || sig == SIGSTOP;

        go_on(t->pid, is_ours ? 0 : sig);
    }
}

static int follow(pid_t first)
{
    int status, result = NO_TRACE;
    pid_t pid;

    while ((pid = waitpid(-1, &status, __WALL)) > 0) {
        struct tracee *t = find(pid);

        if (WIFSTOPPED(status)) {
            stopped(t, status, first);
            continue;
        }
        t->pid = 0;
        if (pid == first) {
            result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            break;
        }
    }
    return result;
}

static int run(char **argv)
{
    int status;
    pid_t pid = fork();

    if (pid < 0)
        give_up("fork");
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(NO_TRACE);
        execv(argv[0], argv);
        _exit(127);
    }
    if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
        give_up("tracing");
    if (ptrace(PTRACE_SETOPTIONS, pid, NULL,
               (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                        PTRACE_O_TRACECLONE)) < 0)
        give_up("tracing");
    find(pid);
    go_on(pid, 0);
    return follow(pid);
}

int main(int argc, char **argv)
{
    int opt;

    while ((opt = getopt(argc, argv, "+l:n:e:kw:")) > 0)
        if ((opt == 'l' && !(list = fopen(optarg, "we"))) || (opt == 'w' && !(met = fopen(optarg, "we"))))
            give_up(optarg);
        else if (opt == 'n')
            chosen = strtol(optarg, NULL, 10);
        else if (opt == 'e')
            for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
                error = strcmp(errors[i].name, optarg) == 0 ? errors[i].number : error;
    if (optind >= argc) {
        fprintf(stderr, "usage: inject [-l LIST] [-n N [-e ERROR | -k] [-w FILE]] command...\n");
        return NO_TRACE;
    }
    opt = run(argv + optind);
    if (list && fclose(list) != 0)
        give_up("list");
    return opt;
}
