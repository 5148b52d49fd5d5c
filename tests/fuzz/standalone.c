/*
 * standalone.c - main() for a fuzz target without the fuzzing engine: feeds it every file named, and every file in every
 * folder named, once. A crash or a sanitizer's complaint ends the run; the name of the input stands on the last line.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* An engine calls this first where a target has it. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { SEED_MAX = 16 << 20 };
static unsigned n_fed;

static int feed_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *room = malloc(SEED_MAX);
    uint8_t *exact = NULL;
    size_t n;

    if (f && room) {
        printf("seed %s\n", path);
        fflush(stdout);
        n = fread(room, 1, SEED_MAX, f);
        exact = realloc(room, n ? n : 1);       /* a sanitizer then sees the first byte too many */
        room = exact;
        if (exact)
            LLVMFuzzerTestOneInput(exact, n);
        n_fed++;
    }
    free(room);
    if (f)
        fclose(f);
    return exact ? 0 : 1;
}

static int feed(const char *path)
{
    char name[4096];
    struct stat st;
    struct dirent *e;
    DIR *d;
    int bad = 0;

    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return feed_file(path);
    d = opendir(path);
    while (d && (e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        bad |= feed_file(name);
    }
    if (d)
        closedir(d);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = 0;

    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++)
        bad |= feed(argv[i]);
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    printf("%u passed, %d failed, 0 skipped\n", n_fed + 1, bad);
    return bad;
}
