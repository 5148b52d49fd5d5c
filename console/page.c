#include "page.h"

#include <math.h>
#include <stdio.h>

#include "base/safe.h"

void page_init(struct page *p)
{
    *p = (struct page){ .out = buf_init(PAGE_BYTES) };
}

void page_release(struct page *p)
{
    buf_release(&p->out);
}

void page_raw(struct page *p, struct slice s)
{
    p->is_cut |= buf_put(&p->out, s) != CS_OK;
}

static struct slice escape(uint32_t code)
{
    switch (code) {
    case '<': return SLICE("&lt;");
    case '>': return SLICE("&gt;");
    case '&': return SLICE("&amp;");
    case '"': return SLICE("&quot;");
    case '\'': return SLICE("&#39;");
    case '\n': return SLICE("\n");
    case '\t': return SLICE("\t");
    default: return code < ' ' || code == 0x7f || is_tricky_code(code) ? SLICE("\xef\xbf\xbd") : (struct slice){ NULL, 0 };
    }
}

/* What needs no change goes out in one piece. */
void page_text(struct page *p, struct slice s)
{
    size_t plain = 0;

    while (plain < s.n) {
        uint32_t code = 0;
        size_t n = utf8_next(slice_drop(s, plain), &code);
        struct slice out = n ? escape(code) : SLICE("\xef\xbf\xbd");

        if (out.n) {
            page_raw(p, slice_take(s, plain));
            page_raw(p, out);
            s = slice_drop(s, plain + (n ? n : 1));
            plain = 0;
        } else {
            plain += n;
        }
    }
    page_raw(p, s);
}

void page_put(struct page *p, const char *template, const char *const *texts, size_t n)
{
    struct slice left = slice_str(template);
    size_t next = 1;

    while (left.n) {
        struct slice plain = slice_take(left, slice_chr(left, '$'));

        page_raw(p, plain);
        left = slice_drop(left, plain.n);
        if (left.n) {
            page_text(p, slice_str(next < n ? texts[next++] : ""));
            left = slice_drop(left, 1);
        }
    }
}

void page_url(struct page *p, const char *text)
{
    for (const uint8_t *c = (const uint8_t *)text; *c; c++) {
        char hex[4];

        if (ascii_is_alpha(*c) || ascii_is_digit(*c) || strchr("-._~", *c)) {
            page_raw(p, slice_of(c, 1));
        } else {
            snprintf(hex, sizeof hex, "%%%02X", *c);
            page_raw(p, slice_str(hex));
        }
    }
}

struct shorttext text_int(long long v)
{
    struct shorttext t;

    snprintf(t.s, sizeof t.s, "%lld", v);
    return t;
}

struct shorttext text_number(double v)
{
    struct shorttext plain = text_int((long long)fmin(fmax(v, 0), 9e15)), t;
    size_t n = strlen(plain.s), at = 0;

    for (size_t i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            t.s[at++] = ',';
        t.s[at++] = plain.s[i];
    }
    t.s[at] = '\0';
    return t;
}

struct shorttext text_bytes(double v)
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB" };
    struct shorttext t;
    size_t i = 0;

    while (v >= 1000 && i + 1 < sizeof units / sizeof *units) {
        v /= 1024;
        i++;
    }
    snprintf(t.s, sizeof t.s, i && v < 100 ? "%.1f %s" : "%.0f %s", v, units[i]);
    return t;
}

struct shorttext text_time(time_t when)
{
    struct shorttext t = { "-" };
    struct tm tm;

    if (when > 0 && localtime_r(&when, &tm))
        strftime(t.s, sizeof t.s, "%Y-%m-%d %H:%M:%S", &tm);
    return t;
}

struct shorttext text_age(double s)
{
    struct shorttext t = { "-" };

    if (s >= 0)
        snprintf(t.s, sizeof t.s, "%.0f %s", s < 120 ? s : s < 7200 ? s / 60 : s < 172800 ? s / 3600 : s / 86400,
                 s < 120 ? "s" : s < 7200 ? "min" : s < 172800 ? "h" : "d");
    return t;
}
