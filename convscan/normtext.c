#include "normtext.h"

enum { PIECE = 16384 };

/* What becomes of each byte: 0 left out (ClamAV's view has ASCII only), ' ' white space, else itself in lower case. */
static uint8_t fold(uint8_t c)
{
    if (ascii_is_space(c))
        return ' ';
    return c < ' ' || c >= 0x7f ? 0 : ascii_lower(c);
}

enum cs_status normtext_emit(struct slice text, struct emit *out)
{
    struct emit_child c = { .kind = EMIT_VIEW, .how = "normalised", .type = "normalised-text", .size = UINT64_MAX,
                            .packed = text.n, .name = slice_take(text, 0) };
    uint8_t table[256], room[PIECE];
    bool is_blank = true;            /* none at the front */
    enum cs_status st = out->open(out, &c);

    for (unsigned i = 0; i < 256; i++)
        table[i] = fold((uint8_t)i);
    while (st == CS_OK && text.n) {
        struct slice piece = slice_take(text, PIECE);
        size_t n = 0;
        for (size_t i = 0; i < piece.n; i++) {
            uint8_t f = table[piece.p[i]];
            room[n] = f;
            n += f && !(f == ' ' && is_blank);
            is_blank = f ? f == ' ' : is_blank;
        }
        text = slice_drop(text, piece.n);
        if (n)
            st = out->put(out, slice_of(room, n));
    }
    return st == CS_OK ? out->close(out) : st;
}

/* Plain text is most of what comes, and the raw bytes are matched anyway: the view is made for those who ask for it. */
enum cs_status normtext_decode(struct slice object, struct emit *out)
{
    return out->wants_normalised_text ? normtext_emit(object, out) : CS_OK;
}
