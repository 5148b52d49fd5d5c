/* conversions: lexical rules, matching, symbols, commands, mistakes and pitfalls with their lines. */
#include <check.h>

#include "imta/conversions.h"
#include "imta/symbols.h"

struct heard {
    unsigned line, n;
    char text[COMPLAINT_TEXT];
};

static void hear(void *ctx, const char *file, unsigned line, enum complaint_grade grade, const char *text)
{
    struct heard *h = ctx;

    (void)file;
    (void)grade;
    if (h->n++ == 0) {
        h->line = line;
        memcpy(h->text, text, strlen(text) + 1);
    }
}

static struct conversions parse(const char *text)
{
    struct complaints c = { .file = "conversions" };
    struct conversions cv;

    ck_assert_int_eq(conversions_parse(slice_str(text), &c, &cv), CS_OK);
    return cv;
}

/* Entries and clauses as one text: "line:name[index]=written,…;" */
static const struct {
    const char *text, *shape;
} shapes[] = {
    { "", "" },
    { "a-type=x\n", "1:?[0]=x,;" },
    { "in-type=text; in-subtype=plain;\n  command=\"x y\"\n", "1:in-type[0]=text,in-subtype[0]=plain,command[0]=x y,;" },
    { "in-type=a\nin-type=b\n", "1:in-type[0]=a,;2:in-type[0]=b,;" },
    { "in-type=a;\n\nin-type=b;\n", "1:in-type[0]=a,;3:in-type[0]=b,;" },
    { "in-type=a;\n! comment\n  in-subtype=b\n", "1:in-type[0]=a,in-subtype[0]=b,;" },
    { "! comment\n\n\nIN-TYPE = a ; In-SubType=b", "4:in-type[0]=a,in-subtype[0]=b,;" },
    { "in-type=a; command=\"one \\\n  two\"\n", "1:in-type[0]=a,command[0]=one   two,;" },
    { "in-channel=a; out-channel=b; in-type=c\n", "1:in-chan[0]=a,out-chan[0]=b,in-type[0]=c,;" },
    { "in-type=a; in-parameter-name-12=n; in-parameter-value-12=\"v;w\"\n",
      "1:in-type[0]=a,in-parameter-name[12]=n,in-parameter-value[12]=v;w,;" },
    { "in-type=a; command=\"say \\\"hi\\\" \\'x\\' \\\\\"\n", "1:in-type[0]=a,command[0]=say \"hi\" \\'x\\' \\\\,;" },
    { "in-type=a; out-subtype='INPUT-SUBTYPE'\r\n", "1:in-type[0]=a,out-subtype[0]='INPUT-SUBTYPE',;" },
    { "in-type=a;; ;in-subtype=b\n", "1:in-type[0]=a,in-subtype[0]=b,;" },
    { "in-type=; in-subtype=b\n", "1:in-type[0]=,in-subtype[0]=b,;" },
    { "\tin-type=a; \t\n\tin-subtype=b \t\n", "1:in-type[0]=a,in-subtype[0]=b,;" },
};

START_TEST(entries_are_read)
{
    struct conversions cv = parse(shapes[_i].text);
    struct buf b = buf_init(10000);
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < cv.n; i++) {
        st = buf_printf(&b, "%u:", cv.entries[i].line);
        for (size_t j = 0; st == CS_OK && j < cv.entries[i].n; j++) {
            const struct conversion_clause *cl = &cv.entries[i].clauses[j];
            st = buf_printf(&b, "%s[%u]=%.*s,", conversion_clause_name(cl->id), cl->index, (int)cl->written.n,
                            (const char *)cl->written.p);
        }
        ck_assert_int_eq(st, CS_OK);
        ck_assert_int_eq(buf_puts(&b, ";"), CS_OK);
    }
    ck_assert_msg(slice_eq(buf_slice(&b), slice_str(shapes[_i].shape)), "%.*s", (int)b.n, (char *)b.p);
    buf_release(&b);
    conversions_free(&cv);
}
END_TEST

static const struct {
    const char *text;
    unsigned line;
    const char *part;
} mistakes[] = {
    { "in-type=a in-subtype=b\n", 1, "; expected" },
    { "in-type=a;\nin-subtype\n", 2, "NAME=VALUE" },
    { "in-type=a;\n  command=\"open\n", 2, "closing \"" },
    { "in-type=a; command=\"\"\n", 1, "a program expected" },
    { "in-type=a; delete=yes\n", 1, "0 or 1" },
    { "in-type=a;\n  message-header-file=3\n", 2, "0, 1 or 2" },
    { "in-type=a;\n  parameter-symbol-0=PATH\n", 2, "variable" },
    { "in-type=a;\n  dparameter-symbol-0=\"A B\"\n", 2, "variable" },
    { "in type=a\n", 1, "NAME=VALUE" },
    { "=a\n", 1, "NAME=VALUE" },
};

START_TEST(mistakes_are_named_with_their_line)
{
    struct heard h = { .n = 0 };
    struct complaints c = { .say = hear, .ctx = &h, .file = "conversions" };
    struct conversions cv;

    ck_assert_int_eq(conversions_parse(slice_str(mistakes[_i].text), &c, &cv), CS_INVALID);
    ck_assert_uint_eq(h.line, mistakes[_i].line);
    ck_assert_msg(strstr(h.text, mistakes[_i].part) != NULL, "%s", h.text);
}
END_TEST

#define GOOD "in-type=*; parameter-copy-0=*; dparameter-copy-0=*; override-option-file=1; override-header-file=1; command=x\n"

static const struct {
    const char *text;
    unsigned line;              /* 0: nothing to say */
    const char *part;
} pitfalls[] = {
    { GOOD, 0, "" },
    { "in-type=*; override-options-file=1; command=x\n", 1, "write override-option-file" },
    { "in-type=*; overide-option-file=1; command=x\n", 1, "write override-option-file" },
    { "in-type=*;\n strange=1; command=x\n", 2, "no parameter" },
    { "in-type=*; parameter-copy=*; command=x\n", 1, "a number expected" },
    { "in-type=*; command-0=x\n", 1, "takes no number" },
    { "in-subtype=*; override-option-file=1; override-header-file=1; command=x\n", 1, "without in-type" },
    { "in-type=*; override-header-file=1; command=x\n", 1, "override-option-file=1" },
    { "in-type=*; override-option-file=1; dparameter-copy-0=*; command=x\n", 1, "parameter-copy-0=*" },
    { "in-type=*; override-option-file=1; parameter-copy-0=*; command=x\n", 1, "dparameter-copy-0=*" },
    { "in-type=application; in-subtype=octet-stream; override-option-file=1; override-header-file=1; command=x\n", 1,
      "evades" },
    { "in-type=*; in-subtype=*\n", 1, "no command" },
    { "in-type=*; relabel=1; out-type=text\n", 1, "CHARSET-CONVERSION" },
    { "in-type=*; relabel=1; out-type=text\n" GOOD, 0, "" },
    { "in-type=*; relabel=1; command=x\n" GOOD, 1, "CHARSET-CONVERSION" },
    { "in-type=image; delete=1\n" GOOD, 0, "" },
    { "in-type=*; delete=1\n", 1, "delete=1" },
    { "in-type=*; attachment-number=*; override-option-file=1; override-header-file=1; command=x\n", 1, "senders choose labels" },
    { GOOD GOOD, 2, "never reached" },
    { "in-type=*; in-type=text; override-option-file=1; override-header-file=1; command=x\n", 1, "twice" },
    { "in-type=*; override-option-file=1; override-header-file=1;\n command=\xe2\x80\x9dx\xe2\x80\x99\n", 2, "typographic" },
    { "in-type=*; override-option-file=1; override-header-file=1; command=\"scan $FILENAME\"\n", 1, "chosen by senders" },
    { "in-type=*; override-option-file=1; override-header-file=1; command=\"sh -c 'a b'\"\n", 1, "shell inside" },
    { "! nothing\n", 1, "no entries" },
    { "in-type=image; override-option-file=1; override-header-file=1; command=x\n in-subtype=png\n", 2, "is a ; missing" },
    { "in-type=multipart; override-option-file=1; override-header-file=1; command=x\n\n" GOOD, 1, "their parts are" },
    { "in-type=message; in-subtype=rfc822; override-option-file=1; override-header-file=1; command=x\n\n" GOOD, 1, "their parts are" },
    { "in-type=*; override-option-file=1; override-header-file=1;\n command=\"/usr/bin/clamscan 'INPUT_FILE'\"\n", 2, "exit status" },
    { "in-type=*; in-subtype=*; in-chan=tcp_*; override-option-file=1; override-header-file=1; command=x\n", 0, "" },
    { "in-type=*; tag=scan; override-option-file=1; override-header-file=1; command=x\n", 1, "without this tag" },
    { "in-type=*; in-subtype=zip; override-option-file=1; override-header-file=1; command=x\n", 1, "senders choose labels" },
    { "in-type=image; override-option-file=1; override-header-file=1; command=x\n", 1, "senders choose labels" },
};

START_TEST(pitfalls_are_named_with_their_line)
{
    struct heard h = { .n = 0 };
    struct complaints c = { .say = hear, .ctx = &h, .file = "conversions" };
    struct conversions cv;

    ck_assert_int_eq(conversions_parse(slice_str(pitfalls[_i].text), &c, &cv), CS_OK);
    conversions_lint(&cv, &c);
    ck_assert_msg(h.line == pitfalls[_i].line, "line %u: %s", h.line, h.n ? h.text : "");
    if (h.n)
        ck_assert_msg(strstr(h.text, pitfalls[_i].part) != NULL, "%s", h.text);
    conversions_free(&cv);
}
END_TEST

START_TEST(long_lines_are_named)
{
    char text[400];
    struct heard h = { .n = 0 };
    struct complaints c = { .say = hear, .ctx = &h, .file = "conversions" };
    struct conversions cv;

    snprintf(text, sizeof text, "in-type=*;\n in-subject=%0253d; command=x\n", 1);
    ck_assert_int_eq(conversions_parse(slice_str(text), &c, &cv), CS_OK);
    ck_assert_uint_eq(h.line, 2);
    ck_assert_ptr_nonnull(strstr(h.text, "252"));
    conversions_free(&cv);
}
END_TEST

static const struct mime_param type_params[] = {
    { { (const uint8_t *)"charset", 7 }, { (const uint8_t *)"utf-8", 5 }, { (const uint8_t *)"utf-8", 5 } },
    { { (const uint8_t *)"name", 4 }, { (const uint8_t *)"a b.EXE", 7 }, { (const uint8_t *)"=?x?=", 5 } },
};
static const struct mime_param disposition_params[] = {
    { { (const uint8_t *)"filename", 8 }, { (const uint8_t *)"a b.exe", 7 }, { (const uint8_t *)"a b.exe", 7 } },
};
static const struct mime_value type_value = { .token = { (const uint8_t *)"text/plain", 10 }, .params = type_params,
                                             .n_params = 2 };
static const struct mime_value disposition = { .token = { (const uint8_t *)"attachment", 10 },
                                              .params = disposition_params, .n_params = 1 };
static const char *const tags[] = { "red", "blue" };

static struct part_facts facts(void)
{
    return (struct part_facts){
        .in_chan = SLICE("tcp_local"), .out_chan = SLICE("ims-ms"), .type = SLICE("text"), .subtype = SLICE("plain"),
        .content_type = &type_value, .disposition = &disposition, .description = SLICE("some words"),
        .encoding = SLICE("base64"), .subject = SLICE("Hello World"), .message_context = SLICE("voice-message"),
        .a1_type = SLICE("t"), .a1_format = SLICE("f"), .number = SLICE("1.2"), .attachment_number = SLICE("3"),
        .tags = tags, .n_tags = 2,
    };
}

static const struct {
    const char *clauses;
    bool is_match;
} matches[] = {
    { "in-type=text", true },
    { "in-type=TEXT; in-subtype=Pl*", true },
    { "in-type=image", false },
    { "in-subtype=plain", false },          /* no in-type: never */
    { "in-type=*; in-chan=tcp_*; out-chan=ims-ms", true },
    { "in-type=*; in-channel=other", false },
    { "in-type=*; out-channel=tcp*", false },
    { "in-type=*; in-parameter-name-0=name", true },
    { "in-type=*; in-parameter-name-0=name; in-parameter-value-0=*.exe", true },
    { "in-type=*; in-parameter-name-0=charset; in-parameter-value-0=*.exe", false },
    { "in-type=*; in-parameter-name-0=name; in-parameter-value-0=\"=\\?x\\?=\"", false },
    { "in-type=*; in-parameter-name-0=format", false },
    { "in-type=*; in-parameter-name-0=format; in-parameter-default-0=fixed; in-parameter-value-0=fix*", true },
    { "in-type=*; in-parameter-name-0=format; in-parameter-default-0=fixed; in-parameter-value-0=flowed", false },
    { "in-type=*; in-parameter-value-1=*.exe", true },
    { "in-type=*; in-parameter-value-7=*", false },
    { "in-type=*; in-parameter-name-0=charset; in-parameter-name-1=name", true },
    { "in-type=*; in-disposition=attachment; in-dparameter-name-0=filename; in-dparameter-value-0=*.exe", true },
    { "in-type=*; in-dparameter-name-0=filename; in-dparameter-value-0=*.txt", false },
    { "in-type=*; in-dparameter-name-0=size; in-dparameter-default-0=1", true },
    { "in-type=*; in-disposition=inline", false },
    { "in-type=*; in-description=some*; in-encoding=BASE64; in-subject=*world", true },
    { "in-type=*; in-encoding=7bit", false },
    { "in-type=*; in-subject=bye", false },
    { "in-type=*; in-message-context=voice*; in-a1-type=t; in-a1-format=f", true },
    { "in-type=*; in-a1-format=g", false },
    { "in-type=*; part-number=1.*; attachment-number=3", true },
    { "in-type=*; part-number=1", false },
    { "in-type=*; attachment-number=1", false },
    { "in-type=*; tag=BLUE", true },
    { "in-type=*; tag=green", false },
    { "in-type=*; unknown-name=whatever", true },
};

START_TEST(match_clauses_must_all_hold)
{
    char text[400];
    struct part_facts f = facts();
    struct conversions cv;

    snprintf(text, sizeof text, "%s; command=x\n", matches[_i].clauses);
    cv = parse(text);
    ck_assert_msg((conversions_match(&cv, &f) != NULL) == matches[_i].is_match, "%s", text);
    conversions_free(&cv);
}
END_TEST

START_TEST(the_first_match_wins)
{
    struct part_facts f = facts();
    struct conversions cv = parse("in-type=text; relabel=1; command=a\n"        /* skipped */
                                  "in-type=text; service-command=b\n"           /* skipped */
                                  "in-type=text; out-type=x\n"                  /* nothing to do: skipped */
                                  "in-type=image; command=c\n"
                                  "in-type=text; command=d\n"
                                  "in-type=*; delete=1\n");
    const struct conversion *e = conversions_match(&cv, &f);

    ck_assert_ptr_nonnull(e);
    ck_assert_uint_eq(e->line, 5);
    f.type = SLICE("audio");
    ck_assert_uint_eq(conversions_match(&cv, &f)->line, 6);
    conversions_free(&cv);
}
END_TEST

static const struct {
    const char *clauses;
    bool by_position;
    const char *value;          /* NULL: unset */
} symbol_cases[] = {
    { "parameter-symbol-0=NAME", false, "a b.EXE" },
    { "parameter-symbol-0=NAME", true, "utf-8" },
    { "parameter-symbol-1=NAME", true, "a b.EXE" },
    { "parameter-symbol-5=NAME", true, NULL },
    { "parameter-symbol-0=ABSENT", false, NULL },
    { "parameter-symbol-0=CS; in-parameter-name-0=charset", false, "utf-8" },
    { "parameter-symbol-0=FORMAT; in-parameter-default-0=fixed", false, "fixed" },
    { "parameter-symbol-0=CS; in-parameter-name-0=\"char*\"", false, "utf-8" },
    { "parameter-symbol-0=ANY; in-parameter-name-0=*; in-parameter-value-0=\"*.exe\"", false, "a b.EXE" },
    { "parameter-symbol-0=CS; in-parameter-name-0=name; in-parameter-name-0=charset", false, "utf-8" },
    { "dparameter-symbol-0=FILENAME", false, "a b.exe" },
};

START_TEST(symbols_take_parameter_values)
{
    struct part_facts f = facts();
    struct switches sw;
    char text[200];
    struct conversions cv;
    const struct conversion_clause *cl = NULL;
    struct slice v;

    switches_default(&sw);
    sw.parameter_symbol = symbol_cases[_i].by_position;
    snprintf(text, sizeof text, "in-type=*; %s; command=x\n", symbol_cases[_i].clauses);
    cv = parse(text);
    for (size_t i = 0; i < cv.entries[0].n; i++)
        if (cv.entries[0].clauses[i].id == CL_PARAMETER_SYMBOL || cv.entries[0].clauses[i].id == CL_DPARAMETER_SYMBOL)
            cl = &cv.entries[0].clauses[i];
    ck_assert_ptr_nonnull(cl);
    v = conversion_symbol_value(&cv.entries[0], cl, &f, &sw);
    ck_assert_int_eq(v.p != NULL, symbol_cases[_i].value != NULL);
    if (v.p)
        ck_assert(slice_eq(v, slice_str(symbol_cases[_i].value)));
    conversions_free(&cv);
}
END_TEST

/* Arguments joined by '|'; a shell's text behind "sh:". */
static const struct {
    const char *command, *argv;
} commands[] = {
    { "/bin/cp 'INPUT_FILE' 'OUTPUT_FILE'", "/bin/cp|/t/in|/t/out" },
    { "/bin/cp $INPUT_FILE $OUTPUT_FILE", "/bin/cp|/t/in|/t/out" },
    { "/bin/cp 'INPUT-FILE' x", "/bin/cp|/t/in|x" },
    { "scan \"$NAME\" -- 'NAME'", "scan|a; $(touch x) 'b'|--|a; $(touch x) 'b'" },
    { "scan $EMPTY \"$EMPTY\" 'EMPTY' $UNKNOWN", "scan||" },
    { "scan a'NAME'b", "scan|aa; $(touch x) 'b'b" },
    { "IMTA_PROGRAM:scan -q", "/opt/p/scan|-q" },
    { "scan 'LOOK:abc'", "scan|found abc" },
    { "scan 'LOOK:$NAME'", "scan|" },
    { "a | b", "sh:a | b" },
    { "scan 'NAME' > $OUTPUT_FILE", "sh:scan \"${NAME}\" > $OUTPUT_FILE" },
    { "scan \"x 'NAME'\"; y", "sh:scan \"x ${NAME}\"; y" },
    { "IMTA_PROGRAM:a; IMTA_BIN:b", "sh:/opt/p/a; /opt/p/b" },
    { "exit 3", "sh:exit 3" },
    { "A=b scan", "sh:A=b scan" },
    { "sh -c 'cat x y'", "sh:sh -c 'cat x y'" },
    { "scan 'UNKNOWN' >x", "sh:scan \"\" >x" },
    { "scan 'LOOK:abc' >x", "sh:scan \"${CONVCHAN_LOOKUP_0}\" >x" },
    { "echo $(id)", "sh:echo $(id)" },
    { "echo `id`", "sh:echo `id`" },
    { "echo \"`id`\"", "sh:echo \"`id`\"" },
    { "echo it\\'s", "sh:echo it's" },
};

static struct symbols make_symbols(struct arena *a)
{
    struct symbols s = { .arena = a };

    ck_assert_int_eq(symbols_set(&s, "INPUT_FILE", SLICE("/t/in")), CS_OK);
    ck_assert_int_eq(symbols_set(&s, "OUTPUT_FILE", SLICE("/t/out")), CS_OK);
    ck_assert_int_eq(symbols_set(&s, "INPUT_SUBTYPE", SLICE("plain")), CS_OK);
    ck_assert_int_eq(symbols_set(&s, "NAME", SLICE("a; $(touch x) 'b'")), CS_OK);
    ck_assert_int_eq(symbols_set(&s, "EMPTY", SLICE("not yet")), CS_OK);
    ck_assert_int_eq(symbols_set(&s, "EMPTY", SLICE("")), CS_OK);       /* a name has one value, in the environment too */
    ck_assert_uint_eq(s.n, 5);
    return s;
}

static struct mappings *make_maps(void)
{
    struct complaints c = { .file = "mappings" };
    struct mappings *m;

    ck_assert_int_eq(mappings_parse(SLICE("LOOK\n\n  abc  $Yfound$ $0abc\n  *$ *  no\n"), &c, &m), CS_OK);
    return m;
}

START_TEST(commands_are_built_without_giving_values_to_a_shell)
{
    struct arena a;
    struct symbols s;
    struct mappings *m = make_maps();
    struct command cmd;
    struct buf b = buf_init(10000);
    enum cs_status st;

    ck_assert_int_eq(arena_init(&a, 1 << 20), CS_OK);
    s = make_symbols(&a);
    ck_assert_int_eq(symbols_command(&s, m, "/opt/p", slice_str(commands[_i].command), &cmd), CS_OK);
    st = cmd.is_shell ? buf_printf(&b, "sh:%s", cmd.argv[2]) : CS_OK;
    for (size_t i = 0; st == CS_OK && !cmd.is_shell && cmd.argv[i]; i++)
        st = buf_printf(&b, "%s%s", i ? "|" : "", cmd.argv[i]);
    ck_assert_int_eq(st, CS_OK);
    ck_assert_msg(slice_eq(buf_slice(&b), slice_str(commands[_i].argv)), "%s gives %.*s", commands[_i].command, (int)b.n,
                  (char *)b.p);
    ck_assert_str_eq(cmd.shown, commands[_i].command);
    buf_release(&b);
    mappings_free(m);
    arena_release(&a);
}
END_TEST

START_TEST(labels_are_expanded)
{
    static const struct {
        const char *written, *text;
    } cases[] = {
        { "plain", "plain" },           { "'INPUT-SUBTYPE'", "plain" }, { "x-'INPUT_SUBTYPE'-y", "x-plain-y" },
        { "\\'INPUT_SUBTYPE\\'", "'INPUT_SUBTYPE'" }, { "a\\\\b", "a\\b" },  { "'UNKNOWN'", "" },
        { "'LOOK:abc'", "found abc" },  { "'LOOK:nothing'", "" },       { "it's", "it's" },
    };
    struct arena a;
    struct symbols s;
    struct mappings *m = make_maps();
    struct buf b = buf_init(1000);

    ck_assert_int_eq(arena_init(&a, 1 << 20), CS_OK);
    s = make_symbols(&a);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        b.n = 0;
        ck_assert_int_eq(symbols_expand(&s, m, slice_str(cases[i].written), &b), CS_OK);
        ck_assert_msg(slice_eq(buf_slice(&b), slice_str(cases[i].text)), "%s gives %.*s", cases[i].written, (int)b.n,
                      (char *)b.p);
    }
    buf_release(&b);
    mappings_free(m);
    arena_release(&a);
}
END_TEST

#define N(a) (int)(sizeof(a) / sizeof *(a))

int main(void)
{
    Suite *s = suite_create("conversions");
    TCase *t = tcase_create("all");
    SRunner *r = srunner_create(s);
    int failed;

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, entries_are_read, 0, N(shapes));
    tcase_add_loop_test(t, mistakes_are_named_with_their_line, 0, N(mistakes));
    tcase_add_loop_test(t, pitfalls_are_named_with_their_line, 0, N(pitfalls));
    tcase_add_test(t, long_lines_are_named);
    tcase_add_loop_test(t, match_clauses_must_all_hold, 0, N(matches));
    tcase_add_test(t, the_first_match_wins);
    tcase_add_loop_test(t, symbols_take_parameter_values, 0, N(symbol_cases));
    tcase_add_loop_test(t, commands_are_built_without_giving_values_to_a_shell, 0, N(commands));
    tcase_add_test(t, labels_are_expanded);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
