#include <assert.h>
#include <stdlib.h>

#include "imta/answer.h"
#include "imta/conversions.h"
#include "imta/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every entry that can be read is matched, and its command and labels are built from values that attack. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mime_param param = { .name = { (const uint8_t *)"name", 4 }, .value = { (const uint8_t *)"$(x)';\"", 7 },
                                             .raw = { (const uint8_t *)"y", 1 } };
    static const struct mime_value value = { .token = { (const uint8_t *)"text/plain", 10 }, .params = &param, .n_params = 1 };
    struct part_facts f = { .type = SLICE("text"), .subtype = SLICE("plain"), .content_type = &value, .disposition = &value,
                            .number = SLICE("1") };
    struct complaints c = { .file = "fuzz" };
    struct conversions cv;
    struct switches sw;
    struct answer answer;
    struct arena a;
    struct buf out = buf_init(1 << 20);

    switches_default(&sw);
    answer_parse(slice_of(data, size), &sw, &answer);
    (void)answer_outcome(&answer, &sw);
    if (conversions_parse(slice_of(data, size), &c, &cv) != CS_OK)
        return 0;
    conversions_lint(&cv, &c);
    const struct conversion *e = conversions_match(&cv, &f);
    if (e && e->command && arena_init(&a, 4 << 20) == CS_OK) {
        struct symbols s = { .arena = &a };
        struct command cmd;

        assert(symbols_set(&s, "NAME", param.value) == CS_OK);
        if (symbols_command(&s, NULL, "/dir", e->command->written, &cmd) == CS_OK)
            assert(cmd.argv[0]);
        for (size_t i = 0; i < e->n; i++)
            if (symbols_expand(&s, NULL, e->clauses[i].written, &out) != CS_OK)
                break;
        arena_release(&a);
    }
    buf_release(&out);
    conversions_free(&cv);
    return 0;
}
