/*
 * milstatus.h - what the mail filter is doing, for convtop: connections, messages by how far they are, answers of the last minute.
 *
 *   Borrows   items: a message's own, from milstatus_begin() to milstatus_end().
 *   Fails     milstatus_write(): statuses of the file.
 *   Bounded   by the number of messages; MILSTATUS_WINDOW seconds of answers.
 *   Threads   any number.
 */
#ifndef IMTA_MILSTATUS_H
#define IMTA_MILSTATUS_H

#include <pthread.h>

#include "milanswer.h"

enum { MILSTATUS_WINDOW = 60 };

enum mil_stage { STAGE_RECEIVING, STAGE_WAITING, STAGE_WORKING, STAGE_N };

struct milstatus_item {
    struct milstatus_item *next, *before;
    enum mil_stage stage;
    uint64_t bytes, since;              /* microseconds of CLOCK_MONOTONIC */
};

/* Of one second. */
struct milstatus_second {
    uint64_t second;
    struct {
        unsigned n;
        uint64_t us, us_max;
    } answer[MIL_ANSWERS];
};

struct milstatus {
    pthread_mutex_t lock;
    struct milstatus_item *first;
    struct milstatus_second seconds[MILSTATUS_WINDOW];
};

void milstatus_open(struct milstatus *s);

/* A message begins to come, and goes on to the next stage with what is known of its size. */
void milstatus_begin(struct milstatus *s, struct milstatus_item *i);
void milstatus_move(struct milstatus *s, struct milstatus_item *i, enum mil_stage stage, uint64_t bytes);
void milstatus_end(struct milstatus *s, struct milstatus_item *i);
void milstatus_answer(struct milstatus *s, enum mil_answer a, uint64_t us);

/* As convtop reads it. standby: scanners that wait for a part. */
enum cs_status milstatus_write(struct milstatus *s, const char *path, unsigned connections, unsigned standby) MUST_USE;

#endif
