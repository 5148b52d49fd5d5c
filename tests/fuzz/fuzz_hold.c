/* A file in a quarantine, then the same bytes as a held message: loaded, and written as JSON. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "imta/item.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(enum store_kind kind, const char *path)
{
    const struct store s = { .kind = kind, .folder = "" };
    struct item it;

    if (item_load(&s, path, &it) != CS_OK)
        return;
    free(record_json(&it.r, it.body.n));
    item_release(&it);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("x.HELD", MFD_CLOEXEC);

    if (fd < 0)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd_write_all(fd, slice_of(data, size)) == CS_OK) {
        load(STORE_QUARANTINE, path);
        load(STORE_SERVER, path);
        load(STORE_SPOOL, path);
    }
    close(fd);
    return 0;
}
