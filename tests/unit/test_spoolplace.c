/* Where the bytes of large objects go: memory first, then a file without a name in the folder that the settings or the output give. */
#include <check.h>
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "convscan/spool.h"

enum { MEMORY = 64 << 10, PIECE = 4096, PIECES = 64 };

static char dir[] = "/tmp/test_spoolplace.XXXXXX";

static unsigned count_files(void)
{
    DIR *d = opendir(dir);
    unsigned n = 0;

    ck_assert_ptr_nonnull(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    closedir(d);
    return n;
}

/* Where the file is, as the kernel says: "PATH (deleted)". */
static void check_place(int fd, const char *folder)
{
    char link[64], path[256] = "";

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ck_assert_int_gt(readlink(link, path, sizeof path - 1), 0);
    ck_assert_msg(strncmp(path, folder, strlen(folder)) == 0 && path[strlen(folder)] == '/' && strstr(path, "(deleted)"), "%s", path);
}

static const struct { const char *folder; bool is_beside; const char *place; } places[] = {
    { dir, false, dir }, { dir, true, dir }, { NULL, true, dir }, { NULL, false, "/tmp" },
};
START_TEST(a_large_one_has_a_file_without_a_name)
{
    char beside[64];
    struct spool_rules rules = { .folder = places[_i].folder, .beside = places[_i].is_beside ? beside : NULL, .max_memory = MEMORY };
    struct spool s;
    struct slice whole;
    uint8_t piece[PIECE];

    snprintf(beside, sizeof beside, "%s/output", dir);
    spool_init(&s, &rules);
    for (unsigned i = 0; i < PIECES; i++) {
        memset(piece, (int)i, sizeof piece);
        ck_assert_int_eq(spool_put(&s, SLICE(""), slice_of(piece, sizeof piece)), CS_OK);
        ck_assert_uint_le(rules.in_memory, MEMORY);
    }
    ck_assert_int_ge(s.fd, 0);
    check_place(s.fd, places[_i].place);
    ck_assert_uint_eq(count_files(), 0);
    ck_assert_int_eq(spool_whole(&s, &whole), CS_OK);
    ck_assert_uint_eq(whole.n, PIECES * PIECE);
    for (size_t i = 0; i < whole.n; i++)
        ck_assert_uint_eq(whole.p[i], i / PIECE);
    spool_release(&s);
    ck_assert_uint_eq(rules.in_memory, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("spoolplace");
    TCase *t = tcase_create("spoolplace");
    SRunner *r = srunner_create(s);
    int failed;

    if (!mkdtemp(dir))
        return 1;
    tcase_add_loop_test(t, a_large_one_has_a_file_without_a_name, 0, sizeof places / sizeof *places);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    rmdir(dir);
    return failed != 0;
}
