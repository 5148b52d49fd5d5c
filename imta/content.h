/*
 * content.h - the decoded content of a part, as the command gets it.
 *
 *   Borrows   the encoded body.
 *   Fails     CS_NOMEM, or what put() gave back.
 *   Bounded   by the body: decoding never makes it longer, but for CRs where CRLF is asked for.
 */
#ifndef IMTA_CONTENT_H
#define IMTA_CONTENT_H

#include "mime/mime.h"
#include "switches.h"

struct content {
    struct slice body;
    enum mime_encoding encoding;
    bool is_text;               /* its line ends are those of the transport: they become the local ones */
    int line_ends;              /* LINES_LF or LINES_CRLF */
};

enum cs_status content_decode(const struct content *c, mime_put *put, void *ctx) MUST_USE;
/* To a descriptor; *size counts the bytes. */
enum cs_status content_write(const struct content *c, int fd, uint64_t *size) MUST_USE;
/* Is this what the content decodes to? */
enum cs_status content_equals(const struct content *c, struct slice s, bool *is_equal) MUST_USE;

#endif
