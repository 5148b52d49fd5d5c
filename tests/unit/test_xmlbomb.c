#include <check.h>

#include "convscan/formats.h"
#include "recorder.h"

#define FIVE(x) x x x x x
#define TEN(x) FIVE(x) FIVE(x)
#define LAUGHS                                                                                                                        \
    "<!ENTITY a 'lol'><!ENTITY b '" TEN("&a;") "'><!ENTITY c '" TEN("&b;") "'><!ENTITY d '" TEN("&c;") "'><!ENTITY e '" TEN("&d;") "'>" \
    "<!ENTITY f '" TEN("&e;") "'><!ENTITY g '" TEN("&f;") "'><!ENTITY h '" TEN("&g;") "'>"
#define BACKWARDS                                                                                                                     \
    "<!ENTITY h '" TEN("&g;") "'><!ENTITY g '" TEN("&f;") "'><!ENTITY f '" TEN("&e;") "'><!ENTITY e '" TEN("&d;") "'>"                 \
    "<!ENTITY d '" TEN("&c;") "'><!ENTITY c '" TEN("&b;") "'><!ENTITY b '" TEN("&a;") "'><!ENTITY a 'lol'>"

static const struct {
    const char *text;
    bool is_bomb;
} cases[] = {
    { "<!DOCTYPE x [" LAUGHS "]><x>&h;</x>", true },
    { "<!doctype x [" LAUGHS "]><x>&h;</x>", true },
    { "<?xml version='1.0'?>\n<!-- a note -->\r\n<!DOCTYPE html [" LAUGHS "]><html>&h;</html>", true },
    { "\xef\xbb\xbf<!DOCTYPE x [" BACKWARDS "]><x y='&h;'/>", true },
    { "<!DOCTYPE x [" LAUGHS "]><x>&c;</x>", false },               /* not used, or not much */
    { "<!DOCTYPE x [" LAUGHS "]><x>&h</x>", false },
    { "<p>An example: <!DOCTYPE x [" LAUGHS "]><x>&h;</x>", false }, /* no document type at the front */
    { "<!DOCTYPE x [<!ENTITY a '&b;'><!ENTITY b '&a;'>]><x>&a;</x>", true },
    { "<!DOCTYPE x [<!ENTITY a '&a;'>]><x/>", true },
    { "<!DOCTYPE x [<!ENTITY % a '0123456789'><!ENTITY % b '" TEN("%a;") "'><!ENTITY c '%b;'>]><x>&c;</x>", false },
    { "<!DOCTYPE x [<!ENTITY % a '%a;'>%a;]><x/>", true },
    { "<!DOCTYPE x [<!ENTITY a SYSTEM 'http://example.org/a'><!ENTITY nbsp '&#160;'>]><x>&a;&nbsp;&amp;</x>", false },
    { "<!DOCTYPE x [<!ENTITY a 'never ends", false },
    { "<!DOCTYPE x [<!ENTITY", false },
    { "<!DOCTYPE x [<!ENTITY %", false },
    { "<?never <!DOCTYPE", false },
    { "<!--", false },
    { "", false },
};

static bool is_bomb(struct slice text)
{
    struct recorder r;
    bool said;

    recorder_init(&r);
    ck_assert_int_eq(xmlbomb_decode(text, &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 0);
    said = r.notes[EMIT_LIMITED] != 0;
    recorder_release(&r);
    return said;
}

START_TEST(bombs_are_told_from_documents)
{
    ck_assert_int_eq(is_bomb(slice_str(cases[_i].text)), cases[_i].is_bomb);
}
END_TEST

static struct buf repeated(const char *head, const char *each, size_t n)
{
    struct buf b = buf_init(64 << 20);

    ck_assert_int_eq(buf_put(&b, slice_str(head)), CS_OK);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(buf_put(&b, slice_str(each)), CS_OK);
    return b;
}

/* One level, a long text, many uses: 10 KB a thousand times are in the budget, 100,000 times are not. */
START_TEST(one_long_entity_used_often)
{
    static const size_t uses[] = { 1000, 100000 };
    struct buf head = repeated("<!DOCTYPE x [<!ENTITY a '", "0123456789", 1000), b;

    ck_assert_int_eq(buf_put(&head, slice_of("'>]><x>\0", 8)), CS_OK);
    b = repeated((const char *)head.p, "&a;", uses[_i]);
    ck_assert_int_eq(is_bomb(buf_slice(&b)), _i == 1);
    buf_release(&b);
    buf_release(&head);
}
END_TEST

START_TEST(more_than_can_be_reckoned_is_a_limit)
{
    struct buf b = repeated("<!DOCTYPE x [", "<!ENTITY a ''>", 4096 + (size_t)_i);

    ck_assert_int_eq(is_bomb(buf_slice(&b)), _i == 1);
    buf_release(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("xmlbomb");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_loop_test(c, bombs_are_told_from_documents, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_loop_test(c, one_long_entity_used_often, 0, 2);
    tcase_add_loop_test(c, more_than_can_be_reckoned_is_a_limit, 0, 2);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed ? 1 : 0;
}
