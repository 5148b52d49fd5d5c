#include "symbols.h"

#include <stdio.h>

enum cs_status symbols_set(struct symbols *s, const char *name, struct slice value)
{
    size_t n_name = strlen(name), at = 0;
    uint8_t *p;

    value = slice_take(value, slice_chr(value, '\0'));
    value = slice_take(value, SYMBOL_VALUE);
    while (at < s->n && (s->all[at].n_name != n_name || memcmp(s->all[at].name, name, n_name) != 0))
        at++;
    if (at == SYMBOLS_MAX)
        return CS_TOOBIG;
    p = arena_get(s->arena, n_name + value.n + 2, 1);
    if (!p)
        return CS_NOMEM;
    memcpy(p, name, n_name);
    p[n_name] = '=';
    if (value.n)
        memcpy(p + n_name + 1, value.p, value.n);
    s->all[at] = (struct symbol){ (char *)p, (char *)p + n_name + 1, n_name, value.n };
    s->n += at == s->n;
    return CS_OK;
}

bool symbols_same(struct slice a, struct slice b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        uint8_t x = a.p[i] == '-' ? '_' : a.p[i], y = b.p[i] == '-' ? '_' : b.p[i];

        if (ascii_lower(x) != ascii_lower(y))
            return false;
    }
    return a.n == b.n;
}

const struct symbol *symbols_find(const struct symbols *s, struct slice name)
{
    for (size_t i = s->n; i-- > 0;)
        if (symbols_same(name, slice_of(s->all[i].name, s->all[i].n_name)))
            return &s->all[i];
    return NULL;
}

enum cs_status symbols_environ(const struct symbols *s, char ***out)
{
    *out = arena_get(s->arena, s->n + 1, sizeof **out);
    if (!*out)
        return CS_NOMEM;
    for (size_t i = 0; i < s->n; i++)
        (*out)[i] = (char *)(uintptr_t)s->all[i].name;
    return CS_OK;
}

size_t symbols_reference(struct slice s)
{
    size_t end = 1, colon = 0;

    while (end < s.n && s.p[end] != '\'') {
        uint8_t c = s.p[end];
        bool is_name = ascii_is_alpha(c) || ascii_is_digit(c) || c == '_' || c == '-';

        if (c == ':' && !colon && end > 1)
            colon = end;
        else if (!is_name && !colon)
            return 0;
        end++;
    }
    return end < s.n && end > 1 ? end + 1 : 0;
}

/* The text that a reference (without its quotes) stands for. */
static enum cs_status put_reference(const struct symbols *s, const struct mappings *maps, struct slice ref,
                                    struct buf *out)
{
    size_t colon = slice_chr(ref, ':');
    const struct symbol *sym = colon == ref.n ? symbols_find(s, ref) : NULL;
    struct mapping_answer *answer;
    struct buf argument;
    enum cs_status st;

    if (colon == ref.n)
        return sym ? buf_put(out, slice_of(sym->value, sym->n_value)) : CS_OK;
    argument = buf_init(MAPPINGS_RESULT);
    answer = malloc(sizeof *answer);
    st = answer ? CS_OK : CS_NOMEM;
    for (struct slice left = slice_drop(ref, colon + 1); st == CS_OK && left.n;) {      /* $SYMBOL in the argument */
        size_t n = 1;

        if (left.p[0] == '$' && left.n > 1 && ascii_is_alpha(left.p[1])) {
            while (n < left.n && (ascii_is_alpha(left.p[n]) || ascii_is_digit(left.p[n]) || left.p[n] == '_'))
                n++;
            sym = symbols_find(s, slice_sub(left, 1, n - 1));
            st = sym ? buf_put(&argument, slice_of(sym->value, sym->n_value)) : CS_OK;
        } else {
            st = buf_put(&argument, slice_take(left, 1));
        }
        left = slice_drop(left, n);
    }
    if (st == CS_OK)
        st = mappings_probe(maps, slice_take(ref, colon), buf_slice(&argument), answer);
    if (st == CS_OK && answer->is_match && answer->flags['Y'])
        st = buf_put(out, slice_of(answer->text, answer->n));
    free(answer);
    buf_release(&argument);
    return st;
}

static bool is_escape(struct slice s)
{
    return s.n > 1 && s.p[0] == '\\' && (s.p[1] == '\'' || s.p[1] == '\\');
}

enum cs_status symbols_expand(const struct symbols *s, const struct mappings *maps, struct slice written,
                              struct buf *out)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && written.n) {
        size_t n = written.p[0] == '\'' ? symbols_reference(written) : 0;

        if (n) {
            st = put_reference(s, maps, slice_sub(written, 1, n - 2), out);
        } else {
            n = is_escape(written) ? 2 : 1;
            st = buf_putc(out, written.p[n - 1]);
        }
        written = slice_drop(written, n);
    }
    return st;
}

/* "IMTA_PROGRAM:name": the folder that the server's logical name stands for. */
static size_t logical_length(struct slice s)
{
    static const char *const logicals[] = { "IMTA_PROGRAM:", "IMTA_BIN:", "PMDF_PROGRAM:", "PMDF_EXE:" };

    for (size_t i = 0; i < sizeof logicals / sizeof *logicals; i++)
        if (slice_istarts(s, slice_str(logicals[i])))
            return strlen(logicals[i]);
    return 0;
}

struct builder {
    struct symbols *s;
    const struct mappings *maps;
    const char *program_dir;
    struct buf text;            /* of the argument, or of all for a shell */
    bool is_word, in_double;    /* an argument has begun; inside "…" */
    unsigned n_extra;
    struct command *out;
    size_t n_args;
};

/* Words that only a shell knows. */
static bool is_builtin(struct slice word)
{
    static const char *const builtins[] = { ":", ".", "exit", "cd", "eval", "exec", "export", "set", "trap", "ulimit",
                                            "umask", "if", "for", "while", "case", "until", "command", "unset" };

    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
        if (slice_eq(word, slice_str(builtins[i])))
            return true;
    return false;
}

/* Can a program be started without a shell? Only words, quotes and variables may stand in the text. */
static bool is_simple(struct slice s)
{
    bool in_double = false;
    size_t first = 0;

    while (first < s.n && !ascii_is_space(s.p[first]))
        first++;
    if (slice_chr(slice_take(s, first), '=') < first || is_builtin(slice_take(s, first)))
        return false;                   /* VARIABLE=value program; exit 1 */
    while (s.n) {
        size_t n = s.p[0] == '\'' ? symbols_reference(s) : 0;

        if (s.p[0] == '\'' && !n)
            return false;
        if (s.p[0] == '"')
            in_double = !in_double;
        if (s.p[0] == '$' && (s.n < 2 || (!ascii_is_alpha(s.p[1]) && s.p[1] != '_')))
            return false;
        if (!in_double && memchr("|&;<>()`*?[]#~!{}\n", s.p[0], 18))
            return false;
        if (s.p[0] == '\\' || (in_double && s.p[0] == '`'))
            return false;
        s = slice_drop(s, n ? n : 1);
    }
    return !in_double;
}

static enum cs_status end_word(struct builder *b)
{
    struct slice kept;

    if (!b->is_word)
        return CS_OK;
    if (b->n_args == COMMAND_ARGS)
        return CS_TOOBIG;
    kept = arena_copy(b->s->arena, slice_take(buf_slice(&b->text), slice_chr(buf_slice(&b->text), '\0')));
    if (!kept.p)
        return CS_NOMEM;
    b->out->argv[b->n_args++] = (char *)(uintptr_t)kept.p;
    b->out->argv[b->n_args] = NULL;
    b->text.n = 0;
    b->is_word = false;
    return CS_OK;
}

/* $NAME as one word or piece of one; an unquoted variable that is not set leaves no empty argument. */
static enum cs_status put_variable(struct builder *b, struct slice s, size_t *used)
{
    const struct symbol *sym;
    size_t n = 1;

    while (n < s.n && (ascii_is_alpha(s.p[n]) || ascii_is_digit(s.p[n]) || s.p[n] == '_'))
        n++;
    *used = n;
    sym = symbols_find(b->s, slice_sub(s, 1, n - 1));
    if (!sym || (sym->n_value == 0 && !b->in_double))
        return CS_OK;
    b->is_word = true;
    return buf_put(&b->text, slice_of(sym->value, sym->n_value));
}

static enum cs_status put_plain(struct builder *b, struct slice s, size_t *used)
{
    size_t n = !b->is_word ? logical_length(s) : 0;

    b->is_word = true;
    if (!n) {
        *used = 1;
        return buf_putc(&b->text, s.p[0]);
    }
    *used = n;
    return buf_printf(&b->text, "%s/", b->program_dir);
}

static enum cs_status put_simple(struct builder *b, struct slice s, size_t *used)
{
    *used = 1;
    if (s.p[0] == '\'') {
        *used = symbols_reference(s);
        b->is_word = true;
        return put_reference(b->s, b->maps, slice_sub(s, 1, *used - 2), &b->text);
    }
    if (s.p[0] == '$')
        return put_variable(b, s, used);
    if (s.p[0] == '"') {
        b->in_double = !b->in_double;
        b->is_word = true;
        return CS_OK;
    }
    if (ascii_is_space(s.p[0]) && !b->in_double)
        return end_word(b);
    return put_plain(b, s, used);
}

static enum cs_status build_simple(struct builder *b, struct slice s)
{
    enum cs_status st = CS_OK;
    size_t used;

    for (; st == CS_OK && s.n; s = slice_drop(s, used))
        st = put_simple(b, s, &used);
    return st == CS_OK ? end_word(b) : st;
}

/* For a shell: 'SYMBOL' becomes "$SYMBOL", a lookup becomes a variable of its own. */
static enum cs_status put_shell_reference(struct builder *b, struct slice ref)
{
    const struct symbol *sym = symbols_find(b->s, ref);
    char name[32];
    struct buf value = buf_init(SYMBOL_VALUE);
    enum cs_status st = CS_OK;

    if (!sym && slice_chr(ref, ':') < ref.n) {
        snprintf(name, sizeof name, "CONVCHAN_LOOKUP_%u", b->n_extra++);
        st = put_reference(b->s, b->maps, ref, &value);
        if (st == CS_OK)
            st = symbols_set(b->s, name, buf_slice(&value));
        sym = st == CS_OK ? symbols_find(b->s, slice_str(name)) : NULL;
        buf_release(&value);
    }
    if (st != CS_OK || !sym)
        return st == CS_OK && !b->in_double ? buf_puts(&b->text, "\"\"") : st;
    return buf_printf(&b->text, b->in_double ? "${%.*s}" : "\"${%.*s}\"", (int)sym->n_name, sym->name);
}

static enum cs_status build_shell(struct builder *b, struct slice s)
{
    enum cs_status st = CS_OK;
    bool is_start = true;
    size_t n;

    for (; st == CS_OK && s.n; s = slice_drop(s, n)) {
        size_t logical = is_start ? logical_length(s) : 0;

        n = s.p[0] == '\'' ? symbols_reference(s) : 0;
        is_start = ascii_is_space(s.p[0]) || memchr("|&;(<>\"'", s.p[0], 8) != NULL;
        if (n) {
            st = put_shell_reference(b, slice_sub(s, 1, n - 2));
        } else if (logical) {
            n = logical;
            st = buf_printf(&b->text, "%s/", b->program_dir);
        } else {
            n = is_escape(s) ? 2 : 1;
            if (s.p[0] == '"')
                b->in_double = !b->in_double;
            st = buf_putc(&b->text, s.p[n - 1]);
        }
    }
    if (st == CS_OK)
        st = buf_putc(&b->text, '\0');
    if (st != CS_OK)
        return st;
    s = arena_copy(b->s->arena, buf_slice(&b->text));
    b->out->argv[0] = (char *)(uintptr_t) "/bin/sh";
    b->out->argv[1] = (char *)(uintptr_t) "-c";
    b->out->argv[2] = (char *)(uintptr_t)s.p;
    b->out->argv[3] = NULL;
    return s.p ? CS_OK : CS_NOMEM;
}

static enum cs_status keep_shown(struct builder *b, struct slice written)
{
    struct slice kept = arena_copy(b->s->arena, written);

    b->out->shown = (const char *)kept.p;
    return kept.p ? CS_OK : CS_NOMEM;
}

enum cs_status symbols_command(struct symbols *s, const struct mappings *maps, const char *program_dir,
                               struct slice written, struct command *out)
{
    struct builder b = { .s = s, .maps = maps, .program_dir = program_dir, .text = buf_init(COMMAND_TEXT), .out = out };
    struct slice text = slice_trim(written);
    enum cs_status st = keep_shown(&b, text);

    out->is_shell = !is_simple(text);
    out->argv[0] = NULL;
    if (st == CS_OK)
        st = out->is_shell ? build_shell(&b, text) : build_simple(&b, text);
    if (st == CS_OK && !out->argv[0])
        st = CS_INVALID;
    buf_release(&b.text);
    return st;
}
