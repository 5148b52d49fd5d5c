/*
 * banned.h - functions that this project does not call; the Makefile includes this everywhere.
 *
 * Each of them writes without a bound, keeps hidden state, or depends on the locale where bytes are meant.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Some compilers see these as macros when the library checks buffer sizes. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gets atoi atol atoll
#pragma GCC poison mktemp tmpnam tempnam gmtime localtime ctime asctime system popen

#endif
