/*
 * view.h - pieces that several pages share.
 */
#ifndef CONSOLE_VIEW_H
#define CONSOLE_VIEW_H

#include "app.h"

/* "Held", "Quarantined" …; one for each state, in the order in which they are shown. */
enum { VIEW_QUEUES = 5 };
extern const struct view_queue { char state; const char *name; } view_queues[VIEW_QUEUES];
const char *view_state(char state);

/* The fields that choose and page a list, but those named in without (NULL at the end), as a query or as hidden fields. */
void view_fields_url(struct page *p, const struct query *from, const char *const *without);
void view_fields_hidden(struct page *p, const struct query *from);

/* Lines, safe to show; bytes as hex where it is no text. */
void view_content(struct page *p, struct slice s, size_t max);

#endif
