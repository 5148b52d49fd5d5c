/*
 * maillog.h - records in the shape of the server's mail.log, one line and one write() each.
 *
 *   Borrows   everything.
 *   Fails     never; a record that cannot be written is lost, the message is not.
 *
 * date time, source, destination, entry, size in blocks, envelope sender, original and active recipient, text.
 */
#ifndef IMTA_MAILLOG_H
#define IMTA_MAILLOG_H

#include "envelope.h"

enum { MAILLOG_BLOCK = 1024 };

/* One record a recipient. fd -1 writes nothing. text may be NULL. */
void maillog_write(int fd, uint64_t now_us, const char *from_chan, const char *to_chan, const char *entry, uint64_t bytes,
                   const struct envelope *e, const char *text);

#endif
