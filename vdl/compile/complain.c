#include "complain.h"

static const char *const kind_words[COMPLAINTS] = { "error", "warning", "malformed", "unsupported" };

/* The text of a line, found from the last one asked for. */
static struct slice line_text(struct vdl_source *s, uint32_t line)
{
    struct slice rest;

    if (s->known_line == 0 || line < s->known_line) {
        s->known_line = 1;
        s->known_at = 0;
    }
    for (; s->known_line < line; s->known_line++) {
        rest = slice_drop(s->text, s->known_at);
        s->known_at += slice_chr(rest, '\n') + 1;
        if (s->known_at >= s->text.n) {
            s->known_at = s->text.n;
            break;
        }
    }
    rest = slice_drop(s->text, s->known_at);
    return slice_take(rest, slice_chr(rest, '\n'));
}

static bool is_shown(uint8_t c)
{
    return c >= 0x20 && c != 0x7f;
}

/* The part of the line around the column, control characters as blanks, then the caret below. */
static void show_line(FILE *out, struct slice text, uint32_t column)
{
    size_t at = column - 1, from = 0, shown = 0;
    char line[COMPLAIN_WIDTH + 1];

    if (at > text.n)
        at = text.n;
    if (at > COMPLAIN_WIDTH - 20)
        from = at - COMPLAIN_WIDTH / 2;
    while (from && from < at && (text.p[from] & 0xc0) == 0x80)
        from++;
    for (size_t i = from; i < text.n && shown < COMPLAIN_WIDTH; i++)
        line[shown++] = is_shown(text.p[i]) ? (char)text.p[i] : ' ';
    while (shown && line[shown - 1] == ' ')
        shown--;
    line[shown] = 0;
    fprintf(out, "  %s\n", line);
    for (size_t i = from; i < at; i++)
        if ((text.p[i] & 0xc0) != 0x80)
            fputc(' ', out);
    fputs("  ^\n", out);
}

void complain(struct complain *c, struct vdl_source *s, enum complaint kind, uint32_t line, uint32_t column, const char *hint,
              const char *fmt, ...)
{
    va_list ap;
    char text[512];

    c->n[kind]++;
    if (!c->out || (c->is_quiet && kind >= COMPLAIN_MALFORMED) || ++s->seen[kind] > COMPLAIN_MAX)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (char *p = text; *p; p++)
        if (!is_shown((uint8_t)*p))
            *p = '?';
    if (line == 0)
        fprintf(c->out, "%s: %s: %s\n", s->name, kind_words[kind], text);
    else
        fprintf(c->out, "%s:%u:%u: %s: %s\n", s->name, line, column ? column : 1, kind_words[kind], text);
    if (line && column)
        show_line(c->out, line_text(s, line), column);
    if (hint)
        fprintf(c->out, "  hint: %s\n", hint);
}

void complain_rest(struct complain *c, struct vdl_source *s)
{
    for (int k = 0; k < COMPLAINTS; k++)
        if (c->out && s->seen[k] > COMPLAIN_MAX)
            fprintf(c->out, "%s: %s: %u more not shown\n", s->name, kind_words[k], s->seen[k] - COMPLAIN_MAX);
}
