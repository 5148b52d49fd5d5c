/* What two threads find in a large object is what one finds, in the same order and with the same counts. */
#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "convscan/helper.h"
#include "convscan/scan.h"
#include "vdl/compile.h"

static char image[] = "test_jobs.tmp.vdb";

enum { MEMBERS = 60, MEMBER = 30000, ROUNDS = 4, LINE = 50 };

static const char rules[] = ":Test.Needle, <\"text\"> \"a needle\" #\n"
                            ":Test.Tar, <\"tar\"> \"a thread\" #\n"
                            ":Test.Spam, <\"text\",\"class=spam\"> \"a bargain\" #\n";
static const char allows[] = ":Test.Allowed, <\"text\"> \"an excuse\" #\n";

/* What stands in member `at` instead of plain lines. */
struct place { unsigned at; const char *name, *text; };
static const struct {
    const char *what;
    struct place places[3];
    uint64_t objects, total, depth;
    bool allows;
    const char *worst;
} cases[] = {
    { .what = "nothing", .worst = "" },
    { .what = "first", .places = { { 0, "a", "a needle" } }, .worst = "Test.Needle" },
    { .what = "late", .places = { { 57, "a", "a needle" } }, .worst = "Test.Needle" },
    { .what = "two", .places = { { 20, "a", "a needle" }, { 40, "b", "a needle" } }, .worst = "Test.Needle" },
    { .what = "the archive itself", .places = { { 30, "a", "a thread" } }, .worst = "Test.Tar" },
    { .what = "the archive and a member in front", .places = { { 2, "a", "a needle" }, { 30, "b", "a thread" } }, .worst = "Test.Tar" },
    { .what = "names", .places = { { 5, "x.exe", "text" }, { 50, "y.scr", "text" } }, .worst = "Blocked.Name exe" },
    { .what = "spam, then worse", .places = { { 5, "a", "a bargain" }, { 50, "b", "a needle" } }, .worst = "Test.Needle" },
    { .what = "an archive inside", .places = { { 30, "zip", "a needle" } }, .worst = "Test.Needle" },
    { .what = "too many objects", .places = { { 45, "a", "a needle" } }, .objects = 40, .worst = "Limit objects" },
    { .what = "just enough objects", .places = { { 45, "a", "a needle" } }, .objects = 48, .worst = "Test.Needle" },
    { .what = "too many bytes", .places = { { 45, "a", "a needle" } }, .total = 3000000, .worst = "Limit total_bytes" },
    { .what = "too deep", .places = { { 30, "zip", "text" }, { 40, "a", "a bargain" } }, .depth = 1, .worst = "Limit depth" },
    { .what = "an exception", .places = { { 10, "a", "a needle, an excuse" }, { 40, "b", "a bargain" } }, .allows = true, .worst = "Test.Spam" },
    { .what = "a word from a message", .places = { { 10, "mail", "the password: sesame" }, { 40, "a", "a needle" } }, .worst = "Test.Needle" },
};

static const char mail_head[] = "From: a@b.c\nTo: d@e.f\nSubject: s\nMIME-Version: 1.0\nContent-Type: text/plain\n\n";

static void put(struct buf *b, const void *p, size_t n)
{
    ck_assert_int_eq(buf_put(b, slice_of(p, n)), CS_OK);
}

/* A stored member without a directory: readers go by its head. */
static void put_zip(struct buf *b, struct slice data)
{
    uint8_t head[30] = { 'P', 'K', 3, 4, 20 };

    put_le32(head + 18, (uint32_t)data.n);
    put_le32(head + 22, (uint32_t)data.n);
    head[26] = 1;
    put(b, head, sizeof head);
    put(b, "z", 1);
    put(b, data.p, data.n);
}

static void put_member(struct buf *tar, const char *name, struct slice data)
{
    uint8_t head[512] = { 0 };
    unsigned sum = 0;

    snprintf((char *)head, 100, "%s", name);
    snprintf((char *)head + 100, 8, "0000644");
    snprintf((char *)head + 124, 12, "%011o", (unsigned)data.n);
    snprintf((char *)head + 136, 12, "00000000000");
    memset(head + 148, ' ', 8);
    head[156] = '0';
    memcpy(head + 257, "ustar\00000", 8);
    for (size_t i = 0; i < sizeof head; i++)
        sum += head[i];
    snprintf((char *)head + 148, 8, "%06o", sum);
    put(tar, head, sizeof head);
    put(tar, data.p, data.n);
    memset(head, 0, sizeof head);
    put(tar, head, (512 - data.n % 512) % 512);
}

static void put_text(struct buf *b, unsigned seed, const char *text)
{
    char line[LINE + 16];

    for (unsigned i = 0; i < MEMBER / LINE; i++) {
        snprintf(line, sizeof line, "line %6u of a text, number %3u, which says little", i, seed % 1000);
        put(b, line, strlen(line));
        put(b, "\n", 1);
        if (i == MEMBER / LINE / 2)
            put(b, text, strlen(text));
    }
}

static struct buf archive(const struct place *places)
{
    struct buf tar = buf_init(16 << 20);

    for (unsigned k = 0; k < MEMBERS; k++) {
        struct buf b = buf_init(1 << 20), text = buf_init(1 << 20);
        const struct place *p = NULL;
        char name[32];

        for (unsigned i = 0; i < 3; i++)
            if (places[i].name && places[i].at == k)
                p = &places[i];
        snprintf(name, sizeof name, "m%u.txt", k);
        if (p && strcmp(p->name, "mail") == 0)
            put(&b, mail_head, sizeof mail_head - 1);
        put_text(&text, k, p ? p->text : "");
        if (p && strcmp(p->name, "zip") == 0)
            put_zip(&b, buf_slice(&text));
        else
            put(&b, text.p, text.n);
        put_member(&tar, p && strchr(p->name, '.') ? p->name : name, buf_slice(&b));
        buf_release(&b);
        buf_release(&text);
    }
    put(&tar, (uint8_t[1024]){ 0 }, 1024);
    return tar;
}

static struct vdl_db *make_image(bool has_allows)
{
    struct vdl_options o = { .complaints = stderr }, a = { .complaints = stderr, .cls = VDL_ALLOW, .has_class = true };
    struct vdl_compiler *c = vdl_compiler_new(has_allows ? &a : &o);
    struct vdl_db *db;
    char why[256];

    ck_assert_int_eq(vdl_compiler_add_text(c, "v.vdl", slice_str(has_allows ? allows : rules)), CS_OK);
    ck_assert_int_eq(vdl_compiler_write(c, image), CS_OK);
    vdl_compiler_free(c);
    ck_assert_int_eq(vdl_open(image, &db, why), CS_OK);
    return db;
}

static struct verdict scan(const struct conf *c, struct vdl_db *const *dbs, size_t n, struct slice bytes, bool wants_all, struct scan_facts *facts)
{
    const struct scan_setup setup = { .conf = c, .dbs = dbs, .n_dbs = n, .wants_all = wants_all };
    const struct scan_part part = { .bytes = bytes, .names_inside = true };
    struct scan *s = scan_new(&setup);
    struct verdict v = { .keeps_all = wants_all };

    ck_assert_ptr_nonnull(s);
    scan_run(s, &part, &v);
    *facts = scan_facts(s);
    scan_free(s);
    return v;
}

static void must_be_same(const char *what, const struct finding *a, const struct finding *b)
{
    ck_assert_msg(a->cls == b->cls && strcmp(a->name, b->name) == 0 && strcmp(a->member, b->member) == 0 && a->offset == b->offset,
                  "%s: %s at %s+%lu, %s at %s+%lu", what, a->name, a->member, (unsigned long)a->offset, b->name, b->member, (unsigned long)b->offset);
}

START_TEST(two_threads_find_what_one_finds)
{
    struct vdl_db *dbs[] = { make_image(false), cases[_i].allows ? make_image(true) : NULL };
    struct buf tar = archive(cases[_i].places);
    struct conf c;

    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    c.limit.objects = cases[_i].objects ? cases[_i].objects : c.limit.objects;
    c.limit.total_bytes = cases[_i].total ? cases[_i].total : c.limit.total_bytes;
    c.limit.depth = cases[_i].depth ? cases[_i].depth : c.limit.depth;
    for (int round = 0; round < 2 * ROUNDS; round++) {
        struct scan_facts one_facts, two_facts;
        struct verdict one, two;

        c.scan.helper = 0;
        one = scan(&c, dbs, cases[_i].allows ? 2 : 1, buf_slice(&tar), round & 1, &one_facts);
        c.scan.helper = 1;
        two = scan(&c, dbs, cases[_i].allows ? 2 : 1, buf_slice(&tar), round & 1, &two_facts);
        ck_assert_msg(strcmp(one.worst.name, cases[_i].worst) == 0, "%s: %s", cases[_i].what, one.worst.name);
        must_be_same(cases[_i].what, &one.worst, &two.worst);
        ck_assert_uint_eq(one.n_hits, two.n_hits);
        for (size_t i = 0; i < one.n_hits; i++)
            must_be_same(cases[_i].what, &one.hits[i], &two.hits[i]);
        ck_assert_str_eq(one.exceptions, two.exceptions);
        ck_assert_msg(one_facts.objects == two_facts.objects && one_facts.bytes == two_facts.bytes, "%s: %u objects, %lu bytes; %u, %lu",
                      cases[_i].what, one_facts.objects, (unsigned long)one_facts.bytes, two_facts.objects, (unsigned long)two_facts.bytes);
        verdict_release(&one);
        verdict_release(&two);
    }
    buf_release(&tar);
    vdl_close(dbs[0]);
    if (dbs[1])
        vdl_close(dbs[1]);
    conf_release(&c);
}
END_TEST

/* ---- the queue alone ---- */

enum { SLOTS = 7, JOBS_DONE = 5000 };
static unsigned values[SLOTS];

static void square(void *who, size_t slot)
{
    (void)who;
    values[slot] *= values[slot];
}

START_TEST(jobs_come_back_in_order)
{
    struct helper *h = helper_new(SLOTS, square, NULL);
    size_t slot;

    if (!h)
        return;                 /* one processor */
    for (unsigned given = 0, taken = 0; taken < JOBS_DONE;) {
        while (given < JOBS_DONE && helper_count(h) < SLOTS) {
            values[helper_next(h)] = given++;
            helper_give(h, given % 11 == 0);
        }
        if (taken % 3 == 0)
            helper_help(h, NULL);
        if (!helper_has_done(h, &slot))
            slot = helper_wait(h, NULL);
        ck_assert_uint_eq(values[slot], taken * taken);
        taken++;
        helper_take(h);
    }
    ck_assert(helper_count(h) == 0 && helper_open(h) == 0 && !helper_help(h, NULL) && !helper_has_done(h, &slot));
    helper_free(h);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("jobs");
    TCase *t = tcase_create("jobs");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, two_threads_find_what_one_finds, 0, sizeof cases / sizeof *cases);
    tcase_add_test(t, jobs_come_back_in_order);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    unlink(image);
    return failed != 0;
}
