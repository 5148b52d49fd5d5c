#include "inside.h"

#include "base/bytes.h"
#include "formats.h"
#include "tar.h"

/*
 * inside.c - archives that stand inside something else: behind a program that unpacks them, or behind a picture. (A zip is found by
 * its end record, in ftype.c.)
 */

struct mark {
    const char *bytes;
    size_t n, rare;             /* where its rarest byte is: that one is looked for */
    const char *type;
    bool is_sure;               /* the mark is enough */
};

/* FINDS: of one kind. REACH: how far tar is looked for where nothing says that there is any. */
enum { FINDS = 4, REACH = 1 << 20 };

static const struct mark marks[] = {
    { "Rar!\x1a\x07", 6, 4, "RAR", false },
    { "7z\xbc\xaf\x27\x1c", 6, 2, "7z", false },
    { "MSCF\0\0\0\0", 8, 0, "CAB", false },
};

/* Behind the last line of a shell script, which unpacks it. */
static const struct mark packed[] = {
    { "\x1f\x8b\x08", 3, 1, "gzip", true }, { "BZh91AY&SY", 10, 8, "bzip2", true }, { "\xfd" "7zXZ", 5, 0, "xz", true }, { "\x28\xb5\x2f\xfd", 4, 1, "zstd", true },
};

/* The header behind the mark must make sense: programs that write archives hold the mark alone. */
static bool makes_sense(const struct mark *m, struct slice tail)
{
    if (tail.n < 32)
        return false;
    if (m->is_sure)
        return true;
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

static enum cs_status look_for_all(const struct mark *m, size_t n, struct slice object, struct emit *out)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < n && st == CS_OK; i++)
        st = look_for(&m[i], object, out);
    return st;
}

enum cs_status inside_decode(struct slice object, struct emit *out)
{
    enum cs_status st = look_for_all(marks, sizeof marks / sizeof *marks, object, out);
    size_t tar = tar_next(object, 1, object.n < REACH ? object.n : REACH);

    return st == CS_OK && tar < object.n ? tar_give(object, tar, out) : st;
}

/* Shell scripts with what they unpack behind their last line. */
enum cs_status shar_decode(struct slice object, struct emit *out)
{
    return slice_starts(object, SLICE("#!")) ? look_for_all(packed, sizeof packed / sizeof *packed, object, out) : CS_OK;
}

enum cs_status inside_behind(struct slice object, uint64_t end, struct emit *out)
{
    if (end == 0 || end >= object.n)
        return CS_OK;
    return inside_decode(slice_drop(object, (size_t)end - 1), out);
}
