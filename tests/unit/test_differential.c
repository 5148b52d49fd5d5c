/*
 * Random rules, random data: the matcher against the naive one. A short run by default; test_differential SECONDS [SEED] for a long one.
 */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

#include "tests/differential.h"

static struct differential done;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool run(double seconds, uint64_t seed)
{
    double end = now() + seconds;

    for (; now() < end; seed++)
        if (!differential_round(seed, &done))
            return false;
    return true;
}

static void report(uint64_t seed)
{
    printf("seeds from %" PRIu64 ": %" PRIu64 " sets, %" PRIu64 " rules (%" PRIu64 " left out), %" PRIu64 " objects, %" PRIu64 " hits\n", seed,
           done.sets, done.rules, done.left_out, done.cases, done.hits);
}

START_TEST(matcher_agrees_with_the_naive_one)
{
    uint64_t seed = 1;

    ck_assert(run(4, seed));
    report(seed);
    ck_assert_uint_gt(done.rules, 0);
    ck_assert_uint_gt(done.hits, 0);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s;
    TCase *t;
    SRunner *r;
    int failed;

    if (argc > 1) {
        uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL) * 1000;
        bool ok = run(strtod(argv[1], NULL), seed);
        report(seed);
        return ok ? 0 : 1;
    }
    s = suite_create("differential");
    t = tcase_create("random");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, matcher_agrees_with_the_naive_one);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
