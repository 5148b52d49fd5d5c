/*
 * The shipped rules by the naive matcher: they compile without an error, each has samples of both kinds, and every sample is judged as it says.
 * (vdlc --test asks the real matcher the same.)
 */
#include <check.h>
#include <glob.h>

#include "base/mapfile.h"
#include "compiling.h"
#include "tests/reference.h"
#include "vdl/compile/parse.h"

static glob_t files;

static void judge(const struct vdl_rule *r, const struct vdl_sample *s)
{
    struct vdl_object o = { .name = s->name, .sender = s->sender, .size = s->bytes.n, .depth = s->depth ? s->depth : (unsigned)s->n_inside };

    for (size_t i = 0; i < s->n_types; i++)
        o.types[i] = (const char *)s->types[i].p;
    if (s->n_inside)
        o.parent = s->inside[s->n_inside - 1];
    ck_assert_msg(reference_rule(r, &o, s->bytes) == s->must_match, "%s:%u: %.*s %s", s->source, s->line, (int)s->rule.n, (const char *)s->rule.p,
                  s->must_match ? "does not find this sample" : "finds this sample");
}

static void check_rule(const struct vdl_program *p, const struct vdl_rule *r)
{
    unsigned kinds[2] = { 0, 0 };

    for (size_t i = 0; i < p->n_samples; i++)
        if (slice_eq(p->samples[i].rule, r->name)) {
            kinds[p->samples[i].must_match]++;
            judge(r, &p->samples[i]);
        }
    ck_assert_msg(kinds[0] && kinds[1], "%.*s: %u samples that match, %u that do not", (int)r->name.n, (const char *)r->name.p, kinds[1], kinds[0]);
}

START_TEST(samples_are_judged_as_they_say)
{
    struct compiling c;
    struct mapfile m;

    compiling_start(&c);
    ck_assert_int_eq(mapfile_open(&m, files.gl_pathv[_i], MAPFILE_COPY, 1 << 24), CS_OK);
    c.r.file = files.gl_pathv[_i];
    compiling_read(&c, vdl_parse, m.data);
    ck_assert_msg(*c.text == 0, "%s", c.text);
    for (size_t i = 0; i < c.program.n_rules; i++)
        check_rule(&c.program, &c.program.rules[i]);
    mapfile_close(&m);
    compiling_end(&c);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rules");
    TCase *t = tcase_create("shipped");
    SRunner *r;
    int failed;

    if (glob("vdl/rules/*.vdl", 0, NULL, &files) != 0) {
        fprintf(stderr, "no rules: run this from the top of the tree\n");
        return 1;
    }
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, samples_are_judged_as_they_say, 0, (int)files.gl_pathc);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    globfree(&files);
    return failed ? 1 : 0;
}
