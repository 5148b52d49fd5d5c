#include "seal.h"

#include <archive.h>
#include <archive_entry.h>
#include <time.h>

struct sink {
    struct buf *out;
    enum cs_status st;
};

/* A failure is kept and told at the end: libarchive loses memory when a writer fails. */
static la_ssize_t put(struct archive *a, void *ctx, const void *p, size_t n)
{
    struct sink *k = ctx;

    (void)a;
    if (k->st == CS_OK)
        k->st = buf_put(k->out, slice_of(p, n));
    return (la_ssize_t)n;
}

static bool write_entry(struct archive *a, const char *name, struct slice content)
{
    struct archive_entry *e = archive_entry_new();
    bool is_good = e != NULL;

    if (is_good) {
        archive_entry_set_pathname(e, name);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, 0600);
        archive_entry_set_size(e, (la_int64_t)content.n);
        archive_entry_set_mtime(e, time(NULL), 0);
        is_good = archive_write_header(a, e) == ARCHIVE_OK && archive_write_data(a, content.p, content.n) == (la_ssize_t)content.n &&
                  archive_write_finish_entry(a) == ARCHIVE_OK;
    }
    archive_entry_free(e);
    return is_good;
}

enum cs_status seal_zip(const char *name, struct slice content, const char *password, struct buf *out)
{
    struct sink k = { .out = out, .st = CS_OK };
    struct archive *a = archive_write_new();
    bool is_good;

    if (!a)
        return CS_NOMEM;
    is_good = archive_write_set_format_zip(a) == ARCHIVE_OK && archive_write_set_options(a, "zip:encryption=aes256") == ARCHIVE_OK &&
              archive_write_set_passphrase(a, password) == ARCHIVE_OK && archive_write_set_bytes_per_block(a, 0) == ARCHIVE_OK &&
              archive_write_open(a, &k, NULL, put, NULL) == ARCHIVE_OK && write_entry(a, name, content) && archive_write_close(a) == ARCHIVE_OK;
    archive_write_free(a);
    return k.st != CS_OK ? k.st : is_good ? CS_OK : CS_UNSUPPORTED;
}
