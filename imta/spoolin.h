/*
 * spoolin.h - a message put into a spool of convchan by another program, held from the start.
 *
 *   Borrows   everything.
 *   Bounded   64 KB of memory beside the envelope; the message goes through in pieces.
 *   Fails     CS_INVALID for an address that a spool cannot hold, statuses of the file system. Nothing is in the spool then.
 *   Threads   any number, and any number of processes.
 */
#ifndef IMTA_SPOOLIN_H
#define IMTA_SPOOLIN_H

#include "envelope.h"
#include "queuedir.h"

/* Line ends become the local ones. id gets the name that convhold and convchan --release know it by. */
enum cs_status spoolin_hold(const char *folder, const struct envelope *e, struct slice message, char id[QUEUE_NAME]) MUST_USE;

#endif
