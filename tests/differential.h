/*
 * differential.h - random rules over random and near-miss data: the real matcher against the naive one.
 *
 *   Owns      nothing after it returns; works in a temporary folder.
 *   Fails     gives false and prints seed, rule and data of the first difference.
 */
#ifndef TESTS_DIFFERENTIAL_H
#define TESTS_DIFFERENTIAL_H

#include <stdbool.h>
#include <stdint.h>

struct differential {
    uint64_t sets, rules, left_out, cases, hits;    /* what was done; left_out: rules the image cannot express */
};

/* One set of rules made from this seed. */
bool differential_round(uint64_t seed, struct differential *d);

#endif
