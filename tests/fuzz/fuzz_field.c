/* Values of fields: parameters in all readings, encoded words; arenas of every size. */
#include <assert.h>

#include "base/arena.h"
#include "mime/param.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void readings(struct slice s, struct arena *a)
{
    struct slice list[MIME_NAMES];
    struct readings r = { .list = list, .max = MIME_NAMES };
    struct mime_value v;

    if (mime_value_parse(s, a, &v) != CS_OK)
        return;
    for (size_t i = 0; i < v.n_params; i++)
        assert(v.params[i].value.p && v.params[i].name.n);
    if (param_names(&v, "name", a, &r) != CS_OK || param_odd_names(&v, "name", a, &r) != CS_OK)
        return;
    for (size_t i = 0; i < r.n; i++)
        for (size_t k = 0; k < i; k++)
            assert(r.list[i].n && !slice_eq(r.list[i], r.list[k]));
    r.n = 0;
    if (param_boundaries(&v, a, &r) == CS_OK)
        assert(r.n <= MIME_NAMES);
}

/* The first byte says how large the arena is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice s = slice_drop(slice_of(data, size), 1);
    size_t room = 1 << 20;
    struct arena a;

    if (size == 0 || arena_init(&a, room) != CS_OK)
        return 0;
    if (data[0] < 128)
        a.end = a.base + data[0] * 16;
    readings(s, &a);
    a.at = a.base;
    s = mime_words_decode(s, &a);
    a.end = a.base + room;
    arena_release(&a);
    return 0;
}
