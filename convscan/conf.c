#include "conf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include <ini.h>

#include "base/buf.h"
#include "base/mapfile.h"

/*
 * What mail systems refuse today: programs, scripts, shortcuts, installers, packages, disk images, add-ins, web queries, notebooks that
 * carry files, and document forms that are macros alone. In the order of the alphabet.
 */
#define BLOCKED \
    "accda accde accdr ade adp ahk apk app appcontent-ms appinstaller applescript application " \
    "appref-ms appx appxbundle asp aspx asx bas bat bgi cab cer chm cmd cnt com command cpl crt csh " \
    "deb der deskthemepack dex diagcab diagcfg diagpkg dll dmg dqy drv dylib elf ex ex_ exe fxp " \
    "gadget grp hlp hpj hta htc img inf ins iqy iso isp its jar jnl jnlp js jse kext ksh lib " \
    "library-ms lnk mad maf mag mam maq mar mas mat mau mav maw mcf mda mdb mde mdt mdw mdz mjs mpkg " \
    "msc msh msh1 msh1xml msh2 msh2xml mshxml msi msix msixbundle msp mst msu nsh ocx one onepkg ops " \
    "oqy osd pcd pif pkg pl plg ppa ppam prf prg printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 " \
    "psdm1 psm1 pst py pyc pyd pyo pyw pyz pyzw rdp reg rgs rpm rqy scf scpt scptd scr sct search-ms " \
    "searchconnector-ms settingcontent-ms shb shs slk sys terminal theme themepack udl url vb " \
    "vbe vbp vbs vbscript vhd vhdx vsmacros vsw vxd webpnp website wll workflow ws wsb wsc wsf wsh " \
    "xbap xla xlam xll xlm xnk xpi"

#define BLOCKED_MEDIA \
    "application/x-msdownload application/x-msdos-program application/x-dosexec application/x-msi application/hta " \
    "application/vnd.microsoft.portable-executable application/x-ms-shortcut application/x-ms-application"

enum kind { NUMBER, SIZE, SWITCH, TEXT, LIST, ACTION, ACTIONS };

struct setting {
    const char *section, *name;
    enum kind kind;
    size_t at;                  /* offsetof(struct conf, …) */
    const char *text;           /* default of TEXT and ACTION */
    uint64_t number, min, max;  /* default and bounds of the others */
    const char *help;
};

#define AT(field) offsetof(struct conf, field)
#define MB (1024 * 1024ull)
#define CLASS(word, c, act, other)                                                                                       \
    { word, "action", ACTION, AT(classes[c].action), act, 0, 0, 0, "what happens to a part of this class" },              \
    { word, "else", ACTION, AT(classes[c].otherwise), other, 0, 0, 0, "when cleaning is not possible" },                  \
    { word, "quarantine", SWITCH, AT(classes[c].quarantine), NULL, 0, 0, 1, "keep a copy" },                             \
    { word, "notice", TEXT, AT(classes[c].notice), "", 0, 0, 0, "templates LANG.txt of this class; before those of [notice]" }

static const struct setting settings[] = {
    CLASS("virus", CLS_VIRUS, "clean", "replace"),
    CLASS("ext", CLS_EXT, "replace", "replace"),
    CLASS("spam", CLS_SPAM, "tag", "replace"),
    CLASS("encrypted", CLS_ENCRYPTED, "tag", "replace"),
    CLASS("limit", CLS_LIMIT, "hold", "replace"),
    CLASS("error", CLS_ERROR, "retry", "retry"),
    { "limits", "depth", NUMBER, AT(limit.depth), NULL, 16, 1, 64, "objects inside objects" },
    { "limits", "objects", NUMBER, AT(limit.objects), NULL, 10000, 1, 10000000, "objects of one part, in all" },
    { "limits", "object_bytes", SIZE, AT(limit.object_bytes), NULL, 256 * MB, 1024, 1 << 30, "one object, unpacked" },
    { "limits", "total_bytes", SIZE, AT(limit.total_bytes), NULL, 1024 * MB, 1024, 1ull << 40, "all objects of a part" },
    { "limits", "ratio", NUMBER, AT(limit.ratio), NULL, 200, 2, 100000, "unpacked bytes for each packed one" },
    { "limits", "ratio_from", SIZE, AT(limit.ratio_from), NULL, 16 * MB, 0, 1ull << 40, "unpacked bytes before the ratio counts" },
    { "limits", "time", NUMBER, AT(limit.time), NULL, 60, 1, 3600, "seconds for one part" },
    { "limits", "memory", SIZE, AT(limit.memory), NULL, 64 * MB, 65536, 1 << 30, "unpacked bytes in memory; more goes to the spool" },
    { "scan", "database", TEXT, AT(scan.folder), "", 0, 0, 0, "folder of *.vdb images; empty: see convscan(1)" },
    { "scan", "spool", TEXT, AT(scan.spool), "", 0, 0, 0, "for what does not fit in memory; empty: the folder of the output, or /tmp" },
    { "scan", "passwords", LIST, AT(scan.passwords), "infected", 0, 0, 0, "words to try on locked archives" },
    { "scan", "helper", SWITCH, AT(scan.helper), NULL, 1, 0, 1, "a second thread looks at what is inside objects of 1 MB and more" },
    { "log", "file", TEXT, AT(log.file), "", 0, 0, 0, "one line a part is appended here" },
    { "log", "syslog", SWITCH, AT(log.syslog), NULL, 0, 0, 1, "and goes to the system log" },
    { "names", "block", LIST, AT(names.block), BLOCKED, 0, 0, 0, "last extensions that are blocked" },
    { "names", "any", SWITCH, AT(names.any), NULL, 0, 0, 1, "not the last extension alone: any of a name's" },
    { "names", "allow", LIST, AT(names.allow), "", 0, 0, 0, "extensions taken out of that list" },
    { "names", "unless_text", LIST, AT(names.unless_text), "com", 0, 0, 0, "blocked only when the content is no text: web sites end so too" },
    { "names", "block_types", LIST, AT(names.block_types), "", 0, 0, 0, "type words of content that is blocked" },
    { "names", "block_media", LIST, AT(names.block_media), BLOCKED_MEDIA, 0, 0, 0, "declared media types that are blocked; patterns" },
    { "names", "block_magic", LIST, AT(names.block_magic), "", 0, 0, 0, "media types by libmagic, for what has no type word; patterns" },
    { "names", "hidden", SWITCH, AT(names.hidden), NULL, 1, 0, 1, "block programs behind a harmless extension" },
    { "names", "files", SWITCH, AT(names.files), NULL, 1, 0, 1, "in file mode too, for what is inside the file" },
    { "notice", "folder", TEXT, AT(notice.folder), "", 0, 0, 0, "templates LANG.txt; empty: the built-in text" },
    { "notice", "language", TEXT, AT(notice.language), "en", 0, 0, 0, "when the message names none that is there" },
    { "notice", "domains", LIST, AT(notice.domains), "", 0, 0, 0, "PATTERN:LANGUAGE, by the recipient's domain, when the message names none" },
    { "notice", "html", SWITCH, AT(notice.html), NULL, 0, 0, 1, "an HTML page beside the text" },
    { "notice", "contact", TEXT, AT(notice.contact), "", 0, 0, 0, "whom recipients may ask" },
    { "flood", "on", SWITCH, AT(flood.on), NULL, 0, 0, 1, "count hits of a signature, and act otherwise above a rate" },
    { "flood", "rate", NUMBER, AT(flood.rate), NULL, 100, 1, 1000000, "hits of one signature in an interval" },
    { "flood", "interval", NUMBER, AT(flood.interval), NULL, 600, 1, 86400, "seconds" },
    { "flood", "action", ACTION, AT(flood.action), "discard", 0, 0, 0, "above the rate" },
    { "flood", "file", TEXT, AT(flood.file), "/var/lib/convscan/flood", 0, 0, 0, "the counters" },
    { "channel", "avoid", ACTIONS, AT(channel.avoid), "", 0, 0, 0, "statuses that this server does not know: hold is answered instead" },
    { "channel", "link", SWITCH, AT(channel.link), NULL, 0, 0, 1, "what passes is handed over as a second name of the input file, not as a copy" },
    { "quarantine", "folder", TEXT, AT(quarantine.folder), "", 0, 0, 0, "a Maildir" },
};
enum { N_SETTINGS = sizeof settings / sizeof *settings };

static const char *const action_names[ACT_N] = {
    [ACT_PASS] = "pass",     [ACT_TAG] = "tag",   [ACT_CLEAN] = "clean",     [ACT_REPLACE] = "replace", [ACT_DELETE] = "delete",
    [ACT_HOLD] = "hold",     [ACT_RETURN] = "return", [ACT_DISCARD] = "discard", [ACT_POSTMASTER] = "postmaster",
    [ACT_RETRY] = "retry",
};

const char *action_name(enum action a)
{
    return a < ACT_N ? action_names[a] : "retry";
}

bool action_find(struct slice name, enum action *out)
{
    for (int a = 0; a < ACT_N; a++)
        if (slice_eq(name, slice_str(action_names[a]))) {
            *out = (enum action)a;
            return true;
        }
    return false;
}

static void *field_of(const struct conf *c, const struct setting *s)
{
    return (char *)(uintptr_t)c + s->at;
}

/* before: what a list was called in earlier lines; continuation lines add to it. */
static enum cs_status set_text(char **field, const char *before, const char *value)
{
    size_t size = (before ? strlen(before) + 1 : 0) + strlen(value) + 1;
    char *text = malloc(size);

    if (!text)
        return CS_NOMEM;
    text_print(text, size, "%s%s%s", before ? before : "", before ? " " : "", value);
    free(*field);
    *field = text[0] ? text : NULL;
    if (!text[0])
        free(text);
    return CS_OK;
}

static void set_number(struct conf *c, const struct setting *s, uint64_t v)
{
    if (s->kind == NUMBER || s->kind == SIZE)
        *(uint64_t *)field_of(c, s) = v;
    else
        *(unsigned *)field_of(c, s) = (unsigned)v;
}

/* The texts of the defaults are constants: they are copied only when a file or an option changes them, see conf_text(). */
static enum cs_status set_default(struct conf *c, const struct setting *s)
{
    enum action a;

    if (s->kind == ACTION && action_find(slice_str(s->text), &a))
        set_number(c, s, a);
    else if (s->kind != TEXT && s->kind != LIST)        /* of ACTIONS: none */
        set_number(c, s, s->number);
    else if (s->text[0])
        *(const char **)field_of(c, s) = s->text;
    return CS_OK;
}

enum cs_status conf_defaults(struct conf *c)
{
    enum cs_status st = CS_OK;

    *c = (struct conf){ .rules = NULL };
    for (size_t i = 0; i < N_SETTINGS && st == CS_OK; i++)
        st = set_default(c, &settings[i]);
    c->classes[CLS_CLEAN].action = c->classes[CLS_CLEAN].otherwise = ACT_PASS;
    return st;
}

static bool parse_switch(struct slice v, uint64_t *out)
{
    static const char *const words[] = { "no", "yes", "off", "on", "false", "true", "0", "1" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_ieq(v, slice_str(words[i]))) {
            *out = i & 1;
            return true;
        }
    return false;
}

static bool parse_number(struct slice v, bool has_unit, uint64_t *out)
{
    uint64_t n = 0, unit = 1;
    size_t i = 0;

    for (; i < v.n && ascii_is_digit(v.p[i]); i++)
        if (__builtin_mul_overflow(n, (uint64_t)10, &n) || __builtin_add_overflow(n, (uint64_t)(v.p[i] - '0'), &n))
            return false;
    if (i == 0)
        return false;
    if (has_unit && i + 1 == v.n) {
        uint8_t u = ascii_lower(v.p[i++]);

        unit = u == 'k' ? 1024 : u == 'm' ? MB : u == 'g' ? 1024 * MB : 0;
    }
    if (i != v.n || unit == 0 || __builtin_mul_overflow(n, unit, &n))
        return false;
    *out = n;
    return true;
}

/* Debian's inih takes longer lines than its default when it is told so; elsewhere the symbol is missing, and 200 bytes are all. */
extern int ini_max_line __attribute__((weak));

/* ---- reading a file ------------------------------------------------------------------------------------------- */

struct reader {
    bool seen[N_SETTINGS];
    struct conf *conf;
    const char *path;
    struct slice left;
    unsigned line, bad_line;
    enum cs_status st;
    char *why;
};

__attribute__((format(printf, 2, 3))) static int complain(struct reader *r, const char *fmt, ...)
{
    va_list ap;
    int n;

    if (r->st != CS_OK)
        return 0;
    r->st = CS_INVALID;
    r->bad_line = r->line;
    n = snprintf(r->why, 256, "%s:%u: ", r->path, r->line);
    va_start(ap, fmt);
    if (n > 0 && n < 256)
        vsnprintf(r->why + n, 256 - (size_t)n, fmt, ap);
    va_end(ap);
    return 0;
}

static int set_string(struct reader *r, const struct setting *s, const char *value)
{
    char **field = field_of(r->conf, s);
    bool is_more = r->seen[s - settings];

    if (is_more && s->kind != LIST)
        return complain(r, "%s.%s is set twice", s->section, s->name);
    r->seen[s - settings] = true;
    if (*field == s->text)
        *field = NULL;
    return set_text(field, is_more ? *field : NULL, value) == CS_OK ? 1 : complain(r, "out of memory");
}

/* Bits of the actions named. Only those that are answered by a status can be avoided, and hold is what stands in for them. */
static bool parse_actions(struct slice list, uint64_t *out)
{
    enum action a;

    *out = 0;
    for (struct slice w = conf_word(&list); w.n; w = conf_word(&list)) {
        if (!action_find(w, &a) || a < ACT_DELETE || a == ACT_HOLD)
            return false;
        *out |= 1u << a;
    }
    return true;
}

static int set_one(struct reader *r, const struct setting *s, const char *text)
{
    struct slice value = slice_str(text);
    uint64_t n = 0;
    enum action a;

    switch (s->kind) {
    case TEXT:
    case LIST:
        return set_string(r, s, text);
    case ACTION:
        if (!action_find(value, &a))
            return complain(r, "%s.%s: '%.40s' is no action", s->section, s->name, text);
        n = a;
        break;
    case ACTIONS:
        if (!parse_actions(value, &n))
            return complain(r, "%s.%s: '%.40s': expected words of delete return discard postmaster retry", s->section, s->name, text);
        break;
    case SWITCH:
        if (!parse_switch(value, &n))
            return complain(r, "%s.%s: '%.40s': expected yes or no", s->section, s->name, text);
        break;
    case NUMBER:
    case SIZE:
        if (!parse_number(value, s->kind == SIZE, &n) || n < s->min || n > s->max)
            return complain(r, "%s.%s: '%.40s': expected a number from %" PRIu64 " to %" PRIu64, s->section, s->name, text,
                            s->min, s->max);
        break;
    }
    set_number(r->conf, s, n);
    return 1;
}

/* ---- [override NAME] ---------------------------------------------------------------------------------------------- */

static struct conf_rule *rule_for(struct conf *c, const char *name)
{
    struct conf_rule *more;

    if (c->n_rules && strcmp(c->rules[c->n_rules - 1].name, name) == 0)
        return &c->rules[c->n_rules - 1];
    if (c->n_rules == CONF_RULES || strlen(name) >= sizeof more->name)
        return NULL;
    more = realloc(c->rules, (c->n_rules + 1) * sizeof *more);
    if (!more)
        return NULL;
    c->rules = more;
    more += c->n_rules++;
    *more = (struct conf_rule){ .action = CONF_NOT_SET, .otherwise = CONF_NOT_SET, .quarantine = CONF_NOT_SET };
    memcpy(more->name, name, strlen(name) + 1);
    return more;
}

static char **rule_pattern(struct conf_rule *u, const char *name)
{
    const struct { const char *name; char **field; } patterns[] = {
        { "class", &u->cls },     { "in", &u->in },               { "out", &u->out }, { "recipient", &u->recipient },
        { "sender", &u->sender }, { "signature", &u->signature },
    };

    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (strcmp(patterns[i].name, name) == 0)
            return patterns[i].field;
    return NULL;
}

static int on_override(struct reader *r, const char *rule, const char *name, const char *value)
{
    struct conf_rule *u = rule_for(r->conf, rule);
    char **pattern;
    enum action a;
    uint64_t n;

    if (!u)
        return complain(r, "[override %.60s]: name too long, or more than %d of them", rule, CONF_RULES);
    pattern = rule_pattern(u, name);
    if (pattern)
        return set_text(pattern, NULL, value) == CS_OK ? 1 : complain(r, "out of memory");
    if (strcmp(name, "quarantine") == 0) {
        if (!parse_switch(slice_str(value), &n))
            return complain(r, "quarantine: '%.40s': expected yes or no", value);
        u->quarantine = (unsigned)n;
        return 1;
    }
    if (strcmp(name, "action") != 0 && strcmp(name, "else") != 0)
        return complain(r, "no setting [override] %.60s", name);
    if (!action_find(slice_str(value), &a))
        return complain(r, "override.%s: '%.40s' is no action", name, value);
    *(name[0] == 'a' ? &u->action : &u->otherwise) = a;
    return 1;
}

/* inih calls this for each setting; 0 ends in an error, and ours is already noted. */
static int on_setting(void *user, const char *section, const char *name, const char *value)
{
    struct reader *r = user;

    for (size_t i = 0; i < N_SETTINGS; i++)
        if (strcmp(settings[i].section, section) == 0 && strcmp(settings[i].name, name) == 0)
            return set_one(r, &settings[i], value);
    if (strncmp(section, "override ", 9) == 0)
        return on_override(r, section + 9, name, value);
    return complain(r, "no setting [%.60s] %.60s", section, name);
}

/* inih's fgets(): this is where lines are counted. */
static char *next_line(char *out, int room, void *stream)
{
    struct reader *r = stream;
    size_t n = slice_chr(r->left, '\n');

    if (r->left.n == 0 || room < 2)
        return NULL;
    r->line++;
    if (n < r->left.n)
        n++;
    if (n > (size_t)room - 1 || memchr(r->left.p, '\0', n)) {
        complain(r, "%s", n > (size_t)room - 1 ? "line too long" : "a NUL byte");
        return NULL;
    }
    memcpy(out, r->left.p, n);
    out[n] = '\0';
    r->left = slice_drop(r->left, n);
    return out;
}

static enum cs_status read_settings(struct conf *c, const char *path, struct slice text, char why[256])
{
    struct reader r = { .conf = c, .path = path, .left = text, .st = CS_OK, .why = why };
    int line;

    if (&ini_max_line)
        ini_max_line = CONF_MAX_LINE;
    line = ini_parse_stream(next_line, &r, on_setting, &r);

    /* A line that is no setting is inih's find; it goes on, and what follows may have been complained about before. */
    if (line > 0 && (r.st == CS_OK || (unsigned)line < r.bad_line)) {
        r.line = (unsigned)line;
        r.st = CS_OK;
        complain(&r, "expected [section] or name = value");
    }
    return r.st;
}

enum cs_status conf_load(struct conf *c, const char *path, char why[256])
{
    const char *from = path ? path : CONF_PATH;
    struct mapfile m;
    enum cs_status st = conf_defaults(c);

    why[0] = '\0';
    if (st != CS_OK)
        return st;
    st = mapfile_open(&m, from, MAPFILE_OURS, CONF_MAX_BYTES);
    if (st == CS_NOENT && !path)
        return CS_OK;
    if (st != CS_OK) {
        snprintf(why, 256, "%s: %s", from, cs_status_text(st));
        return st;
    }
    c->has_file = true;
    st = read_settings(c, from, m.data, why);
    mapfile_close(&m);
    return st;
}

void conf_release(struct conf *c)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        char **field = field_of(c, &settings[i]);

        if ((settings[i].kind == TEXT || settings[i].kind == LIST) && *field != settings[i].text)
            free(*field);
    }
    for (size_t i = 0; i < c->n_rules; i++) {
        struct conf_rule *u = &c->rules[i];

        free(u->cls), free(u->in), free(u->out), free(u->recipient), free(u->sender), free(u->signature);
    }
    free(c->rules);
    *c = (struct conf){ .rules = NULL };
}

static void write_actions(unsigned bits, char *out, size_t room)
{
    size_t n = 0;

    out[0] = '\0';
    for (unsigned a = 0; a < ACT_N; a++)
        if (bits & 1u << a && n < room)
            n += (size_t)snprintf(out + n, room - n, "%s%s", n ? " " : "", action_names[a]);
}

static enum cs_status print_one(const struct setting *s, const struct conf *c, bool all, struct buf *out)
{
    const void *field = field_of(c, s);
    char number[100];
    const char *value = number, *standard = s->text;
    uint64_t n = 0;

    if (s->kind == TEXT || s->kind == LIST)
        value = *(char *const *)field ? *(char *const *)field : "";
    else if (s->kind == ACTION)
        value = action_name((enum action)*(const unsigned *)field);
    else if (s->kind == ACTIONS)
        write_actions(*(const unsigned *)field, number, sizeof number);
    else {
        n = s->kind == SWITCH ? *(const unsigned *)field : *(const uint64_t *)field;
        snprintf(number, sizeof number, "%" PRIu64, n);
        if (s->kind == SWITCH)
            value = n ? "yes" : "no";
    }
    if (!all && (standard ? strcmp(value, standard) == 0 : n == s->number))
        return CS_OK;
    return buf_printf(out, "%s.%s = %s\n", s->section, s->name, value);
}

static enum cs_status print_rule(const struct conf_rule *u, struct buf *out)
{
    const struct { const char *name, *value; } rows[] = {
        { "class", u->cls },
        { "in", u->in },
        { "out", u->out },
        { "recipient", u->recipient },
        { "sender", u->sender },
        { "signature", u->signature },
        { "action", u->action == CONF_NOT_SET ? NULL : action_name((enum action)u->action) },
        { "else", u->otherwise == CONF_NOT_SET ? NULL : action_name((enum action)u->otherwise) },
        { "quarantine", u->quarantine == CONF_NOT_SET ? NULL : u->quarantine ? "yes" : "no" },
    };
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < sizeof rows / sizeof *rows && st == CS_OK; i++)
        if (rows[i].value)
            st = buf_printf(out, "override %s.%s = %s\n", u->name, rows[i].name, rows[i].value);
    return st;
}

enum cs_status conf_print(const struct conf *c, bool all, struct buf *out)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < N_SETTINGS && st == CS_OK; i++)
        st = print_one(&settings[i], c, all, out);
    for (size_t i = 0; i < c->n_rules && st == CS_OK; i++)
        st = print_rule(&c->rules[i], out);
    return st;
}
