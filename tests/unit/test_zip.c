#include <check.h>

#include "base/bytes.h"
#include "convscan/inflate.h"
#include "convscan/zip.h"
#include "recorder.h"

#define TEXT "one text, one text, one long text: abcabcabcabcabcabcabc!"

static struct buf unhex(const char *hex)
{
    struct buf b = buf_init(1 << 20);

    for (; hex[0] && hex[1]; hex += 2)
        ck_assert_int_eq(buf_putc(&b, (uint8_t)(ascii_hex((uint8_t)hex[0]) << 4 | ascii_hex((uint8_t)hex[1]))), CS_OK);
    return b;
}

/* ---- a zip, written record by record ---- */
struct member {
    const char *name;
    unsigned method, flags;
    struct slice data;
    size_t size;
};

static void put(struct buf *b, struct slice s)
{
    ck_assert_int_eq(buf_put(b, s), CS_OK);
}

static void put16(struct buf *b, size_t v)
{
    uint8_t p[2];

    put_le16(p, (uint16_t)v);
    put(b, slice_of(p, 2));
}

static void put32(struct buf *b, size_t v)
{
    put16(b, v & 0xffff);
    put16(b, v >> 16);
}

static void put_common(struct buf *b, const struct member *m, bool is_streamed)
{
    put16(b, 20);
    put16(b, m->flags);
    put16(b, m->method);
    put32(b, 0);
    put32(b, is_streamed ? 0 : 0x11223344);     /* nobody here looks at the checksum */
    put32(b, is_streamed ? 0 : m->data.n);
    put32(b, is_streamed ? 0 : m->size);
    put16(b, strlen(m->name));
    put16(b, 0);
}

static size_t put_local(struct buf *b, const struct member *m)
{
    size_t at = b->n;

    put(b, SLICE("PK\3\4"));
    put_common(b, m, m->flags & 8);
    put(b, slice_str(m->name));
    put(b, m->data);
    return at;
}

static void put_central(struct buf *b, const struct member *m, size_t offset)
{
    put(b, SLICE("PK\1\2\24\0"));
    put_common(b, m, false);
    put16(b, 0);
    put16(b, 0);
    put16(b, 0);
    put32(b, 0);
    put32(b, offset);
    put(b, slice_str(m->name));
}

static void put_end(struct buf *b, size_t count, size_t start, size_t offset)
{
    size_t size = b->n - start;

    put(b, SLICE("PK\5\6\0\0\0\0"));
    put16(b, count);
    put16(b, count);
    put32(b, size);
    put32(b, offset);
    put16(b, 0);
}

static struct member stored(const char *name, const char *text)
{
    return (struct member){ .name = name, .data = slice_str(text), .size = strlen(text) };
}

/* A plain zip of these members, behind a stub of so many bytes that the offsets know about or not. */
static struct buf zip_of(const struct member *m, size_t n, size_t stub, bool is_adjusted)
{
    struct buf b = buf_init(1 << 20);
    size_t at[8], start;

    while (b.n < stub)
        put(&b, SLICE("."));
    for (size_t i = 0; i < n; i++)
        at[i] = put_local(&b, m + i);
    start = b.n;
    for (size_t i = 0; i < n; i++)
        put_central(&b, m + i, at[i] - (is_adjusted ? 0 : stub));
    put_end(&b, n, start, start - (is_adjusted ? 0 : stub));
    return b;
}

static void decode(struct recorder *r, const struct buf *b)
{
    ck_assert_int_eq(zip_decode(buf_slice(b), &r->emit), CS_OK);
}

static void has(const struct recorder *r, const char *name, const char *text)
{
    const struct record *item = recorder_find(r, name);

    ck_assert_msg(item != NULL, "no %s", name);
    ck_assert_msg(slice_eq(record_bytes(item), slice_str(text)), "%s: %.*s", name, (int)item->bytes.n, item->bytes.p);
}

static void is_quiet(const struct recorder *r)
{
    for (size_t i = 0; i <= EMIT_LIMITED; i++)
        ck_assert_msg(r->notes[i] == 0, "note %zu", i);
}

static const struct {
    const char *name;
    unsigned method, flags;
    const char *hex;
} methods[] = {
    { "deflate", 8, 0,
      "65c7b10900300805d1557efa4c906d922036a28d85e30b76225c71cf94e014bed14f4cb97870df9fad04" },
    { "deflate64", 9, 0,
      "65c7b10900300805d1557efa4c906d922036a28d85e30b76225c71cf94e014bed14f4cb97870df9fad04" },
    { "bzip2", 12, 0,
      "425a6839314159265359450496ef0000171980600400103a858440200031000006d4990d190fb84ca66c646a43"
      "8146468b49955f8728f8bb9229c284822824b778" },
    { "lzma", 14, 2,
      "1a0205005d0010000000379b88ce76e28fd48c5b106bd50f1eee0fc1511cf105a79668364d93e1583ffe607c00" },
    { "xz", 95, 0,
      "fd377a585a000000ff12d9410200210116000000742fe5a3e00038001e5d00379b88ce76e28fd48c5b106bd50f"
      "1eee0fc1511cf105a796248cbe3e1aa0000000000132395269f39206729e7a010000000000595a" },
    { "zstd", 93, 0,
      "28b52ffd2039fd0000a06f6e6520746578742c206c6f6e673a206162632103003ad7325b52b92001" },
    { "shrink", 1, 0,
      "6fdc940141a70c1e3a2c40041c58f060c28520d8043c43d0201d1d20c28819a391e3c68e203f6e0c01" },
    { "reduce", 2, 0,
      "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
      "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
      "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
      "00000000000000000000000000000000000000000000000000000000000000000c6f746c000000000000000000"
      "0000000000000000000000000000006f6e65202ac3a36301097990f0e65606c237b7331095e1d1e9800c131b83"
      "7c100801" },
    { "implode", 6, 0,
      "03f5f5f5f503f5f5f5f5dfba2d0b926e59bc74598248fefd5bb76541b27debf62c48ba65f1d2d50932acd831c2"
      "df0f01" },
};

START_TEST(every_method_gives_the_text)
{
    struct buf packed = unhex(methods[_i].hex), b;
    struct member m = { "t", methods[_i].method, methods[_i].flags, buf_slice(&packed), sizeof TEXT - 1 };
    struct recorder r;

    recorder_init(&r);
    b = zip_of(&m, 1, 0, true);
    decode(&r, &b);
    ck_assert_uint_eq(r.n_items, 1);
    has(&r, "t", TEXT);
    is_quiet(&r);
    recorder_release(&r);
    buf_release(&b);
    buf_release(&packed);
}
END_TEST

/* A size that ends inside a match or string: Info-ZIP writes that whole, 7-Zip cuts it. Both files are seen. */
static const struct {
    unsigned method;
    size_t size, whole;
} halves[] = { { 1, 39, 40 }, { 2, 45, 56 }, { 6, 45, 56 } };

START_TEST(sizes_inside_a_match_give_both_readings)
{
    struct buf packed = buf_init(0), b;
    struct member m = { "t", halves[_i].method, 0, slice_of(NULL, 0), halves[_i].size };
    struct recorder r;

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (methods[i].method == m.method)
            packed = unhex(methods[i].hex);
    m.data = buf_slice(&packed);
    recorder_init(&r);
    b = zip_of(&m, 1, 0, true);
    decode(&r, &b);
    ck_assert_uint_eq(r.n_items, 2);
    ck_assert_uint_eq(r.items[0].bytes.n, halves[_i].whole);
    ck_assert_uint_eq(r.items[1].bytes.n, halves[_i].size);
    for (size_t i = 0; i < 2; i++)
        ck_assert(slice_starts(SLICE(TEXT), record_bytes(&r.items[i])));
    is_quiet(&r);
    recorder_release(&r);
    buf_release(&b);
    buf_release(&packed);
}
END_TEST

/* xz, of a dictionary of 512 MB. */
static const char wide[] =
    "fd377a585a000000ff12d94102002101220000008240acdce00038001e5d00379b88ce76e28fd48c5b106bd50f"
    "1eee0fc1511cf105a796248cbe3e1aa0000000000132395269f39206729e7a010000000000595a";

START_TEST(large_dictionaries_are_cut_or_told)
{
    struct buf xz = unhex(wide), lzma = buf_init(1 << 16), b;
    struct member m[2] = { { .name = "x", .method = 95, .data = buf_slice(&xz), .size = sizeof TEXT - 1 } };
    struct recorder r;

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (methods[i].method == 14) {
            lzma = unhex(methods[i].hex);
            memset(lzma.p + 5, 0xff, 4);        /* the dictionary's size */
            m[1] = (struct member){ "l", 14, methods[i].flags, buf_slice(&lzma), sizeof TEXT - 1 };
        }
    recorder_init(&r);
    b = zip_of(m, 2, 0, true);
    decode(&r, &b);
    has(&r, "l", TEXT);
    ck_assert_uint_eq(r.notes[EMIT_LIMITED], 1);
    recorder_release(&r);
    buf_release(&b);
    buf_release(&xz);
    buf_release(&lzma);
}
END_TEST

static const struct {
    size_t stub;
    bool is_adjusted;
} stubs[] = { { 0, true }, { 100, true }, { 100, false }, { 70000, false } };

START_TEST(data_in_front_does_not_hide_members)
{
    struct member m[] = { stored("a", "first"), stored("b", "second") };
    struct buf b = zip_of(m, 2, stubs[_i].stub, stubs[_i].is_adjusted);
    struct recorder r;

    recorder_init(&r);
    decode(&r, &b);
    ck_assert_uint_eq(r.n_items, 2);
    has(&r, "a", "first");
    has(&r, "b", "second");
    is_quiet(&r);
    ck_assert(zip_is_behind(buf_slice(&b)));
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

START_TEST(unlisted_members_are_found)
{
    struct member m[] = { stored("a", "first"), stored("hidden", "unlisted"), stored("b", "second") };
    struct buf b = buf_init(4096);
    size_t at[3], start;
    struct recorder r;

    recorder_init(&r);
    for (size_t i = 0; i < 3; i++)
        at[i] = put_local(&b, m + i);
    start = b.n;
    put_central(&b, m, at[0]);
    put_central(&b, m + 2, at[2]);
    put_end(&b, 2, start, start);
    decode(&r, &b);
    ck_assert_uint_eq(r.n_items, 3);
    has(&r, "hidden", "unlisted");
    recorder_release(&r);

    recorder_init(&r);
    b.n = start;                            /* no directory at all */
    decode(&r, &b);
    ck_assert_uint_eq(r.n_items, 3);
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

START_TEST(both_readings_come_out_when_headers_disagree)
{
    struct buf packed = unhex(methods[0].hex), b = buf_init(4096);
    struct member local = { "harmless.txt", 0, 0, buf_slice(&packed), packed.n };
    struct member central = { "evil.exe", 8, 0, buf_slice(&packed), sizeof TEXT - 1 };
    struct recorder r;
    size_t start;

    recorder_init(&r);
    put_local(&b, &local);
    start = b.n;
    put_central(&b, &central, 0);
    put_end(&b, 1, start, start);
    decode(&r, &b);
    ck_assert_uint_eq(r.n_items, 2);
    has(&r, "evil.exe", TEXT);
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "harmless.txt")), buf_slice(&packed)));
    recorder_release(&r);
    buf_release(&b);
    buf_release(&packed);
}
END_TEST

START_TEST(a_zip_inside_is_not_taken_apart_here)
{
    struct member inner = stored("inner", "text");
    struct buf in = zip_of(&inner, 1, 0, true), b;
    struct member outer = { "outer.zip", 0, 0, buf_slice(&in), in.n };
    struct recorder r;

    recorder_init(&r);
    b = zip_of(&outer, 1, 0, true);
    decode(&r, &b);
    ck_assert_uint_eq(r.n_items, 1);
    ck_assert(slice_eq(record_bytes(&r.items[0]), buf_slice(&in)));
    recorder_release(&r);
    buf_release(&b);
    buf_release(&in);
}
END_TEST

/* Stored and streamed: only the descriptor behind the data tells how long it is. */
START_TEST(a_descriptor_tells_the_length)
{
    struct member m = { "s", 0, 8, SLICE("streamed PK data"), 16 }, next = stored("n", "next");
    struct buf b = buf_init(4096);
    struct recorder r;

    recorder_init(&r);
    put_local(&b, &m);
    if (_i)
        put(&b, SLICE("PK\7\10"));
    put32(&b, 0x11223344);
    put32(&b, m.size);
    put32(&b, m.size);
    put_local(&b, &next);
    decode(&r, &b);
    ck_assert_uint_eq(r.n_items, 2);
    has(&r, "s", "streamed PK data");
    has(&r, "n", "next");
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

START_TEST(many_entries_of_one_place_are_a_bomb)
{
    struct member m = stored("a", "text");
    struct buf b = buf_init(4096);
    static const char *const names[] = { "a", "b", "c", "d", "e", "f" };
    struct recorder r;
    size_t start;

    recorder_init(&r);
    put_local(&b, &m);
    start = b.n;
    for (size_t i = 0; i < 6; i++) {
        m.name = names[i];
        put_central(&b, &m, 0);
    }
    put_end(&b, 6, start, start);
    decode(&r, &b);
    ck_assert_uint_eq(r.notes[EMIT_LIMITED], 1);
    has(&r, "f", "text");
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

static const struct {
    const char *password, *hex;
} locks[] = {
    { "infected",
      "504b0304140009000800c23e755d0f97a0b928000000390000000100000074c614f36c700a7119c64cbac3cb8a"
      "92b18e511063368cfdccd4fe28c7aa7540ab93b2df628229cdc5504b07080f97a0b92800000039000000504b01"
      "021e03140009000800c23e755d0f97a0b92800000039000000010000000000000001000000a481000000007450"
      "4b050600000000010001002f000000570000000000" },
    { "secret",
      "504b0304330001006300c33e755d00000000460000003900000001000b00740199070002004145030800939b96"
      "56d6bb5bacd1a5c6dc064da80bee763fd27555eb522e59111d7c199c81d89e017f667b69ef269e028fc2107fd1"
      "5c7906df99fb205d190cf01e9a54b0cd972f40c0c73b504b01023f03330001006300c33e755d00000000460000"
      "003900000001002f000000000000002080a48100000000740a0020000000000001001800653a6e7a8d79dd0100"
      "0000000000000000000000000000000199070002004145030800504b050600000000010001005e000000700000"
      "000000" },
    { "secret",
      "504b0304330001006300c33e755d000000004d0000003900000001000b00740199070002004145010000940412"
      "eb6daf03cc4fa3585313a719c8b936450b989443467f0a5ac248dc77943633baaf5ddf30a1e30943c6fea8d9a8"
      "2ed7606a8ec0d98908a17b87af311219aa43a73ecac74e95137aef1ef2504b01023f03330001006300c33e755d"
      "000000004d0000003900000001002f000000000000002080a48100000000740a0020000000000001001800653a"
      "6e7a8d79dd01000000000000000000000000000000000199070002004145010000504b05060000000001000100"
      "5e000000770000000000" },
};

START_TEST(passwords_are_tried)
{
    struct slice words[] = { SLICE("wrong"), SLICE("also wrong"), slice_str(locks[_i].password) };
    struct buf b = unhex(locks[_i].hex);
    struct recorder r;

    recorder_init(&r);
    r.emit.passwords = words;
    r.emit.n_passwords = 3;
    decode(&r, &b);
    has(&r, "t", TEXT);
    is_quiet(&r);
    recorder_release(&r);

    recorder_init(&r);
    r.emit.passwords = words;
    r.emit.n_passwords = 2;
    decode(&r, &b);
    ck_assert_uint_eq(r.notes[EMIT_ENCRYPTED], 1);
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

START_TEST(a_false_mark_of_encryption_is_seen_through)
{
    struct member m = stored("t", TEXT);
    struct buf b;
    struct recorder r;
    uint32_t crc = inflate_crc32(0, SLICE(TEXT));

    recorder_init(&r);
    m.flags = 1;
    b = zip_of(&m, 1, 0, true);
    put_le32(b.p + 14, crc);
    put_le32(b.p + 30 + 1 + sizeof TEXT - 1 + 16, crc);
    decode(&r, &b);
    has(&r, "t", TEXT);
    is_quiet(&r);
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

/* Cut short or stopped anywhere: no crash, and the recorder sees that nothing comes after the stop. */
START_TEST(any_end_and_any_stop_is_survived)
{
    struct buf packed = unhex(methods[_i].hex), b;
    struct member m[] = { stored("a", "first"),
                          { "t", methods[_i].method, methods[_i].flags, buf_slice(&packed), sizeof TEXT - 1 } };
    struct recorder r;

    b = zip_of(m, 2, 0, true);
    for (size_t n = 0; n < b.n; n++) {
        recorder_init(&r);
        ck_assert_int_eq(zip_decode(slice_of(b.p, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
    for (size_t stop = 1; stop <= 6; stop++) {
        recorder_init(&r);
        r.stop_at = stop;
        ck_assert_int_eq(zip_decode(buf_slice(&b), &r.emit), CS_STOP);
        recorder_release(&r);
    }
    buf_release(&b);
    buf_release(&packed);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("zip");
    TCase *t = tcase_create("zip");
    SRunner *sr = srunner_create(s);
    int n_failed, n_methods = sizeof methods / sizeof *methods;

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, every_method_gives_the_text, 0, n_methods);
    tcase_add_loop_test(t, sizes_inside_a_match_give_both_readings, 0, sizeof halves / sizeof *halves);
    tcase_add_test(t, large_dictionaries_are_cut_or_told);
    tcase_add_loop_test(t, data_in_front_does_not_hide_members, 0, 4);
    tcase_add_test(t, unlisted_members_are_found);
    tcase_add_test(t, both_readings_come_out_when_headers_disagree);
    tcase_add_test(t, a_zip_inside_is_not_taken_apart_here);
    tcase_add_loop_test(t, a_descriptor_tells_the_length, 0, 2);
    tcase_add_test(t, many_entries_of_one_place_are_a_bomb);
    tcase_add_loop_test(t, passwords_are_tried, 0, sizeof locks / sizeof *locks);
    tcase_add_test(t, a_false_mark_of_encryption_is_seen_through);
    tcase_add_loop_test(t, any_end_and_any_stop_is_survived, 0, n_methods);
    srunner_run_all(sr, CK_NORMAL);
    n_failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return n_failed != 0;
}
