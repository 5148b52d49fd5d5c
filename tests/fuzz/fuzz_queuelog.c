#include <assert.h>

#include "imta/backoff.h"
#include "imta/bounce.h"
#include "imta/queuedir.h"
#include "imta/statlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What lies in a spool and in a log was written by others: envelopes, file names, durations, log lines. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct envelope e, back;
    struct slice in = slice_of(data, size), msg, again;
    struct buf out = buf_init(1 << 22), note = buf_init(1 << 22);
    struct queued m = { .fd = -1 };
    struct stat_record r;
    uint64_t seconds;
    char name[256];

    if (envelope_read(in, &e, &msg) && envelope_write(&e, &out) == CS_OK) {
        struct bounce b = { .host = "h", .id = "ZZ1", .envelope = &e, .diagnostic = "", .message = msg, .reason = "r" };

        assert(envelope_read(buf_slice(&out), &back, &again) && back.n_to == e.n_to && slice_eq(back.from, e.from));
        if (bounce_write(&b, &note) != CS_OK)
            note.n = 0;
    }
    snprintf(name, sizeof name, "%.*s", (int)slice_take(in, 200).n, (const char *)in.p);
    if (queued_parse(name, &m)) {
        char back_name[QUEUE_NAME];

        queued_name(&m, back_name);
        assert(strcmp(back_name, name) == 0);
    }
    (void)backoff_duration(in, &seconds);
    if (statlog_line(in, &r))
        assert(r.class[0] && r.time > 0);
    buf_release(&out);
    buf_release(&note);
    return 0;
}
