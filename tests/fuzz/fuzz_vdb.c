/* A database image of any bytes: opened, read through, printed and scanned with. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "tests/unit/hostile.h"
#include "vdl/format.h"
#include "vdl/vdl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool touch(void *ctx, const struct vdl_hit *hit)
{
    uint64_t *sum = ctx;

    for (size_t i = 0; i < hit->name.n; i++)
        *sum += hit->name.p[i];
    return true;
}

static void scan(struct vdl_db *db, bool in_pieces)
{
    struct vdl_object o = { .name = SLICE("a.txt"), .types = { "text" }, .size = VDL_SIZE_UNKNOWN };
    struct slice data = { (const uint8_t *)hostile_data, sizeof hostile_data - 1 };
    uint64_t sum = 0;
    struct vdl_scan *s = vdl_scan_new(&db, 1, touch, &sum);
    enum cs_status st = CS_OK;

    if (s && !in_pieces)
        st = vdl_scan_bytes(s, &o, data);
    else if (s && vdl_scan_begin(s, &o) == CS_OK) {
        for (; data.n && st == CS_OK; data = slice_drop(data, 50))
            st = vdl_scan_feed(s, slice_take(data, 50));
        if (st == CS_OK)
            st = vdl_scan_end(s);
    }
    if (st == CS_NOENT)         /* no scan says so */
        abort();
    vdl_scan_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    char path[64], why[256];
    uint8_t length[8];
    struct vdl_db *db;
    int fd = memfd_create("vdb", MFD_CLOEXEC);

    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    if (fd < 0 || !nowhere || fchmod(fd, 0600) < 0)
        abort();
    put_le64(length, size);
    if (write(fd, data, size) != (ssize_t)size || (size >= VDB_HEADER && pwrite(fd, length, 8, VDB_H_BYTES) != 8))
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (vdl_open(path, &db, why) == CS_OK) {
        if (vdl_verify(db, why) != CS_OK && !why[0])
            abort();
        if (vdl_dump(db, nowhere) == CS_NOENT)
            abort();
        scan(db, false);
        scan(db, true);
        vdl_close(db);
    }
    close(fd);
    return 0;
}
