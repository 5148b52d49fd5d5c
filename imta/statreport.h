/*
 * statreport.h - the command line of `convstat report`.
 *
 *   Fails     as an exit status, with a line on standard error.
 */
#ifndef IMTA_STATREPORT_H
#define IMTA_STATREPORT_H

/* argv[0] is "report". Exit status: 0; 1 no records; 64 wrong use; 75 trouble. */
int statreport(int argc, char **argv);

#endif
