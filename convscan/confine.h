/*
 * confine.h - which files this run may still touch, and the closing of the cage around it.
 *
 *   Borrows   everything during the call.
 *   Fails     never half; gives back what the kernel could not do (bits of cage.h).
 *   Bounded   a dozen paths.
 *
 * Call it when settings, databases, the part, its headers and the connection to syslog are open, before the first byte of the part is looked at.
 */
#ifndef CONVSCAN_CONFINE_H
#define CONVSCAN_CONFINE_H

#include "channel.h"
#include "conf.h"

unsigned confine_channel(const struct channel *ch, const struct conf *conf);

/* For files named on a command line: everything may be read; writes_to is the folder that --move or --delete works on, NULL for none. */
unsigned confine_files(const struct conf *conf, const char *writes_to);

#endif
