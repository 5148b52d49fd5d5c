/*
 * Every tests/golden/NAME.in read in every way worth it, against NAME.out. A new pair is a new test;
 * GOLDEN_WRITE=1 writes the .out files, for a person to read before they are kept.
 */
#include <glob.h>

#include "base/mapfile.h"
#include "base/newfile.h"
#include "decodecase.h"
#include "listing.h"

static struct buf list_all(struct slice msg)
{
    struct buf out = buf_init(1 << 24);
    bool is_read[MIME_VARIANTS] = { false };

    for (unsigned v = 0; v < MIME_VARIANTS; v++) {
        if (is_read[v])
            continue;
        if (v)
            ck_assert_int_eq(buf_printf(&out, "---- variant %u\n", v), CS_OK);
        list_message(&out, msg, v, is_read);
    }
    return out;
}

static bool check_pair(const char *in_path)
{
    struct mapfile in, want;
    char out_path[1024];
    struct buf got;
    bool is_same;

    snprintf(out_path, sizeof out_path, "%.*s.out", (int)(strlen(in_path) - 3), in_path);
    ck_assert_int_eq(mapfile_open(&in, in_path, MAPFILE_COPY, 1 << 24), CS_OK);
    got = list_all(in.data);
    if (getenv("GOLDEN_WRITE"))
        ck_assert_int_eq(newfile_store(out_path, 0644, buf_slice(&got), false), CS_OK);
    ck_assert_msg(mapfile_open(&want, out_path, MAPFILE_COPY, 1 << 24) == CS_OK, "%s is missing", out_path);
    is_same = slice_eq(buf_slice(&got), want.data);
    if (!is_same)
        printf("%s: is now\n%.*s", in_path, (int)got.n, (char *)got.p);
    mapfile_close(&in);
    mapfile_close(&want);
    buf_release(&got);
    return is_same;
}

START_TEST(listings_are_as_before)
{
    glob_t g;
    size_t n_bad = 0;

    ck_assert_int_eq(glob("tests/golden/*.in", 0, NULL, &g), 0);
    for (size_t i = 0; i < g.gl_pathc; i++)
        n_bad += !check_pair(g.gl_pathv[i]);
    globfree(&g);
    ck_assert_uint_eq(n_bad, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("golden");
    TCase *t = tcase_create("golden");

    tcase_add_test(t, listings_are_as_before);
    suite_add_tcase(s, t);
    return run_suite(s);
}
