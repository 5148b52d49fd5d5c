#include "view.h"

#include <stdio.h>

const struct view_queue view_queues[VIEW_QUEUES] = {
    { STATE_HELD, "Held" }, { STATE_WAITING, "Quarantined" }, { STATE_ERROR, "Errors" }, { STATE_RELEASED, "Released" }, { STATE_DELETED, "Deleted" },
};

const char *view_state(char state)
{
    for (size_t i = 0; i < VIEW_QUEUES; i++)
        if (view_queues[i].state == state)
            return view_queues[i].name;
    return "All";
}

static const char *const fields[] = { "queue", "class", "from", "to", "subject", "signature", "file", "since", "until", "min", "max", "period" };
enum { FIELDS = sizeof fields / sizeof *fields };

void view_fields_url(struct page *p, const struct query *from, const char *const *without)
{
    for (size_t i = 0; i < FIELDS; i++) {
        const char *value = query_get(from, fields[i]);
        bool is_left_out = !*value;

        for (const char *const *w = without; *w; w++)
            is_left_out |= strcmp(*w, fields[i]) == 0;
        if (is_left_out)
            continue;
        page(p, "&amp;$=", fields[i]);
        page_url(p, value);
    }
}

void view_fields_hidden(struct page *p, const struct query *from)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (*query_get(from, fields[i]))
            page(p, "<input type=\"hidden\" name=\"$\" value=\"$\">", fields[i], query_get(from, fields[i]));
}

static bool is_text(struct slice s)
{
    size_t odd = 0;

    for (size_t i = 0; i < s.n; i++)
        odd += s.p[i] == 0 || (s.p[i] < ' ' && !ascii_is_space(s.p[i]));
    return odd * 50 <= s.n;
}

static void put_hex(struct page *p, struct slice s)
{
    for (size_t at = 0; at < s.n; at += 16) {
        char line[96];
        int n = snprintf(line, sizeof line, "%08zx ", at);

        for (size_t i = at; i < at + 16; i++)
            n += i < s.n ? snprintf(line + n, sizeof line - (size_t)n, " %02x", s.p[i]) : snprintf(line + n, sizeof line - (size_t)n, "   ");
        n += snprintf(line + n, sizeof line - (size_t)n, "  ");
        for (size_t i = at; i < at + 16 && i < s.n; i++)
            line[n++] = s.p[i] >= ' ' && s.p[i] < 0x7f ? (char)s.p[i] : '.';
        line[n] = '\0';
        page(p, "$\n", line);
    }
}

/* Line ends of mail are line ends here. */
static void put_lines(struct page *p, struct slice s)
{
    while (s.n) {
        struct slice line = slice_take(s, slice_chr(s, '\n'));

        s = slice_drop(s, line.n + 1);
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        page_text(p, line);
        page(p, "\n");
    }
}

void view_content(struct page *p, struct slice s, size_t max)
{
    struct slice head = slice_take(s, max);

    if (is_text(head))
        put_lines(p, head);
    else
        put_hex(p, slice_take(head, 512));
}
