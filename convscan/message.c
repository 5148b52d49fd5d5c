#include "message.h"

#include "base/arena.h"
#include "base/mapfile.h"
#include "mime/mime.h"
#include "base/safe.h"

enum { ARENA = 1 << 20 };

/* What stands in angle brackets, else the first word. */
static struct slice address_of(struct slice value)
{
    struct slice s = slice_trim(value), inner = slice_drop(s, slice_chr(s, '<') + 1);
    size_t n = 0;

    if (slice_chr(s, '<') < s.n)
        return slice_trim(slice_take(inner, slice_chr(inner, '>')));
    while (n < s.n && !ascii_is_space(s.p[n]) && s.p[n] != ',')
        n++;
    return slice_take(s, n);
}

/* Commas in quoted names cut an address in two: the pieces without '@' are left out. */
static void add_addresses(struct message *m, struct slice value)
{
    size_t at = strlen(m->recipients);

    while (value.n && at + 2 < sizeof m->recipients) {
        struct slice one = address_of(slice_take(value, slice_chr(value, ',')));

        if (slice_chr(one, '@') < one.n && slice_chr(one, ' ') == one.n) {
            if (at)
                m->recipients[at++] = ' ';
            at += safe_text(m->recipients + at, sizeof m->recipients - at, one);
        }
        value = slice_drop(value, slice_chr(value, ',') + 1);
    }
    m->recipients[at] = '\0';
}

static void set_once(char *out, size_t room, struct slice value)
{
    if (!out[0])
        safe_text(out, room, slice_trim(value));
}

static void on_field(struct message *m, struct slice name, struct slice value, struct arena *a)
{
    uint8_t *mark = a->at;
    struct slice text = mime_words_decode(value, a);

    if (!text.p)
        text = value;
    if (slice_ieq(name, SLICE("Return-Path")))
        set_once(m->sender, sizeof m->sender, address_of(text));
    else if (slice_ieq(name, SLICE("From")))
        set_once(m->from, sizeof m->from, address_of(text));
    else if (slice_ieq(name, SLICE("Subject")))
        set_once(m->subject, sizeof m->subject, text);
    else if (slice_ieq(name, SLICE("Date")))
        set_once(m->date, sizeof m->date, text);
    else if (slice_ieq(name, SLICE("To")) || slice_ieq(name, SLICE("Cc")))
        add_addresses(m, text);
    else if (slice_ieq(name, SLICE("Accept-Language")) || slice_ieq(name, SLICE("Content-Language")))
        set_once(m->languages, sizeof m->languages, text);
    a->at = mark;
}

static enum cs_status read_fields(struct message *m, struct slice bytes, struct arena *a)
{
    struct mime_walk *w = mime_walk_new(bytes, NULL, NULL);
    struct mime_event ev = { .kind = MIME_OPEN };
    enum cs_status st = w ? CS_OK : CS_NOMEM;

    while (st == CS_OK && ev.kind != MIME_HEAD && ev.kind != MIME_END) {
        st = mime_walk_next(w, &ev);
        if (st == CS_OK && ev.kind == MIME_FIELD)
            on_field(m, ev.field_name, ev.field_value, a);
    }
    mime_walk_free(w);
    return st;
}

enum cs_status message_read(struct message *m, const char *path)
{
    struct mapfile f;
    struct arena a;
    enum cs_status st;

    m->sender[0] = m->from[0] = m->subject[0] = m->date[0] = m->languages[0] = m->recipients[0] = '\0';    /* not all its pages */
    m->is_read = true;
    m->has_envelope = false;
    if (!path)
        return CS_NOENT;
    st = mapfile_open(&f, path, MAPFILE_COPY, MESSAGE_BYTES);
    if (st != CS_OK)
        return st;
    st = arena_init(&a, ARENA);
    if (st == CS_OK) {
        st = read_fields(m, f.data, &a);
        arena_release(&a);
    }
    if (!m->sender[0])
        memcpy(m->sender, m->from, sizeof m->sender);
    mapfile_close(&f);
    return st;
}

void message_set_envelope(struct message *m, const char *from, const char *to)
{
    static const char more[] = " more-recipients";

    if (from)
        safe_text(m->sender, sizeof m->sender, slice_str(from));
    if (!to)
        return;
    m->has_envelope = true;
    if (safe_text(m->recipients, sizeof m->recipients - sizeof more, slice_str(to)) < strlen(to))
        memcpy(m->recipients + strlen(m->recipients), more, sizeof more);
}
