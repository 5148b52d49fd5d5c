/*
 * rarity.h - how common a run of bytes is in ordinary files: a chain over pairs of bytes.
 *
 *   Fails     never. The answer is the share of places where the run is expected to stand.
 */
#ifndef VDL_COMPILE_RARITY_H
#define VDL_COMPILE_RARITY_H

#include <stdint.h>

double rarity_bytes(const uint8_t *p, uint32_t n);
double rarity_sets(const uint8_t (*sets)[32], uint32_t n);

#endif
