#include <check.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/buf.h"
#include "convscan/formats.h"
#include "convscan/scan.h"
#include "convscan/spool.h"
#include "recorder.h"
#include "vdl/compile.h"

static char image[] = "test_scan.tmp.vdb";
static struct vdl_db *db;

static void make_image(const char *virus, const char *allow)
{
    struct vdl_options o = { .complaints = stderr }, a = { .complaints = stderr, .cls = VDL_ALLOW, .has_class = true };
    struct vdl_compiler *c = vdl_compiler_new(allow ? &a : &o);
    char why[256];

    ck_assert_ptr_nonnull(c);
    if (virus)
        ck_assert_int_eq(vdl_compiler_add_text(c, "v.vdl", slice_str(virus)), CS_OK);
    if (allow)
        ck_assert_int_eq(vdl_compiler_add_text(c, "a.vdl", slice_str(allow)), CS_OK);
    ck_assert_int_eq(vdl_compiler_write(c, image), CS_OK);
    vdl_compiler_free(c);
    ck_assert_int_eq(vdl_open(image, &db, why), CS_OK);
}

static struct verdict scan(const struct conf *conf, struct slice bytes, bool wants_all)
{
    struct scan_setup setup = { .conf = conf, .dbs = &db, .n_dbs = db ? 1 : 0, .wants_all = wants_all };
    struct scan_part part = { .bytes = bytes, .names_inside = true, .names_count = true };
    struct scan *s = scan_new(&setup);
    struct verdict v = { .keeps_all = wants_all };

    ck_assert_ptr_nonnull(s);
    scan_run(s, &part, &v);
    scan_free(s);
    return v;
}

static void put(struct buf *b, const void *p, size_t n)
{
    ck_assert_int_eq(buf_put(b, slice_of(p, n)), CS_OK);
}

/* One stored member. */
static void put_zip(struct buf *b, const char *name, struct slice data)
{
    uint8_t local[30] = { 'P', 'K', 3, 4, 20 }, central[46] = { 'P', 'K', 1, 2, 20, 0, 20 }, end[22] = { 'P', 'K', 5, 6 };
    size_t n = strlen(name);

    put_le32(local + 18, (uint32_t)data.n);
    put_le32(local + 22, (uint32_t)data.n);
    put_le16(local + 26, (uint16_t)n);
    put_le32(central + 20, (uint32_t)data.n);
    put_le32(central + 24, (uint32_t)data.n);
    put_le16(central + 28, (uint16_t)n);
    end[8] = end[10] = 1;
    put_le32(end + 12, (uint32_t)(46 + n));
    put_le32(end + 16, (uint32_t)(30 + n + data.n));
    put(b, local, 30);
    put(b, name, n);
    put(b, data.p, data.n);
    put(b, central, 46);
    put(b, name, n);
    put(b, end, 22);
}

/* The data wrapped in zips, levels deep. */
static struct buf nest(struct slice data, unsigned levels)
{
    struct buf b = buf_init(1 << 20), outer;

    put(&b, data.p, data.n);
    while (levels--) {
        outer = buf_init(1 << 20);
        put_zip(&outer, "inner.bin", buf_slice(&b));
        buf_release(&b);
        b = outer;
    }
    return b;
}

START_TEST(depth_is_a_limit_and_what_is_above_is_scanned)
{
    struct conf c;
    struct buf b = nest(SLICE("just a needle here"), (unsigned)_i);
    struct verdict v;

    make_image(":Test.Needle, <\"text\"> \"a needle\" #\n", NULL);
    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    c.limit.depth = 5;
    v = scan(&c, buf_slice(&b), false);
    if (_i <= 5)
        ck_assert_msg(v.worst.cls == CLS_VIRUS, "%d: %s %s", _i, cls_name(v.worst.cls), v.worst.name);
    else
        ck_assert_str_eq(v.worst.name, "Limit depth");
    verdict_release(&v);
    buf_release(&b);
    vdl_close(db);
}
END_TEST

/* Zeros behind a zip of many names would do as well; gzip makes it small. */
static struct slice zeros_gz(size_t n)
{
    static uint8_t room[1 << 20];
    /* Stored blocks cannot expand, so this is one fixed-Huffman block: a zero, then copies of it 258 bytes long. */
    size_t bit = 0, at = 10, left = n - 1;

    memset(room, 0, sizeof room);
    memcpy(room, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
#define BIT(v) do { if (v) room[at + bit / 8] |= (uint8_t)(1u << bit % 8); bit++; } while (0)
    BIT(1); BIT(1); BIT(0);                                                 /* last, fixed */
    for (int k = 7; k >= 0; k--)
        BIT(0x30 >> k & 1);                                                 /* literal 0 */
    for (; left >= 258; left -= 258) {
        for (int k = 7; k >= 0; k--)
            BIT(0xc5 >> k & 1);                                             /* length 258 */
        for (int k = 0; k < 5; k++)
            BIT(0);                                                         /* distance 1 */
    }
    for (int k = 0; k < 7; k++)
        BIT(0);
#undef BIT
    return slice_of(room, at + bit / 8 + 1);
}

static const struct { size_t size; uint64_t ratio_from, object, total; const char *name; } bombs[] = {
    { 40 << 20, 16 << 20, 256 << 20, 1 << 30, "Limit ratio" },
    { 4 << 20, 16 << 20, 256 << 20, 1 << 30, "" },
    { 4 << 20, 16 << 20, 1 << 20, 1 << 30, "Limit object_bytes" },
    { 4 << 20, 16 << 20, 256 << 20, 1 << 20, "Limit total_bytes" },
};
START_TEST(bytes_are_limits)
{
    struct conf c;
    struct verdict v;

    db = NULL;
    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    c.limit.ratio_from = bombs[_i].ratio_from;
    c.limit.object_bytes = bombs[_i].object;
    c.limit.total_bytes = bombs[_i].total;
    c.limit.ratio = 100;
    v = scan(&c, zeros_gz(bombs[_i].size), false);
    ck_assert_str_eq(v.worst.name, bombs[_i].name);
    verdict_release(&v);
}
END_TEST

START_TEST(objects_are_a_limit)
{
    struct conf c;
    struct verdict v;
    struct buf b = nest(SLICE("x"), 9);

    db = NULL;
    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    c.limit.objects = 5;
    v = scan(&c, buf_slice(&b), false);
    ck_assert_str_eq(v.worst.name, "Limit objects");
    verdict_release(&v);
    buf_release(&b);
}
END_TEST

START_TEST(names_inside_are_judged)
{
    struct buf b = buf_init(1 << 16);
    struct conf c;
    struct verdict v;

    db = NULL;
    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    put_zip(&b, "dir/evil.EXE .", SLICE("x"));
    v = scan(&c, buf_slice(&b), true);
    ck_assert_int_eq(v.worst.cls, CLS_EXT);
    ck_assert_str_eq(v.worst.name, "Blocked.Name exe");
    ck_assert_str_eq(v.worst.member, "dir/evil.EXE .");
    verdict_release(&v);
    buf_release(&b);
}
END_TEST

START_TEST(a_member_name_forges_nothing)
{
    struct buf b = buf_init(1 << 16);
    struct conf c;
    struct verdict v;

    make_image(":Test.Needle, \"a needle\" #\n", NULL);
    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    put_zip(&b, "a\nSTATUS=1\x1b[2J\".txt", SLICE("a needle"));
    v = scan(&c, buf_slice(&b), true);
    for (size_t i = 0; i < v.n_hits; i++)
        ck_assert_ptr_null(strpbrk(v.hits[i].member, "\n\r\x1b\""));
    verdict_release(&v);
    buf_release(&b);
    vdl_close(db);
}
END_TEST

START_TEST(all_goes_on_after_the_first_hit)
{
    struct conf c;
    struct verdict first, all;
    struct buf b = nest(SLICE("a needle and a pin"), 2);

    make_image(":Test.Needle, \"a needle\" #\n:Test.Pin, \"a pin\" #\n", NULL);
    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    first = scan(&c, buf_slice(&b), false);
    ck_assert_int_eq(first.worst.cls, CLS_VIRUS);
    all = scan(&c, buf_slice(&b), true);
    ck_assert_uint_ge(all.n_hits, 6);       /* two rules, and stored data shows through both zips; views may add more */
    verdict_release(&first);
    verdict_release(&all);
    buf_release(&b);
    vdl_close(db);
}
END_TEST

/* Runs of the container are lent, anything else is copied; both give the same bytes whatever the pieces. */
START_TEST(a_spool_gives_back_what_was_put)
{
    static uint8_t container[5000], other[5000];
    struct spool_rules rules = { .folder = ".", .max_memory = (size_t)_i * 4096 };
    struct slice box = slice_of(container, sizeof container), out;

    for (size_t i = 0; i < sizeof container; i++) {
        container[i] = (uint8_t)(i * 7);
        other[i] = (uint8_t)(i * 11);
    }
    for (size_t cut = 0; cut < 5000; cut += 617) {
        struct spool s;

        spool_init(&s, &rules);
        ck_assert_int_eq(spool_put(&s, box, slice_take(box, cut)), CS_OK);
        ck_assert_int_eq(spool_put(&s, box, slice_drop(box, cut)), CS_OK);
        ck_assert_int_eq(spool_whole(&s, &out), CS_OK);
        ck_assert(slice_eq(out, box) && out.p == box.p);
        spool_release(&s);

        spool_init(&s, &rules);
        ck_assert_int_eq(spool_put(&s, box, slice_take(box, cut)), CS_OK);
        ck_assert_int_eq(spool_put(&s, box, slice_of(other, sizeof other)), CS_OK);
        for (int k = 0; k < 20; k++)
            ck_assert_int_eq(spool_put(&s, box, slice_drop(box, cut)), CS_OK);
        ck_assert_int_eq(spool_whole(&s, &out), CS_OK);
        ck_assert_uint_eq(out.n, cut + 5000 + 20 * (5000 - cut));
        ck_assert(slice_eq(slice_take(out, cut), slice_take(box, cut)));
        ck_assert(slice_eq(slice_sub(out, cut, 5000), slice_of(other, sizeof other)));
        ck_assert(slice_eq(slice_drop(out, out.n - (5000 - cut)), slice_drop(box, cut)));
        spool_release(&s);
        ck_assert_uint_eq(rules.in_memory, 0);
    }
}
END_TEST

/* A large object that would take all the memory leaves room for the small ones inside it. */
START_TEST(small_spools_find_memory)
{
    struct spool_rules rules = { .folder = ".", .max_memory = 16 << 20 };
    struct spool large, small;
    uint8_t *zeros = calloc(1, rules.max_memory);

    ck_assert_ptr_nonnull(zeros);
    spool_init(&large, &rules);
    spool_init(&small, &rules);
    ck_assert_int_eq(spool_put(&large, slice_of(NULL, 0), slice_of(zeros, rules.max_memory)), CS_OK);
    ck_assert_int_ne(large.fd, -1);
    spool_release(&large);
    ck_assert_int_eq(spool_put(&large, slice_of(NULL, 0), slice_of(zeros, 13 << 20)), CS_OK);
    ck_assert_int_eq(large.fd, -1);
    ck_assert_uint_le(rules.in_memory, rules.max_memory - rules.max_memory / 8);
    ck_assert_int_eq(spool_put(&small, slice_of(NULL, 0), slice_of(zeros, 60000)), CS_OK);
    ck_assert_int_eq(small.fd, -1);
    spool_release(&small);
    spool_release(&large);
    ck_assert_uint_eq(rules.in_memory, 0);
    free(zeros);
}
END_TEST

/* Streams one behind the other are one child; damage keeps what came before it. */
START_TEST(streams)
{
    static const uint8_t hello[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00,
                                     0x86, 0xa6, 0x10, 0x36, 5, 0, 0, 0 };
    struct buf b = buf_init(4096);
    struct recorder r;

    put(&b, hello, sizeof hello);
    put(&b, hello, sizeof hello);
    put(&b, "trailing garbage", 16);
    recorder_init(&r);
    ck_assert_int_eq(gzip_decode(buf_slice(&b), &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 1);
    ck_assert(slice_eq(buf_slice(&r.items[0].bytes), SLICE("hellohello")));
    recorder_release(&r);
    for (size_t n = 0; n < sizeof hello; n++) {
        recorder_init(&r);
        ck_assert_int_eq(gzip_decode(slice_of(hello, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
    buf_release(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("scan");
    TCase *t = tcase_create("scan");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_set_timeout(t, 30);
    tcase_add_loop_test(t, depth_is_a_limit_and_what_is_above_is_scanned, 0, 9);
    tcase_add_loop_test(t, bytes_are_limits, 0, sizeof bombs / sizeof *bombs);
    tcase_add_test(t, objects_are_a_limit);
    tcase_add_test(t, names_inside_are_judged);
    tcase_add_test(t, a_member_name_forges_nothing);
    tcase_add_test(t, all_goes_on_after_the_first_hit);
    tcase_add_loop_test(t, a_spool_gives_back_what_was_put, 0, 12);
    tcase_add_test(t, small_spools_find_memory);
    tcase_add_test(t, streams);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    unlink(image);
    return failed != 0;
}
