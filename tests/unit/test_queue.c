/* The spool: a process is killed at every step, and still each message is delivered once. Schedules, envelopes, bounces. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mapfile.h"
#include "imta/backoff.h"
#include "imta/bounce.h"
#include "imta/queuedir.h"
#include "imta/runner.h"
#include "imta/worker.h"

static char spool[] = "/tmp/test_queue.XXXXXX";

static unsigned countdown;

/* Every change of place that docs/QUEUE.md lists; killed[] is shared by all processes. */
static const char *const transitions[] = { ">tmp", "tmp>queue", "tmp>held", "tmp>ready", "queue>work", "work>queue", "work>held", "work>ready",
                                           "work>gone", "ready>ready", "ready>out", "ready>gone", "held>queue" };
enum { N_TRANSITIONS = sizeof transitions / sizeof *transitions };
static unsigned *killed;                /* N_TRANSITIONS of them, and one for what is not in the list */

static void die_at_step(const char *step)
{
    unsigned i = 0;

    if (countdown-- != 0)
        return;
    while (i < N_TRANSITIONS && strcmp(step, transitions[i]) != 0)
        i++;
    killed[i]++;
    kill(getpid(), SIGKILL);
}

static unsigned steps;

static void count_step(const char *step)
{
    (void)step;
    steps++;
}

static void submit_as(struct queuedir *q, const char *from, bool is_held, const char *text)
{
    struct envelope e = { .from = slice_str(from), .to = { SLICE("b@example.org") }, .n_to = 1,
                          .in_chan = SLICE("tcp_local"), .out_chan = SLICE("l"), .arrived = queuedir_now(q) };
    struct buf b = buf_init(10000);
    struct queued m;

    queuedir_new_id(q, &m);
    if (is_held)
        m.attempts = QUEUE_HELD;
    ck_assert_int_eq(envelope_write(&e, &b), CS_OK);
    ck_assert_int_eq(buf_puts(&b, text), CS_OK);
    ck_assert_int_eq(queuedir_create(q, &m, ""), CS_OK);
    ck_assert_int_eq(fd_write_all(m.fd, buf_slice(&b)), CS_OK);
    ck_assert_int_eq(queuedir_publish(q, &m, "", QUEUE_QUEUE), CS_OK);
    queuedir_unlock(&m);
    buf_release(&b);
}

static void submit(struct queuedir *q, const char *text)
{
    submit_as(q, "a@example.org", false, text);
}

static size_t count(struct queuedir *q, enum queue_folder f, const char *text)
{
    struct queue_entry *all;
    size_t n, found = 0;

    ck_assert_int_eq(queuedir_list(q, f, true, &all, &n), CS_OK);
    for (size_t i = 0; i < n; i++) {
        char name[QUEUE_NAME], path[200];
        static const char *const folders[] = { "tmp", "queue", "work", "ready", "out" };
        struct mapfile m;

        queued_name(&all[i].m, name);
        snprintf(path, sizeof path, "%s/%s/%s", spool, folders[f], name);
        ck_assert_int_eq(mapfile_open(&m, path, MAPFILE_COPY, 1 << 20), CS_OK);
        found += slice_ends(m.data, slice_str(text));
        mapfile_close(&m);
    }
    free(all);
    return found;
}

static struct worker make_worker(struct queuedir *q, const struct conversions *cv, const struct switches *sw)
{
    struct worker w = { .queue = q, .room = "w0", .notices = 3 * 86400, .postmaster = "postmaster@example.org", .host = "example.org",
                        .maillog = -1, .log = -1,
                        .job = { .conversions = cv, .switches = sw, .in_chan = "tcp_local", .out_chan = "l",
                                 .program_dir = "/bin", .stop_fd = -1 } };

    backoff_default(&w.backoff);
    return w;
}

/* One pass over everything that is due. */
static void work_all(struct worker *w)
{
    for (int f = QUEUE_READY; f >= QUEUE_QUEUE; f--) {
        struct queue_entry *all;
        size_t n;

        if (f == QUEUE_WORK)
            continue;
        if (queuedir_list(w->queue, (enum queue_folder)f, false, &all, &n) != CS_OK)
            _exit(1);
        for (size_t i = 0; i < n; i++)
            if (all[i].due <= queuedir_now(w->queue) && worker_process(w, all[i].m) != CS_OK)
                _exit(2);
        free(all);
    }
}

static const struct {
    const char *command, *deliver;
    enum queue_folder where;    /* it ends here */
    const char *text;           /* the file ends so */
    bool has_no_sender;
} fates[] = {
    { "cp $INPUT_FILE $OUTPUT_FILE", NULL, QUEUE_OUT, "\n\nbody\n", false },
    { "echo changed >$OUTPUT_FILE", NULL, QUEUE_OUT, "changed\n", false },
    { "echo STATUS=178030250 >$OUTPUT_OPTIONS", NULL, QUEUE_QUEUE, "\n\nbody\n", false },
    { "echo STATUS=178029946 >$OUTPUT_OPTIONS", NULL, QUEUE_OUT, "--\n", false },
    { "echo STATUS=178030098 >$OUTPUT_OPTIONS", NULL, QUEUE_OUT, "\n\nbody\n", false },
    { "echo STATUS=178028698 >$OUTPUT_OPTIONS", NULL, QUEUE_QUEUE, "\n\nbody\n", false },
    { "cp $INPUT_FILE $OUTPUT_FILE", "cat >>/dev/null; exit 1", QUEUE_READY, "\n\nbody\n", false },
    { "cp $INPUT_FILE $OUTPUT_FILE", "cat >>/dev/null", QUEUE_FOLDERS, "", false },
    { "echo STATUS=178030259 >$OUTPUT_OPTIONS", NULL, QUEUE_FOLDERS, "", false },
    { "echo STATUS=178029946 >$OUTPUT_OPTIONS", NULL, QUEUE_FOLDERS, "", true },
};

static pid_t work_in_child(struct worker *w, void (*hook)(const char *))
{
    pid_t pid = fork();

    if (pid == 0) {
        queuedir_step = hook;
        work_all(w);
        _exit(0);
    }
    return pid;
}

static int wait_for(pid_t pid)
{
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static struct conversions parse_entry(const char *command)
{
    struct complaints c = { .file = "conversions" };
    struct conversions cv;
    char text[300];

    snprintf(text, sizeof text, "in-type=*; override-option-file=1; command=\"%s\"\n", command);
    ck_assert_int_eq(conversions_parse(slice_str(text), &c, &cv), CS_OK);
    return cv;
}

START_TEST(a_message_survives_a_kill_at_any_step)
{
    struct queuedir q;
    struct switches sw;
    struct conversions cv;
    struct worker w;
    unsigned n, kills = 0;

    switches_default(&sw);
    cv = parse_entry(fates[_i].command);
    for (unsigned at = 0;; at++) {
        pid_t pid;

        runner_clean(spool);
        ck_assert_int_eq(queuedir_open(&q, spool), CS_OK);
        w = make_worker(&q, &cv, &sw);
        w.deliver = fates[_i].deliver;
        ck_assert_int_eq(mkdirat(q.fd[QUEUE_TMP], "w0", 0700), 0);
        submit_as(&q, fates[_i].has_no_sender ? "" : "a@example.org", false, "Subject: x\n\nbody\n");
        countdown = at;
        pid = work_in_child(&w, die_at_step);
        bool was_killed = WIFSIGNALED(wait_for(pid));

        kills += was_killed;
        ck_assert_int_eq(queuedir_recover(&q, &n), CS_OK);
        ck_assert_int_eq(wait_for(work_in_child(&w, NULL)), 0);
        ck_assert_int_eq(queuedir_recover(&q, &n), CS_OK);
        for (int f = QUEUE_QUEUE; f < QUEUE_FOLDERS; f++)
            ck_assert_msg(count(&q, (enum queue_folder)f, fates[_i].text) == ((int)fates[_i].where == f) &&
                              count(&q, (enum queue_folder)f, "") == ((int)fates[_i].where == f),
                          "killed at step %u: %zu of %zu files in folder %d", at,
                          count(&q, (enum queue_folder)f, fates[_i].text), count(&q, (enum queue_folder)f, ""), f);
        queuedir_close(&q);
        if (!was_killed)
            break;
    }
    ck_assert_msg(kills >= 2, "only %u steps", kills);
    conversions_free(&cv);
}
END_TEST

/* What a process does that is killed at a step; then the same message must be in one place, whole. */
static void do_submit(struct queuedir *q, struct worker *w)
{
    (void)w;
    submit(q, "Subject: x\n\nbody\n");
}

static void do_submit_held(struct queuedir *q, struct worker *w)
{
    (void)w;
    submit_as(q, "a@example.org", true, "Subject: x\n\nbody\n");
}

static void do_release(struct queuedir *q, struct worker *w)
{
    struct queue_entry *all;
    size_t n;

    (void)w;
    if (queuedir_list(q, QUEUE_QUEUE, true, &all, &n) == CS_OK && n == 1)
        (void)!queuedir_release(q, all[0].m.id);
    free(all);
}

static void do_recover(struct queuedir *q, struct worker *w)
{
    unsigned n;

    (void)w;
    (void)!queuedir_recover(q, &n);
}

/* A worker that is asked to stop before it has begun. */
static void do_stop(struct queuedir *q, struct worker *w)
{
    struct queue_entry *all;
    size_t n;
    int fds[2];

    if (pipe(fds) < 0 || write(fds[1], "x", 1) != 1 || queuedir_list(q, QUEUE_QUEUE, false, &all, &n) != CS_OK)
        _exit(1);
    w->job.stop_fd = fds[0];
    if (n == 1)
        (void)!worker_process(w, all[0].m);
    free(all);
}

static void waiting(struct queuedir *q)
{
    submit(q, "Subject: x\n\nbody\n");
}

static void held(struct queuedir *q)
{
    submit_as(q, "a@example.org", true, "Subject: x\n\nbody\n");
}

/* Claimed by a worker that is gone. */
static void orphan(struct queuedir *q)
{
    struct queue_entry *all;
    size_t n;

    waiting(q);
    ck_assert_int_eq(queuedir_list(q, QUEUE_QUEUE, false, &all, &n), CS_OK);
    ck_assert_int_eq(queuedir_lock(q, &all[0].m), CS_OK);
    ck_assert_int_eq(queuedir_move(q, &all[0].m, QUEUE_WORK, 0), CS_OK);
    queuedir_unlock(&all[0].m);
    free(all);
}

/* The same, when the worker had its successor published. */
static void finished_orphan(struct queuedir *q)
{
    struct queue_entry *all;
    size_t n;

    orphan(q);
    ck_assert_int_eq(queuedir_list(q, QUEUE_WORK, true, &all, &n), CS_OK);
    ck_assert_int_eq(queuedir_create(q, &all[0].m, ""), CS_OK);
    ck_assert_int_eq(fd_write_all(all[0].m.fd, SLICE("convchan-envelope 1\n\nSubject: x\n\nbody\n")), CS_OK);
    ck_assert_int_eq(queuedir_publish(q, &all[0].m, "", QUEUE_READY), CS_OK);
    queuedir_unlock(&all[0].m);
    free(all);
}

static size_t count_names(const char *folder, const char *ending)
{
    char path[200];
    size_t n = 0;
    struct dirent *e;
    DIR *d;

    snprintf(path, sizeof path, "%s/%s", spool, folder);
    d = opendir(path);
    ck_assert_ptr_nonnull(d);
    while ((e = readdir(d)) != NULL)
        n += e->d_name[0] != '.' && slice_ends(slice_str(e->d_name), slice_str(ending));
    closedir(d);
    return n;
}

static void make_file(const struct queuedir *q, const char *name)
{
    int fd = openat(q->fd[QUEUE_TMP], name, O_WRONLY | O_CREAT, 0600);

    ck_assert_int_ge(fd, 0);
    close(fd);
}

/* What nobody has locked is of the dead; what is being written, or is called otherwise, is somebody's. */
START_TEST(a_sweep_takes_what_nobody_owns)
{
    struct queued m = { .id = "mine", .fd = -1 };
    struct queuedir q;
    unsigned n;

    runner_clean(spool);
    ck_assert_int_eq(queuedir_open(&q, spool), CS_OK);
    make_file(&q, "dead.tmp");
    make_file(&q, "mine.tmp");
    make_file(&q, "by-hand");
    ck_assert_int_eq(mkdirat(q.fd[QUEUE_TMP], "folder.tmp", 0700), 0);
    ck_assert_int_eq(symlinkat("../by-hand", q.fd[QUEUE_TMP], "link.tmp"), 0);
    ck_assert_int_eq(queuedir_create(&q, &m, ""), CS_OK);      /* over what a dead process has left under this name */
    ck_assert_int_eq(queuedir_recover(&q, &n), CS_OK);
    ck_assert_int_eq(faccessat(q.fd[QUEUE_TMP], "dead.tmp", F_OK, 0), -1);
    ck_assert_int_eq(faccessat(q.fd[QUEUE_TMP], "mine.tmp", F_OK, 0), 0);
    ck_assert_uint_eq(count_names("tmp", ".tmp"), 3);
    ck_assert_uint_eq(count_names("tmp", ""), 4);
    ck_assert_int_eq(queuedir_publish(&q, &m, "", QUEUE_QUEUE), CS_OK);
    queuedir_unlock(&m);
    ck_assert_uint_eq(count(&q, QUEUE_QUEUE, ""), 1);
    m = (struct queued){ .id = "mine", .fd = -1 };
    make_file(&q, "mine.tmp");
    queuedir_discard(&q, &m, "");       /* not made by us: not ours to remove */
    ck_assert_uint_eq(count_names("tmp", "mine.tmp"), 1);
    queuedir_close(&q);
}
END_TEST

/* One writes, the other sweeps without a pause: everything that was accepted is there, whole, and nothing was refused. */
START_TEST(a_sweep_takes_nothing_from_the_living)
{
    enum { MESSAGES = 3000 };
    struct queuedir q;
    pid_t sweeper;
    unsigned n;

    runner_clean(spool);
    ck_assert_int_eq(queuedir_open(&q, spool), CS_OK);
    q.is_durable = false;
    sweeper = fork();
    if (sweeper == 0)
        for (;;)
            if (queuedir_recover(&q, &n) != CS_OK)
                _exit(1);
    for (int i = 0; i < MESSAGES; i++)
        submit(&q, "Subject: x\n\nbody\n");
    kill(sweeper, SIGKILL);
    ck_assert(WIFSIGNALED(wait_for(sweeper)));
    ck_assert_uint_eq(count(&q, QUEUE_QUEUE, "body\n"), MESSAGES);
    ck_assert_uint_eq(count_names("tmp", ""), 0);
    queuedir_close(&q);
}
END_TEST

static const struct {
    void (*prepare)(struct queuedir *q);        /* NULL: nothing is there */
    void (*act)(struct queuedir *q, struct worker *w);
} acts[] = {
    { NULL, do_submit },            /* killed early it was never accepted: the caller has no id and tries again */
    { NULL, do_submit_held },
    { held, do_release },
    { orphan, do_recover },
    { finished_orphan, do_recover },
    { waiting, do_stop },
};

START_TEST(it_is_in_one_place_when_others_are_killed)
{
    struct conversions cv = parse_entry("cp $INPUT_FILE $OUTPUT_FILE");
    struct switches sw;
    struct queuedir q;
    bool was_killed = true;

    switches_default(&sw);
    for (unsigned at = 0; was_killed; at++) {
        struct worker w;
        size_t found = 0;
        unsigned n;
        pid_t pid;

        runner_clean(spool);
        ck_assert_int_eq(queuedir_open(&q, spool), CS_OK);
        w = make_worker(&q, &cv, &sw);
        if (acts[_i].prepare)
            acts[_i].prepare(&q);
        countdown = at;
        pid = fork();
        if (pid == 0) {
            queuedir_step = die_at_step;
            acts[_i].act(&q, &w);
            _exit(0);
        }
        was_killed = WIFSIGNALED(wait_for(pid));
        ck_assert_int_eq(queuedir_recover(&q, &n), CS_OK);
        for (int f = QUEUE_QUEUE; f < QUEUE_FOLDERS; f++) {
            ck_assert_uint_eq(count(&q, (enum queue_folder)f, ""), count(&q, (enum queue_folder)f, "\n\nbody\n"));
            found += count(&q, (enum queue_folder)f, "");
        }
        ck_assert_msg(found == 1 || (found == 0 && !acts[_i].prepare && at == 0 && was_killed), "killed at step %u: %zu", at, found);
        queuedir_close(&q);
    }
    conversions_free(&cv);
}
END_TEST

/* The list of transitions is the code's: each was killed at, and nothing else was. */
START_TEST(every_transition_had_its_kill)
{
    for (unsigned i = 0; i < N_TRANSITIONS; i++)
        ck_assert_msg(killed[i] > 0, "nobody was killed at %s", transitions[i]);
    ck_assert_msg(killed[N_TRANSITIONS] == 0, "a step that is not in the list");
}
END_TEST

START_TEST(a_message_is_never_claimed_twice)
{
    enum { MESSAGES = 40, WORKERS = 4 };
    struct queuedir q;
    struct switches sw;
    struct conversions cv;
    struct complaints c = { .file = "conversions" };
    struct worker w;
    pid_t pids[WORKERS];

    switches_default(&sw);
    ck_assert_int_eq(conversions_parse(SLICE("in-type=*; command=\"cp $INPUT_FILE $OUTPUT_FILE\"\n"), &c, &cv), CS_OK);
    runner_clean(spool);
    ck_assert_int_eq(queuedir_open(&q, spool), CS_OK);
    q.is_durable = false;
    for (int i = 0; i < MESSAGES; i++)
        submit(&q, "Subject: x\n\nbody\n");
    w = make_worker(&q, &cv, &sw);
    for (int i = 0; i < WORKERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct queue_entry *all;
            size_t n;
            int mine = 0;

            if (queuedir_list(&q, QUEUE_QUEUE, false, &all, &n) != CS_OK)
                _exit(100);
            for (size_t k = 0; k < n; k++)
                mine += worker_process(&w, all[k].m) == CS_OK;
            _exit(mine);
        }
    }
    int total = 0;
    for (int i = 0; i < WORKERS; i++)
        total += WEXITSTATUS(wait_for(pids[i]));
    ck_assert_int_eq(total, MESSAGES);
    ck_assert_uint_eq(count(&q, QUEUE_OUT, "body\n"), MESSAGES);
    queuedir_close(&q);
    conversions_free(&cv);
}
END_TEST

static void work_one(struct queuedir *q, struct worker *w, const char *text)
{
    struct queue_entry *all;
    size_t n;

    submit(q, text);
    ck_assert_int_eq(queuedir_list(q, QUEUE_QUEUE, false, &all, &n), CS_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(worker_process(w, all[0].m), CS_OK);
    free(all);
}

/* The file of a message that is through takes a later one's successor, whole and no more; but not when somebody else has a name for it. */
START_TEST(a_file_is_written_over)
{
    struct conversions cv = parse_entry("cat $INPUT_FILE >$OUTPUT_FILE; echo more >>$OUTPUT_FILE");
    const bool is_taken = _i;
    struct mapfile taken;
    struct switches sw;
    struct queuedir q;
    struct worker w;
    struct stat spare, after;
    char text[3000];

    switches_default(&sw);
    runner_clean(spool);
    ck_assert_int_eq(queuedir_open(&q, spool), CS_OK);
    ck_assert_int_eq(mkdirat(q.fd[QUEUE_TMP], "w0", 0700), 0);
    w = make_worker(&q, &cv, &sw);
    memset(text, 'a', sizeof text);
    memcpy(text, "Subject: x\n\n", 12);
    memcpy(text + sizeof text - 2, "\n", 2);
    work_one(&q, &w, text);
    ck_assert_uint_eq(count(&q, QUEUE_OUT, "aaa\nmore\n"), 1);
    ck_assert_int_eq(fstatat(q.fd[QUEUE_TMP], "w0/spare.1", &spare, 0), 0);
    if (is_taken)
        ck_assert_int_eq(linkat(q.fd[QUEUE_TMP], "w0/spare.1", q.top, "taken", 0), 0);
    work_one(&q, &w, "Subject: x\n\nb\n");
    ck_assert_uint_eq(count(&q, QUEUE_OUT, "\n\nb\nmore\n"), 1);
    ck_assert_uint_eq(count(&q, QUEUE_OUT, ""), 2);
    ck_assert_int_eq(fstatat(q.fd[QUEUE_TMP], "w0/spare.1", &after, 0), 0);
    ck_assert(after.st_ino != spare.st_ino);
    if (is_taken) {
        snprintf(text, sizeof text, "%s/taken", spool);
        ck_assert_int_eq(mapfile_open(&taken, text, MAPFILE_COPY, 10000), CS_OK);
        ck_assert(slice_ends(taken.data, SLICE("aaa\n")));
        mapfile_close(&taken);
    }
    queuedir_close(&q);
    conversions_free(&cv);
}
END_TEST

START_TEST(steps_are_hooked)
{
    struct queuedir q;

    runner_clean(spool);
    ck_assert_int_eq(queuedir_open(&q, spool), CS_OK);
    queuedir_step = count_step;
    submit(&q, "x");
    queuedir_step = NULL;
    ck_assert_uint_ge(steps, 2);
    queuedir_close(&q);
}
END_TEST

START_TEST(held_messages_are_released)
{
    struct queuedir q;
    struct queue_entry *all;
    size_t n;

    runner_clean(spool);
    ck_assert_int_eq(queuedir_open(&q, spool), CS_OK);
    submit(&q, "x");
    ck_assert_int_eq(queuedir_list(&q, QUEUE_QUEUE, false, &all, &n), CS_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(queuedir_lock(&q, &all[0].m), CS_OK);
    ck_assert_int_eq(queuedir_move(&q, &all[0].m, QUEUE_QUEUE, QUEUE_HELD), CS_OK);
    ck_assert_int_eq(queuedir_release(&q, all[0].m.id), CS_NOENT);         /* somebody holds it in his hands */
    queuedir_unlock(&all[0].m);
    ck_assert_int_eq(queuedir_release(&q, "../x"), CS_INVALID);
    ck_assert_int_eq(queuedir_release(&q, "unknown"), CS_NOENT);
    ck_assert_int_eq(queuedir_release(&q, all[0].m.id), CS_OK);
    free(all);
    ck_assert_int_eq(queuedir_list(&q, QUEUE_QUEUE, false, &all, &n), CS_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(all[0].m.attempts, 0);
    free(all);
    queuedir_close(&q);
}
END_TEST

START_TEST(names_are_read)
{
    static const struct {
        const char *name;
        bool is_good;
        unsigned attempts;
    } cases[] = {
        { "ZZ1.00", true, 0 }, { "ZZ1.17", true, 17 }, { "ZZ1.HELD", true, QUEUE_HELD }, { "a.b.03", true, 3 },
        { ".00", false, 0 }, { ".x.00", false, 0 }, { "ZZ1", false, 0 }, { "ZZ1.0", false, 0 }, { "ZZ1.000", false, 0 },
        { "ZZ1.tmp", false, 0 }, { "", false, 0 },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.00", false, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct queued m = { .fd = -1 };
        char name[QUEUE_NAME];

        ck_assert_msg(queued_parse(cases[i].name, &m) == cases[i].is_good, "%s", cases[i].name);
        if (!cases[i].is_good)
            continue;
        ck_assert_uint_eq(m.attempts, cases[i].attempts);
        queued_name(&m, name);
        ck_assert_str_eq(name, cases[i].name);
    }
}
END_TEST

START_TEST(the_server_waits)
{
    static const unsigned minutes[3][9] = { [PRIORITY_URGENT] = { 30, 60, 60, 120, 120, 120, 240, 240, 240 },
                                            [PRIORITY_NORMAL] = { 60, 120, 120, 240, 240, 240, 480, 480, 480 },
                                            [PRIORITY_NONURGENT] = { 120, 240, 240, 480, 480, 480, 960, 960, 960 } };
    struct backoff b;

    backoff_default(&b);
    for (int p = 0; p < 3; p++)
        for (unsigned i = 0; i < 9; i++)
            ck_assert_uint_eq(backoff_seconds(&b, (enum priority)p, i + 1), minutes[p][i] * 60u);
    ck_assert_int_eq(backoff_set(&b, SLICE("pt5m,PT15M, P1DT1S")), CS_OK);
    ck_assert_uint_eq(backoff_seconds(&b, PRIORITY_NORMAL, 1), 300);
    ck_assert_uint_eq(backoff_seconds(&b, PRIORITY_NORMAL, 9), 86401);
    ck_assert_uint_eq(backoff_seconds(&b, PRIORITY_NONURGENT, 2), 1800);
}
END_TEST

START_TEST(durations_are_read)
{
    static const struct {
        const char *text;
        bool is_good;
        uint64_t seconds;
    } cases[] = {
        { "PT5M", true, 300 }, { "pt1h30m", true, 5400 }, { "P1W", true, 604800 }, { "P1DT1S", true, 86401 },
        { "P", false, 0 }, { "PT", false, 0 }, { "5M", false, 0 }, { "PT5", false, 0 }, { "P5M", false, 0 },
        { "PTT5M", false, 0 }, { "PT99999999M", false, 0 }, { "PT-5M", false, 0 }, { "", false, 0 },
    };
    uint64_t s;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(backoff_duration(slice_str(cases[i].text), &s) == cases[i].is_good, "%s", cases[i].text);
        if (cases[i].is_good)
            ck_assert_uint_eq(s, cases[i].seconds);
    }
}
END_TEST

START_TEST(envelopes_come_back)
{
    static struct envelope e, back;
    struct buf b = buf_init(100000);
    struct slice msg;

    e = (struct envelope){ .from = SLICE(""), .to = { SLICE("a@b"), SLICE("c@d") }, .n_to = 2, .in_chan = SLICE("i"),
                           .out_chan = SLICE("o"), .tags = SLICE("t"), .arrived = 1234567, .priority = PRIORITY_URGENT };
    ck_assert_int_eq(envelope_write(&e, &b), CS_OK);
    ck_assert_int_eq(buf_puts(&b, "\nSubject: x\n\nfrom y\n"), CS_OK);
    ck_assert(envelope_read(buf_slice(&b), &back, &msg));
    ck_assert(slice_eq(msg, SLICE("\nSubject: x\n\nfrom y\n")));
    ck_assert_uint_eq(back.n_to, 2);
    ck_assert(slice_eq(back.to[1], SLICE("c@d")) && back.from.n == 0 && slice_eq(back.tags, SLICE("t")));
    ck_assert_uint_eq(back.arrived, 1234567);
    ck_assert_int_eq(back.priority, PRIORITY_URGENT);
    ck_assert(!envelope_read(SLICE("Subject: x\n\nbody"), &back, &msg));
    ck_assert(slice_eq(msg, SLICE("Subject: x\n\nbody")));
    e.from = SLICE("a b@c");
    ck_assert_int_eq(envelope_write(&e, &b), CS_INVALID);
    e.from = SLICE("a\nto: z@c");
    ck_assert_int_eq(envelope_write(&e, &b), CS_INVALID);
    buf_release(&b);
}
END_TEST

START_TEST(a_bounce_is_a_report)
{
    static struct envelope e;
    struct buf b = buf_init(100000);
    struct bounce n = { .host = "mx.example.org", .id = "ZZ1", .envelope = &e, .diagnostic = "infected: X",
                        .message = SLICE("Subject: x\r\n--=_refused_ZZ1\r\n\r\nsecret body\r\n"), .reason = "Refused for" };

    e = (struct envelope){ .from = SLICE("a@b"), .to = { SLICE("c@d") }, .n_to = 1 };
    ck_assert_int_eq(bounce_write(&n, &b), CS_OK);
    ck_assert(slice_find(buf_slice(&b), SLICE("To: a@b\n")) < b.n);
    ck_assert(slice_find(buf_slice(&b), SLICE("Final-Recipient: rfc822; c@d\n")) < b.n);
    ck_assert(slice_find(buf_slice(&b), SLICE("The reason given was: infected: X\n")) < b.n);
    ck_assert(slice_find(buf_slice(&b), SLICE("\n --=_refused_ZZ1\n")) < b.n);
    ck_assert(slice_find(buf_slice(&b), SLICE("secret body")) == b.n);
    b.n = 0;
    n.sample = SLICE("a sample\n");
    ck_assert_int_eq(bounce_write(&n, &b), CS_OK);
    ck_assert(slice_find(buf_slice(&b), SLICE("a sample\n")) < b.n);
    buf_release(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("queue");
    TCase *t = tcase_create("all");
    SRunner *r = srunner_create(s);
    int failed;

    killed = mmap(NULL, (N_TRANSITIONS + 1) * sizeof *killed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (killed == MAP_FAILED || !mkdtemp(spool))
        return 1;
    suite_add_tcase(s, t);
    tcase_add_loop_test(t, a_message_survives_a_kill_at_any_step, 0, (int)(sizeof fates / sizeof *fates));
    tcase_add_loop_test(t, it_is_in_one_place_when_others_are_killed, 0, (int)(sizeof acts / sizeof *acts));
    tcase_add_test(t, every_transition_had_its_kill);
    tcase_add_test(t, a_message_is_never_claimed_twice);
    tcase_add_loop_test(t, a_file_is_written_over, 0, 2);
    tcase_add_test(t, a_sweep_takes_what_nobody_owns);
    tcase_add_test(t, a_sweep_takes_nothing_from_the_living);
    tcase_add_test(t, steps_are_hooked);
    tcase_add_test(t, held_messages_are_released);
    tcase_add_test(t, names_are_read);
    tcase_add_test(t, the_server_waits);
    tcase_add_test(t, durations_are_read);
    tcase_add_test(t, envelopes_come_back);
    tcase_add_test(t, a_bounce_is_a_report);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    runner_clean(spool);
    rmdir(spool);
    return failed ? 1 : 0;
}
