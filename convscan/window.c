#include "window.h"

void window_flush(struct window *w)
{
    if (w->st == CS_OK && w->at)
        w->st = w->put(w->to, slice_of(w->data, w->at));
    w->at = 0;
}

void window_copy(struct window *w, uint32_t distance, size_t n)
{
    while (n-- && w->st == CS_OK) {
        uint32_t from = (w->at - distance) & (WINDOW - 1);
        window_byte(w, distance > w->made ? 0 : w->data[from]);
    }
}

int codes_make(struct codes *c, const uint8_t *lengths, size_t n)
{
    uint16_t first[WINDOW_LENGTHS + 2] = { 0 };
    int room = 1;

    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < n; i++)
        c->count[lengths[i]]++;
    c->count[0] = 0;
    for (size_t len = 1; len <= WINDOW_LENGTHS; len++) {
        room = (room << 1) - c->count[len];
        if (room < 0)
            return room;
        first[len + 1] = (uint16_t)(first[len] + c->count[len]);
    }
    for (size_t i = 0; i < n; i++)
        if (lengths[i])
            c->symbol[first[lengths[i]]++] = (uint16_t)i;
    return room;
}

int codes_get(const struct codes *c, struct bits *b, unsigned flip)
{
    int code = 0, first = 0, index = 0;

    for (size_t len = 1; len <= WINDOW_LENGTHS; len++) {
        code |= (int)(bits_get(b, 1) ^ flip);
        if (code - first < c->count[len])
            return c->symbol[index + code - first];
        index += c->count[len];
        first = (first + c->count[len]) << 1;
        code <<= 1;
    }
    return -1;
}
