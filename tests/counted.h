/*
 * counted.h - included everywhere by `make coverage`: _exit() would leave out what gcov writes at an exit.
 *
 *   Fails     not. Once only: a crash while it writes ends the program.
 */
#ifndef COUNTED_H
#define COUNTED_H

/* Declared here, not included: sources have names of their own that <unistd.h> would take. */
_Noreturn void _exit(int status);
void __gcov_dump(void);

static inline _Noreturn void counted_exit(int status)
{
    static volatile int is_begun;

    if (!is_begun) {
        is_begun = 1;
        __gcov_dump();
    }
    _exit(status);
}
#define _exit counted_exit

#endif
