#include "maillog.h"

#include <stdio.h>
#include <unistd.h>

enum { RECORD = 4096 };

/* Blanks separate fields and a line end ends the record: neither comes through from outside. */
static enum cs_status put_word(struct buf *b, struct slice s)
{
    enum cs_status st = s.n ? CS_OK : buf_putc(b, '-');

    for (size_t i = 0; st == CS_OK && i < s.n; i++)
        st = buf_putc(b, s.p[i] > ' ' && s.p[i] != 0x7f ? s.p[i] : '_');
    return st;
}

static enum cs_status put_stamp(struct buf *b, uint64_t now_us)
{
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t t = (time_t)(now_us / 1000000);
    struct tm tm;

    if (!localtime_r(&t, &tm))
        return CS_INVALID;
    return buf_printf(b, "%02d-%s-%04d %02d:%02d:%02d.%02u", tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
                      tm.tm_min, tm.tm_sec, (unsigned)(now_us / 10000 % 100));
}

static enum cs_status put_record(struct buf *b, uint64_t now_us, const char *from_chan, const char *to_chan, const char *entry,
                                 uint64_t blocks, struct slice sender, struct slice to, const char *text)
{
    enum cs_status st = put_stamp(b, now_us);

    if (st == CS_OK)
        st = buf_printf(b, " %-12s %-12s %s %llu ", from_chan, to_chan, entry, (unsigned long long)blocks);
    if (st == CS_OK)
        st = put_word(b, sender);
    if (st == CS_OK)
        st = buf_puts(b, " rfc822;");
    if (st == CS_OK)
        st = put_word(b, to);
    if (st == CS_OK)
        st = buf_putc(b, ' ');
    if (st == CS_OK)
        st = put_word(b, to);
    if (st == CS_OK && text && text[0])
        st = buf_printf(b, " %.500s", text);
    return st;
}

/* A record that is too long ends where the room does. */
static void write_record(int fd, uint64_t now_us, const char *from_chan, const char *to_chan, const char *entry,
                         uint64_t blocks, struct slice sender, struct slice to, const char *text)
{
    uint8_t room[RECORD];
    struct buf b = buf_over(room, sizeof room - 1);

    if (put_record(&b, now_us, from_chan, to_chan, entry, blocks, sender, to, text) != CS_OK && b.n == 0)
        return;
    room[b.n++] = '\n';
    if (write(fd, room, b.n) < 0)
        return;
}

void maillog_write(int fd, uint64_t now_us, const char *from_chan, const char *to_chan, const char *entry, uint64_t bytes,
                   const struct envelope *e, const char *text)
{
    uint64_t blocks = bytes / MAILLOG_BLOCK + (bytes % MAILLOG_BLOCK != 0);

    for (size_t i = 0; fd >= 0 && i < (e->n_to ? e->n_to : 1); i++)
        write_record(fd, now_us, from_chan, to_chan, entry, blocks, e->from, e->n_to ? e->to[i] : slice_of(NULL, 0), text);
}
