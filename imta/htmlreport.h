/*
 * htmlreport.h - a period of the log as one self-contained page: nothing is fetched, no script; plots are SVG with a table each.
 *
 *   Borrows   everything. Words of the log are escaped: none of them can become markup.
 *   Fails     CS_NOMEM; CS_IO when out cannot be written.
 *   Bounded   REPORT_SIGNATURES signatures and REPORT_BARS bars; what is more is summed up as others.
 */
#ifndef IMTA_HTMLREPORT_H
#define IMTA_HTMLREPORT_H

#include <stdio.h>

#include "statlog.h"

enum { REPORT_SIGNATURES = 15, REPORT_BARS = 72 };

struct htmlreport {
    const struct statlog *parts, *messages;     /* of the log: lines; one record a message */
    const char *title;
    double cpus;                                /* of the host, for the head-room */
    double releases;                            /* of the quarantine in this period; negative: not known */
};

enum cs_status htmlreport_write(const struct htmlreport *r, FILE *out) MUST_USE;

#endif
