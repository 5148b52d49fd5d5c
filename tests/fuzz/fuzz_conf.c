/* A configuration file. It is read from a file, as always: in memory, without a name in any folder. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mapfile.h"
#include "convscan/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64], why[256];
    struct conf conf;
    struct buf out = buf_init(4 << 20);
    int fd = memfd_create("conf", MFD_CLOEXEC);

    if (fd < 0)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd_write_all(fd, slice_of(data, size)) == CS_OK && conf_load(&conf, path, why) != CS_NOMEM) {
        struct conf_case k = { .cls = CLS_VIRUS, .in = "tcp_local", .recipients = "a@b c@d", .signature = "X" };

        (void)!conf_print(&conf, true, &out);
        (void)conf_decide(&conf, &k);
        conf_release(&conf);
    }
    close(fd);
    buf_release(&out);
    return 0;
}
