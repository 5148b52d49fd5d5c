/*
 * conf.h - the settings: one table in conf.c with name, field, default, bounds and help.
 *
 *   Owns      the strings of a struct conf, until conf_release().
 *   Fails     conf_load(): CS_INVALID with FILE:LINE in why; then every setting has a usable value all the same (the default
 *             where the file was wrong), and the caller takes the class `error` action.
 *   Bounded   a file of CONF_MAX_BYTES, lines of CONF_MAX_LINE, CONF_RULES overrides.
 */
#ifndef CONVSCAN_CONF_H
#define CONVSCAN_CONF_H

#include "base/slice.h"
#include "base/status.h"
#include "verdict.h"

enum { CONF_MAX_BYTES = 1 << 20, CONF_MAX_LINE = 4096, CONF_RULES = 200 };

#define CONF_PATH "/etc/convscan/convscan.conf"

enum action {
    ACT_PASS, ACT_TAG, ACT_CLEAN, ACT_REPLACE, ACT_DELETE, ACT_HOLD, ACT_RETURN, ACT_DISCARD, ACT_POSTMASTER, ACT_RETRY,
    ACT_N
};
const char *action_name(enum action a);
bool action_find(struct slice name, enum action *out);

/* What to do about one class. */
struct conf_class {
    unsigned action, otherwise;         /* enum action; otherwise: when cleaning is not possible */
    unsigned quarantine;                /* 0 or 1: keep a copy */
    char *notice;                       /* folder of templates; NULL or empty: those of [notice] */
};

enum { CONF_NOT_SET = 99 };

/* [override NAME]: for the parts it matches, what it sets counts instead of the class section. The first that matches counts. */
struct conf_rule {
    char name[64];
    char *cls, *in, *out, *recipient, *sender, *signature;      /* patterns with * and ?; NULL matches all */
    unsigned action, otherwise, quarantine;                     /* CONF_NOT_SET: as the class says */
};

struct conf {
    struct conf_class classes[CLS_N];
    struct conf_rule *rules;
    size_t n_rules;
    struct {
        uint64_t depth, objects, object_bytes, total_bytes, ratio, ratio_from, time, memory;
    } limit;
    struct {
        char *folder, *spool, *passwords;
        unsigned helper;
    } scan;
    struct {
        char *file;
        unsigned syslog;
    } log;
    struct {
        char *block, *allow, *unless_text, *block_types, *block_media, *block_magic;
        unsigned any, hidden, files;
    } names;
    struct {
        char *folder, *language, *contact, *domains;
        unsigned html;
    } notice;
    struct {
        unsigned avoid;                 /* bits, 1u << action: statuses that the server does not know */
        unsigned link;                  /* what passes is handed over as a second name of its file */
    } channel;
    struct {
        char *folder;
    } quarantine;
    struct {
        unsigned on, action;
        uint64_t rate, interval;
        char *file;
    } flood;
    bool has_file;                      /* false: built-in defaults alone */
};

/* All defaults. */
enum cs_status conf_defaults(struct conf *c) MUST_USE;
/* path NULL: CONF_PATH, and when that is missing the defaults. */
enum cs_status conf_load(struct conf *c, const char *path, char why[256]) MUST_USE;
void conf_release(struct conf *c);

/* What a part is judged by; NULL matches patterns that match nothing at all. */
struct conf_case {
    enum cls cls;
    const char *in, *out, *recipients, *sender, *signature;     /* recipients: addresses with blanks between */
    bool is_envelope;           /* these are all the recipients: it is decided for each, and the severest counts */
};
struct conf_class conf_decide(const struct conf *c, const struct conf_case *k);

/* One line a setting, "section.name = value", to out; with all, also those that have their default. */
struct buf;
enum cs_status conf_print(const struct conf *c, bool all, struct buf *out) MUST_USE;

/* The next word of a list (blanks and commas between), or an empty slice. */
struct slice conf_word(struct slice *list);

/* Does the text match the pattern (*, ?; ASCII case does not matter)? At most one step for each pair of bytes. */
bool pattern_matches(struct slice pattern, struct slice text);

#endif
