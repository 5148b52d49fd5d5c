#include "clam_cvd.h"

#include <stdio.h>
#include <stdlib.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/bytes.h"
#include "digest.h"

enum { FIELDS = 9, DIGEST_FIELD = 5 };

/* Field number i of the header. */
static struct slice field(struct slice header, size_t i)
{
    while (i--)
        header = slice_drop(header, slice_chr(header, ':') + 1);
    return slice_take(header, slice_chr(header, ':'));
}

enum cs_status clam_cvd_check(struct slice file, bool has_digest, char why[128])
{
    struct slice header = slice_take(file, CVD_HEADER), hex;
    uint8_t digest[16];

    if (file.n < CVD_HEADER || !slice_starts(header, SLICE("ClamAV-VDB:"))) {
        snprintf(why, 128, "no header of a ClamAV database");
        return CS_CORRUPT;
    }
    if (!has_digest)
        return CS_OK;
    hex = field(header, DIGEST_FIELD);
    md5_of(slice_drop(file, CVD_HEADER), digest);
    for (size_t i = 0; i < sizeof digest; i++)
        if (hex.n != 32 || ascii_hex(hex.p[2 * i]) != digest[i] >> 4 || ascii_hex(hex.p[2 * i + 1]) != (digest[i] & 15)) {
            snprintf(why, 128, "the MD5 in the header is not that of the content");
            return CS_CORRUPT;
        }
    return CS_OK;
}

/* A member's bytes; the size it names is not believed beyond what comes. */
static enum cs_status read_member(struct archive *a, struct archive_entry *e, uint8_t **out, size_t *n)
{
    int64_t size = archive_entry_size(e);
    la_ssize_t got;

    *out = NULL;
    *n = 0;
    if (size < 0 || (uint64_t)size > at_most(CVD_MEMBER))
        return CS_TOOBIG;
    *out = malloc((size_t)size + 1);
    if (!*out)
        return CS_NOMEM;
    while (*n < (size_t)size) {
        got = archive_read_data(a, *out + *n, (size_t)size - *n);
        if (got < 0)
            return CS_CORRUPT;
        if (got == 0)
            break;
        *n += (size_t)got;
    }
    return CS_OK;
}

static enum cs_status each(struct archive *a, clam_want_fn *want, clam_member_fn *fn, void *ctx)
{
    struct archive_entry *e;
    enum cs_status st = CS_OK;
    size_t count = 0;
    int got;

    while (st == CS_OK && (got = archive_read_next_header(a, &e)) != ARCHIVE_EOF) {
        const char *name = archive_entry_pathname(e);
        uint8_t *bytes;
        size_t n;
        if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
            return CS_CORRUPT;
        if (++count > CVD_MEMBERS)
            return CS_LIMIT;
        if (!name || archive_entry_filetype(e) != AE_IFREG || !want(ctx, name))
            continue;
        st = read_member(a, e, &bytes, &n);
        if (st == CS_OK)
            st = fn(ctx, name, slice_of(bytes, n));
        free(bytes);
    }
    return st;
}

enum cs_status clam_cvd_walk(struct slice file, clam_want_fn *want, clam_member_fn *fn, void *ctx, char why[128])
{
    struct archive *a = archive_read_new();
    struct slice rest = slice_drop(file, CVD_HEADER);
    enum cs_status st = CS_NOMEM;

    *why = 0;
    if (!a)
        return CS_NOMEM;
    if (archive_read_support_filter_gzip(a) == ARCHIVE_OK && archive_read_support_format_tar(a) == ARCHIVE_OK) {
        st = CS_CORRUPT;
        if (archive_read_open_memory(a, rest.p, rest.n) == ARCHIVE_OK)
            st = each(a, want, fn, ctx);
    }
    if (st == CS_CORRUPT)
        snprintf(why, 128, "%s", archive_error_string(a) ? archive_error_string(a) : "the tar inside cannot be read");
    archive_read_free(a);
    return st;
}
