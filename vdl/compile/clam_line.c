#include <stdarg.h>

#include "clam.h"
#include "ignore.h"

static enum clam_fate say(struct clam_why *why, enum clam_fate fate, const char *fmt, va_list ap)
{
    vsnprintf(why->text, sizeof why->text, fmt, ap);
    return fate;
}

enum clam_fate clam_malformed(struct clam_why *why, const void *at, const char *fmt, ...)
{
    va_list ap;

    why->at = at;
    va_start(ap, fmt);
    say(why, CLAM_MALFORMED, fmt, ap);
    va_end(ap);
    return CLAM_MALFORMED;
}

enum clam_fate clam_unsupported(struct clam_why *why, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(why, CLAM_UNSUPPORTED, fmt, ap);
    va_end(ap);
    return CLAM_UNSUPPORTED;
}

size_t clam_split(struct slice s, uint8_t separator, struct slice *fields, size_t max)
{
    size_t n = 0;

    for (;;) {
        size_t at = n + 1 < max ? slice_chr(s, separator) : s.n;
        fields[n++] = slice_take(s, at);
        if (at == s.n)
            return n;
        s = slice_drop(s, at + 1);
    }
}

enum clam_fate clam_level(const struct vdl_reader *r, const struct slice *fields, size_t n, struct clam_why *why)
{
    uint64_t level[2] = { 0, UINT64_MAX };

    for (size_t i = 0; i < n && i < 2; i++)
        if (!number_of(fields[i], &level[i]))
            return clam_malformed(why, fields[i].p, "a functionality level is a number");
    return level[0] > r->o->clam_level || level[1] < r->o->clam_level ? CLAM_SKIPPED : CLAM_OK;
}

struct slice clam_name(struct slice name)
{
    if (slice_ends(name, SLICE(" (Clam)")))
        name.n -= 7;
    if (slice_ends(name, SLICE(".UNOFFICIAL")))
        name.n -= 11;
    return name;
}

void clam_count(struct vdl_reader *r, enum clam_fate fate, struct slice line, uint32_t number, struct slice name, const struct clam_why *why)
{
    uint32_t column = 1;

    if (r->status != CS_OK)
        return;
    switch (fate) {
    case CLAM_OK: r->counts.loaded++; break;
    case CLAM_MALFORMED:
        if (why->at && why->at >= line.p && why->at <= line.p + line.n)
            column = (uint32_t)(why->at - line.p) + 1;
        complain(&r->complaints, r->source, COMPLAIN_MALFORMED, number, column, NULL, "%s", why->text);
        break;
    case CLAM_UNSUPPORTED: reader_unsupported(r, number, name.n ? name : slice_take(line, 60), "%s", why->text); break;
    case CLAM_SKIPPED: r->counts.skipped_level++; break;
    case CLAM_IGNORED: r->counts.ignored++; break;
    default: break;
    }
}

enum cs_status clam_lines(struct vdl_reader *r, struct slice text, bool blank_is_malformed, clam_line_fn *fn)
{
    uint64_t all = text.n;

    for (uint32_t number = 1; text.n && r->status == CS_OK; number++) {
        size_t end = slice_chr(text, '\n');
        struct slice line = slice_take(text, end), name = slice_of(NULL, 0);
        struct clam_why why = { .at = NULL };
        enum clam_fate fate;

        if (number % (1 << 16) == 0 && r->o->progress)
            r->o->progress(r->o->progress_ctx, r->source->name, all - text.n, all);
        text = slice_drop(text, end + 1);
        while (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        if (line.n && line.p[0] == '#')
            continue;
        if (line.n == 0 && !blank_is_malformed)
            continue;
        if (line.n == 0)
            fate = clam_malformed(&why, NULL, "an empty line");
        else if (line.n > CLAM_LINE)
            fate = clam_malformed(&why, NULL, "a line longer than 65,536 bytes");
        else if (memchr(line.p, 0, line.n))
            fate = clam_malformed(&why, NULL, "a NUL byte in a line");
        else
            fate = fn(r, line, number, &name, &why);
        clam_count(r, fate, line, number, name, &why);
    }
    return r->status;
}

enum clam_fate clam_keep(struct vdl_reader *r, struct slice name, enum vdl_class cls, const struct vdl_types *types, struct vdl_node *expr,
                         uint32_t number, struct slice line, struct clam_why *why)
{
    struct vdl_rule *rule, made = { .types = types, .expr = expr, .file = r->file, .line = number, .cls = cls };
    char text[256] = "";
    enum cs_status st;

    if (!expr)
        return CLAM_MALFORMED;          /* r->status tells */
    if (ignore_has(r->ignore, name, line))
        return CLAM_IGNORED;
    made.name = reader_name(r, name);
    if (!node_is_hash(expr) && (expr->kind != VN_SEGMENT || expr->anchor || expr->kids[0]->kind != VN_BYTES)) {
        st = reader_check(r, &made, text);
        if (st == CS_UNSUPPORTED)
            return clam_unsupported(why, "%s", text);
        if (st != CS_OK)
            r->status = st;
    }
    rule = vdl_program_add(r->program);
    if (!rule || !made.name.p) {
        r->status = CS_NOMEM;
        return CLAM_MALFORMED;
    }
    *rule = made;
    return CLAM_OK;
}
