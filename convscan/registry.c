#include "blob.h"
#include "formats.h"

/*
 * registry.c - Windows registry files: values as hex digits ("name"=hex:4d,5a,…, hex(3): and so on), which programs read back as bytes. A line
 * that ends with a backslash goes on in the next one.
 */

static bool is_registry(struct slice s)
{
    if (slice_starts(s, SLICE("\xef\xbb\xbf")))
        s = slice_drop(s, 3);
    return slice_starts(s, SLICE("Windows Registry Editor")) || slice_starts(s, SLICE("REGEDIT4"));
}

/* Of the value at the front, continuations included. */
static size_t value_length(struct slice s)
{
    size_t n = 0;

    for (;;) {
        struct slice line = slice_drop(s, n);

        line = slice_take(line, slice_chr(line, '\n'));
        n += line.n;
        line = slice_trim(line);
        if (n == s.n || line.n == 0 || line.p[line.n - 1] != '\\')
            return n;
        n++;
    }
}

/* Behind "=hex" or "=hex(kind)" and a colon; 0: something else. */
static size_t head_length(struct slice s)
{
    size_t n = sizeof "=hex" - 1;

    if (!slice_ieq(slice_take(s, n), SLICE("=hex")))
        return 0;
    if (n < s.n && s.p[n] == '(')
        n += slice_chr(slice_sub(s, n, 12), ')') + 1;
    return n < s.n && s.p[n] == ':' ? n + 1 : 0;
}

enum cs_status registry_decode(struct slice object, struct emit *out)
{
    struct blobs b = blobs_of(out);
    enum cs_status st = CS_OK;

    if (!is_registry(object))
        return CS_OK;
    while (st == CS_OK && object.n) {
        size_t n;

        object = slice_drop(object, slice_chr(object, '='));
        n = head_length(object);
        object = slice_drop(object, n ? n : 1);
        if (n == 0)
            continue;
        n = value_length(object);
        st = blob_text(&b, slice_take(object, n), "registry");
        object = slice_drop(object, n);
    }
    return blobs_end(&b, st);
}
