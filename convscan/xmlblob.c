#include "xmlblob.h"

#include "blob.h"
#include "unbase.h"

enum { MIN_TEXT = 44 };

static bool says(struct slice tag, const char *word)
{
    return slice_find(tag, slice_str(word)) < tag.n;
}

/* Text between two tags. Where the tag says that it is a file it is taken for one; those of Word are flatxml.c's. */
static enum cs_status text(struct slice tag, struct slice s, struct blobs *blobs)
{
    s = slice_trim(s);
    if (slice_starts(s, SLICE("<![CDATA[")))
        s = slice_drop(s, 9);
    if (says(tag, "inaryData") || says(tag, "binData"))
        return CS_OK;
    if (says(tag, "base64"))
        return s.n ? blob_64(blobs, s, "xml-data") : CS_OK;
    return s.n >= MIN_TEXT ? blob_known(blobs, s, "xml-text") : CS_OK;
}

enum cs_status xmlblob_decode(struct slice object, struct emit *out)
{
    struct blobs blobs = blobs_of(out);
    enum cs_status st = CS_OK;

    while (st == CS_OK && object.n) {
        struct slice tag = slice_drop(object, slice_chr(object, '<')), body;
        tag = slice_take(tag, slice_chr(tag, '>') + 1);
        body = slice_drop(object, (size_t)(tag.p - object.p) + tag.n);
        object = body;
        body = slice_take(body, slice_chr(body, '<'));
        object = slice_drop(object, body.n);
        st = text(tag, body, &blobs);
    }
    return blobs_end(&blobs, st);
}
