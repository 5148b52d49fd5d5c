#include <check.h>

#include "convscan/vba.h"
#include "convscan/vbapack.h"

static const char *const texts[] = {
    "",
    "Attribute VB_Name = \"Module1\"\r\n",
    "Attribute VB_Name = \"ThisDocument\"\r\nAttribute VB_Base = \"1Normal.ThisDocument\"\r\nAttribute VB_GlobalNameSpace = False\r\n"
    "Attribute VB_Creatable = False\r\nAttribute VB_PredeclaredId = True\r\nAttribute VB_Exposed = True\r\n"
    "Attribute VB_TemplateDerived = True\r\nAttribute VB_Customizable = True\r\n",
};

/* Every size from the first that fits: exactly filled, whole, the text in front, nothing but empty lines behind. */
START_TEST(every_size_is_filled)
{
    static uint8_t room[20000];
    struct slice text = slice_str(texts[_i]);
    size_t first = 0;

    for (size_t size = 0; size < sizeof room; size += size < 9000 ? 1 : 97) {
        struct buf out = buf_init(1 << 20);
        bool is_whole;
        memset(room, 0xee, sizeof room);
        if (!vbapack_fill(text, room, size)) {
            ck_assert_msg(first == 0, "%zu does not fit, %zu did", size, first);
            continue;
        }
        first = first ? first : size;
        ck_assert_uint_eq(room[size], 0xee);
        ck_assert_int_eq(vba_unpack(slice_of(room, size), &out, &is_whole), CS_OK);
        ck_assert_msg(is_whole, "size %zu", size);
        ck_assert_msg(slice_starts(buf_slice(&out), text), "size %zu", size);
        ck_assert_uint_eq(slice_trim(slice_drop(buf_slice(&out), text.n)).n, 0);
        buf_release(&out);
    }
    ck_assert_uint_gt(first, 0);
    ck_assert_uint_le(first, text.n + (text.n + 7) / 8 + 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vbapack");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_loop_test(c, every_size_is_filled, 0, (int)(sizeof texts / sizeof texts[0]));
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed ? 1 : 0;
}
