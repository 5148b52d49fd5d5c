/*
 * report.h - what happened to a part, as one JSON object a line.
 *
 *   Borrows   everything.
 *   Fails     never; what cannot be written is lost, the message is not.
 */
#ifndef IMTA_REPORT_H
#define IMTA_REPORT_H

#include <stdio.h>

#include "answer.h"
#include "conversions.h"
#include "runner.h"

struct part_report {
    const char *number;
    struct slice type, name;
    size_t size;                        /* of the part as sent */
    const struct conversion *entry;     /* NULL: none matched */
    const char *command;                /* NULL: none was run */
    struct runner_result run;
    const struct answer *answer;        /* NULL: there was none */
    enum outcome outcome;
};

void report_part(FILE *f, const struct part_report *r);
/* Text as a JSON string with its quotes; bytes that are no UTF-8 come out as U+FFFD. */
void report_json_string(FILE *f, struct slice s);

#endif
