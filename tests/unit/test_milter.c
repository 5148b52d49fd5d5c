/* The mail filter without its library: verdicts as answers, places by size, header edits, messages in pieces, settings. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "imta/edits.h"
#include "imta/gate.h"
#include "imta/milanswer.h"
#include "imta/milmessage.h"
#include "imta/miloptions.h"
#include "imta/runner.h"
#include "imta/snapshot.h"
#include "imta/spill.h"
#include "imta/spoolin.h"
#include "imta/standby.h"

/* ---- answers ---- */

START_TEST(answers)
{
    static const struct {
        enum cs_status st;
        enum outcome outcome;
        bool is_rebuilt, has_postmaster;
        enum mil_answer answer;
    } cases[] = {
        { CS_OK, OUTCOME_PASS, false, false, MIL_ACCEPT },
        { CS_OK, OUTCOME_PASS, true, false, MIL_CHANGE },
        { CS_OK, OUTCOME_HOLD, false, false, MIL_HOLD },
        { CS_OK, OUTCOME_POSTMASTER, false, true, MIL_REDIRECT },
        { CS_OK, OUTCOME_POSTMASTER, false, false, MIL_HOLD },
        { CS_OK, OUTCOME_RETURN, false, false, MIL_REJECT },
        { CS_OK, OUTCOME_RETURN_SAMPLE, false, false, MIL_REJECT },
        { CS_OK, OUTCOME_DISCARD, false, false, MIL_DISCARD },
        { CS_OK, OUTCOME_JETTISON, false, false, MIL_DISCARD },
        { CS_OK, OUTCOME_BITBUCKET, false, false, MIL_DISCARD },
        { CS_OK, OUTCOME_RETRY, false, false, MIL_TEMPFAIL },
        { CS_OK, OUTCOME_FAILED, false, false, MIL_TEMPFAIL },
        { CS_OK, OUTCOME_NONE, false, false, MIL_TEMPFAIL },
        { CS_OK, (enum outcome)99, false, false, MIL_TEMPFAIL },
        { CS_NOMEM, OUTCOME_PASS, false, false, MIL_TEMPFAIL },
        { CS_TIMEOUT, OUTCOME_PASS, true, true, MIL_TEMPFAIL },
        { CS_IO, OUTCOME_DISCARD, false, false, MIL_TEMPFAIL },
    };
    const struct convert_result r = { .outcome = cases[_i].outcome, .is_rebuilt = cases[_i].is_rebuilt };

    if ((size_t)_i < sizeof cases / sizeof *cases)
        ck_assert_int_eq(mil_answer(cases[_i].st, &r, cases[_i].has_postmaster), cases[_i].answer);
}
END_TEST

START_TEST(replies_are_plain)
{
    char text[40];

    ck_assert_str_eq(mil_reply(text, sizeof text, "a%s\r\n250 ok\x1b[2J\xc3\xa4"), "a?s??250 ok?[2J?");
    ck_assert_uint_gt(strlen(mil_reply(text, sizeof text, "")), 0);
    ck_assert_uint_gt(strlen(mil_reply(text, sizeof text, NULL)), 0);
}
END_TEST

/* ---- places ---- */

START_TEST(size_lists)
{
    static const char *const bad[] = { "", "a", "5,5", "5,4", "1,2,3,4,5,6,7,8,9", "5;6", "-1", "99999999999999999999", "0" };
    struct sizes s;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!sizes_read(&s, bad[i]), "%s", bad[i]);
    ck_assert(sizes_read(&s, "10,20"));
    ck_assert_uint_eq(sizes_class(&s, 0), 0);
    ck_assert_uint_eq(sizes_class(&s, 10), 0);
    ck_assert_uint_eq(sizes_class(&s, 11), 1);
    ck_assert_uint_eq(sizes_class(&s, 21), 2);
    ck_assert_uint_eq(sizes_of_place(&s, 0), 2);
    ck_assert_uint_eq(sizes_of_place(&s, 2), 0);
    ck_assert_uint_eq(sizes_of_place(&s, 3), 2);
}
END_TEST

static uint64_t in_ms(unsigned ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 + ms * 1000u;
}

START_TEST(small_is_never_behind_large)
{
    struct sizes s;
    struct gate g;
    unsigned large, small, other;

    ck_assert(sizes_read(&s, "100"));
    gate_open(&g, 2, &s);
    ck_assert_int_eq(gate_enter(&g, 5000, in_ms(0), &large), CS_OK);
    ck_assert_int_eq(gate_enter(&g, 5000, in_ms(20), &other), CS_TIMEOUT);
    ck_assert_int_eq(gate_enter(&g, 50, in_ms(0), &small), CS_OK);
    ck_assert_uint_ne(large, small);
    ck_assert_int_eq(gate_enter(&g, 50, in_ms(20), &other), CS_TIMEOUT);
    gate_leave(&g, small);
    ck_assert_int_eq(gate_enter(&g, 5000, in_ms(20), &other), CS_TIMEOUT);      /* that place is not for it */
    gate_leave(&g, large);
    ck_assert_int_eq(gate_enter(&g, 5000, in_ms(0), &large), CS_OK);
    gate_leave(&g, large);
    ck_assert_uint_eq(g.n_taken, 0);
    ck_assert_uint_eq(g.n_waiting, 0);
    gate_close(&g);
}
END_TEST

enum { THREADS = 24, ROUNDS = 200 };

struct crowd {
    struct gate gate;
    pthread_mutex_t lock;
    unsigned inside[GATE_PLACES], n_inside, most, n_large, most_large;
    bool is_wrong;
};

struct visitor {
    struct crowd *c;
    uint64_t bytes;
};

static void count(struct crowd *c, unsigned place, bool is_large, int by)
{
    pthread_mutex_lock(&c->lock);
    c->inside[place] += (unsigned)by;
    c->is_wrong |= c->inside[place] > 1;
    c->n_inside += (unsigned)by;
    c->n_large += is_large ? (unsigned)by : 0;
    c->most = c->n_inside > c->most ? c->n_inside : c->most;
    c->most_large = c->n_large > c->most_large ? c->n_large : c->most_large;
    pthread_mutex_unlock(&c->lock);
}

static void *visit(void *ctx)
{
    const struct visitor *v = ctx;

    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned place;

        if (gate_enter(&v->c->gate, v->bytes, in_ms(60000), &place) != CS_OK) {
            v->c->is_wrong = true;
            return NULL;
        }
        count(v->c, place, v->bytes > 100, 1);
        sched_yield();
        count(v->c, place, v->bytes > 100, -1);
        gate_leave(&v->c->gate, place);
    }
    return NULL;
}

START_TEST(crowd_keeps_to_the_places)
{
    static struct crowd c = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct visitor v[THREADS];
    pthread_t t[THREADS];
    struct sizes s;

    ck_assert(sizes_read(&s, "100,1000"));
    gate_open(&c.gate, 5, &s);
    for (unsigned i = 0; i < THREADS; i++) {
        v[i] = (struct visitor){ &c, i % 3 == 0 ? 50 : i % 3 == 1 ? 500 : 5000 };
        ck_assert_int_eq(pthread_create(&t[i], NULL, visit, &v[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    ck_assert(!c.is_wrong);
    ck_assert_uint_le(c.most, 5);
    ck_assert_uint_le(c.most_large, 4);         /* one is for the smallest alone */
    ck_assert_uint_eq(c.gate.n_taken, 0);
    gate_close(&c.gate);
}
END_TEST

/* ---- header edits ---- */

static enum cs_status write_step(void *ctx, const struct edit *e)
{
    static const char kinds[] = "=-+";

    return buf_printf(ctx, "%c%.*s/%u:%.*s;", kinds[e->kind], (int)e->name.n, (const char *)e->name.p, e->number, (int)e->value.n,
                      (const char *)e->value.p);
}

START_TEST(header_edits)
{
    static const struct {
        const char *before, *after, *steps;
    } cases[] = {
        { "A: 1\r\nB: 2\r\n", "A: 1\r\nB: 2\r\n", "" },
        { "A: 1\r\nB: 2\r\n", "A: 1\r\nB: 3\r\n", "=B/1: 3;" },
        { "A: 1\r\nA: 2\r\n", "A: 1\r\nA: 3\r\n", "=A/2: 3;" },
        { "A: 1\r\nA: 2\r\nA: 3\r\n", "A: 1\r\n", "-A/3:;-A/2:;" },
        { "A: 1\r\n", "a: 1\r\nX: 9\r\nC: 8\r\n", "+X/0: 9;+C/0: 8;" },
        { "Content-Type: a/b;\r\n name=x\r\n", "Content-Type: a/b;\r\n name=y\r\n", "=Content-Type/1: a/b;\r\n name=y;" },
        { "A:1\r\n", "A: 1\r\n", "=A/1: 1;" },
        { "", "A: 1\r\n", "+A/0: 1;" },
        { "A: 1\r\nB: 2\r\n", "", "-A/1:;-B/1:;" },
        { "B: 2\r\nA: 1\r\n", "A: 1\r\nB: 2\r\n", "" },
    };
    struct buf out = buf_init(10000);

    ck_assert_int_eq(edits_make(slice_str(cases[_i].before), slice_str(cases[_i].after), write_step, &out), CS_OK);
    ck_assert_int_eq(buf_putc(&out, '\0'), CS_OK);
    ck_assert_str_eq((const char *)out.p, cases[_i].steps);
    buf_release(&out);
}
END_TEST

START_TEST(impossible_edits)
{
    struct buf out = buf_init(10000), many = buf_init(SIZE_MAX / 2);

    ck_assert_int_eq(edits_make(SLICE("A: 1\r\n"), SLICE("A: 1\r\nno field\r\n"), write_step, &out), CS_INVALID);
    ck_assert_int_eq(edits_make(SLICE("no field\r\n"), SLICE("A: 1\r\n"), write_step, &out), CS_INVALID);
    for (unsigned i = 0; i <= EDITS_FIELDS; i++)
        ck_assert_int_eq(buf_puts(&many, "A: 1\n"), CS_OK);
    ck_assert_int_eq(edits_make(buf_slice(&many), SLICE("A: 1\r\n"), write_step, &out), CS_TOOBIG);
    buf_release(&many);
    buf_release(&out);
}
END_TEST

/* ---- a message in pieces ---- */

START_TEST(spilled_bytes)
{
    struct spill s;
    struct slice all = SLICE("none");

    for (size_t keep = 1; keep < 300; keep += 37) {
        spill_init(&s, keep, "/tmp");
        ck_assert_int_eq(spill_view(&s, &all), CS_OK);
        ck_assert_uint_eq(all.n, 0);
        for (unsigned i = 0; i < 50; i++)
            ck_assert_int_eq(spill_put(&s, SLICE("abcdef")), CS_OK);
        ck_assert_int_eq(spill_view(&s, &all), CS_OK);
        ck_assert_uint_eq(all.n, 300);
        ck_assert_int_ge(s.fd, 0);
        ck_assert_int_eq(spill_put(&s, SLICE("xyz")), CS_OK);
        ck_assert_int_eq(spill_view(&s, &all), CS_OK);
        ck_assert(slice_ends(all, SLICE("abcdefxyz")));
        spill_release(&s);
    }
    spill_init(&s, 4, "/no/such/folder");
    ck_assert_int_ne(spill_put(&s, SLICE("abcdef")), CS_OK);
    spill_release(&s);
}
END_TEST

START_TEST(pieces_become_a_message)
{
    struct switches sw;
    struct mil_setup setup = { .memory = 8, .spool_dir = "/tmp", .job = { .switches = &sw, .in_chan = "a", .out_chan = "b" } };
    static struct envelope e;
    struct milmessage m;
    struct slice all;

    switches_default(&sw);
    milmessage_begin(&m, &setup, "<>");
    milmessage_recipient(&m, "<a@example.com>");
    milmessage_recipient(&m, "b@example.com");
    milmessage_field(&m, "Subject", " one\n\ttwo", true);
    milmessage_field(&m, "To", "x", false);
    milmessage_end_of_header(&m);
    milmessage_body(&m, SLICE("body\r\n"));
    ck_assert_int_eq(spill_view(&m.text, &all), CS_OK);
    ck_assert(slice_eq(all, SLICE("Subject: one\r\n\ttwo\r\nTo: x\r\n\r\nbody\r\n")));
    milmessage_envelope(&m, &e);
    ck_assert_uint_eq(e.from.n, 0);
    ck_assert_uint_eq(e.n_to, 2);
    ck_assert(slice_eq(e.to[0], SLICE("a@example.com")));
    m.before = all;
    ck_assert(milmessage_is_editable(&m));
    milmessage_end(&m);

    /* A field with an empty line in it ends the header for everybody but the server's counting. */
    milmessage_begin(&m, &setup, "<>");
    milmessage_field(&m, "Subject", " one\n\nTo: y", true);
    milmessage_end_of_header(&m);
    ck_assert_int_eq(spill_view(&m.text, &m.before), CS_OK);
    ck_assert(!milmessage_is_editable(&m));
    milmessage_end(&m);
}
END_TEST

START_TEST(sizes_and_recipients_are_bounded)
{
    struct switches sw;
    struct mil_setup setup = { .memory = 8, .spool_dir = "/tmp", .work_dir = "/tmp", .timeout = 5, .job = { .switches = &sw } };
    struct mil_facts facts = { .queue_id = "q" };
    struct milmessage m;
    struct gate g;
    struct milstatus status;
    struct sizes none = { .n = 0 };

    switches_default(&sw);
    sw.max_message = 20;
    gate_open(&g, 1, &none);
    milstatus_open(&status);
    milmessage_begin(&m, &setup, "<>");
    for (unsigned i = 0; i < MIL_RECIPIENTS + 5; i++)
        milmessage_recipient(&m, "x@example.com");
    ck_assert(m.has_more_recipients);
    milmessage_body(&m, SLICE("0123456789"));
    milmessage_body(&m, SLICE("0123456789!"));
    ck_assert_int_eq(milmessage_convert(&m, &g, &status, &facts), MIL_REJECT);
    ck_assert(m.is_too_large);
    milmessage_end(&m);
    gate_close(&g);
}
END_TEST

/* ---- scanners that stand by ---- */

static bool fits(unsigned words, const char *program, unsigned n)
{
    char *argv[201];
    static char word[] = "x", name[32];
    struct standby *s;

    snprintf(name, sizeof name, "%s", program);
    for (unsigned i = 0; i < words; i++)
        argv[i] = i ? word : name;
    argv[words] = NULL;
    ck_assert_int_eq(standby_open(&s, argv, "/", n), CS_OK);
    return s != NULL;
}

/* A command that cannot stand by is no trouble: it is started as ever. */
START_TEST(commands_that_cannot_stand_by)
{
    char none[] = "/no/such/program", *argv[] = { none, NULL }, *env[] = { NULL };
    struct standby_process p;

    ck_assert(!fits(0, "", 2));
    ck_assert(!fits(1, "convscan", 2));
    ck_assert(!fits(1, "/no/such/program", 0));
    ck_assert(!fits(65, "/no/such/program", 2));
    ck_assert(fits(64, "/no/such/program", 2));
    ck_assert(!standby_take(NULL, argv, env, &p));
    ck_assert_uint_eq(standby_count(NULL), 0);
}
END_TEST

/* ---- held in a spool of ours ---- */

enum { HELD_MAX = 200 << 10 };

/* Line ends become "\n", wherever a piece of the message ends. */
START_TEST(held_line_ends)
{
    static const char *const ends[] = { "\r\n", "\r", "\n", "\r\r\n", "\r\n\r\n", "" };
    static char in[HELD_MAX], want[HELD_MAX], got[HELD_MAX + 4096];
    static struct envelope e = { .from = { (const uint8_t *)"a@b.example", 11 }, .to = { { (const uint8_t *)"c@d.example", 11 } }, .n_to = 1,
                                 .in_chan = { (const uint8_t *)"in", 2 }, .out_chan = { (const uint8_t *)"out", 3 }, .arrived = 1 };
    char room[] = "held.XXXXXX", id[QUEUE_NAME], path[200];

    ck_assert_ptr_nonnull(mkdtemp(room));
    for (size_t first = 32766; first <= 32770; first++) {
        const char *end = ends[_i];
        size_t n = 0, n_want = 0, n_got;
        FILE *f;

        for (size_t at = 0; at < 3; at++) {
            memset(in + n, 'x', at ? 32766 : first);
            n += at ? 32766 : first;
            memcpy(in + n, end, strlen(end));
            n += strlen(end);
        }
        for (size_t i = 0; i < n; i++)
            if (!(in[i] == '\r' && i + 1 < n && in[i + 1] == '\n'))
                want[n_want++] = in[i];
        ck_assert_int_eq(spoolin_hold(room, &e, slice_of((const uint8_t *)in, n), id), CS_OK);
        snprintf(path, sizeof path, "%s/queue/%s.HELD", room, id);
        f = fopen(path, "r");
        ck_assert_ptr_nonnull(f);
        n_got = fread(got, 1, sizeof got, f);
        fclose(f);
        ck_assert_uint_gt(n_got, n_want);
        ck_assert_msg(memcmp(got + n_got - n_want, want, n_want) == 0 && got[n_got - n_want - 1] == '\n', "end %d, first %zu", _i, first);
        unlink(path);
    }
    runner_clean(room);
    rmdir(room);
}
END_TEST

/* ---- what it is doing ---- */

START_TEST(status_file)
{
    static struct snapshot seen;
    static const struct { const char *name; double n, bytes; } rows[] = {
        { "connections", 7, 0 }, { "receiving", 1, 0 }, { "waiting", 1, 300 }, { "working", 2, 2005 }, { "standby", 3, 0 },
    };
    struct milstatus s;
    struct milstatus_item items[5];

    milstatus_open(&s);
    for (size_t i = 0; i < 5; i++)
        milstatus_begin(&s, &items[i]);
    milstatus_move(&s, &items[1], STAGE_WAITING, 300);
    milstatus_move(&s, &items[2], STAGE_WORKING, 2000);
    milstatus_move(&s, &items[3], STAGE_WAITING, 5);
    milstatus_move(&s, &items[3], STAGE_WORKING, 5);
    milstatus_end(&s, &items[4]);
    milstatus_answer(&s, MIL_ACCEPT, 1000);
    milstatus_answer(&s, MIL_ACCEPT, 3000);
    milstatus_answer(&s, MIL_DISCARD, 7);
    ck_assert_int_eq(milstatus_write(&s, "status.tmp", 7, 3), CS_OK);
    ck_assert_int_eq(snapshot_read(&seen, "status.tmp"), CS_OK);
    ck_assert_uint_eq(seen.n_queues, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_str_eq(seen.queue[i].name, rows[i].name);
        ck_assert_msg(seen.queue[i].n == rows[i].n && seen.queue[i].bytes == rows[i].bytes, "%s", rows[i].name);
    }
    ck_assert_uint_eq(seen.n_classes, 2);
    ck_assert_str_eq(seen.cls[0].name, "accept");
    ck_assert(seen.cls[0].n == 2 && seen.cls[0].us == 4000 && seen.cls[0].us_max == 3000);
    ck_assert_str_eq(seen.cls[1].name, "discard");
    for (size_t i = 0; i < 4; i++)      /* the last, the first, and what is between */
        milstatus_end(&s, &items[(i + 3) % 4]);
    ck_assert_ptr_null(s.first);
    for (size_t i = 0; i < MILSTATUS_WINDOW; i++)
        s.seconds[i].second = 1;        /* long ago */
    ck_assert_int_eq(milstatus_write(&s, "status.tmp", 0, 0), CS_OK);
    ck_assert_int_eq(snapshot_read(&seen, "status.tmp"), CS_OK);
    ck_assert_uint_eq(seen.n_classes, 0);
    ck_assert_int_ne(milstatus_write(&s, "no/such/folder", 0, 0), CS_OK);
    unlink("status.tmp");
}
END_TEST

/* ---- settings ---- */

START_TEST(settings)
{
    struct miloptions o = { .n_owned = 0 };
    struct complaints c = { .file = "f" };

    ck_assert(miloptions_set(&o, SLICE("jobs"), SLICE("7"), true));
    ck_assert_int_eq(miloptions_read(&o, SLICE("# text\n\n jobs = 9\nhold=/x y\nswitch = timeout=3\n"), &c), CS_OK);
    miloptions_default(&o);
    ck_assert_str_eq(o.jobs, "7");
    ck_assert_str_eq(o.hold, "/x y");
    ck_assert_str_eq(o.switches[0], "timeout=3");
    ck_assert_str_eq(o.timeout, "240");
    ck_assert_int_eq(miloptions_read(&o, SLICE("job = 9\n"), &c), CS_INVALID);
    ck_assert_int_eq(miloptions_read(&o, SLICE("jobs\n"), &c), CS_INVALID);
    ck_assert_int_eq(miloptions_read(&o, SLICE("jobs =\n"), &c), CS_INVALID);
    ck_assert_uint_eq(c.errors, 3);
    miloptions_free(&o);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("milter");
    TCase *t = tcase_create("milter");
    SRunner *r;
    int failed;

    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, answers, 0, 17);
    tcase_add_test(t, replies_are_plain);
    tcase_add_test(t, size_lists);
    tcase_add_test(t, small_is_never_behind_large);
    tcase_add_test(t, crowd_keeps_to_the_places);
    tcase_add_loop_test(t, header_edits, 0, 10);
    tcase_add_test(t, impossible_edits);
    tcase_add_test(t, spilled_bytes);
    tcase_add_test(t, pieces_become_a_message);
    tcase_add_test(t, sizes_and_recipients_are_bounded);
    tcase_add_test(t, commands_that_cannot_stand_by);
    tcase_add_loop_test(t, held_line_ends, 0, 6);
    tcase_add_test(t, status_file);
    tcase_add_test(t, settings);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
