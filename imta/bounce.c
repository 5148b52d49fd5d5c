#include "bounce.h"

static enum cs_status put_date(struct buf *out, uint64_t now)
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t t = (time_t)now;
    struct tm tm;

    if (!gmtime_r(&t, &tm))
        return CS_INVALID;
    return buf_printf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\n", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
                      tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static enum cs_status put_head(const struct bounce *b, struct buf *out)
{
    const struct envelope *e = b->envelope;
    enum cs_status st = put_date(out, b->now);

    if (st != CS_OK)
        return st;
    return buf_printf(out,
                      "From: Mail Delivery System <postmaster@%s>\nTo: %.*s\nSubject: Delivery notification: message refused\n"
                      "Message-ID: <%s.refused@%s>\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
                      "Content-Type: multipart/report; report-type=delivery-status;\n boundary=\"=_refused_%s\"\n\n",
                      b->host, (int)e->from.n, (const char *)e->from.p, b->id, b->host, b->id);
}

static enum cs_status put_text(const struct bounce *b, struct buf *out)
{
    enum cs_status st = buf_printf(out, "--=_refused_%s\nContent-Type: text/plain; charset=utf-8\n\n%s:\n\n", b->id, b->reason);

    for (size_t i = 0; st == CS_OK && i < b->envelope->n_to; i++)
        st = buf_printf(out, "    %.*s\n", (int)b->envelope->to[i].n, (const char *)b->envelope->to[i].p);
    if (st == CS_OK && b->diagnostic[0])
        st = buf_printf(out, "\nThe reason given was: %s\n", b->diagnostic);
    return st;
}

static enum cs_status put_status(const struct bounce *b, struct buf *out)
{
    enum cs_status st = buf_printf(out, "\n--=_refused_%s\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; %s\n", b->id,
                                   b->host);

    for (size_t i = 0; st == CS_OK && i < b->envelope->n_to; i++) {
        st = buf_printf(out, "\nFinal-Recipient: rfc822; %.*s\nAction: failed\nStatus: 5.7.1\n",
                        (int)b->envelope->to[i].n, (const char *)b->envelope->to[i].p);
        if (st == CS_OK && b->diagnostic[0])
            st = buf_printf(out, "Diagnostic-Code: x-convchan; %s\n", b->diagnostic);
    }
    return st;
}

/* The header of the original, or the sample. A line that looks like our delimiter is pushed in by a blank. */
static enum cs_status put_original(const struct bounce *b, struct buf *out)
{
    struct slice left = b->sample.n ? b->sample : b->message;
    enum cs_status st = buf_printf(out, "\n--=_refused_%s\nContent-Type: %s\n\n", b->id,
                                   b->sample.n ? "text/plain" : "text/rfc822-headers");

    while (st == CS_OK && left.n) {
        size_t n = slice_chr(left, '\n');
        struct slice line = slice_take(left, n);

        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        if (!b->sample.n && line.n == 0)
            break;
        if (slice_starts(line, SLICE("--=_refused_")))
            st = buf_putc(out, ' ');
        if (st == CS_OK)
            st = buf_put(out, line);
        if (st == CS_OK)
            st = buf_putc(out, '\n');
        left = slice_drop(left, n + 1);
    }
    return st == CS_OK ? buf_printf(out, "\n--=_refused_%s--\n", b->id) : st;
}

enum cs_status bounce_write(const struct bounce *b, struct buf *out)
{
    enum cs_status st = put_head(b, out);

    if (st == CS_OK)
        st = put_text(b, out);
    if (st == CS_OK)
        st = put_status(b, out);
    return st == CS_OK ? put_original(b, out) : st;
}
