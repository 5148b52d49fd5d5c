#include <check.h>

#include <lz4frame.h>

#include "base/bytes.h"
#include "convscan/lz4.h"
#include "recorder.h"

struct sink {
    struct buf out;
    size_t stop_after;
};

static enum cs_status sink_put(void *to, struct slice bytes)
{
    struct sink *s = to;

    return s->out.n >= s->stop_after ? CS_STOP : buf_put(&s->out, bytes);
}

static struct sink sink_init(void)
{
    return (struct sink){ buf_init(SIZE_MAX / 2), SIZE_MAX };
}

static uint8_t plain[300000];

static struct slice plain_fill(size_t n)
{
    uint32_t x = 1;

    ck_assert_uint_le(n, sizeof plain);
    for (size_t i = 0; i < n; i++) {
        x = x * 1103515245 + 12345;
        plain[i] = (uint8_t)(i % 7 ? 'a' + (x >> 24) % 8 : 'z');
    }
    return slice_of(plain, n);
}

static void put(struct buf *b, const void *p, size_t n)
{
    ck_assert_int_eq(buf_put(b, slice_of(p, n)), CS_OK);
}

static struct buf modern(struct slice in, unsigned setting)
{
    LZ4F_preferences_t p = { 0 };
    size_t room = LZ4F_compressFrameBound(in.n, NULL) + 64, n;
    struct buf b = buf_init(SIZE_MAX / 2);
    uint8_t *made = malloc(room);

    ck_assert_ptr_nonnull(made);
    p.frameInfo.blockMode = setting & 1 ? LZ4F_blockIndependent : LZ4F_blockLinked;
    p.frameInfo.contentChecksumFlag = setting & 2 ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum;
    p.frameInfo.contentSize = setting & 4 ? in.n : 0;
    n = LZ4F_compressFrame(made, room, in.p, in.n, &p);
    ck_assert(!LZ4F_isError(n));
    put(&b, made, n);
    free(made);
    return b;
}

/* Of the old kind, with blocks of nothing but literals. */
static struct buf legacy(struct slice in, size_t each)
{
    struct buf b = buf_init(SIZE_MAX / 2);
    uint8_t n[4];

    put(&b, "\x02\x21\x4c\x18", 4);
    for (struct slice now; in.n; in = slice_drop(in, now.n)) {
        now = slice_take(in, each < 15 ? each : 14);
        put_le32(n, (uint32_t)now.n + 1);
        put(&b, n, 4);
        n[0] = (uint8_t)(now.n << 4);
        put(&b, n, 1);
        put(&b, now.p, now.n);
    }
    return b;
}

static const size_t sizes[] = { 0, 1, 13, 65535, 65536, 65537, 131072, 300000 };
enum { SETTINGS = 8 };

START_TEST(frames_come_out_whole_and_end_where_they_do)
{
    struct slice in = plain_fill(sizes[_i / SETTINGS]);
    struct buf b = modern(in, (unsigned)_i % SETTINGS);
    struct sink s = sink_init();
    struct inflate_result res;
    size_t n = b.n;

    put(&b, "behind", 6);
    ck_assert(lz4_is(buf_slice(&b)));
    ck_assert_int_eq(lz4_frame(buf_slice(&b), sink_put, &s, &res), CS_OK);
    ck_assert(slice_eq(buf_slice(&s.out), in));
    ck_assert_uint_eq(res.used, n);
    ck_assert_uint_eq(res.made, in.n);
    ck_assert(!res.is_damaged && !res.is_limited);
    buf_release(&b);
    buf_release(&s.out);
}
END_TEST

START_TEST(old_frames_come_out_whole_and_end_where_they_do)
{
    struct slice in = plain_fill((size_t)_i * 7);
    struct buf b = legacy(in, (size_t)_i + 1);
    struct sink s = sink_init();
    struct inflate_result res;
    size_t n = b.n;

    put(&b, "\xff\xff\xff\xff", 4);         /* no length of a block */
    ck_assert(lz4_is(buf_slice(&b)));
    ck_assert_int_eq(lz4_frame(buf_slice(&b), sink_put, &s, &res), CS_OK);
    ck_assert(slice_eq(buf_slice(&s.out), in));
    ck_assert_uint_eq(res.used, n);
    ck_assert(!res.is_damaged);
    buf_release(&b);
    buf_release(&s.out);
}
END_TEST

static const struct {
    struct slice in;
    bool is_skipped;
    size_t used;
} skipped[] = {
    { { (const uint8_t *)"\x50\x2a\x4d\x18\3\0\0\0abcde", 13 }, true, 11 },
    { { (const uint8_t *)"\x5f\x2a\x4d\x18\0\0\0\0", 8 }, true, 8 },
    { { (const uint8_t *)"\x53\x2a\x4d\x18\xff\xff\xff\xff" "cut", 11 }, true, 11 },
    { { (const uint8_t *)"\x50\x2a\x4d\x18\3\0\0", 7 }, false, 0 },
    { { (const uint8_t *)"\x60\x2a\x4d\x18\3\0\0\0abc", 11 }, false, 0 },
};

START_TEST(frames_to_be_skipped_give_nothing)
{
    struct sink s = sink_init();
    struct inflate_result res;

    ck_assert_int_eq(lz4_is_skipped(skipped[_i].in), skipped[_i].is_skipped);
    ck_assert(!lz4_is(skipped[_i].in));
    ck_assert_int_eq(lz4_frame(skipped[_i].in, sink_put, &s, &res), CS_OK);
    ck_assert_uint_eq(s.out.n, 0);
    ck_assert_int_eq(res.is_damaged, !skipped[_i].is_skipped);
    if (skipped[_i].is_skipped)
        ck_assert_uint_eq(res.used, skipped[_i].used);
}
END_TEST

/* Cut anywhere, what comes out is how the whole begins, and the frame is called damaged. */
START_TEST(what_is_cut_gives_its_front)
{
    struct slice in = plain_fill(2000), whole;
    struct buf b = _i ? legacy(in, 14) : modern(in, 2);

    whole = buf_slice(&b);
    for (size_t n = 0; n < whole.n; n++) {
        uint8_t *copy = malloc(n ? n : 1);  /* so that a sanitizer sees what is read behind the end */
        struct sink s = sink_init();
        struct inflate_result res;

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, whole.p, n);
        ck_assert_int_eq(lz4_frame(slice_of(copy, n), sink_put, &s, &res), CS_OK);
        ck_assert(slice_starts(in, buf_slice(&s.out)));
        ck_assert_uint_le(res.used, n);
        ck_assert(res.is_damaged || _i);
        free(copy);
        buf_release(&s.out);
    }
    buf_release(&b);
}
END_TEST

START_TEST(changed_bytes_do_no_harm)
{
    struct slice in = plain_fill(2000);
    struct buf b = _i ? legacy(in, 14) : modern(in, 3);

    for (size_t at = 0; at < b.n; at++) {
        struct sink s = sink_init();
        struct inflate_result res;

        b.p[at] ^= 0xff;
        s.stop_after = 1 << 20;
        ck_assert_int_ne(lz4_frame(buf_slice(&b), sink_put, &s, &res), CS_NOMEM);
        ck_assert_uint_le(res.used, b.n);
        b.p[at] ^= 0xff;
        buf_release(&s.out);
    }
    buf_release(&b);
}
END_TEST

START_TEST(who_takes_the_bytes_can_stop)
{
    struct slice in = plain_fill(200000);
    struct buf b = _i ? legacy(in, 14) : modern(in, 0);
    struct sink s = sink_init();
    struct inflate_result res;

    s.stop_after = 1;
    ck_assert_int_eq(lz4_frame(buf_slice(&b), sink_put, &s, &res), CS_STOP);
    ck_assert_uint_lt(s.out.n, in.n);
    buf_release(&b);
    buf_release(&s.out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lz4");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, frames_come_out_whole_and_end_where_they_do, 0, SETTINGS * sizeof sizes / sizeof *sizes);
    tcase_add_loop_test(c, old_frames_come_out_whole_and_end_where_they_do, 0, 20);
    tcase_add_loop_test(c, frames_to_be_skipped_give_nothing, 0, sizeof skipped / sizeof *skipped);
    tcase_add_loop_test(c, what_is_cut_gives_its_front, 0, 2);
    tcase_add_loop_test(c, changed_bytes_do_no_harm, 0, 2);
    tcase_add_loop_test(c, who_takes_the_bytes_can_stop, 0, 2);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed ? 1 : 0;
}
