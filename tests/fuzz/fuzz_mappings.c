#include <assert.h>

#include "imta/mappings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What can be read can be asked, and the answer comes in bounded time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mapping_answer answer;
    struct conversions_answer divert;
    struct complaints c = { .file = "fuzz" };
    struct mappings *m;
    enum cs_status st;

    if (size > 65536 || mappings_parse(slice_of(data, size), &c, &m) != CS_OK)
        return 0;
    mappings_lint(m, &c);
    st = mappings_divert(m, SLICE("tcp_local"), SLICE("ims-ms"), true, SLICE("red"), &divert);
    assert(st == CS_OK || !divert.is_diverted);
    st = mappings_probe(m, SLICE("T"), SLICE("a-b c1"), &answer);
    assert(answer.n <= sizeof answer.text);
    (void)st;
    mappings_free(m);
    return 0;
}
