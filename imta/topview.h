/*
 * topview.h - a snapshot as lines of text, one column of a screen.
 *
 *   Borrows   the snapshot and the lines.
 *   Fails     never; what does not fit is cut.
 *   Bounded   TOP_LINES lines of TOP_WIDTH characters, all printable ASCII.
 */
#ifndef IMTA_TOPVIEW_H
#define IMTA_TOPVIEW_H

#include "snapshot.h"

enum { TOP_LINES = 64, TOP_WIDTH = 256 };

struct topview {
    char line[TOP_LINES][TOP_WIDTH];
    size_t n;
};

/* width: characters, 40 at least. now: seconds since 1970, for the age of what another host wrote. */
void topview_draw(struct topview *v, const struct snapshot *s, size_t width, double now);

#endif
