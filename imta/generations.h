/*
 * generations.h - a daemon as a parent that never serves and children that do: a new configuration is a new child.
 *
 *   Borrows   the caller's context and functions.
 *   Owns      the children. A child whose parent dies gets SIGUSR1.
 *   Fails     no: a child that cannot be started is tried again, a second later.
 *   Bounded   GENERATIONS_MAX children at a time; the oldest is hurried when there would be one more.
 *
 * SIGHUP: reload() is asked; when it says yes, a new child takes over and the old one gets SIGUSR1 (finish, take nothing new).
 * SIGTERM, SIGINT: children get SIGUSR2 (finish soon), the parent ends after the last; at the second signal they are killed.
 * A child that ends by itself is replaced.
 */
#ifndef IMTA_GENERATIONS_H
#define IMTA_GENERATIONS_H

#include <stdbool.h>

enum { GENERATIONS_MAX = 8 };

struct generations {
    void *ctx;
    int (*serve)(void *ctx, unsigned number);           /* in the child: what it returns is the exit status */
    bool (*reload)(void *ctx);
    void (*has_ended)(void *ctx, unsigned number);      /* in the parent, after the child is gone */
};

/* Early: what is sent before generations_run() waits for it. */
void generations_block_signals(void);
void generations_run(const struct generations *g);

#endif
