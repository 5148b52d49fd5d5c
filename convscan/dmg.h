/*
 * dmg.h - Apple's images of disks (UDIF): each partition comes out as one object, put together from its packed pieces.
 *
 *   Borrows   the object.
 *   Fails     as the emit does; CS_NOMEM. Pieces packed by LZFSE, and images that are encrypted or come in several files, are noted.
 *   Bounded   PARTITIONS partitions; lists of pieces by the object; a piece of ADC by ADC_MAX; the rest by the emit.
 */
#ifndef CONVSCAN_DMG_H
#define CONVSCAN_DMG_H

#include "emit.h"

enum cs_status dmg_decode(struct slice object, struct emit *out) MUST_USE;

#endif
