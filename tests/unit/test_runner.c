/* One folder for several messages: files are written over, but none that a command has taken, and nothing else stays. */
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mapfile.h"
#include "imta/runner.h"

static char room[] = "/tmp/test_runner.XXXXXX";

enum { IS_NEW = 0, IS_OTHER_FOLDER = 1, IS_KEPT = 2 };
static const char first[] = "the first, which is the longer one\n", second[] = "the second\n";

/* In the folder of the message; $1 is what the command was given, $2 a folder elsewhere. */
static const struct {
    const char *command;
    unsigned what;              /* what the next message finds */
} habits[] = {
    { ":", IS_KEPT },
    { "cp \"$1\" ./1.out", IS_KEPT },
    { "ln \"$1\" ./1.out", IS_KEPT },
    { "ln \"$1\" \"$2/taken\"", IS_NEW },
    { "mv \"$1\" \"$2/taken\"", IS_NEW },
    { "chmod 644 \"$1\"", IS_NEW },
    { "rm \"$1\"", IS_NEW },
    { "mv \"$1\" ./1.out", IS_NEW },
    { "cp \"$1\" \"$2/taken\"; ln -sf \"$2/taken\" \"$1\"", IS_NEW },
    { "cp \"$1\" \"$2/taken\"; ln -f \"$2/taken\" \"$1\"", IS_NEW },
    { "rm \"$1\"; mkfifo \"$1\"", IS_NEW },
    { "rm \"$1\"; mkdir \"$1\"; >\"$1/x\"", IS_OTHER_FOLDER },
    { ">left", IS_OTHER_FOLDER },
    { "mkdir -p a/b; >a/b/c; chmod 000 a", IS_OTHER_FOLDER },
    { ">.x", IS_OTHER_FOLDER },
    { "rm -r \"$PWD\"", IS_OTHER_FOLDER },
    { "chmod 755 .", IS_OTHER_FOLDER },
};

static void check_content(const char *path, const char *want)
{
    struct mapfile m;

    ck_assert_int_eq(mapfile_open(&m, path, MAPFILE_COPY, 1000), CS_OK);
    ck_assert_msg(slice_eq(m.data, slice_str(want)), "%s: %.*s", path, (int)m.data.n, (const char *)m.data.p);
    mapfile_close(&m);
}

static size_t count_entries(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;
    size_t n = 0;

    ck_assert_ptr_nonnull(d);
    while ((e = readdir(d)) != NULL)
        n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    closedir(d);
    return n;
}

static void run_habit(struct runner *r, const char *command, const char *elsewhere)
{
    char shell[] = "/bin/sh", c[] = "-c", name[] = "sh", text[300], where[100], *env[] = { NULL };
    char *argv[] = { shell, c, text, name, r->path[RUN_INPUT], where, NULL };
    struct runner_result result;

    snprintf(text, sizeof text, "%s", command);
    snprintf(where, sizeof where, "%s", elsewhere);
    ck_assert_int_eq(runner_run(r, argv, env, 0, &result), CS_OK);
    ck_assert_int_eq(result.code, 0);
}

static void give(struct runner *r, const char *text, struct stat *st)
{
    ck_assert_int_eq(runner_reopen(r, room, -1), CS_OK);
    runner_next(r);
    ck_assert_int_eq(runner_store(r, RUN_INPUT, slice_str(text)), CS_OK);
    check_content(r->path[RUN_INPUT], text);
    ck_assert_int_eq(lstat(r->path[RUN_INPUT], st), 0);
}

static void check_habit(unsigned i, bool is_same_message)
{
    struct runner r = { .dir = "" };
    struct stat before, after;
    char elsewhere[100], taken[150], folder[PATH_MAX], path[PATH_MAX];

    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", room);
    snprintf(taken, sizeof taken, "%s/taken", elsewhere);
    ck_assert_int_eq(mkdir(elsewhere, 0700), 0);
    give(&r, first, &before);
    snprintf(folder, sizeof folder, "%s", r.dir);
    snprintf(path, sizeof path, "%s", r.path[RUN_INPUT]);
    run_habit(&r, habits[i].command, elsewhere);
    if (!is_same_message)
        runner_rest(&r);
    give(&r, second, &after);
    ck_assert_str_ne(path, r.path[RUN_INPUT]);
    if (!is_same_message)
        ck_assert_int_eq(strcmp(folder, r.dir) != 0, habits[i].what & IS_OTHER_FOLDER);
    if (habits[i].what & IS_KEPT)
        ck_assert_uint_eq(before.st_ino, after.st_ino);
    if (access(taken, F_OK) == 0)
        check_content(taken, first);
    if (!is_same_message)
        ck_assert_uint_eq(count_entries(r.dir), 1);
    runner_close(&r);
    ck_assert_msg(count_entries(room) == 1, "%zu entries", count_entries(room));
    runner_clean(room);
}

START_TEST(only_what_is_ours_alone_is_written_over)
{
    check_habit((unsigned)_i, false);
    check_habit((unsigned)_i, true);
}
END_TEST

/* Between the parts of one message, without a rest. */
START_TEST(outputs_of_one_part_are_not_those_of_the_next)
{
    struct runner r = { .dir = "" };
    struct stat st;
    char old[PATH_MAX];

    give(&r, first, &st);
    snprintf(old, sizeof old, "%s", r.path[RUN_OUTPUT]);
    ck_assert_int_eq(runner_store(&r, RUN_OUTPUT, slice_str(first)), CS_OK);
    r.can_keep[RUN_OUTPUT] = false;             /* it is the command that makes it */
    give(&r, second, &st);
    ck_assert_int_ne(access(old, F_OK), 0);
    ck_assert_int_ne(access(r.path[RUN_OUTPUT], F_OK), 0);
    runner_close(&r);
    ck_assert_uint_eq(count_entries(room), 0);
}
END_TEST

START_TEST(large_files_do_not_stay)
{
    struct runner r = { .dir = "" };
    static char large[300 << 10];
    struct stat st;

    memset(large, 'x', sizeof large - 1);
    ck_assert_int_eq(runner_reopen(&r, room, -1), CS_OK);
    runner_next(&r);
    ck_assert_int_eq(runner_store(&r, RUN_INPUT, slice_str(large)), CS_OK);
    ck_assert_int_eq(runner_store(&r, RUN_INPUT_HEADERS, slice_str(first)), CS_OK);
    runner_rest(&r);
    ck_assert_uint_eq(count_entries(r.dir), 1);
    give(&r, second, &st);
    runner_close(&r);
    ck_assert_uint_eq(count_entries(room), 0);
}
END_TEST

/* Who ignores SIGCHLD is not told how a command ends: it must not look like one that went well, nor may our own programs inherit that. */
START_TEST(an_end_that_nobody_tells_is_no_good_end)
{
    char shell[] = "/bin/sh", c[] = "-c", text[] = "exit 3", *env[] = { NULL }, *argv[] = { shell, c, text, NULL };
    struct runner r = { .stop_fd = -1, .in_fd = -1 };
    struct runner_result result;

    signal(SIGCHLD, SIG_IGN);
    ck_assert_int_eq(runner_run(&r, argv, env, 0, &result), CS_OK);
    ck_assert_int_eq(result.end, RUN_SIGNALLED);
    diag_program("test");
    ck_assert_int_eq(runner_run(&r, argv, env, 0, &result), CS_OK);
    ck_assert_int_eq(result.end, RUN_EXITED);
    ck_assert_int_eq(result.code, 3);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("runner");
    TCase *t = tcase_create("runner");
    SRunner *r = srunner_create(s);
    int failed;

    if (!mkdtemp(room))
        return 1;
    suite_add_tcase(s, t);
    tcase_add_loop_test(t, only_what_is_ours_alone_is_written_over, 0, (int)(sizeof habits / sizeof *habits));
    tcase_add_test(t, outputs_of_one_part_are_not_those_of_the_next);
    tcase_add_test(t, large_files_do_not_stay);
    tcase_add_test(t, an_end_that_nobody_tells_is_no_good_end);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    runner_clean(room);
    rmdir(room);
    return failed ? 1 : 0;
}
