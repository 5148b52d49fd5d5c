/* A whole part, from its type to its last member. The first byte picks what the server said about it. With -DJOBS_FROM=1 also small
 * objects are looked at by two threads. */
#include "convscan/conf.h"
#include "convscan/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/* As in the cage: what is too much is refused, and a reader has to live with that. */
const char *__asan_default_options(void)
{
    return "max_allocation_size_mb=512:allocator_may_return_null=1";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "", "a.js", "a.zip", "x.eml", "page.html", "evil.exe.", "a.txt" };
    static const char *const charsets[] = { "", "utf-7", "utf-16", "iso-2022-jp", "koi8-r" };
    struct conf conf;
    struct verdict v = { .keeps_all = true };
    struct scan_setup setup = { .conf = &conf, .wants_all = true };
    struct scan_part part;
    struct scan *s;

    if (size < 1 || conf_defaults(&conf) != CS_OK)
        return 0;
    setup.wants_tree = data[0] & 0x80;          /* with a tree there is no second thread */
    conf.limit.objects = 300;
    conf.limit.total_bytes = 8 << 20;
    conf.limit.object_bytes = 2 << 20;
    conf.limit.time = 3;
    part = (struct scan_part){ .bytes = slice_of(data + 1, size - 1), .n_names = 1, .is_message = data[0] & 1, .names_count = true,
                               .names_inside = true, .names = { slice_str(names[(data[0] >> 1) % 7]) },
                               .charset = slice_str(charsets[(data[0] >> 4) % 5]) };
    s = scan_new(&setup);
    if (s)
        scan_run(s, &part, &v);
    scan_free(s);
    verdict_release(&v);
    conf_release(&conf);
    return 0;
}
