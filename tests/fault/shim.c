/*
 * shim - a library to preload that lets one allocation of one program fail.
 *
 *   FAULT_PROGRAM   the program's name; others, its children say, are left alone
 *   FAULT_COUNT     a file of 8 bytes, mapped: how many allocations were asked for
 *   FAULT_ALLOC     which one fails (from 1); 0 or not set: none
 *
 * malloc(), calloc() and realloc() are what the programs and the libraries inside them use, libc's own strdup() and fopen() included.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t m);
void *__libc_realloc(void *p, size_t n);

static uint64_t *counter;
static uint64_t chosen;

__attribute__((constructor)) static void start(void)
{
    const char *name = getenv("FAULT_PROGRAM"), *file = getenv("FAULT_COUNT"), *which = getenv("FAULT_ALLOC");
    int fd;
    void *p;

    if (!name || !file || strcmp(name, program_invocation_short_name) != 0)
        return;
    fd = open(file, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    p = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return;
    chosen = which ? strtoull(which, NULL, 10) : 0;
    counter = p;
}

static bool fails(void)
{
    if (!counter || ++*counter != chosen)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n)
{
    return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t m)
{
    return fails() ? NULL : __libc_calloc(n, m);
}

void *realloc(void *p, size_t n)
{
    return fails() ? NULL : __libc_realloc(p, n);
}
