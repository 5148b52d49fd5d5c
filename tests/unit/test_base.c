/* The floor: slices, integers, buffers, arenas, files that appear whole or not at all. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/mapfile.h"
#include "base/newfile.h"
#include "base/utc.h"

static char dir[] = "/tmp/test_base.XXXXXX";

static const char *in_dir(const char *name)
{
    static char paths[4][256];
    static unsigned at;
    char *p = paths[at++ % 4];

    snprintf(p, sizeof paths[0], "%s/%s", dir, name);
    return p;
}

START_TEST(slices_stay_inside)
{
    struct slice s = SLICE("hello");

    ck_assert_uint_eq(slice_drop(s, 9).n, 0);
    ck_assert(slice_drop(s, 9).p == s.p + 5);
    ck_assert(slice_eq(slice_sub(s, 1, 3), SLICE("ell")));
    ck_assert(slice_eq(slice_sub(s, 4, 100), SLICE("o")));
    ck_assert(slice_of(NULL, 7).p != NULL && slice_of(NULL, 7).n == 0);
    ck_assert(slice_starts(s, SLICE("he")) && !slice_starts(s, SLICE("hello!")));
    ck_assert(slice_ends(s, SLICE("lo")) && !slice_ends(s, SLICE("xhello")));
    ck_assert(slice_ieq(SLICE("AbC"), SLICE("aBc")) && !slice_ieq(SLICE("a"), SLICE("b")));
    ck_assert(slice_eq(slice_trim(SLICE(" \t x \r\n")), SLICE("x")));
    ck_assert_uint_eq(slice_trim(SLICE(" \n ")).n, 0);
}
END_TEST

static const struct { const char *in, *what; size_t at; } finds[] = {
    { "abcabd", "abd", 3 }, { "aaab", "ab", 2 }, { "abc", "abcd", 3 }, { "abc", "", 0 }, { "", "a", 0 },
    { "abc", "c", 2 }, { "abc", "x", 3 },
};

START_TEST(find_gives_the_first_place)
{
    ck_assert_uint_eq(slice_find(slice_str(finds[_i].in), slice_str(finds[_i].what)), finds[_i].at);
}
END_TEST

/* Long enough for steps of 64 places: at every place, with what nearly fits around it, and at the end of what may be read. */
START_TEST(find_is_the_same_in_long_bytes)
{
    static const char *const whats[] = { "x", "xy", "xyx", "#@~^", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy", "" };
    enum { MOST = 700 };
    const struct slice what = slice_str(whats[_i]);
    uint8_t *room = malloc(MOST);

    for (size_t n = 1; n <= MOST; n += n < 300 ? 1 : 37)
        for (size_t at = 0; at < n; at += n < 200 ? 1 : 13)
            for (unsigned fill = 0; fill < 3; fill++) {
                uint8_t *p = room + MOST - n;
                const uint8_t *q;

                memset(p, fill == 0 ? '.' : what.n ? what.p[fill == 1 ? 0 : what.n - 1] : 'x', n);
                memcpy(p + at, what.p, what.n < n - at ? what.n : n - at);
                q = memmem(p, n, what.p, what.n);
                ck_assert_uint_eq(slice_find(slice_of(p, n), what), q ? (size_t)(q - p) : n);
            }
    free(room);
}
END_TEST

START_TEST(integers_are_read_by_byte)
{
    const uint8_t b[] = { 0x81, 0x02, 0x83, 0x04, 0x85, 0x06, 0x87, 0x08 };
    uint8_t back[8];

    ck_assert_uint_eq(get_le16(b), 0x0281);
    ck_assert_uint_eq(get_be16(b), 0x8102);
    ck_assert_uint_eq(get_le32(b), 0x04830281);
    ck_assert_uint_eq(get_be32(b), 0x81028304);
    ck_assert(get_le64(b) == 0x0887068504830281u);
    ck_assert(get_be64(b) == 0x8102830485068708u);
    put_le64(back, get_le64(b));
    ck_assert_mem_eq(back, b, 8);
}
END_TEST

START_TEST(sums_do_not_wrap)
{
    size_t r;

    ck_assert(add_ok(1, 2, &r) && r == 3);
    ck_assert(!add_ok(SIZE_MAX, 1, &r));
    ck_assert(mul_ok(4, 5, &r) && r == 20);
    ck_assert(!mul_ok(SIZE_MAX / 2, 3, &r));
}
END_TEST

START_TEST(a_buffer_stops_at_its_ceiling)
{
    struct buf b = buf_init(1000);

    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(buf_puts(&b, "0123456789"), CS_OK);
    ck_assert_int_eq(buf_putc(&b, 'x'), CS_TOOBIG);
    ck_assert_uint_eq(b.n, 1000);
    ck_assert(slice_ends(buf_slice(&b), SLICE("789")));
    buf_release(&b);
    ck_assert_int_eq(buf_printf(&b, "%d-%s", 7, "x"), CS_OK);
    ck_assert(slice_eq(buf_slice(&b), SLICE("7-x")));
    buf_release(&b);
}
END_TEST

START_TEST(a_borrowed_buffer_never_grows)
{
    uint8_t room[4];
    struct buf b = buf_over(room, sizeof room);

    ck_assert_int_eq(buf_puts(&b, "abcd"), CS_OK);
    ck_assert_int_eq(buf_puts(&b, "e"), CS_TOOBIG);
    ck_assert_uint_eq(b.n, 4);
    buf_release(&b);
}
END_TEST

START_TEST(long_lines_print_whole)
{
    struct buf b = buf_init(1 << 20);
    char *big = malloc(10001);

    memset(big, 'a', 10000);
    big[10000] = '\0';
    ck_assert_int_eq(buf_printf(&b, "<%s>", big), CS_OK);
    ck_assert_uint_eq(b.n, 10002);
    ck_assert_int_eq(b.p[10001], '>');
    free(big);
    buf_release(&b);
}
END_TEST

/* Against the C library, into a buffer with room for it, with room for all but a byte, and as a text. */
#define SAME(...)                                                                      \
    do {                                                                               \
        char want[300], have[300];                                                     \
        size_t n = (size_t)snprintf(want, sizeof want, __VA_ARGS__);                   \
        struct buf whole = buf_over(have, n), less = buf_over(have, n - 1);            \
                                                                                       \
        ck_assert_int_eq(buf_printf(&whole, __VA_ARGS__), CS_OK);                      \
        ck_assert_mem_eq(have, want, n);                                               \
        ck_assert_uint_eq(whole.n, n);                                                 \
        ck_assert_int_eq(buf_printf(&less, __VA_ARGS__), CS_TOOBIG);                   \
        ck_assert_uint_eq(less.n, 0);                                                  \
        ck_assert(text_print(have, n + 1, __VA_ARGS__));                               \
        ck_assert_str_eq(have, want);                                                  \
        ck_assert(!text_print(have, n, __VA_ARGS__));                                  \
        ck_assert_str_eq(have, "");                                                    \
    } while (0)

START_TEST(formats_are_those_of_the_c_library)
{
    static const long long numbers[] = { 0, 1, 9, 10, 255, 4096, INT_MAX, UINT_MAX, LLONG_MAX, -1, -10, INT_MIN, LLONG_MIN };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        long long v = numbers[i];

        SAME("%d", (int)v);
        SAME("<%ld %lld %zd>", (long)v, v, (ssize_t)v);
        SAME("%u,%x,%X", (unsigned)v, (unsigned)v, (unsigned)v);
        SAME("%lu%lx%llu%llX%zu%zx", (unsigned long)v, (unsigned long)v, (unsigned long long)v, (unsigned long long)v, (size_t)v, (size_t)v);
        SAME("%02u %02X %06ld %016llx %04d", (unsigned)v, (unsigned)v, (long)v, (unsigned long long)v, (int)v);
        SAME("%5d|%-5d|%+d|% d|%#x|%.3d|%5.1f", (int)v, (int)v, (int)v, (int)v, (unsigned)v, (int)v, (double)v);
    }
    SAME("%s|%.*s|%.*s|%.*s|%c%%", "text", 2, "text", 9, "text", -1, "text", 'c');
    SAME("a%s%.*s", "", 0, "text");
    SAME("%.2s%8s%-8s%%%o", "text", "text", "text", 8U);
    SAME("nothing at all");
}
END_TEST

START_TEST(an_arena_has_a_hard_end)
{
    struct arena a;
    uint8_t *mark;

    ck_assert_int_eq(arena_init(&a, 4096), CS_OK);
    mark = a.at;
    ck_assert_ptr_nonnull(arena_get(&a, 100, 8));
    ck_assert_ptr_null(arena_get(&a, 4096, 1));
    ck_assert_ptr_null(arena_get(&a, SIZE_MAX / 2, 4));
    ck_assert_str_eq((const char *)arena_copy(&a, SLICE("text")).p, "text");
    a.at = mark;
    ck_assert_ptr_nonnull(arena_get(&a, 4096, 1));
    ck_assert_ptr_null(arena_copy(&a, SLICE("")).p);
    arena_release(&a);
    arena_release(&a);
}
END_TEST

/* The pages of the beginning stay, those behind it come back empty. */
START_TEST(arenas_of_one_size_are_used_again)
{
    enum { SIZE = 1 << 20 };
    struct arena a, b, c;
    uint8_t *bases[2];

    arena_keep();
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(arena_init(&a, SIZE), CS_OK);
        ck_assert_int_eq(arena_init(&b, SIZE * 2), CS_OK);
        ck_assert_int_eq(arena_init(&c, 4096), CS_OK);
        ck_assert(i == 0 || (a.base == bases[0] && b.base == bases[1]));
        ck_assert_uint_eq(i ? a.base[SIZE - 1] : 0, 0);
        bases[0] = a.base;
        bases[1] = b.base;
        ck_assert_ptr_nonnull(arena_get(&a, SIZE, 1));
        a.base[SIZE - 1] = 1;
        arena_release(&c);
        arena_release(&a);
        arena_release(&b);
    }
    ck_assert_int_eq(arena_init(&a, SIZE * 3), CS_OK);
    arena_release(&a);                                      /* in the place of the one that has waited longest */
    ck_assert_int_eq(arena_init(&b, SIZE * 2), CS_OK);
    ck_assert(b.base == bases[1]);
    arena_release(&b);
}
END_TEST

/* What a kept one held would be taken for a rule that was found, by who does not ask arena_get(). */
START_TEST(zeroed_arenas_are_never_old_ones)
{
    enum { SIZE = 1 << 20 };
    struct arena a;

    arena_keep();
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(i == 0 ? arena_init(&a, SIZE) : arena_init_zeroed(&a, SIZE), CS_OK);
        for (size_t at = 0; at < SIZE; at += 64)
            ck_assert_uint_eq(a.base[at], 0);
        memset(a.base, 1, SIZE);
        arena_release(&a);
    }
}
END_TEST

START_TEST(only_regular_files_are_mapped)
{
    struct mapfile m;

    ck_assert_int_eq(mapfile_open(&m, dir, MAPFILE_MAP, 100), CS_NOTREG);
    mapfile_close(&m);
    ck_assert_int_eq(mapfile_open(&m, in_dir("none"), MAPFILE_MAP, 100), CS_NOENT);
    ck_assert_int_eq(mkfifo(in_dir("fifo"), 0600), 0);
    ck_assert_int_eq(mapfile_open(&m, in_dir("fifo"), MAPFILE_COPY, 100), CS_NOTREG);   /* and did not block */
    ck_assert_int_eq(newfile_store(in_dir("f"), 0600, SLICE("0123456789"), false), CS_OK);
    for (int how = MAPFILE_MAP; how <= MAPFILE_TRUSTED; how++) {
        ck_assert_int_eq(mapfile_open(&m, in_dir("f"), (enum mapfile_how)how, 10), CS_OK);
        ck_assert(slice_eq(m.data, SLICE("0123456789")));
        mapfile_close(&m);
        ck_assert_int_eq(mapfile_open(&m, in_dir("f"), (enum mapfile_how)how, 9), CS_TOOBIG);
        mapfile_close(&m);
    }
    ck_assert_int_eq(chmod(in_dir("f"), 0620), 0);
    ck_assert_int_eq(mapfile_open(&m, in_dir("f"), MAPFILE_TRUSTED, 10), CS_UNSAFE);
    mapfile_close(&m);
}
END_TEST

START_TEST(empty_files_are_empty_slices)
{
    struct mapfile m;

    ck_assert_int_eq(newfile_store(in_dir("empty"), 0600, SLICE(""), true), CS_OK);
    for (int how = MAPFILE_MAP; how <= MAPFILE_TRUSTED; how++) {
        ck_assert_int_eq(mapfile_open(&m, in_dir("empty"), (enum mapfile_how)how, 10), CS_OK);
        ck_assert(m.data.p != NULL && m.data.n == 0);
        mapfile_close(&m);
    }
}
END_TEST

START_TEST(pipes_are_read_to_the_end)
{
    uint8_t *p;
    size_t n;
    int fd[2];

    ck_assert_int_eq(pipe(fd), 0);
    ck_assert_int_eq(fd_write_all(fd[1], SLICE("through a pipe")), CS_OK);
    close(fd[1]);
    ck_assert_int_eq(fd_read_all(fd[0], 14, &p, &n), CS_OK);
    ck_assert(slice_eq(slice_of(p, n), SLICE("through a pipe")));
    free(p);
    close(fd[0]);
    ck_assert_int_eq(fd_read_all(-1, 14, &p, &n), CS_IO);
    ck_assert_ptr_null(p);
}
END_TEST

START_TEST(a_new_file_is_whole_or_not_there)
{
    struct newfile f;
    struct stat st;
    char temp[PATH_MAX];

    ck_assert_int_eq(newfile_open(&f, in_dir("new"), 0640), CS_OK);
    ck_assert_int_eq(newfile_write(&f, SLICE("half")), CS_OK);
    ck_assert_int_eq(stat(in_dir("new"), &st), -1);
    snprintf(temp, sizeof temp, "%s", f.temp);
    ck_assert_int_eq(stat(temp, &st), 0);
    newfile_drop(&f);
    ck_assert_int_eq(stat(temp, &st), -1);
    ck_assert_int_eq(newfile_store(in_dir("new"), 0640, SLICE("whole"), false), CS_OK);
    ck_assert_int_eq(newfile_store(in_dir("new"), 0640, SLICE("again"), true), CS_OK);
    ck_assert_int_eq(newfile_store(in_dir("no/such/folder"), 0640, SLICE("x"), false), CS_NOENT);
    ck_assert_int_eq(newfile_store(dir, 0640, SLICE("x"), false), CS_NOTREG);
}
END_TEST

START_TEST(a_file_is_not_written_through_a_link)
{
    struct mapfile m;

    ck_assert_int_eq(newfile_store(in_dir("target"), 0600, SLICE("mine"), false), CS_OK);
    ck_assert_int_eq(symlink(in_dir("target"), in_dir("link")), 0);
    ck_assert_int_eq(newfile_store(in_dir("link"), 0600, SLICE("theirs"), false), CS_OK);
    ck_assert_int_eq(mapfile_open(&m, in_dir("target"), MAPFILE_MAP, 100), CS_OK);
    ck_assert(slice_eq(m.data, SLICE("mine")));
    mapfile_close(&m);
}
END_TEST

START_TEST(every_status_has_a_text)
{
    ck_assert_str_eq(cs_status_text(CS_OK), "ok");
    ck_assert_str_eq(cs_status_text(CS_STOP), "stopped by the caller");
    ck_assert_str_eq(cs_status_text((enum cs_status)999), "unknown status");
    ck_assert_int_eq(cs_status_errno(ENOMEM), CS_NOMEM);
    ck_assert_int_eq(cs_status_errno(ENOSPC), CS_IO);
}
END_TEST

/* Every day of 430 years, each at another time of day, as the C library has it. */
START_TEST(moments_are_dates)
{
    for (int64_t s = 0; s < (int64_t)430 * 366 * 86400; s += 86399) {
        const time_t when = (time_t)s;
        struct utc u = utc_of(s);
        struct tm tm;

        ck_assert_ptr_nonnull(gmtime_r(&when, &tm));
        ck_assert_msg((int)u.year == tm.tm_year + 1900 && (int)u.month == tm.tm_mon + 1 && (int)u.day == tm.tm_mday && (int)u.hour == tm.tm_hour &&
                          (int)u.minute == tm.tm_min && (int)u.second == tm.tm_sec,
                      "%lld: %u-%u-%u", (long long)s, u.year, u.month, u.day);
    }
    ck_assert_uint_eq(utc_of(-1).year, 1970);
}
END_TEST

static void remove_all(void)
{
    static const char *const names[] = { "fifo", "f", "empty", "new", "target", "link" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_dir(names[i]));
    rmdir(dir);
}

int main(void)
{
    Suite *s = suite_create("base");
    TCase *t = tcase_create("base");
    SRunner *r = srunner_create(s);
    int failed;

    if (!mkdtemp(dir))
        return 1;
    suite_add_tcase(s, t);
    tcase_add_test(t, slices_stay_inside);
    tcase_add_loop_test(t, find_gives_the_first_place, 0, sizeof finds / sizeof *finds);
    tcase_add_loop_test(t, find_is_the_same_in_long_bytes, 0, 6);
    tcase_add_test(t, integers_are_read_by_byte);
    tcase_add_test(t, sums_do_not_wrap);
    tcase_add_test(t, a_buffer_stops_at_its_ceiling);
    tcase_add_test(t, a_borrowed_buffer_never_grows);
    tcase_add_test(t, long_lines_print_whole);
    tcase_add_test(t, formats_are_those_of_the_c_library);
    tcase_add_test(t, an_arena_has_a_hard_end);
    tcase_add_test(t, arenas_of_one_size_are_used_again);
    tcase_add_test(t, zeroed_arenas_are_never_old_ones);
    tcase_add_test(t, only_regular_files_are_mapped);
    tcase_add_test(t, empty_files_are_empty_slices);
    tcase_add_test(t, pipes_are_read_to_the_end);
    tcase_add_test(t, a_new_file_is_whole_or_not_there);
    tcase_add_test(t, a_file_is_not_written_through_a_link);
    tcase_add_test(t, every_status_has_a_text);
    tcase_add_test(t, moments_are_dates);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    remove_all();
    return failed != 0;
}
