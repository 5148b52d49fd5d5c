/* A child has three descriptors, no signal blocked or ignored, a group of its own; what cannot be run is said so. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mapfile.h"
#include "base/spawn.h"

static char room[] = "/tmp/test_spawn.XXXXXX";

static void make_file(const char *name, const char *text, mode_t mode)
{
    char path[100];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", room, name);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
}

/* What the shell's text writes, run in the room. */
static void check_child(const char *text, const char *want)
{
    char shell[] = "/bin/sh", c[] = "-c", copy[300], *argv[] = { shell, c, copy, NULL }, *env[] = { NULL }, path[100];
    struct mapfile m;
    pid_t pid;
    int out;

    snprintf(copy, sizeof copy, "%s", text);
    snprintf(path, sizeof path, "%s/written", room);
    out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(out, 0);
    ck_assert_int_eq(spawn(&pid, &(struct spawn){ -1, out, STDERR_FILENO, room }, argv, env), 0);
    ck_assert_int_eq(spawn_wait(pid, NULL), 0);
    close(out);
    ck_assert_int_eq(mapfile_open(&m, path, MAPFILE_COPY, 1000), CS_OK);
    ck_assert_msg(slice_eq(m.data, slice_str(want)), "%s: %.*s", text, (int)m.data.n, (const char *)m.data.p);
    mapfile_close(&m);
}

static const struct {
    const char *text, *want;
} seen[] = {
    { "read -r x || echo nothing; echo \"$x\"", "nothing\n\n" },
    /* The highest bits are those of the C library's own signals: whoever started us may have them ignored. */
    { "grep -E 'Sig(Blk|Ign)' /proc/$$/status | tr -d '\\t' | sed 's/:........[0189]/: /' | tr '\\n' ' '", "SigBlk: 0000000 SigIgn: 0000000 " },
    { "[ -e /proc/$$/fd/7 ] || echo closed", "closed\n" },
    { "read -r pid name state parent group rest </proc/$$/stat; [ $group = $pid ] && echo own", "own\n" },
    { "echo ${PWD##*/} | cut -c1-10", "test_spawn\n" },
};

START_TEST(a_child_has_nothing_of_its_parents)
{
    sigset_t some, now;
    int other = dup2(STDERR_FILENO, 7);

    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    ck_assert_int_eq(sigprocmask(SIG_SETMASK, &some, NULL), 0);
    check_child(seen[_i].text, seen[_i].want);
    ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &now), 0);
    ck_assert(sigismember(&now, SIGTERM) && !sigismember(&now, SIGINT));
    ck_assert(signal(SIGPIPE, SIG_IGN) == SIG_IGN);
    close(other);
}
END_TEST

static const struct {
    const char *name, *path;        /* room for %s */
    int err;
} tried[] = {
    { "good", "/nowhere:%s", 0 },
    { "good", "%s/data:%s", 0 },
    { "good", "::%s:", 0 },
    { "good", "/nowhere", ENOENT },
    { "good", "", ENOENT },
    { "true", NULL, 0 },
    { "good", NULL, ENOENT },
    { "data", "%s:/nowhere", EACCES },
    { "empty", "%s", ENOEXEC },
    { "./good", "", 0 },
    { "./data", "", EACCES },
    { "./nothing", "", ENOENT },
    { "good/x", "", ENOTDIR },
};

START_TEST(what_cannot_be_run_is_said)
{
    char name[20], path[300], *argv[] = { name, NULL }, *env[] = { NULL };
    pid_t pid;
    int err;

    make_file("good", "#!/bin/sh\nexit 3\n", 0755);
    make_file("data", "#!/bin/sh\n", 0644);
    make_file("empty", "", 0755);
    snprintf(name, sizeof name, "%s", tried[_i].name);
    unsetenv("PATH");
    if (tried[_i].path) {
        snprintf(path, sizeof path, tried[_i].path, room, room);
        setenv("PATH", path, 1);
    }
    err = spawn(&pid, &(struct spawn){ -1, STDERR_FILENO, STDERR_FILENO, room }, argv, env);
    ck_assert_int_eq(err, tried[_i].err);
    if (!err)
        ck_assert_int_eq(WEXITSTATUS(spawn_wait(pid, NULL)), strcmp(name, "true") == 0 ? 0 : 3);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("spawn");
    TCase *t = tcase_create("all");
    char remove_all[100];
    SRunner *r;
    int failed;

    if (!mkdtemp(room))
        return 1;
    tcase_add_loop_test(t, a_child_has_nothing_of_its_parents, 0, sizeof seen / sizeof *seen);
    tcase_add_loop_test(t, what_cannot_be_run_is_said, 0, sizeof tried / sizeof *tried);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    for (const char *const *name = (const char *const[]){ "good", "data", "empty", "written", NULL }; *name; name++) {
        snprintf(remove_all, sizeof remove_all, "%s/%s", room, *name);
        unlink(remove_all);
    }
    rmdir(room);
    return failed ? 1 : 0;
}
