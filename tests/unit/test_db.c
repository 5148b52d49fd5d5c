/* Images that are damaged, cut, foreign or unsafe: a clear word for each, and never an access outside the mapping. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "hostile.h"
#include "vdl/compile.h"
#include "vdl/format.h"
#include "vdl/vdl.h"

static char dir[] = "/tmp/test_db.XXXXXX";
static char path[64], other[64];
static uint8_t *image;
static size_t n_image;

static void compile_to(const char *to, const char *text)
{
    struct vdl_compiler *c = vdl_compiler_new(&(struct vdl_options){ .complaints = NULL });

    ck_assert_ptr_nonnull(c);
    ck_assert_int_eq(vdl_compiler_add_text(c, "test.vdl", slice_str(text)), CS_OK);
    ck_assert_int_eq(vdl_compiler_write(c, to), CS_OK);
    vdl_compiler_free(c);
}

static void read_image(void)
{
    struct stat st;
    int fd = open(path, O_RDONLY);

    ck_assert_int_eq(fstat(fd, &st), 0);
    n_image = (size_t)st.st_size;
    free(image);
    image = malloc(n_image);
    ck_assert_int_eq(read(fd, image, n_image), (ssize_t)n_image);
    close(fd);
}

static void write_file(const char *to, const void *p, size_t n)
{
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_eq(write(fd, p, n), (ssize_t)n);
    close(fd);
}

static bool count(void *ctx, const struct vdl_hit *hit)
{
    ck_assert(hit->name.n == 0 || hit->name.p[0] != 0xff || hit->name.n < 70000);
    ++*(size_t *)ctx;
    return true;
}

/* Whatever the image says, the scan ends. */
static size_t scan_once(struct vdl_db *db, bool in_pieces)
{
    struct vdl_object o = { .name = SLICE("a.txt"), .types = { "text" }, .size = VDL_SIZE_UNKNOWN };
    struct slice data = { (const uint8_t *)hostile_data, sizeof hostile_data - 1 };
    size_t hits = 0;
    struct vdl_scan *s = vdl_scan_new(&db, 1, count, &hits);

    if (!s)
        return 0;
    if (!in_pieces) {
        if (vdl_scan_bytes(s, &o, data) != CS_OK)
            hits += 1000;
    } else if (vdl_scan_begin(s, &o) == CS_OK) {
        for (; data.n; data = slice_drop(data, 7))
            if (vdl_scan_feed(s, slice_take(data, 7)) != CS_OK)
                break;
        if (vdl_scan_end(s) != CS_OK)
            hits += 1000;
    }
    vdl_scan_free(s);
    return hits;
}

START_TEST(every_rule_of_the_set_matches)
{
    struct vdl_db *db;
    char why[256];

    ck_assert_int_eq(vdl_open(path, &db, why), CS_OK);
    ck_assert_int_eq(vdl_verify(db, why), CS_OK);
    ck_assert_uint_eq(scan_once(db, false), 19);        /* all but the two digests */
    ck_assert_uint_eq(scan_once(db, true), 19);
    vdl_close(db);
}
END_TEST

/* A byte changed: opening says no, or verify does; and the scan comes to an end inside the mapping. */
static void check_change(size_t at, uint8_t flip)
{
    struct vdl_db *db;
    char why[256];
    uint8_t b = image[at] ^ flip;
    int fd = open(other, O_WRONLY);

    ck_assert_int_eq(pwrite(fd, &b, 1, (off_t)at), 1);
    if (vdl_open(other, &db, why) == CS_OK) {
        ck_assert_msg(vdl_verify(db, why) == CS_CORRUPT, "byte %zu ^ %02x is not noticed", at, flip);
        ck_assert_msg(why[0], "byte %zu ^ %02x: no reason given", at, flip);
        scan_once(db, at % 2);
        vdl_close(db);
    } else
        ck_assert_msg(why[0], "byte %zu ^ %02x: no reason given", at, flip);
    b = image[at];
    ck_assert_int_eq(pwrite(fd, &b, 1, (off_t)at), 1);
    close(fd);
}

START_TEST(every_byte_flipped)
{
    static const uint8_t flips[] = { 0xff, 0x01, 0x80 };

    write_file(other, image, n_image);
    for (size_t at = 0; at < n_image; at++)
        check_change(at, flips[_i]);
}
END_TEST

/* A sample of the bits of an image of megabytes: the first, the last and some inside, in steps that fall on no boundary. */
START_TEST(single_bits_of_a_large_image_are_noticed)
{
    struct buf b = buf_init(1 << 24);
    size_t step, seen = 0;

    for (unsigned i = 0; i < 20000; i++)
        if (buf_printf(&b, i % 5 ? ":r%u, \"a literal with the number %08x\" #\n" : ":r%u, MD5(\"000000000000000000000000%08x\") SIZE %u #\n", i,
                       i * 40503, i) != CS_OK)
            ck_abort();
    if (buf_put(&b, SLICE("\0")) != CS_OK)
        ck_abort();
    compile_to(path, (const char *)buf_slice(&b).p);
    buf_release(&b);
    read_image();
    ck_assert_uint_gt(n_image, 1000000);
    write_file(other, image, n_image);
    step = n_image * 8 / 97;
    for (size_t bit = 0; bit < n_image * 8; bit += step, seen++)
        check_change(bit / 8, (uint8_t)(1u << bit % 8));
    check_change(n_image - 1, 0x80);
    ck_assert_uint_ge(seen, 97);
    compile_to(path, hostile_rules);
    read_image();
}
END_TEST

START_TEST(every_single_bit_is_noticed)
{
    compile_to(path, ":a, \"some literal\" # :b, \"x\", .*, \"second\" AND NOT \"third one\" #");
    read_image();
    write_file(other, image, n_image);
    for (size_t at = 0; at < n_image; at++)
        check_change(at, (uint8_t)(1u << _i));
    compile_to(path, hostile_rules);
    read_image();
}
END_TEST

START_TEST(every_shorter_file_is_refused)
{
    struct vdl_db *db;
    char why[256];

    write_file(other, image, n_image);
    for (size_t n = n_image; n-- > 0;) {
        ck_assert_int_eq(truncate(other, (off_t)n), 0);
        ck_assert_msg(vdl_open(other, &db, why) != CS_OK, "cut at %zu", n);
        ck_assert_msg(why[0] != '\0', "cut at %zu: no reason given", n);
    }
}
END_TEST

START_TEST(files_that_are_no_image)
{
    static const struct { const char *bytes; const char *why; } cases[] = {
        { "", "empty" }, { "hello", "no signature database" }, { "\x89VDB\r\n\x1a\n", "cut short" },
    };
    struct vdl_db *db;
    char why[256];

    write_file(other, cases[_i].bytes, strlen(cases[_i].bytes));
    ck_assert_int_ne(vdl_open(other, &db, why), CS_OK);
    ck_assert_msg(strstr(why, cases[_i].why), "%s", why);
}
END_TEST

START_TEST(files_that_are_not_trusted)
{
    struct vdl_db *db;
    char why[256];

    ck_assert_int_eq(vdl_open("/nonexistent/x.vdb", &db, why), CS_NOENT);
    ck_assert_int_eq(vdl_open(dir, &db, why), CS_NOTREG);
    write_file(other, image, n_image);
    ck_assert_int_eq(chmod(other, 0620), 0);
    ck_assert_int_eq(vdl_open(other, &db, why), CS_UNSAFE);
    ck_assert_msg(strstr(why, "write"), "%s", why);
    ck_assert_int_eq(chmod(other, 0602), 0);
    ck_assert_int_eq(vdl_open(other, &db, why), CS_UNSAFE);
    ck_assert_int_eq(chmod(other, 0600), 0);
    image[VDB_H_MAJOR]++;
    write_file(other, image, n_image);
    image[VDB_H_MAJOR]--;
    ck_assert_int_eq(vdl_open(other, &db, why), CS_FOREIGN);
    ck_assert_msg(strstr(why, "version"), "%s", why);
}
END_TEST

START_TEST(the_same_rules_make_the_same_image)
{
    struct stat a, b;
    uint8_t *again;
    int fd;

    compile_to(other, hostile_rules);
    ck_assert_int_eq(stat(path, &a), 0);
    ck_assert_int_eq(stat(other, &b), 0);
    ck_assert_int_eq(a.st_size, b.st_size);
    again = malloc(n_image);
    fd = open(other, O_RDONLY);
    ck_assert_int_eq(read(fd, again, n_image), (ssize_t)n_image);
    close(fd);
    ck_assert_mem_eq(again, image, n_image);
    free(again);
}
END_TEST

/* What --dump prints compiles again, to rules that find the same. */
START_TEST(the_dump_is_a_source)
{
    struct vdl_db *db;
    char why[256], *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    ck_assert_int_eq(vdl_open(path, &db, why), CS_OK);
    ck_assert_int_eq(vdl_dump(db, f), CS_OK);
    fclose(f);
    vdl_close(db);
    compile_to(other, text);
    ck_assert_int_eq(vdl_open(other, &db, why), CS_OK);
    ck_assert_uint_eq(scan_once(db, false), 19);
    vdl_close(db);
    free(text);
}
END_TEST

static void make_dir(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/t.vdb", dir);
    snprintf(other, sizeof other, "%s/o.vdb", dir);
    compile_to(path, hostile_rules);
    read_image();
}

static void remove_dir(void)
{
    free(image);
    unlink(path);
    unlink(other);
    rmdir(dir);
}

int main(void)
{
    Suite *s = suite_create("db");
    TCase *t = tcase_create("images");
    SRunner *r;
    int failed;

    tcase_set_timeout(t, 240);
    tcase_add_unchecked_fixture(t, make_dir, remove_dir);
    tcase_add_test(t, every_rule_of_the_set_matches);
    tcase_add_loop_test(t, every_byte_flipped, 0, 3);
    tcase_add_loop_test(t, every_single_bit_is_noticed, 0, 8);
    tcase_add_test(t, single_bits_of_a_large_image_are_noticed);
    tcase_add_test(t, every_shorter_file_is_refused);
    tcase_add_loop_test(t, files_that_are_no_image, 0, 3);
    tcase_add_test(t, files_that_are_not_trusted);
    tcase_add_test(t, the_same_rules_make_the_same_image);
    tcase_add_test(t, the_dump_is_a_source);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
