#include "lzfu.h"

#include "base/bytes.h"

enum { HEAD = 16, WINDOW = 4096 };

/* What every packed RTF may refer back to before it has written anything (MS-OXRTFCP 2.1.3.1). */
static const char preset[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    "\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    "\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

struct window {
    uint8_t at[WINDOW];
    size_t next;
};

static enum cs_status literal(struct window *w, struct buf *out, uint8_t c)
{
    w->at[w->next] = c;
    w->next = (w->next + 1) % WINDOW;
    return out->n < LZFU_MOST ? buf_putc(out, c) : CS_OK;
}

/* False at the end mark: a reference to where we are. */
static bool reference(struct window *w, struct buf *out, unsigned token, enum cs_status *st)
{
    size_t from = token >> 4, len = (token & 15) + 2;

    if (from == w->next)
        return false;
    for (; len && *st == CS_OK; len--, from = (from + 1) % WINDOW)
        *st = literal(w, out, w->at[from]);
    return true;
}

bool lzfu_is(struct slice in)
{
    return in.n >= HEAD && (memcmp(in.p + 8, "LZFu", 4) == 0 || memcmp(in.p + 8, "MELA", 4) == 0);
}

enum cs_status lzfu_unpack(struct slice in, struct buf *out)
{
    struct window w = { .next = sizeof preset - 1 };
    enum cs_status st = CS_OK;
    bool more = true;

    if (!lzfu_is(in))
        return CS_OK;
    if (in.p[8] == 'M')                             /* stored */
        return buf_put(out, slice_sub(in, HEAD, LZFU_MOST));
    memset(w.at, ' ', sizeof w.at);
    memcpy(w.at, preset, sizeof preset - 1);
    for (size_t at = HEAD; more && st == CS_OK && at < in.n; ) {
        unsigned flags = in.p[at++];
        for (int bit = 0; more && st == CS_OK && bit < 8 && at < in.n; bit++, flags >>= 1) {
            if (!(flags & 1)) {
                st = literal(&w, out, in.p[at++]);
            } else if (in.n - at >= 2) {
                more = reference(&w, out, get_be16(in.p + at), &st);
                at += 2;
            } else {
                more = false;
            }
        }
    }
    return st;
}
