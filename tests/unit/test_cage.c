/* The cage holds from inside, and the watchdog answers whatever happens in it. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mapfile.h"
#include "base/newfile.h"
#include "convscan/cage.h"
#include "convscan/watchdog.h"

static char dir[] = "/tmp/test_cage.XXXXXX";
static char options[64], temp[64], mine[64], beyond[64];

static int attack_open(void) { return open("/etc/passwd", O_RDONLY); }
static int attack_write(void) { return open(beyond, O_WRONLY | O_CREAT, 0600); }
static int attack_socket(void) { return socket(AF_INET, SOCK_STREAM, 0); }
static int attack_exec(void) { return execl("/bin/true", "true", (char *)NULL); }
/* The call itself: musl's fork() holds signals back first, and then nobody can answer. */
static int attack_fork(void) { return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }
static int attack_name_space(void) { return (int)syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWNET, 0, 0, 0, 0); }
static int attack_process(void) { return (int)syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0); }
static void *nothing(void *arg) { return arg; }
/* No attack: a thread is allowed. -1 when it was there. */
static int second_thread(void)
{
    pthread_t t;

    return pthread_create(&t, NULL, nothing, NULL) == 0 && pthread_join(t, NULL) == 0 ? -1 : 0;
}
static int attack_ptrace(void) { return (int)ptrace(PTRACE_TRACEME, 0, 0, 0); }
static int attack_kill(void) { return kill(getppid(), SIGTERM); }
static int attack_abort_another(void) { return (int)syscall(SYS_tgkill, getppid(), getppid(), SIGABRT); }
static int attack_code(void) { return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0; }
static int *volatile nowhere = (int *)8;
static int attack_crash(void) { *nowhere = 1; return 0; }
static int attack_abort(void) { abort(); }
enum { CROWD = 8 };
static pthread_barrier_t together;
static void *crash_together(void *arg)
{
    pthread_barrier_wait(&together);
    *nowhere = 1;
    return arg;
}
/* All at once, as when a file shrinks under several threads: whoever is first answers, and nobody ends the process before that. */
static int attack_crowd(void)
{
    pthread_t t;

    pthread_barrier_init(&together, NULL, CROWD);
    for (int i = 1; i < CROWD; i++)
        if (pthread_create(&t, NULL, crash_together, NULL) != 0)
            return 0;
    crash_together(NULL);
    return 0;
}
static volatile int forever = 1, deep;
static int attack_hang(void) { while (forever) {} return 0; }
__attribute__((noinline)) static int attack_stack(void)
{
    volatile uint8_t room[4096];

    room[0] = (uint8_t)deep++;
    return forever ? attack_stack() + room[0] : 0;
}

/* Does the attack end in a signal, or is it merely refused? */
static const struct { const char *name; int (*run)(void); bool is_signal; } attacks[] = {
    { "open /etc/passwd", attack_open, false }, { "write elsewhere", attack_write, false },
    { "socket", attack_socket, true }, { "exec", attack_exec, true }, { "fork", attack_fork, true },
    { "name space", attack_name_space, true }, { "process", attack_process, true }, { "second thread", second_thread, false },
    { "ptrace", attack_ptrace, true }, { "kill", attack_kill, true }, { "abort another", attack_abort_another, true }, { "code", attack_code, true },
    { "crash", attack_crash, true }, { "crashes at once", attack_crowd, true }, { "abort", attack_abort, true }, { "hang", attack_hang, true },
    { "stack overflow", attack_stack, true },
};

static int in_cage(int (*run)(void))
{
    static const char text[] = "STATUS=178028698\n";
    struct watchdog_answer a = { .files = { { options, temp, SLICE(text) } }, .n_files = 1, .line = { .fd = -1 },
                                 .status = 7, .status_failed = 75 };
    struct cage_path paths[] = { { mine, CAGE_WRITE }, { "/no/such/folder", CAGE_READ } };
    struct cage_limits limits = { .memory = 1u << 30, .cpu_seconds = 20, .file_size = 1u << 20 };
    unsigned missing;

    watchdog_arm(&a, 300);
    missing = cage_close(paths, 2, &limits);
    if (missing & (CAGE_NO_SECCOMP | CAGE_NO_LANDLOCK))
        return 77;
    if (newfile_store(options, 0600, SLICE("ours"), false) != CS_OK)
        return 3;
    return run() < 0 ? 0 : 2;
}

START_TEST(an_attack_is_stopped)
{
    struct mapfile m;
    int st;
    pid_t pid = fork();

    if (pid == 0)
        _exit(in_cage(attacks[_i].run));
    ck_assert(waitpid(pid, &st, 0) == pid && WIFEXITED(st));
    if (WEXITSTATUS(st) == 77)
        return;                 /* a kernel without it: reported by --selftest, nothing to prove here */
    ck_assert_msg(WEXITSTATUS(st) == (attacks[_i].is_signal ? 7 : 0), "%s: %d", attacks[_i].name, WEXITSTATUS(st));
    ck_assert_int_eq(mapfile_open(&m, options, MAPFILE_COPY, 100), CS_OK);
    ck_assert_msg(slice_starts(m.data, attacks[_i].is_signal ? SLICE("STATUS=178028698\n") : SLICE("ours")), "%s", attacks[_i].name);
    mapfile_close(&m);
    ck_assert_int_eq(access(beyond, F_OK), -1);
    ck_assert_int_eq(access(temp, F_OK), -1);
}
END_TEST

START_TEST(what_is_missing_is_named)
{
    char text[80];

    cage_missing(0, text);
    ck_assert_str_eq(text, "none");
    cage_missing(CAGE_NO_SECCOMP | CAGE_NO_LIMITS, text);
    ck_assert_str_eq(text, "seccomp,limits");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cage");
    TCase *t = tcase_create("cage");
    SRunner *r = srunner_create(s);
    int failed;

#ifdef __SANITIZE_ADDRESS__
    puts("the sanitizer needs calls that the cage forbids\n0 passed, 0 failed, 1 skipped");
    suite_add_tcase(s, t);
    srunner_free(r);            /* and with it the suite */
    return 0;
#endif
    if (!mkdtemp(dir))
        return 1;
    snprintf(mine, sizeof mine, "%s/in", dir);
    snprintf(options, sizeof options, "%s/in/options", dir);
    snprintf(temp, sizeof temp, "%s/in/options.new", dir);
    snprintf(beyond, sizeof beyond, "%s/beyond", dir);
    if (mkdir(mine, 0700) < 0)
        return 1;
    suite_add_tcase(s, t);
    tcase_add_loop_test(t, an_attack_is_stopped, 0, sizeof attacks / sizeof *attacks);
    tcase_add_test(t, what_is_missing_is_named);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    unlink(options);
    rmdir(mine);
    rmdir(dir);
    return failed != 0;
}
