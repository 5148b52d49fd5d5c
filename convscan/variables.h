/*
 * variables.h - the environment of a part that comes later than the program: for a mail filter that starts scanners beforehand.
 *
 *   Owns      what is read lies in static memory: the environment points into it until the program ends.
 *   Fails     variables_take(): false when what comes is not whole; the environment is then empty.
 *   Bounded   VARIABLES_BYTES bytes.
 *
 * "NAME=VALUE", each ended by a NUL byte, then an empty one, then the end of the input. Half of it is nothing: without the last byte
 * no part was handed over.
 */
#ifndef CONVSCAN_VARIABLES_H
#define CONVSCAN_VARIABLES_H

#include <stdbool.h>

enum { VARIABLES_BYTES = 128 << 10 };

#define VARIABLES_READY "ready\n"

/* Says that it is ready to whoever is at the other end of a socket, waits until they come, and puts them in the place of the environment. */
bool variables_take(int fd);

/* "STATUS MICROSECONDS\n" to whom they came from: with which status the program ends, all its files being in place, and what it has
 * used of a processor. Its end itself takes a while that nobody has to wait for. Nothing when he cannot be told. */
void variables_answer(int fd, int status);

#endif
