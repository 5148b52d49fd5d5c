#include "rescan.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/spawn.h"

extern char **environ;

static FILE *message_file(const struct item *it)
{
    FILE *f = tmpfile();
    struct slice all = slice_of(it->header.p, it->header.n);

    /* header and body lie behind one another in the file, the empty line between them */
    all.n = (size_t)(it->body.p + it->body.n - all.p);
    if (f && (fwrite(all.p, 1, all.n, f) != all.n || fflush(f) != 0 || fseek(f, 0, SEEK_SET) != 0)) {
        fclose(f);
        f = NULL;
    }
    return f;
}

static pid_t start(const char *program, int in, int out)
{
    char *argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t) "--json", (char *)(uintptr_t) "-", NULL };
    posix_spawn_file_actions_t files;
    pid_t pid;
    int err;

    if (posix_spawn_file_actions_init(&files) != 0)
        return -1;
    err = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    if (!err)
        err = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    if (!err)
        err = posix_spawnp(&pid, program, &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    return err ? -1 : pid;
}

static void take_answer(struct slice answer, struct item *it)
{
    struct record r;

    if (!record_read(slice_take(answer, slice_chr(answer, '\n')), &r))
        return;
    if (*r.text[REC_CLASS] && record_set(&it->r, REC_CLASS, slice_str(r.text[REC_CLASS])) && *r.text[REC_NAME])
        (void)record_set(&it->r, REC_NAME, slice_str(r.text[REC_NAME]));
    record_release(&r);
}

void rescan(const char *program, struct item *it)
{
    FILE *in = message_file(it), *out = tmpfile();
    char *room = malloc(RECORD_BYTES);
    pid_t pid = in && out && room ? start(program, fileno(in), fileno(out)) : -1;

    if (pid > 0) {
        spawn_wait(pid, NULL);
        rewind(out);
        take_answer(slice_of(room, fread(room, 1, RECORD_BYTES, out)), it);
    }
    if (in)
        fclose(in);
    if (out)
        fclose(out);
    free(room);
}
