#include "convscan/clean.h"
#include "convscan/html.h"
#include "tests/unit/recorder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What comes out holds no script, whatever went in. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out = buf_init(1 << 20);
    struct recorder r;
    bool is_changed;

    recorder_init(&r);
    if (clean_html(slice_of(data, size), &out, &is_changed) == CS_OK && html_decode(buf_slice(&out), &r.emit) == CS_OK)
        for (size_t i = 0; i < r.n_items; i++)
            assert(r.items[i].kind == EMIT_MEMBER || !r.items[i].type || strcmp(r.items[i].type, "script") != 0);
    recorder_release(&r);
    buf_release(&out);
    return 0;
}
