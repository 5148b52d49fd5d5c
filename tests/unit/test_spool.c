#include <check.h>
#include <stdlib.h>

#include "base/buf.h"
#include "convscan/spool.h"

enum { MB = 1 << 20 };

static uint8_t sample(size_t i)
{
    return (uint8_t)(i * 2654435761u >> 13);
}

static void fill(uint8_t *p, size_t from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = sample(from + i);
}

/* What is put, in that order: into the room that was asked for, or behind it, in pieces. */
static const struct {
    size_t memory;              /* that all spools may have */
    size_t room, in_room;       /* asked for, and given back of it */
    size_t piece, pieces;
} cases[] = {
    { 64 * MB, 100, 100, 0, 0 },       { 64 * MB, 100, 60, 0, 0 },         { 64 * MB, 100, 60, 70000, 3 },
    { 64 * MB, 3 * MB, 3 * MB, 0, 0 }, { 64 * MB, 3 * MB, 2 * MB, 9, 5 },  { 64 * MB, 3 * MB, 0, MB, 5 },
    { 2 * MB, 3 * MB, 3 * MB, 0, 0 },  { 2 * MB, 3 * MB, MB, 5000, 700 },  { 2 * MB, 3 * MB, 0, 5000, 3 },
    { 2 * MB, 0, 0, 5000, 900 },       { 2 * MB, 3 * MB, 3 * MB, MB, 2 },  { 64 * MB, 0, 0, 0, 0 },
};

START_TEST(all_comes_back)
{
    struct spool_rules rules = { .folder = "/tmp", .max_memory = cases[_i].memory };
    size_t n = cases[_i].in_room, piece = cases[_i].piece, want = n + piece * cases[_i].pieces;
    uint8_t *bytes = malloc(want + 1), *room;
    struct slice all;
    struct spool s;

    ck_assert_ptr_nonnull(bytes);
    fill(bytes, 0, want);
    spool_init(&s, &rules);
    room = spool_room(&s, cases[_i].room);
    ck_assert_int_eq(room != NULL, cases[_i].room != 0);
    if (n) {
        fill(room, 0, n);
        ck_assert_int_eq(spool_put(&s, slice_of(NULL, 0), slice_of(room, n)), CS_OK);
        ck_assert_ptr_null(spool_room(&s, 10));
    }
    for (size_t i = 0; i < cases[_i].pieces; i++)
        ck_assert_int_eq(spool_put(&s, slice_of(NULL, 0), slice_of(bytes + n + i * piece, piece)), CS_OK);
    ck_assert_uint_eq(spool_size(&s), want);
    ck_assert_uint_le(rules.in_memory, rules.max_memory);
    ck_assert_int_eq(spool_whole(&s, &all), CS_OK);
    ck_assert(slice_eq(all, slice_of(bytes, want)));
    spool_release(&s);
    ck_assert_uint_eq(rules.in_memory, 0);
    free(bytes);
}
END_TEST

START_TEST(bytes_of_the_container_are_lent)
{
    struct spool_rules rules = { .folder = "/tmp", .max_memory = MB };
    struct slice in = SLICE("one two three"), all;
    struct spool s;

    spool_init(&s, &rules);
    ck_assert_int_eq(spool_put(&s, in, slice_sub(in, 4, 2)), CS_OK);
    ck_assert_int_eq(spool_put(&s, in, slice_sub(in, 6, 1)), CS_OK);
    ck_assert_int_eq(spool_whole(&s, &all), CS_OK);
    ck_assert_ptr_eq(all.p, in.p + 4);
    ck_assert_uint_eq(all.n, 3);
    ck_assert_int_eq(spool_put(&s, in, slice_sub(in, 0, 3)), CS_OK);
    ck_assert_int_eq(spool_whole(&s, &all), CS_OK);
    ck_assert(slice_eq(all, SLICE("twoone")));
    spool_release(&s);
}
END_TEST

/* No folder for the file: room is refused, and the bytes themselves are an error. */
START_TEST(no_folder_is_an_error)
{
    struct spool_rules rules = { .folder = "/nowhere", .max_memory = MB };
    uint8_t *bytes = calloc(1, 2 * MB);
    struct spool s;

    ck_assert_ptr_nonnull(bytes);
    spool_init(&s, &rules);
    ck_assert_ptr_null(spool_room(&s, 2 * MB));
    ck_assert_int_eq(spool_put(&s, slice_of(NULL, 0), slice_of(bytes, 2 * MB)), CS_IO);
    spool_release(&s);
    free(bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spool");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_loop_test(c, all_comes_back, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(c, bytes_of_the_container_are_lent);
    tcase_add_test(c, no_folder_is_an_error);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed ? 1 : 0;
}
