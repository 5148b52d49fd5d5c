#include "inside.h"

#include "base/bytes.h"
#include "formats.h"

/*
 * inside.c - archives that stand inside something else: behind a program that unpacks them, or behind a picture. (A zip is found by
 * its end record, in ftype.c.)
 */

struct mark {
    const char *bytes;
    size_t n, rare;             /* where its rarest byte is: that one is looked for */
    const char *type;
};

enum { FINDS = 4 };

static const struct mark marks[] = {
    { "Rar!\x1a\x07", 6, 4, "RAR" },
    { "7z\xbc\xaf\x27\x1c", 6, 2, "7z" },
    { "MSCF\0\0\0\0", 8, 0, "CAB" },
};

/* The header behind the mark must make sense: programs that write archives hold the mark alone. */
static bool makes_sense(const struct mark *m, struct slice tail)
{
    if (tail.n < 32)
        return false;
    if (strcmp(m->type, "CAB") == 0)
        return get_le32(tail.p + 8) >= 36 && tail.p[25] == 1 && get_le32(tail.p + 12) == 0;
    if (strcmp(m->type, "7z") == 0)
        return tail.p[6] == 0 && tail.p[7] <= 9 && get_le64(tail.p + 12) < tail.n;
    return tail.p[6] == 0 || (tail.p[6] == 1 && tail.p[7] == 0);
}

static const uint8_t *find_mark(const struct mark *m, struct slice s)
{
    size_t at = m->rare;

    while (at < s.n) {
        at += slice_chr(slice_drop(s, at), (uint8_t)m->bytes[m->rare]);
        if (at < s.n && slice_starts(slice_drop(s, at - m->rare), slice_of(m->bytes, m->n)))
            return s.p + at - m->rare;
        at++;
    }
    return NULL;
}

static enum cs_status look_for(const struct mark *m, struct slice object, struct emit *out)
{
    const struct emit_child c = { .kind = EMIT_MEMBER, .how = "inside", .type = m->type, .size = UINT64_MAX,
                                  .packed = UINT64_MAX };
    struct slice left = slice_drop(object, 1);
    enum cs_status st = CS_OK;

    for (unsigned found = 0; found < FINDS && left.n && st == CS_OK;) {
        const uint8_t *at = find_mark(m, left);

        if (!at)
            break;
        left = slice_drop(left, (size_t)(at - left.p));
        if (makes_sense(m, left)) {
            st = emit_whole(out, &c, left);
            found++;
        }
        left = slice_drop(left, m->n);
    }
    return st;
}

enum cs_status inside_decode(struct slice object, struct emit *out)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < sizeof marks / sizeof *marks && st == CS_OK; i++)
        st = look_for(&marks[i], object, out);
    return st;
}

enum cs_status inside_behind(struct slice object, uint64_t end, struct emit *out)
{
    if (end == 0 || end >= object.n)
        return CS_OK;
    return inside_decode(slice_drop(object, (size_t)end - 1), out);
}
