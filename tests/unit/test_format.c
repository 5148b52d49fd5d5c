/* docs/FORMAT.md and vdl/format.h say the same: section numbers and record sizes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"
#include "vdl/format.h"

static const struct { int id; const char *name; int record; } sections[] = {
    { VDB_INFO, "INFO", VDB_INFO_BYTES }, { VDB_RULES, "RULES", VDB_RULE }, { VDB_NAMES, "NAMES", 0 }, { VDB_PLANS, "PLANS", VDB_PLAN },
    { VDB_CODE, "CODE", 4 }, { VDB_TYPES, "TYPES", 0 }, { VDB_GROUPS, "GROUPS", VDB_GROUP }, { VDB_FILTER, "FILTER", 8 },
    { VDB_BUCKETS, "BUCKETS", 4 }, { VDB_ENTRIES, "ENTRIES", VDB_ENTRY }, { VDB_RECORDS, "RECORDS", 0 },
    { VDB_SEGMENTS, "SEGMENTS", VDB_SEGMENT }, { VDB_STAGES, "STAGES", VDB_STAGE }, { VDB_PROGRAMS, "PROGRAMS", VDB_OP },
    { VDB_SETS, "SETS", 32 }, { VDB_HASHES, "HASHES", VDB_HASH }, { VDB_SIZES, "SIZES", 8 }, { VDB_DIGESTS, "DIGESTS", 0 },
    { VDB_STRINGS, "STRINGS", 0 }, { VDB_TESTS, "TESTS", VDB_TEST }, { VDB_ALWAYS, "ALWAYS", 4 }, { VDB_SEEDED, "SEEDED", 4 },
    { VDB_SIEVES, "SIEVES", VDB_SIEVE },
};

START_TEST(document_and_header_agree)
{
    char line[1024], want[128];
    FILE *f = fopen("docs/FORMAT.md", "r");
    bool found = false;

    ck_assert_msg(f != NULL, "docs/FORMAT.md: run this from the root of the tree");
    if (sections[_i].record)
        snprintf(want, sizeof want, "| %d | %s | %d", sections[_i].id, sections[_i].name, sections[_i].record);
    else
        snprintf(want, sizeof want, "| %d | %s | |", sections[_i].id, sections[_i].name);
    while (fgets(line, sizeof line, f))
        found = found || strncmp(line, want, strlen(want)) == 0;
    fclose(f);
    ck_assert_msg(found, "no line begins with \"%s\"", want);
}
END_TEST

START_TEST(every_section_is_listed)
{
    ck_assert_int_eq(sizeof sections / sizeof *sections, VDB_SECTIONS_END - 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("format");
    TCase *t = tcase_create("document");
    SRunner *r;
    int failed;

    tcase_add_loop_test(t, document_and_header_agree, 0, (int)(sizeof sections / sizeof *sections));
    tcase_add_test(t, every_section_is_listed);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
