/*
 * places.h - where files are looked for when nobody names them.
 *
 *   Fails     false when there is none.
 */
#ifndef IMTA_PLACES_H
#define IMTA_PLACES_H

#include "base/slice.h"

/* /etc/convscan/NAME; ../share/convscan/NAME.sample beside the program's folder; imta/NAME.sample in a build tree. */
bool places_find(const char *name, char *out, size_t room);
/* The folder of the running program. */
void places_program_dir(char *out, size_t room);

#endif
