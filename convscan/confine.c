#include "confine.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "cage.h"

enum { PATHS = 24, CPU_GRACE = 5, MEMORY_FLOOR = 512 << 20 };

/* Small, for every page that is touched counts at the start: the names of folders stand one behind the other. */
struct fence {
    struct cage_path paths[PATHS];
    size_t n, text_n;
    char text[2 * PATH_MAX];
};

static void add(struct fence *f, const char *path, enum cage_use use)
{
    if (!path || !path[0] || f->n == PATHS)
        return;
    for (size_t i = 0; i < f->n; i++)
        if (f->paths[i].use >= use && strcmp(f->paths[i].path, path) == 0)
            return;
    f->paths[f->n++] = (struct cage_path){ path, use };
}

/* The folder that a file is in: files beside it are made and renamed. */
static void add_folder_of(struct fence *f, const char *path, enum cage_use use)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    char *dir = f->text + f->text_n;

    if (!path || f->n == PATHS || n >= sizeof f->text - f->text_n)
        return;
    memcpy(dir, path, n);
    dir[n] = '\0';
    f->text_n += n + 1;
    add(f, n ? dir : ".", use);
}

/* What libraries open on first use: character sets and the table of file types. */
static void add_common(struct fence *f, const struct conf *conf, const char *spool)
{
    add(f, "/usr", CAGE_READ);
    add(f, spool, CAGE_WRITE);
    add(f, conf->notice.folder, CAGE_READ);
    for (int i = 0; i < CLS_N; i++)
        add(f, conf->classes[i].notice, CAGE_READ);
    add(f, conf->quarantine.folder, CAGE_WRITE);
    if (conf->flood.on)
        add_folder_of(f, conf->flood.file, CAGE_WRITE);
    if (conf->log.file && access(conf->log.file, F_OK) == 0)
        add(f, conf->log.file, CAGE_WRITE);
    else
        add_folder_of(f, conf->log.file, CAGE_WRITE);
}

static unsigned finish(struct fence *f, const struct conf *conf, unsigned cpu_seconds)
{
    const struct cage_limits limits = {
        .memory = 2 * (conf->limit.memory + conf->limit.object_bytes) + MEMORY_FLOOR,
        .cpu_seconds = cpu_seconds,
        .file_size = conf->limit.total_bytes + MEMORY_FLOOR,
    };

    /* The C library wants a random number when memory is first asked for; after bad settings nobody may have done so. */
    void *volatile first = malloc(1);

    free(first);
    return cage_close(f->paths, f->n, &limits);
}

unsigned confine_channel(const struct channel *ch, const struct conf *conf)
{
    struct fence room, *f = &room;

    f->n = f->text_n = 0;
    add_folder_of(f, ch->output, CAGE_WRITE);
    add_folder_of(f, ch->options, CAGE_WRITE);
    add_folder_of(f, ch->out_headers, CAGE_WRITE);
    add(f, ch->message_headers, CAGE_FILE);
    add_common(f, conf, conf->scan.spool);
    return finish(f, conf, (unsigned)(conf->limit.time * (conf->scan.helper ? 2 : 1)) + CPU_GRACE);
}

unsigned confine_files(const struct conf *conf, const char *writes_to)
{
    struct fence room, *f = &room;

    f->n = f->text_n = 0;
    add(f, "/", CAGE_READ);
    add(f, writes_to, CAGE_WRITE);
    add_common(f, conf, conf->scan.spool ? conf->scan.spool : "/tmp");
    return finish(f, conf, 0);
}
