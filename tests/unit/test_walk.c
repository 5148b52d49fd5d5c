/* The walker: what goes in comes out, whatever is broken; limits; numbers; and made-up messages take linear time. */
#include <glob.h>
#include <time.h>

#include "decodecase.h"
#include "mailcorpus.h"
#include "mime/walker.h"

/* As ck_assert, but without a system call for each success. */
#define must(x) do { if (!(x)) ck_abort_msg("%s", #x); } while (0)

/* Every event's data in order is the message again; OPEN and CLOSE are paired; a part is there until its CLOSE. */
static unsigned check_walk(struct slice msg, unsigned variant, const struct mime_limits *lim)
{
    struct mime_reading how = { .variant = variant };
    struct mime_walk *w = mime_walk_new(msg, lim, &how);
    struct mime_event ev;
    size_t at = 0, depth = 0;
    unsigned more = 0;

    ck_assert_ptr_nonnull(w);
    do {
        must(mime_walk_next(w, &ev) == CS_OK);
        must(ev.data.p);
        if (ev.data.n) {
            must(ev.data.p == msg.p + at);
            at += ev.data.n;
        }
        if (ev.kind == MIME_OPEN) {
            must(ev.part->depth == depth);
            must((depth == 0) == !ev.part->parent);
            depth++;
        }
        depth -= ev.kind == MIME_CLOSE;
        must(ev.kind == MIME_END || ev.part);
        must((ev.kind == MIME_DEFECT || ev.kind == MIME_LIMIT) == (ev.defect != NULL));
    } while (ev.kind != MIME_END);
    ck_assert_uint_eq(depth, 0);
    ck_assert_msg(at == msg.n, "variant %u: %zu of %zu bytes", variant, at, msg.n);
    for (unsigned v = 1; v < MIME_VARIANTS; v++)
        if (mime_walk_is_ambiguous(w, v))
            more |= 1u << v;
    mime_walk_free(w);
    return more;
}

static void check_files(const char *pattern, bool is_cut)
{
    glob_t g;

    if (glob(pattern, 0, NULL, &g) != 0) {
        printf("skipped: no %s\n", pattern);
        return;
    }
    for (size_t i = 0; i < g.gl_pathc; i++) {
        struct mapfile m;
        ck_assert_int_eq(mapfile_open(&m, g.gl_pathv[i], MAPFILE_COPY, FILE_MAX), CS_OK);
        for (unsigned v = 0; v < MIME_VARIANTS; v++)
            for (size_t n = is_cut ? 0 : m.data.n; n <= m.data.n; n += v ? 5 : 1)
                check_walk(slice_take(m.data, n), v, NULL);
        mapfile_close(&m);
    }
    globfree(&g);
}

START_TEST(the_corpus_comes_out_as_it_went_in)
{
    char pattern[4096];

    snprintf(pattern, sizeof pattern, "%s/mail/*/*", corpus_root());
    check_files(pattern, false);
}
END_TEST

START_TEST(golden_messages_cut_anywhere_come_out)
{
    check_files("tests/golden/*.in", true);
}
END_TEST

/* One reading of well-formed mail is enough; each doubt asks for more. */
START_TEST(only_doubtful_mail_is_ambiguous)
{
    static const char clean[] = "Content-Type: multipart/mixed; boundary=\"b c\"\r\n\r\n--b c\r\nContent-Disposition: "
                                "attachment;\r\n\tfilename*0=a; filename*1=b\r\n\r\n-- \r\n--x\r\n--b c--\r\n";
    static const char *const doubtful[] = {
        "Content-Type: text/html\nContent-Type: text/plain\n\n", "Content-Transfer-Encoding: 7bit, base64\n\n",
        "A: b\n \nC: d\n\n", "A: b\njunk\nC: d\n\n", "A: b\rC: d\n\n", "Content-Type: multipart/x\n\n--a\nContent-A: b\n\n",
        "Content-Type: multipart/x; boundary=a\n\n--a\n\n--ab\n", "Content-Type: multipart/x; boundary=a; boundary=b\n\n--a\n",
        "Content-Type: multipart/x; boundary=a\n\n--a--\n--a\n", "Content-Type: multipart/x; boundary=a\n\nx\r--a\n",
        "Content-Transfer-Encoding: base64\n\nQQ==QQ==", "Content-Transfer-Encoding: quoted-printable\n\n=XX",
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n",
    };

    ck_assert_uint_eq(check_walk(slice_str(clean), 0, NULL), 0);
    for (size_t i = 0; i < sizeof doubtful / sizeof *doubtful; i++)
        ck_assert_msg(check_walk(slice_str(doubtful[i]), 0, NULL) != 0, "%s", doubtful[i]);
}
END_TEST

static const char *limit_of(struct slice msg, const struct mime_limits *lim)
{
    struct mime_walk *w = mime_walk_new(msg, lim, NULL);
    struct mime_event ev;
    const char *name = "";

    ck_assert_ptr_nonnull(w);
    do {
        must(mime_walk_next(w, &ev) == CS_OK);
        if (ev.kind == MIME_LIMIT)
            name = ev.defect;
    } while (ev.kind != MIME_END);
    mime_walk_free(w);
    return name;
}

START_TEST(limits_are_events)
{
    static const struct {
        const char *msg, *want;
    } cases[] = {
        { "A: b\nA: b\n\n", "" },
        { "A: b\nA: b\nA: b\n\n", "mime_fields_limit" },
        { "A: 01234567890123456789012345678901234567890\n\n", "mime_header_limit" },
        { "Content-Type: message/x\n\n\n", "" },
        { "Content-Type: message/x\n\nContent-Type: message/x\n\nContent-Type: message/x\n\n", "mime_depth_limit" },
        { "Content-Type: multipart/x;boundary=b\n\n--b\n\n--b\n\n--b--", "" },
        { "Content-Type: multipart/x;boundary=b\n\n--b\n\n--b\n\n--b\n\n--b--", "mime_parts_limit" },
    };
    struct mime_limits lim = { .depth = 2, .parts = 3, .fields = 2, .header_bytes = 40 };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_str_eq(limit_of(slice_str(cases[i].msg), &lim), cases[i].want);
        check_walk(slice_str(cases[i].msg), 0, &lim);
    }
}
END_TEST

/* ---- worst cases, with a clock ---- */

static struct buf repeat(const char *head, const char *unit, size_t size)
{
    struct buf b = buf_init(size + 4096);

    ck_assert_int_eq(buf_puts(&b, head), CS_OK);
    while (b.n < size)
        must(buf_puts(&b, unit) == CS_OK);
    return b;
}

static double seconds(struct slice msg, const struct mime_limits *lim)
{
    struct timespec from, to;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (unsigned v = 0; v < MIME_VARIANTS; v++)
        check_walk(msg, v, lim);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static const struct {
    const char *head, *unit;
} floods[] = {
    { "Content-Type: multipart/x; boundary=b\n\n", "--b\n\n" },
    { "Content-Type: multipart/x; boundary=b\n\n", "--b\n" },
    { "Content-Type: multipart/x; boundary=b\n\n", "--b\nContent-Type: multipart/x; boundary=b\n\n" },
    { "Content-Type: multipart/x; boundary=b\n\n--b\n\n", "--bx\n" },
    { "Content-Type: multipart/x; boundary=b\n\n--b--\n", "--b\n" },
    { "Content-Type: multipart/x; boundary=b\n\n--b\n\n", "\r--b" },
    { "Content-Type: multipart/x\n\n", "--\n" },
    { "Content-Type: multipart/x; boundary=b\n\n", "--c \nContent-A: b\n" },
    { "Content-Type: multipart/x; boundary=b\n\n", "--b \nContent-Type: multipart/x; boundary=b\n\n" },
    { "", "Content-Type: message/rfc822\n\n" },
    { "", "Content-Type: multipart/x\n\n" },
    { "", "Content-Type: multipart/x; boundary=a; name=\"=?utf-8?q?x?=\"; name*0=a; name*1=b\n" },
    { "", "junk\nA: b\n" },
    { "Content-Transfer-Encoding: base64\n\n", "QQ==" },
    { "", "\n" },
    { "", "\r" },
};

/*
 * All readings of 8 MB, against those of 1 MB: 8 times as long, where work that grows with the square takes 64 times. Processor time, and no
 * bound in seconds: sanitizers, neighbours and slow hosts change both alike.
 */
START_TEST(floods_take_linear_time)
{
    struct buf small = repeat(floods[_i].head, floods[_i].unit, 1 << 20), large = repeat(floods[_i].head, floods[_i].unit, 8 << 20);
    double s = seconds(buf_slice(&small), NULL), l = seconds(buf_slice(&large), NULL);

    ck_assert_msg(l < 20 * s + 0.5, "%.2f s, 1 MB %.2f s: %s", l, s, floods[_i].unit);
    buf_release(&small);
    buf_release(&large);
}
END_TEST

/* 10,000 levels, each with a boundary of its own, then many lines that nearly match. */
START_TEST(deep_multiparts_take_linear_time)
{
    struct mime_limits lim = { .depth = 20000, .parts = 2000000 };
    struct buf b = buf_init(16 << 20);
    double s;

    for (int i = 0; i < 10000; i++)
        must(buf_printf(&b, "Content-Type: multipart/x; boundary=b%05d\n\n--b%05d\n", i, i) == CS_OK);
    for (int i = 0; i < 300000; i++)
        must(buf_printf(&b, "--b%05dx\n", i % 10000) == CS_OK);
    s = seconds(buf_slice(&b), &lim);
    ck_assert_msg(s < 12, "%.1f s", s);
    s = seconds(buf_slice(&b), NULL);
    ck_assert_msg(s < 12, "%.1f s", s);
    ck_assert_str_eq(limit_of(buf_slice(&b), NULL), "mime_depth_limit");
    buf_release(&b);
}
END_TEST

START_TEST(a_million_parts_stop_at_the_limit)
{
    struct buf b = repeat("Content-Type: multipart/x; boundary=b\n\n", "--b\n\n", 5 << 20);

    ck_assert_str_eq(limit_of(buf_slice(&b), NULL), "mime_parts_limit");
    buf_release(&b);
}
END_TEST

/* docs/LENIENCY.md: any two doubts meet in all four ways, the first reading counted; each doubt has a reading of its own. */
START_TEST(any_two_doubts_meet)
{
    enum { N_DOUBTS = 17, ROWS = 7, ALL_FOUR = 15 };

    for (unsigned a = 0; a < N_DOUBTS; a++) {
        ck_assert_uint_eq(habit_of(1 + a).flips, 1u << a);
        for (unsigned b = 0; b < a; b++) {
            unsigned seen = 1;              /* neither: the first reading */
            for (unsigned row = 0; row < ROWS; row++) {
                unsigned flips = habit_of(1 + N_DOUBTS + row).flips;
                seen |= 1u << ((flips >> a & 1) * 2 + (flips >> b & 1));
            }
            ck_assert_msg(seen == ALL_FOUR, "%u and %u", a, b);
        }
    }
}
END_TEST

/* ---- what the caller is told ---- */

START_TEST(messages_are_told_from_other_texts)
{
    static const struct {
        const char *text;
        bool is_mail;
    } cases[] = {
        { "From: a@example.org\nSubject: x\n\nbody", true },
        { "From a@example.org Thu Jan  1 00:00:00 1970\nReceived: x\nDate: y\n\n", true },
        { "Content-Type: multipart/mixed; boundary=x\n\n--x\n", true },
        { "MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n", true },
        { "From: a\rTo: b\r\rold Macintosh", true },
        { "\r\n\r\nFrom: a\r\nTo: b\r\n\r\n", true },
        { "Subject: alone\n\nbody", true },
        { "X-Own: first\nSubject: alone\n\nbody", true },
        { "Subject: alone\n", false },
        { "Subject: alone\nand no empty line", false },
        { "Dear all,\nFrom: me\nTo: you\n", false },
        { "Dear all,\nFrom: me\nTo: you\n\nsaid the letter", false },
        { "\1\1\1\1\nFrom: me\nTo: you\nSubject: x\n\n", true },
        { "\xef\xbb\xbf" "From: me\nTo: you\n\n", true },
        { " \t\nFrom: me\nTo: you\n\n", true },
        { " To: you\nFrom: me\nSubject: x\nDate: y\n\n", true },
        { "<html>\n", false },
        { "To: be or not to be\n", false },
        { "key: value\nother: value\n", false },
        { "", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(mime_looks_like_message(slice_str(cases[i].text)) == cases[i].is_mail, "%s", cases[i].text);
}
END_TEST

START_TEST(security_multiparts_can_stay_whole)
{
    struct slice msg = SLICE("Content-Type: multipart/signed; boundary=s\n\n--s\n\ntext\n--s--\n");
    struct mime_reading how = { .keep_security_multiparts = true };
    struct mime_walk *w = mime_walk_new(msg, NULL, &how);
    struct mime_event ev;

    do
        ck_assert_int_eq(mime_walk_next(w, &ev), CS_OK);
    while (ev.kind != MIME_BODY && ev.kind != MIME_END);
    ck_assert_int_eq(ev.kind, MIME_BODY);
    ck_assert_int_eq(ev.part->shape, MIME_LEAF);
    ck_assert_uint_eq(ev.data.n, slice_str("--s\n\ntext\n--s--\n").n);
    mime_walk_free(w);
}
END_TEST

/* Disbelieved, and the doubt is noted all the same: a reader further on may believe it. */
START_TEST(an_encoded_container_can_be_disbelieved)
{
    static const struct {
        const char *msg;
        enum mime_shape shape;
        bool is_ambiguous;
    } cases[] = {
        { "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQQ==\n", MIME_MESSAGE, true },
        { "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nSubject: x\n\nbody\n", MIME_MESSAGE, true },
        { "Content-Type: multipart/mixed; boundary=q\nContent-Transfer-Encoding: base64\n\n--q\n\nx\n--q--\n", MIME_MULTIPART, true },
        { "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\nSubject: x\n\nbody\n", MIME_MESSAGE, false },
    };
    struct mime_reading how = { .ignore_container_encoding = true };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mime_walk *w = mime_walk_new(slice_str(cases[i].msg), NULL, &how);
        struct mime_event ev;
        bool is_ambiguous = false;

        do
            ck_assert_int_eq(mime_walk_next(w, &ev), CS_OK);
        while (ev.kind != MIME_HEAD);
        ck_assert_msg(ev.part->shape == cases[i].shape, "case %zu", i);
        while (ev.kind != MIME_END)
            ck_assert_int_eq(mime_walk_next(w, &ev), CS_OK);
        for (unsigned v = 1; v < MIME_VARIANTS; v++)
            is_ambiguous |= mime_walk_is_ambiguous(w, v);
        ck_assert_msg(is_ambiguous == cases[i].is_ambiguous, "case %zu", i);
        mime_walk_free(w);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("walk");
    TCase *t = tcase_create("walk");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_corpus_comes_out_as_it_went_in);
    tcase_add_test(t, golden_messages_cut_anywhere_come_out);
    tcase_add_test(t, only_doubtful_mail_is_ambiguous);
    tcase_add_test(t, limits_are_events);
    add_cases(t, floods_take_linear_time, floods);
    tcase_add_test(t, deep_multiparts_take_linear_time);
    tcase_add_test(t, a_million_parts_stop_at_the_limit);
    tcase_add_test(t, any_two_doubts_meet);
    tcase_add_test(t, messages_are_told_from_other_texts);
    tcase_add_test(t, security_multiparts_can_stay_whole);
    tcase_add_test(t, an_encoded_container_can_be_disbelieved);
    suite_add_tcase(s, t);
    corpus_report();
    return run_suite(s);
}
