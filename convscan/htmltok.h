/*
 * htmltok.h - the pieces of a web page: tags, attributes, comments, as lenient as browsers are.
 *
 *   Borrows   the page; names and values point into it, undecoded.
 *   Fails     never: a page that ends in the middle of something ends that too.
 */
#ifndef CONVSCAN_HTMLTOK_H
#define CONVSCAN_HTMLTOK_H

#include "base/slice.h"

struct html_attribute {
    struct slice name, value;
    size_t from, end;            /* where it stands, with its quotes */
    bool has_value;
};

/* Does a tag, opening or closing, begin at this '<'? */
bool html_is_tag(struct slice rest);

/* Its name; *at behind the '<', then behind the name. A closing tag's name begins with a slash. */
struct slice html_tag_name(struct slice in, size_t *at);

/* False at the end of the tag; *at is then behind its '>'. */
bool html_attribute_next(struct slice in, size_t *at, struct html_attribute *a);

/* How long the comment, declaration or instruction at this '<' is; 0 when it is none of them. */
size_t html_mark_length(struct slice rest);

/* Position of "</name", or in.n: the content of elements that hold no markup ends there. */
size_t html_find_end(struct slice in, struct slice name);

/* Is the (decoded) value an address with this scheme, "javascript:"? Blanks and control characters in it do not matter. */
bool html_has_scheme(struct slice value, const char *scheme);

#endif
