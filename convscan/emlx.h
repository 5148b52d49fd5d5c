/*
 * emlx.h - is this a message as Apple's mail program keeps it? (Opened in mail.c.)
 *
 *   Borrows   the bytes.
 *   Fails     never.
 *   Bounded   one line and a header.
 */
#ifndef CONVSCAN_EMLX_H
#define CONVSCAN_EMLX_H

#include <stdbool.h>

#include "base/slice.h"

bool emlx_is(struct slice head);

#endif
