#include "zipfmt.h"

#include "base/bytes.h"

static bool has(struct slice all, uint64_t at, size_t n)
{
    return at <= all.n && n <= all.n - at;
}

struct slice zip_extra(struct slice extra, uint16_t id)
{
    while (extra.n >= 4) {
        size_t n = get_le16(extra.p + 2);
        if (get_le16(extra.p) == id)
            return slice_sub(extra, 4, n);
        extra = slice_drop(extra, 4 + n);
    }
    return (struct slice){ extra.p, 0 };
}

/* Zip64: the wide values of those fields that are full, in this order. */
static void widen(struct zip_head *h, bool has_offset)
{
    struct slice wide = zip_extra(h->extra, 0x0001);
    uint64_t *fields[] = { &h->size, &h->packed, has_offset ? &h->offset : NULL };

    for (size_t i = 0; i < 3; i++) {
        if (!fields[i] || *fields[i] != UINT32_MAX)
            continue;
        if (wide.n < 8)
            return;
        *fields[i] = get_le64(wide.p);
        wide = slice_drop(wide, 8);
    }
}

bool zip_read_unsigned(struct slice all, uint64_t at, struct zip_head *h)
{
    const uint8_t *p;
    size_t n_name, n_extra;

    if (!has(all, at, ZIP_LOCAL_SIZE))
        return false;
    p = all.p + at;
    n_name = get_le16(p + 26);
    n_extra = get_le16(p + 28);
    *h = (struct zip_head){
        .flags = get_le16(p + 6), .method = get_le16(p + 8), .time = get_le16(p + 10), .crc = get_le32(p + 14),
        .packed = get_le32(p + 18), .size = get_le32(p + 22), .offset = at,
        .name = slice_sub(all, at + ZIP_LOCAL_SIZE, n_name),
        .extra = slice_sub(all, at + ZIP_LOCAL_SIZE + n_name, n_extra),
        .length = ZIP_LOCAL_SIZE + n_name + n_extra,
    };
    widen(h, false);
    return true;
}

bool zip_read_local(struct slice all, uint64_t at, struct zip_head *h)
{
    return has(all, at, 4) && get_le32(all.p + at) == ZIP_LOCAL && zip_read_unsigned(all, at, h);
}

bool zip_read_central(struct slice all, uint64_t at, struct zip_head *h)
{
    const uint8_t *p;
    size_t n_name, n_extra;

    if (!has(all, at, ZIP_CENTRAL_SIZE) || get_le32(all.p + at) != ZIP_CENTRAL)
        return false;
    p = all.p + at;
    n_name = get_le16(p + 28);
    n_extra = get_le16(p + 30);
    *h = (struct zip_head){
        .flags = get_le16(p + 8), .method = get_le16(p + 10), .time = get_le16(p + 12), .crc = get_le32(p + 16),
        .packed = get_le32(p + 20), .size = get_le32(p + 24), .offset = get_le32(p + 42),
        .name = slice_sub(all, at + ZIP_CENTRAL_SIZE, n_name),
        .extra = slice_sub(all, at + ZIP_CENTRAL_SIZE + n_name, n_extra),
        .length = ZIP_CENTRAL_SIZE + n_name + n_extra + get_le16(p + 32),
    };
    widen(h, true);
    return true;
}

/* The zip64 record lies in front of its locator; what the locator says is not needed. */
static bool read_end64(struct slice all, uint64_t end, struct zip_end *e)
{
    uint64_t at;

    if (end < ZIP_LOCATOR64_SIZE || get_le32(all.p + end - ZIP_LOCATOR64_SIZE) != ZIP_LOCATOR64)
        return false;
    at = get_le64(all.p + end - ZIP_LOCATOR64_SIZE + 8);
    if (!has(all, at, ZIP_END64_SIZE) || get_le32(all.p + at) != ZIP_END64) {
        if (end < ZIP_LOCATOR64_SIZE + ZIP_END64_SIZE)
            return false;
        at = end - ZIP_LOCATOR64_SIZE - ZIP_END64_SIZE;
        if (get_le32(all.p + at) != ZIP_END64)
            return false;
    }
    *e = (struct zip_end){ at, get_le64(all.p + at + 40), get_le64(all.p + at + 48) };
    return true;
}

bool zip_read_end(struct slice all, uint64_t at, struct zip_end *e)
{
    if (!has(all, at, ZIP_END_SIZE) || get_le32(all.p + at) != ZIP_END)
        return false;
    if (!read_end64(all, at, e))
        *e = (struct zip_end){ at, get_le32(all.p + at + 12), get_le32(all.p + at + 16) };
    return true;
}

uint64_t zip_next(struct slice all, uint64_t at, uint64_t end, uint32_t signature)
{
    uint8_t third = (uint8_t)(signature >> 16), fourth = (uint8_t)(signature >> 24);

    while (at < end && end - at >= 4) {
        const uint8_t *q = memchr(all.p + at, 'P', end - at - 3);
        if (!q)
            break;
        if (q[1] == 'K' && q[2] == third && q[3] == fourth)
            return (uint64_t)(q - all.p);
        at = (uint64_t)(q - all.p) + 1;
    }
    return end;
}
