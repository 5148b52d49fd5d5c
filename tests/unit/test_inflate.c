#include <check.h>
#include <zlib.h>

#include "convscan/inflate.h"
#include "recorder.h"

struct sink {
    struct buf out;
    size_t stop_after;
};

static enum cs_status sink_put(void *to, struct slice bytes)
{
    struct sink *s = to;

    if (s->out.n >= s->stop_after)
        return CS_LIMIT;
    return buf_put(&s->out, bytes);
}

static uint8_t plain[200000];

static struct slice plain_fill(void)
{
    uint32_t x = 1;

    for (size_t i = 0; i < sizeof plain; i++) {
        x = x * 1103515245 + 12345;
        plain[i] = (uint8_t)(i % 7 ? 'a' + (x >> 24) % 8 : 'z');
    }
    return slice_of(plain, sizeof plain);
}

/* bits: as deflateInit2() has them: -15 raw, 15 zlib, 31 gzip. */
static struct slice packed(struct slice in, int bits, uint8_t *room, size_t size)
{
    z_stream z = { 0 };

    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (z_const Bytef *)(uintptr_t)in.p;
    z.avail_in = (uInt)in.n;
    z.next_out = room;
    z.avail_out = (uInt)size;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    size = z.total_out;
    deflateEnd(&z);
    return slice_of(room, size);
}

static const struct {
    int bits;
    enum inflate_kind kind;
} good[] = {
    { -15, INFLATE_RAW }, { 15, INFLATE_ZLIB }, { 31, INFLATE_GZIP },
    { -15, INFLATE_AUTO }, { 15, INFLATE_AUTO }, { 31, INFLATE_AUTO }, { -15, INFLATE_ZLIB },
};

START_TEST(every_wrapping_comes_out_whole)
{
    static uint8_t room[300000];
    struct slice want = plain_fill(), in = packed(want, good[_i].bits, room, sizeof room - 5);
    struct sink s = { buf_init(1 << 20), SIZE_MAX };
    struct inflate_result res;
    size_t n = in.n;

    memcpy(room + in.n, "after", 5);
    in.n += 5;
    ck_assert_int_eq(inflate_all(in, good[_i].kind, sink_put, &s, &res), CS_OK);
    ck_assert(!res.is_damaged);
    ck_assert_uint_eq(res.used, n);
    ck_assert_uint_eq(res.made, want.n);
    ck_assert(slice_eq(buf_slice(&s.out), want));
    buf_release(&s.out);
}
END_TEST

struct sized {
    struct sink sink;            /* first: room() and sink_put() get the same pointer */
    uint8_t *room;
    bool is_refused;
};

static uint8_t *sized_room(void *to, size_t n)
{
    struct sized *s = to;

    free(s->room);
    s->room = s->is_refused ? NULL : malloc(n);
    return s->room;
}

/* Whatever is said about the size, and whether there is room: the same bytes, the same result. */
START_TEST(a_told_size_may_be_wrong)
{
    static uint8_t room[300000];
    static const uint64_t sizes[] = { 0, 1, sizeof plain - 1, sizeof plain, sizeof plain + 1, sizeof plain * 4, UINT64_MAX };
    int bits = _i % 2 ? 31 : -15;
    enum inflate_kind kind = _i % 2 ? INFLATE_GZIP : INFLATE_RAW;
    struct slice in = packed(plain_fill(), bits, room, sizeof room - 9);

    memcpy(room + in.n, "behind it", 9);
    for (int cut = 0; cut < 2; cut++) {
        struct slice fed = slice_of(room, cut ? in.n / 2 : in.n + 9);
        struct sized s = { .sink = { .out = buf_init(1 << 20), .stop_after = SIZE_MAX }, .is_refused = _i / 2 % 2 };
        struct sink t = { .out = buf_init(1 << 20), .stop_after = SIZE_MAX };
        struct inflate_result res, want;

        ck_assert_int_eq(inflate_all(fed, kind, sink_put, &t, &want), CS_OK);
        ck_assert_int_eq(inflate_sized(fed, kind, sizes[_i / 4], sized_room, sink_put, &s, &res), CS_OK);
        ck_assert(slice_eq(buf_slice(&s.sink.out), buf_slice(&t.out)));
        ck_assert_uint_eq(res.used, want.used);
        ck_assert_uint_eq(res.made, want.made);
        ck_assert_int_eq(res.is_damaged, want.is_damaged);
        s.sink.stop_after = 0;
        ck_assert_int_eq(inflate_sized(fed, kind, sizes[_i / 4], sized_room, sink_put, &s, &res), CS_LIMIT);
        free(s.room);
        buf_release(&s.sink.out);
        buf_release(&t.out);
    }
}
END_TEST

START_TEST(what_stands_before_the_damage_is_put)
{
    static uint8_t room[300000];
    struct slice want = plain_fill(), in = packed(want, good[_i].bits, room, sizeof room);
    struct sink s = { buf_init(1 << 20), SIZE_MAX };
    struct inflate_result res;

    in.n /= 2;
    ck_assert_int_eq(inflate_all(in, good[_i].kind, sink_put, &s, &res), CS_OK);
    ck_assert(res.is_damaged);
    ck_assert_uint_gt(s.out.n, want.n / 3);
    ck_assert(slice_starts(want, buf_slice(&s.out)));
    buf_release(&s.out);
}
END_TEST

START_TEST(the_sink_stops_us)
{
    static uint8_t room[300000];
    struct slice in = packed(plain_fill(), 15, room, sizeof room);
    struct sink s = { buf_init(1 << 20), 40000 };
    struct inflate_result res;

    ck_assert_int_eq(inflate_all(in, INFLATE_ZLIB, sink_put, &s, &res), CS_LIMIT);
    ck_assert_uint_lt(s.out.n, 100000);
    buf_release(&s.out);
}
END_TEST

START_TEST(a_wrong_zlib_check_is_no_hindrance)
{
    static uint8_t room[300000];
    struct slice want = plain_fill(), in = packed(want, 15, room, sizeof room);
    struct sink s = { buf_init(1 << 20), SIZE_MAX };
    struct inflate_result res;

    room[1] ^= 1;                          /* header check */
    room[in.n - 1] ^= 1;                   /* Adler-32 */
    ck_assert_int_eq(inflate_all(in, INFLATE_ZLIB, sink_put, &s, &res), CS_OK);
    ck_assert(slice_eq(buf_slice(&s.out), want));
    buf_release(&s.out);
}
END_TEST

/* "hello, ", three bytes from 32768 back, "world": fixed codes, then a stored block. */
START_TEST(a_match_before_the_first_byte_finds_zeros)
{
    static const uint8_t body[] = { 0xca, 0x48, 0xcd, 0xc9, 0xc9, 0xd7, 0x51, 0x00, 0xde, 0xff, 0x0f, 0x08,
                                    5, 0, 0xfa, 0xff, 'w', 'o', 'r', 'l', 'd' };
    static const struct slice want = { (const uint8_t *)"hello, \0\0\0world", 15 };
    const enum inflate_kind kinds[] = { INFLATE_RAW, INFLATE_ZLIB };
    struct sink s = { buf_init(1 << 20), SIZE_MAX };
    struct inflate_result res;

    ck_assert_int_eq(inflate_all(slice_of(body, sizeof body), kinds[_i], sink_put, &s, &res), CS_OK);
    ck_assert(slice_eq(buf_slice(&s.out), want));
    ck_assert(res.is_far && !res.is_damaged);
    ck_assert_uint_eq(res.used, sizeof body);
    ck_assert_uint_eq(res.made, want.n);
    buf_release(&s.out);
}
END_TEST

START_TEST(gzip_headers_with_every_field)
{
    static const uint8_t head[] = { 0x1f, 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 3, 2, 0, 'x', 'y', 'n', 0, 'c', 'c', 0, 1, 2 };
    uint8_t room[200];
    struct sink s = { buf_init(1 << 20), SIZE_MAX };
    struct inflate_result res;
    struct slice body = packed(SLICE("hello"), -15, room + sizeof head, sizeof room - sizeof head);

    memcpy(room, head, sizeof head);
    ck_assert_int_eq(inflate_all(slice_of(room, sizeof head + body.n), INFLATE_AUTO, sink_put, &s, &res), CS_OK);
    ck_assert(!res.is_damaged);
    ck_assert(slice_eq(buf_slice(&s.out), SLICE("hello")));
    for (size_t n = 0; n < sizeof head; n++)
        ck_assert_int_eq(inflate_all(slice_of(room, n), INFLATE_GZIP, sink_put, &s, &res), CS_OK);
    buf_release(&s.out);
}
END_TEST

START_TEST(crc32_is_that_of_zip)
{
    ck_assert_uint_eq(inflate_crc32(0, SLICE("123456789")), 0xcbf43926u);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inflate");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_loop_test(c, every_wrapping_comes_out_whole, 0, (int)(sizeof good / sizeof good[0]));
    tcase_add_loop_test(c, what_stands_before_the_damage_is_put, 0, (int)(sizeof good / sizeof good[0]));
    tcase_add_loop_test(c, a_told_size_may_be_wrong, 0, 4 * 7);
    tcase_add_test(c, the_sink_stops_us);
    tcase_add_test(c, a_wrong_zlib_check_is_no_hindrance);
    tcase_add_loop_test(c, a_match_before_the_first_byte_finds_zeros, 0, 2);
    tcase_add_test(c, gzip_headers_with_every_field);
    tcase_add_test(c, crc32_is_that_of_zip);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed ? 1 : 0;
}
