/* rarity_table.h - the statistic behind rarity.h; rarity_table.c is made by tests/bench/mkrarity.c. */
#ifndef VDL_COMPILE_RARITY_TABLE_H
#define VDL_COMPILE_RARITY_TABLE_H

extern const char rarity_single[257], rarity_pair[65537];

#endif
