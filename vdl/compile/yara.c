#include "yara.h"

#include <stdlib.h>

#include "ignore.h"
#include "sema.h"

/* Rules: [private] [global] rule NAME [: tags] { [meta:] [strings:] condition: } */

/* Skip to the brace that ends the rule. Strings and comments may hold braces, so tokens are read. */
static void skip_rule(struct yara *y)
{
    bool had_failed = y->has_failed;

    y->in_strings = false;
    while (y->t.kind != YT_END && !yara_is_word(y, "rule") && !yara_is_word(y, "private") && !yara_is_word(y, "global"))
        yara_next(y);
    y->has_failed = had_failed;
}

static bool meta(struct yara *y)
{
    while (y->t.kind == YT_WORD && !yara_is_word(y, "strings") && !yara_is_word(y, "condition")) {
        yara_next(y);
        if (!yara_need(y, '=', "'='"))
            return false;
        yara_take(y, '-');
        if (y->t.kind != YT_TEXT && y->t.kind != YT_NUMBER && y->t.kind != YT_WORD)
            return yara_wrong(y, "expected a value");
        yara_next(y);
    }
    return true;
}

static bool strings(struct yara *y)
{
    y->in_strings = true;
    while (y->t.kind == YT_STRING_ID) {
        struct slice id = y->t.bytes;
        yara_next(y);
        if (!yara_need(y, '=', "'='") || !yara_string_read(y, id))
            return false;
    }
    y->in_strings = false;
    return true;
}

/* From behind the name to behind the '}'. */
static struct vdl_node *body(struct yara *y)
{
    struct vdl_node *n;

    y->n_strings = 0;
    y->n_kids = 0;
    if (yara_take(y, ':'))
        while (y->t.kind == YT_WORD)
            yara_next(y);
    if (!yara_need(y, '{', "'{'"))
        return NULL;
    if (yara_take_word(y, "meta") && !(yara_need(y, ':', "':'") && meta(y)))
        return NULL;
    if (yara_is_word(y, "strings")) {
        yara_next(y);
        y->in_strings = true;       /* before the token behind the ':' is read */
        if (!yara_need(y, ':', "':'") || !strings(y))
            return NULL;
    }
    if (!yara_take_word(y, "condition"))
        return yara_wrong(y, "expected condition");
    if (!yara_need(y, ':', "':'"))
        return NULL;
    n = yara_condition(y);
    return n && yara_need(y, '}', "'}'") ? n : NULL;
}

static struct yara_rule *new_rule(struct yara *y)
{
    if (y->n_rules == y->rule_room) {
        size_t room = y->rule_room ? y->rule_room * 2 : 64;
        struct yara_rule *rules = room <= YARA_RULES ? reallocarray(y->rules, room, sizeof *rules) : NULL;
        if (!rules) {
            y->r->status = room <= YARA_RULES ? CS_NOMEM : CS_LIMIT;
            return NULL;
        }
        y->rules = rules;
        y->rule_room = room;
    }
    y->rules[y->n_rules] = (struct yara_rule){ .weight = 1 };
    return &y->rules[y->n_rules++];
}

static void report(struct yara *y, struct slice name, uint32_t line)
{
    if (y->is_unsupported)
        reader_unsupported(y->r, line, name, "%s", y->why);
    else
        complain(&y->r->complaints, y->r->source, COMPLAIN_MALFORMED, y->fail_line, y->fail_column, NULL, "%s", y->why);
}

static void rule(struct yara *y)
{
    uint32_t line = y->t.line;
    struct yara_rule made = { .weight = 1 }, *kept;
    struct slice name = slice_of(NULL, 0);

    y->has_failed = false;
    for (;; yara_next(y)) {
        if (yara_is_word(y, "private"))
            made.is_private = true;
        else if (yara_is_word(y, "global"))
            made.is_global = true;
        else
            break;
    }
    if (!yara_take_word(y, "rule") || y->t.kind != YT_WORD) {
        yara_wrong(y, "expected a rule");
    } else {
        name = y->t.bytes;
        yara_next(y);
        made.expr = body(y);
    }
    if (made.expr && !vdl_sema_fits(made.expr))
        made.expr = yara_unsupported(y, "a condition nested too deep or too large");
    if (!made.expr) {
        if (!y->has_failed)
            return;                 /* no memory */
        report(y, name, line);
        y->has_failed = true;
        skip_rule(y);
    }
    kept = new_rule(y);
    if (!kept)
        return;
    made.name = reader_name(y->r, name);
    made.weight = y->weight + 1;
    *kept = made;
}

static void add(struct yara *y, const struct yara_rule *made, struct vdl_node *expr)
{
    struct vdl_rule r = { .name = made->name, .cls = reader_class(y->r), .expr = expr, .file = y->r->file }, *kept;
    char why[256] = "";
    enum cs_status st;

    if (!expr)
        return;
    r.line = expr->line;
    st = reader_check(y->r, &r, why);
    if (st == CS_UNSUPPORTED) {
        reader_unsupported(y->r, r.line, made->name, "%s", why);
    } else if (ignore_has(y->r->ignore, made->name, slice_of(NULL, 0))) {
        y->r->counts.ignored++;
    } else {
        kept = st == CS_OK ? vdl_program_add(y->r->program) : NULL;
        if (!kept) {
            y->r->status = st == CS_OK ? CS_NOMEM : st;
            return;
        }
        *kept = r;
        y->r->counts.loaded++;
    }
}

/* A global rule must hold for every other rule of the file: it is joined to each. */
static void keep_rules(struct yara *y)
{
    struct vdl_node *all[64];
    size_t n = 0;

    for (size_t i = 0; i < y->n_rules; i++)
        if (y->rules[i].is_global) {
            if (!y->rules[i].expr || n == 63) {
                for (size_t k = 0; k < y->n_rules; k++)
                    if (y->rules[k].expr && !y->rules[k].is_private)
                        reader_unsupported(y->r, y->rules[k].expr->line, y->rules[k].name, "a global rule that is left out");
                return;
            }
            all[n++] = y->rules[i].expr;
        }
    for (size_t i = 0; i < y->n_rules && y->r->status == CS_OK; i++) {
        if (y->rules[i].is_private || !y->rules[i].expr)
            continue;
        all[n] = y->rules[i].expr;
        add(y, &y->rules[i], node_list(y->r, VN_AND, all, n + 1));
    }
}

enum cs_status yara_read(struct vdl_reader *r, struct slice text)
{
    struct yara *y = calloc(1, sizeof *y);

    if (!y)
        return CS_NOMEM;
    y->r = r;
    y->text = text;
    y->line = 1;
    yara_next(y);
    while (y->t.kind != YT_END && r->status == CS_OK) {
        if (yara_take_word(y, "import")) {
            yara_next(y);
        } else if (yara_is_word(y, "include")) {
            reader_unsupported(r, y->t.line, SLICE("include"), "include");
            yara_next(y);
            yara_next(y);
        } else {
            size_t at = y->at;
            rule(y);
            if (y->at == at && y->t.kind != YT_END)
                yara_next(y);
        }
    }
    if (r->status == CS_LIMIT) {
        complain(&r->complaints, r->source, COMPLAIN_ERROR, y->line, 0, NULL, "more than %d rules in one file", YARA_RULES);
        r->status = CS_OK;
    }
    if (r->status == CS_OK)
        keep_rules(y);
    free(y->rules);
    free(y->kids);
    free(y);
    return r->status;
}
