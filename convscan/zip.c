#include "zip.h"

#include "base/bytes.h"
#include "inflate.h"
#include "inside.h"
#include "zipmember.h"

enum { ENDS = 16, END_REACH = 128 << 10, READINGS = 8, OVERLAPS = 3 };

struct place {
    uint64_t local, central;
    unsigned directory;          /* which of them lists it */
};

struct zip {
    struct zip_job job;
    struct place *places;
    size_t n, room;
    unsigned directory;
    size_t overlaps;
    uint64_t listed_end;         /* of the listed members so far */
    uint64_t last_end;           /* where the last end record begins; 0 for none */
    uint64_t kept_from, kept_end;   /* the last stored member: what lists itself in there is that member's own, if that is a zip */
    bool is_kept_asked, is_kept_zip;
};

/* ---- where members are listed ---- */

static enum cs_status add_place(struct zip *z, uint64_t local, uint64_t central)
{
    if (z->n == ZIP_ENTRIES)
        return zip_note(&z->job, EMIT_LIMITED, "too many zip entries");
    if (z->n == z->room) {
        size_t room = z->room ? z->room * 2 : 64;
        struct place *more = realloc(z->places, room * sizeof *more);
        if (!more)
            return CS_NOMEM;
        z->places = more;
        z->room = room;
    }
    z->places[z->n++] = (struct place){ local, central, z->directory };
    return CS_OK;
}

/* How sure is it that this is the local header that goes with a central one: 0 not, 1 the name, 2 the mark, 3 both. */
static unsigned likeness(struct slice all, uint64_t at, const struct zip_head *central)
{
    struct zip_head h;
    bool has_mark = zip_read_local(all, at, &h);

    if (!has_mark && !zip_read_unsigned(all, at, &h))
        return 0;
    return (has_mark ? 2u : 0) + slice_eq(h.name, central->name);
}

/* Offsets count from the file's start, or from where the archive starts in it: whichever leads to a local header. */
static enum cs_status add_central(struct zip *z, const struct zip_head *h, uint64_t base, uint64_t central)
{
    uint64_t moved = base + h->offset;
    unsigned as_moved = likeness(z->job.all, moved, h);
    unsigned as_told = moved == h->offset ? 0 : likeness(z->job.all, h->offset, h);
    enum cs_status st = CS_OK;

    if (as_moved == 0 && as_told == 0)
        return z->job.is_split ? zip_note(&z->job, EMIT_ENCRYPTED, "part of a split zip")
                               : zip_note(&z->job, EMIT_DAMAGED, "a zip entry leads nowhere");
    if (as_moved >= as_told)
        st = add_place(z, moved, central);
    if (st == CS_OK && as_told >= as_moved && as_told)
        st = add_place(z, h->offset, central);
    return st;
}

static enum cs_status walk_directory(struct zip *z, uint64_t at, uint64_t base)
{
    struct zip_head h;
    enum cs_status st = CS_OK;

    z->directory++;
    while (st == CS_OK && zip_read_central(z->job.all, at, &h) && !z->job.is_noted[EMIT_LIMITED]) {
        st = add_central(z, &h, base, at);
        at += h.length;
    }
    return st;
}

/* The directory as the end record has it, and where it should be when it lies right before that record. */
static enum cs_status walk_end(struct zip *z, const struct zip_end *e)
{
    uint64_t before = e->at - e->size;
    enum cs_status st = CS_OK;

    if (e->size <= e->at)
        st = walk_directory(z, before, before - e->offset);
    if (st == CS_OK && e->offset != before)
        st = walk_directory(z, e->offset, 0);
    return st;
}

/* Position of the last end record before end, or end when there is none down to low. */
static uint64_t previous_end(struct slice all, uint64_t end, uint64_t low)
{
    for (uint64_t at = end; at > low;) {
        const uint8_t *q = memrchr(all.p + low, 'P', at - low);
        if (!q)
            break;
        at = (uint64_t)(q - all.p);
        if (all.n - at >= 4 && get_le32(q) == ZIP_END)
            return at;
    }
    return end;
}

/* An end record of another disk than the first; zip64 leaves all ones there. */
static bool is_last_part(struct slice end)
{
    return end.n >= ZIP_END_SIZE && get_le16(end.p + 4) != 0 && get_le16(end.p + 4) != UINT16_MAX;
}

static enum cs_status collect(struct zip *z)
{
    struct slice all = z->job.all;
    uint64_t reach = all.n > END_REACH ? all.n - END_REACH : 0, low = 0;
    enum cs_status st = CS_OK;

    for (uint64_t end = all.n, i = 0; i < ENDS && st == CS_OK; i++) {
        struct zip_end e;
        uint64_t at = previous_end(all, end, low);
        if (at == end)
            break;
        if (zip_read_end(all, at, &e)) {
            z->job.is_split = z->job.is_split || is_last_part(slice_drop(all, at));
            st = walk_end(z, &e);
            z->last_end = z->last_end ? z->last_end : at;
        }
        end = at;
        low = at > reach ? reach : at;      /* look further back only as long as none was found */
    }
    return st;
}

static int by_place(const void *a, const void *b)
{
    const struct place *p = a, *q = b;

    if (p->local != q->local)
        return p->local < q->local ? -1 : 1;
    return p->central < q->central ? -1 : p->central > q->central;
}

/* Old directories may be left in a file; entries of one that share their data are the work of a bomb. */
static size_t shared(const struct place *p, size_t n)
{
    size_t times = 0;

    for (size_t i = 1; i < n; i++)
        times += p[i].central != p[i - 1].central && p[i].directory == p[i - 1].directory;
    return times;
}

/* ---- readings of one member ---- */

struct readings {
    struct zip_reading of[READINGS];
    size_t n;
};

static bool is_same(const struct zip_head *a, const struct zip_head *b)
{
    if (a->method != b->method || (a->flags ^ b->flags) & ZIP_ENCRYPTED || !slice_eq(a->name, b->name))
        return false;
    if (a->flags & ZIP_ENCRYPTED || zip_method_needs_size(a->method))
        return a->packed == b->packed && (a->method == 0 || a->size == b->size);
    return true;
}

static void add_reading(struct readings *rs, struct zip_head h, uint64_t data)
{
    for (size_t i = 0; i < rs->n; i++)
        if (is_same(&rs->of[i].head, &h))
            return;
    if (rs->n < READINGS)
        rs->of[rs->n++] = (struct zip_reading){ .head = h, .data = data };
}

static bool ends_like(struct slice name, struct slice other)
{
    size_t a = name.n, b = other.n;

    while (a && b && name.p[a - 1] != '.' && ascii_lower(name.p[a - 1]) == ascii_lower(other.p[b - 1]))
        a--, b--;
    return a && b && name.p[a - 1] == other.p[b - 1];
}

/* A header may hold a second name. It is a reading of its own only when it turns the file into one of another kind. */
static void add_header(struct readings *rs, struct zip_head h, uint64_t data)
{
    struct slice unicode = slice_drop(zip_extra(h.extra, 0x7075), 5);

    add_reading(rs, h, data);
    if (unicode.n && !ends_like(unicode, h.name)) {
        struct zip_head named = h;
        named.name = unicode;
        add_reading(rs, named, data);
    }
    if (h.method == 0 && !(h.flags & ZIP_ENCRYPTED) && h.size != h.packed && h.size) {
        h.packed = h.size;
        add_reading(rs, h, data);
    }
}

static bool is_folder(const struct zip_head *h)
{
    return h->packed == 0 && h->size == 0 && slice_ends(h->name, SLICE("/"));
}

/* *first, *last: where the data ends by the shortest and by the longest of them. */
static enum cs_status emit_readings(struct zip *z, const struct readings *rs, uint64_t *first, uint64_t *last)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < rs->n && st == CS_OK; i++) {
        uint64_t here = rs->of[i].data;
        if (!is_folder(&rs->of[i].head))
            st = zip_member(&z->job, &rs->of[i], &here);
        if (i == 0 || here < *first)
            *first = here;
        if (here > *last)
            *last = here;
    }
    return st;
}

static bool is_kept(const struct zip *z, uint64_t at)
{
    return at >= z->kept_from && at < z->kept_end;
}

static bool holds_zip(const struct zip *z, uint64_t from, uint64_t end)
{
    struct slice s = slice_sub(z->job.all, from, end - from);

    return zip_is(s) || zip_is_behind(s);
}

/* Both headers of an entry inside a stored member that is a zip: its own turn will come. A lie about the size of what is none hides nothing. */
static bool is_of_inner(struct zip *z, const struct place *p)
{
    if (!is_kept(z, p->local) || !is_kept(z, p->central))
        return false;
    if (!z->is_kept_asked) {
        z->is_kept_asked = true;
        z->is_kept_zip = holds_zip(z, z->kept_from, z->kept_end);
    }
    return z->is_kept_zip;
}

static void add_directory(struct zip *z, struct readings *rs, const struct place *p, size_t n, uint64_t data)
{
    struct zip_head h;

    for (size_t i = 0; i < n; i++)
        if ((i == 0 || p[i].central != p[i - 1].central) && !is_of_inner(z, p + i) &&
            zip_read_central(z->job.all, p[i].central, &h))
            add_header(rs, h, data);
}

static void note_end(struct zip *z, const struct readings *rs, uint64_t end)
{
    if (end > z->listed_end)
        z->listed_end = end;
    for (size_t i = 0; i < rs->n; i++) {
        const struct zip_reading *r = &rs->of[i];
        uint64_t kept = slice_sub(z->job.all, r->data, r->head.packed).n;
        if (r->head.method == 0 && !(r->head.flags & ZIP_ENCRYPTED) && r->data + kept > z->kept_end) {
            z->kept_from = r->data;
            z->kept_end = r->data + kept;
            z->is_kept_asked = false;
        }
    }
}

/* All entries that lead to one local header; *end: where its data ends, by the shortest reading unless the longest holds a zip, whose own
 * turn will come: there others go on. */
static enum cs_status emit_place(struct zip *z, const struct place *p, size_t n, uint64_t *end)
{
    struct readings rs = { 0 };
    struct zip_head local;
    bool has_mark = zip_read_local(z->job.all, p->local, &local);
    uint64_t data, last;
    enum cs_status st;

    if (!has_mark && !zip_read_unsigned(z->job.all, p->local, &local))
        return CS_OK;
    data = p->local + local.length < z->job.all.n ? p->local + local.length : z->job.all.n;
    *end = last = data;
    add_directory(z, &rs, p, n, data);
    if (rs.n == 0)
        return CS_OK;
    if (has_mark && !(local.flags & ZIP_MASKED)) {
        if (local.flags & ZIP_STREAMED && local.packed == 0) {
            local.packed = rs.of[0].head.packed;
            local.size = rs.of[0].head.size;
            local.crc = rs.of[0].head.crc;
        }
        add_header(&rs, local, data);
    }
    st = emit_readings(z, &rs, end, &last);
    if (*end < last && holds_zip(z, data, last))
        *end = last;
    z->overlaps += shared(p, n) + (p->local < z->listed_end);
    note_end(z, &rs, last);
    if (st == CS_OK && z->overlaps > OVERLAPS)
        st = zip_note(&z->job, EMIT_LIMITED, "zip members overlap");
    return st;
}

/* ---- members that no directory lists ---- */

static bool is_plausible(const struct zip_head *h, uint64_t at, struct slice all)
{
    return h->name.n && h->length <= all.n - at;
}

static bool is_descriptor(struct slice all, uint64_t at, uint64_t n)
{
    return all.n - at >= 16 && (get_le32(all.p + at + 8) == (uint32_t)n);
}

/*
 * The length of data that ends with a descriptor: the place where one stands that gives this very length, with its mark or,
 * before the next header, without; else all up to the next header.
 */
static uint64_t streamed_length(struct zip *z, uint64_t data)
{
    struct slice all = z->job.all;
    uint64_t head = all.n;

    for (uint64_t at = data; at < all.n && z->job.work; at++) {
        const uint8_t *q = memchr(all.p + at, 'P', all.n - at);
        uint64_t found = q ? (uint64_t)(q - all.p) : all.n;
        z->job.work -= found - at < z->job.work ? found - at : z->job.work;
        at = found;
        if (all.n - at < 4 || q[1] != 'K')
            continue;
        if (get_le32(q) == ZIP_DESCRIPTOR && is_descriptor(all, at, at - data))
            return at - data;
        if (get_le32(q) != ZIP_LOCAL && get_le32(q) != ZIP_CENTRAL)
            continue;
        if (at - data >= 12 && get_le32(all.p + at - 8) == at - data - 12)
            return at - data - 12;
        if (at - data >= 20 && get_le64(all.p + at - 16) == at - data - 20)
            return at - data - 20;
        if (head == all.n)
            head = at;
    }
    return head - data;
}

static enum cs_status emit_orphan(struct zip *z, uint64_t at, const struct zip_head *h, uint64_t *end)
{
    struct zip_reading r = { .head = *h, .data = at + h->length };
    bool is_open = h->flags & ZIP_STREAMED && h->packed == 0;
    enum cs_status st;

    if (is_folder(h) && !is_open)
        return CS_OK;
    if (is_open && (zip_method_needs_size(h->method) || h->flags & ZIP_ENCRYPTED)) {
        r.head.packed = streamed_length(z, r.data);
        r.head.size = h->method == 0 ? r.head.packed : UINT64_MAX;
    } else {
        r.is_open_ended = is_open;
    }
    st = zip_member(&z->job, &r, end);
    /* Nobody else says how long it is: a wrong length would hide all that follows. */
    if (h->method == 0 && !(h->flags & ZIP_ENCRYPTED) && *end > r.data && !holds_zip(z, r.data, *end) &&
        inflate_crc32(0, slice_sub(z->job.all, r.data, r.head.packed)) != h->crc)
        *end = r.data;
    return st;
}

/* Where there is no directory at all, some readers take what they cannot unpack for stored. */
static enum cs_status emit_unknown(struct zip *z, uint64_t at, struct zip_head h, uint64_t *end)
{
    enum cs_status st = emit_orphan(z, at, &h, end);

    h.method = 0;
    return st == CS_OK ? emit_orphan(z, at, &h, end) : st;
}

static enum cs_status emit_orphans(struct zip *z, uint64_t *cursor, uint64_t until)
{
    enum cs_status st = CS_OK;
    struct zip_head h;

    while (st == CS_OK && *cursor < until) {
        uint64_t at = zip_next(z->job.all, *cursor, until, ZIP_LOCAL), end;
        *cursor = at;
        if (at == until)
            break;
        *cursor = end = at + 4;
        if (!zip_read_local(z->job.all, at, &h) || !is_plausible(&h, at, z->job.all))
            continue;
        if (zip_method_is_known(h.method))
            st = emit_orphan(z, at, &h, &end);
        else if (z->n == 0)
            st = emit_unknown(z, at, h, &end);
        if (end > *cursor)
            *cursor = end;
    }
    return st;
}

/* ---- all of it, from front to back ---- */

static enum cs_status walk(struct zip *z)
{
    uint64_t cursor = 0;
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < z->n && st == CS_OK;) {
        const struct place *p = z->places + i;
        size_t n = 1;
        uint64_t end = p->local;
        while (i + n < z->n && p[n].local == p->local)
            n++;
        st = emit_orphans(z, &cursor, p->local);
        if (st == CS_OK)
            st = emit_place(z, p, n, &end);
        if (end > cursor)
            cursor = end;
        i += n;
    }
    return st == CS_OK ? emit_orphans(z, &cursor, z->job.all.n) : st;
}

/* The mark of a zip in several files stands in front of the first; where it all fits one, its second spelling. */
static bool is_first_part(struct slice all)
{
    return slice_starts(all, SLICE("PK\7\10PK\3\4"));
}

enum cs_status zip_decode(struct slice object, struct emit *out)
{
    struct zip z = { .job = { .all = object, .out = out, .work = (uint64_t)object.n * 8 + (1 << 20), .is_split = is_first_part(object) } };
    enum cs_status st = collect(&z);

    if (st == CS_OK && z.n)
        qsort(z.places, z.n, sizeof *z.places, by_place);
    if (st == CS_OK)
        st = walk(&z);
    if (st == CS_OK && z.last_end)
        st = inside_behind(object, z.last_end + ZIP_END_SIZE, out);
    free(z.places);
    return st;
}

bool zip_is(struct slice head)
{
    return slice_starts(head, SLICE("PK\3\4")) || slice_starts(head, SLICE("PK\5\6")) ||
           slice_starts(head, SLICE("PK\1\2")) || slice_starts(head, SLICE("PK\7\10PK")) ||
           slice_starts(head, SLICE("PK00PK\3\4"));
}

bool zip_is_behind(struct slice object)
{
    uint64_t low = object.n > END_REACH ? object.n - END_REACH : 0, end = object.n;
    struct zip_end e;
    struct zip_head h;

    for (int i = 0; i < ENDS; i++) {
        uint64_t at = previous_end(object, end, low);
        if (at == end)
            return false;
        if (zip_read_end(object, at, &e) &&
            ((e.size <= e.at && zip_read_central(object, e.at - e.size, &h)) || zip_read_central(object, e.offset, &h)))
            return true;
        end = at;
    }
    return false;
}

bool zip_is_at_end(struct slice object)
{
    uint64_t low = object.n > END_REACH ? object.n - END_REACH : 0, at = previous_end(object, object.n, low);

    return at < object.n && object.n - at >= ZIP_END_SIZE && object.n - at - ZIP_END_SIZE == get_le16(object.p + at + 20) && zip_is_behind(object);
}
