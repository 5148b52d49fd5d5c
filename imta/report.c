#include "report.h"

/* The length of the UTF-8 character at the start of s, 0 when it is none (overlong forms and surrogates included). */
static size_t utf8_length(struct slice s)
{
    uint32_t c = s.p[0], least;
    size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;

    if (n < 2)
        return n;
    if (s.n < n)
        return 0;
    c &= 0x7fu >> n;
    for (size_t i = 1; i < n; i++) {
        if ((s.p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s.p[i] & 0x3f);
    }
    least = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;
    return c < least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

void report_json_string(FILE *f, struct slice s)
{
    fputc('"', f);
    while (s.n) {
        size_t n = utf8_length(s);

        if (n == 0)
            fputs("\\ufffd", f);
        else if (s.p[0] == '"' || s.p[0] == '\\')
            fprintf(f, "\\%c", s.p[0]);
        else if (s.p[0] < ' ' || s.p[0] == 0x7f)
            fprintf(f, "\\u%04x", s.p[0]);
        else
            fwrite(s.p, 1, n, f);
        s = slice_drop(s, n ? n : 1);
    }
    fputc('"', f);
}

static void put_run(FILE *f, const struct part_report *r)
{
    static const char *const ends[] = { "exit", "signal", "timeout", "not-started" };

    fputs(",\"command\":", f);
    report_json_string(f, slice_str(r->command));
    fprintf(f, ",\"end\":\"%s\",\"exit\":%d,\"us\":%llu,\"cpu_us\":%llu", ends[r->run.end], r->run.code,
            (unsigned long long)r->run.us, (unsigned long long)r->run.cpu_us);
}

void report_part(FILE *f, const struct part_report *r)
{
    if (!f)
        return;
    fprintf(f, "{\"part\":");
    report_json_string(f, slice_str(r->number));
    fputs(",\"type\":", f);
    report_json_string(f, r->type);
    fputs(",\"name\":", f);
    report_json_string(f, r->name);
    fprintf(f, ",\"size\":%zu", r->size);
    if (r->entry)
        fprintf(f, ",\"entry\":%u", r->entry->line);
    else
        fputs(",\"entry\":null", f);
    if (r->command)
        put_run(f, r);
    else
        fputs(",\"command\":null", f);
    if (r->answer && r->answer->has_number)
        fprintf(f, ",\"status\":%llu", (unsigned long long)r->answer->status);
    else
        fputs(",\"status\":null", f);
    fprintf(f, ",\"verdict\":\"%s\"", outcome_text(r->outcome));
    if (r->answer && r->answer->diagnostic.n) {
        fputs(",\"diagnostic\":", f);
        report_json_string(f, r->answer->diagnostic);
    }
    fputs("}\n", f);
}
