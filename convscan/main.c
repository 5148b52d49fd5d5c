/*
 * main.c - the order of events and the exit status.
 *
 * In the channel the exit status is 0 whenever a verdict was handed over, 75 where that was not possible.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/arena.h"
#include "base/diag.h"
#include "base/mapfile.h"
#include "channel.h"
#include "conf.h"
#include "cage.h"
#include "confine.h"
#include "dbset.h"
#include "filemode.h"
#include "notice.h"
#include "notice_lang.h"
#include "options.h"
#include "variables.h"
#include "watchdog.h"

enum { EXIT_TROUBLE = 2, EXIT_RETRY = 75, UVSCAN_DRIVER_BAD = 2, UVSCAN_GENERAL = 6, UVSCAN_NO_DRIVER = 8, UVSCAN_SELFTEST = 15 };

static int print(struct buf *b)
{
    enum cs_status st = fd_write_all(STDOUT_FILENO, buf_slice(b));

    buf_release(b);
    return st == CS_OK ? 0 : EXIT_TROUBLE;
}

static int print_version(const struct dbset *dbs)
{
    struct buf b = buf_init(1 << 20);
    enum cs_status st = buf_puts(&b, "convscan " CONVSCAN_VERSION "\n");

    for (size_t i = 0; i < dbs->n && st == CS_OK; i++) {
        struct vdl_info info;

        vdl_info(dbs->dbs[i], &info);
        st = buf_printf(&b, "%s: %u rules, %016llx %.*s\n", info.path, info.rules, (unsigned long long)info.digest,
                        (int)info.version.n, (const char *)info.version.p);
    }
    return print(&b);
}

static int print_config(const struct options *o, const struct conf *c, enum cs_status st, const char *why)
{
    struct buf b = buf_init(1 << 20);

    if (st != CS_OK) {
        diag_warn("%s", why);
        return EXIT_TROUBLE;
    }
    if (o->prints_config && conf_print(c, o->wants_all, &b) != CS_OK)
        return EXIT_TROUBLE;
    return print(&b);
}

/* The notice with sample values: the text, or the part with its header lines where an HTML page stands beside it. */
static enum cs_status preview(const struct conf *c, const char *language, struct buf *out)
{
    const struct notice_facts sample = {
        .virus = "EICAR-Test-File", .file = "invoice.exe", .type = "application/octet-stream", .size = "68", .sender = "sender@example.org",
        .subject = "Your invoice", .date = "2026-01-01 12:00 UTC", .host = "mail.example.org", .action = "replace", .id = "643f1a.2b",
        .cls = CLS_VIRUS, .languages = language,
    };
    struct buf text = buf_init(NOTICE_MAX), page = buf_init(NOTICE_BOTH), body = buf_init(NOTICE_BOTH);
    struct notice_both b = { .name = slice_str(sample.file), .id = sample.id };
    enum cs_status st = notice_text(c, &sample, c->notice.html ? &text : out);

    if (st != CS_OK || !c->notice.html)
        return st;
    b.text = buf_slice(&text);
    st = notice_page(c, &sample, b.text, &page);
    b.page = buf_slice(&page);
    if (st == CS_OK)
        st = notice_alternative(&b, out, &body);
    if (st == CS_OK)
        st = buf_putc(out, '\n');
    if (st == CS_OK)
        st = buf_put(out, buf_slice(&body));
    buf_release(&text), buf_release(&page), buf_release(&body);
    return st;
}

static int show_notice(const struct options *o, const struct conf *c)
{
    const struct notice_lang *l = o->print_notice ? notice_lang_find(o->print_notice) : NULL;
    struct buf b = buf_init(NOTICE_BOTH);
    enum cs_status st;

    if (o->print_notice)
        st = l ? buf_puts(&b, l->text) : CS_NOENT;
    else
        st = preview(c, o->preview_notice, &b);
    if (st != CS_OK) {
        diag_warn("no notice in this language");
        return EXIT_TROUBLE;
    }
    return print(&b);
}

/* The watchdog before the cage, which forbids to set it up; filemode.c gives it an answer for each file. */
static void arm(void)
{
    static const struct watchdog_answer answer = { .line.fd = -1, .status = EXIT_TROUBLE, .status_failed = EXIT_TROUBLE };

    watchdog_arm(&answer, 0);
}

static int caged_files(const struct options *o, const struct conf *conf, const struct dbset *dbs)
{
    arm();
    if (!o->move && !o->is_delete && !o->is_clean)
        (void)confine_files(conf, NULL);
    return filemode_run(o, conf, dbs);
}

/* In the cage, as a part would be; what the kernel cannot close is said, and is no failure. */
static int caged_selftest(const struct conf *conf, const struct dbset *dbs)
{
    unsigned lacks;
    char text[80];

    arm();
    lacks = confine_files(conf, NULL);
    cage_missing(lacks, text);
    if (lacks)
        diag_warn("selftest: this kernel's cage lacks %s", text);
    else
        diag_warn("selftest: the cage closes");
    return filemode_selftest(conf, dbs);
}

/* Settings and databases, and what to do with them; no verdict is due yet when they fail. */
static int file_mode(const struct options *o)
{
    struct conf conf;
    struct dbset dbs = { .n = 0 };
    char why[256];
    enum cs_status st = conf_load(&conf, o->config, why);
    int status;

    if (o->checks_config || o->prints_config)
        return print_config(o, &conf, st, why);
    if (st == CS_OK && (o->preview_notice || o->print_notice))
        return show_notice(o, &conf);
    if (st == CS_OK)
        st = dbset_open(&dbs, o->dbs, o->n_dbs, conf.scan.folder, why);
    if (st != CS_OK && !o->wants_version) {
        diag_warn("%s", why);
        if (o->is_uvscan)
            status = st == CS_NOENT ? UVSCAN_NO_DRIVER : st == CS_INVALID ? UVSCAN_GENERAL : UVSCAN_DRIVER_BAD;
        else
            status = EXIT_TROUBLE;
    } else if (o->wants_version) {
        status = print_version(&dbs);
    } else if (o->wants_selftest) {
        status = caged_selftest(&conf, &dbs) == 0 ? 0 : o->is_uvscan ? UVSCAN_SELFTEST : EXIT_TROUBLE;
    } else {
        status = caged_files(o, &conf, &dbs);
    }
    dbset_close(&dbs);
    conf_release(&conf);
    return status;
}

/* bad: a command line that could not be read; also then a verdict is due. */
static int channel_mode(const struct options *o, const char *bad)
{
    static struct channel ch;   /* static: these last until exit() */
    static struct conf conf;
    static struct dbset dbs;
    char why[256];
    struct channel_trouble before = { .why = why };

    channel_read_environment(&ch, o->n_paths == 2 ? o->paths[0] : NULL, o->n_paths == 2 ? o->paths[1] : NULL);
    before.status = conf_load(&conf, o->config, why);
    if (bad)
        before = (struct channel_trouble){ CS_INVALID, bad };
    if (before.status == CS_OK)
        before.status = dbset_open(&dbs, o->dbs, o->n_dbs, conf.scan.folder, why);
    return channel_run(&ch, &conf, &dbs, before);
}

/* Some library ends the program on its own: that is a crash, and watchdog.c has the answer. */
static bool may_exit = true;

static void at_exit(void)
{
    if (!may_exit)
        abort();
}

/* From here on, only leave() ends the program. */
static void stay(void)
{
    may_exit = false;
    atexit(at_exit);
}

static bool is_awaited;         /* somebody waits for a word at the other end of standard input */

static _Noreturn void leave(int status)
{
    may_exit = true;
    if (is_awaited)
        variables_answer(STDIN_FILENO, status);
    exit(status);
}

/* Options that want to know something, whatever the environment says. */
static bool asks(const struct options *o)
{
    return o->wants_help || o->wants_version || o->wants_selftest || o->checks_config || o->prints_config || o->preview_notice ||
           o->print_notice;
}

static bool is_channel(const struct options *o)
{
    const char *in = getenv("INPUT_FILE"), *out = getenv("OUTPUT_FILE");

    if (asks(o))
        return false;
    return (in && in[0] && o->n_paths == 0) || (o->n_paths == 2 && ((in && in[0]) || (out && out[0]) || getenv("OUTPUT_OPTIONS")));
}

/* Settings and databases are opened once and closed again, so that the program and they are in memory. What counts is what they are
 * when the part is there: they are opened anew then. */
static void warm_up(const struct options *o)
{
    struct conf conf;
    struct dbset dbs = { .n = 0 };
    char why[256];

    if (conf_load(&conf, o->config, why) == CS_OK && dbset_open(&dbs, o->dbs, o->n_dbs, conf.scan.folder, why) == CS_OK)
        dbset_close(&dbs);
    conf_release(&conf);
}

/* False when no part came, or not all that belongs to it: nothing was looked at, and nobody may take that for a verdict. */
static bool wait_for_part(const struct options *o)
{
    if (asks(o) || o->n_paths)
        return false;
    warm_up(o);
    is_awaited = variables_take(STDIN_FILENO) && is_channel(o);
    return is_awaited;
}

int main(int argc, char **argv)
{
    struct options o;
    char why[256];

    diag_program("convscan");
    arena_keep();
    stay();
    if (!options_parse(argc, argv, &o, why)) {
        diag_warn("%s", why);
        if (is_channel(&o))
            leave(channel_mode(&o, why));
        leave(o.is_uvscan ? UVSCAN_GENERAL : EXIT_TROUBLE);
    }
    if (o.is_waiting && !wait_for_part(&o))
        leave(EXIT_RETRY);
    if (is_channel(&o))
        leave(channel_mode(&o, NULL));
    if (o.wants_help || (o.n_paths == 0 && !asks(&o))) {
        struct buf b = buf_init(1 << 16);

        leave(buf_puts(&b, options_help()) == CS_OK && print(&b) == 0 && o.wants_help ? 0 : EXIT_TROUBLE);
    }
    leave(file_mode(&o));
}
