/*
 * mime.h - the one door into mime/: a message as a stream of events.
 *
 *   Borrows   the message bytes; keep them until mime_walk_free(). Slices in events point into the message or the walker.
 *   Owns      the walker. A part lasts until its MIME_CLOSE; everything else in an event until the next call.
 *   Fails     only for want of memory. Broken mail is an event (MIME_DEFECT), not a failure.
 *   Bounded   by struct mime_limits; a limit crossed is an event too (MIME_LIMIT).
 *   Threads   one walker, one thread; no state outside it.
 *
 * Order of events for one entity:  OPEN FIELD* HEAD ( BODY | [PREAMBLE] child* [EPILOGUE] ) CLOSE.
 * The slices of FIELD (data), HEAD (data: the empty line), PREAMBLE, DELIMITER, BODY and EPILOGUE, put one behind the
 * other in the order of the events, are the message again, byte for byte.
 * (RFC 5322, 2045, 2046, 2047, 2183, 2231; what is read beyond them stands in docs/LENIENCY.md.)
 */
#ifndef MIME_MIME_H
#define MIME_MIME_H

#include "base/slice.h"
#include "base/status.h"

/* Content-Transfer-Encoding (RFC 2045 section 6, and what else mail carries). */
enum mime_encoding {
    MIME_ENC_NONE, MIME_ENC_7BIT, MIME_ENC_8BIT, MIME_ENC_BINARY,
    MIME_ENC_QP, MIME_ENC_BASE64, MIME_ENC_UU, MIME_ENC_YENC, MIME_ENC_BINHEX,
    MIME_ENC_UNKNOWN,           /* a token that nobody knows: the body is taken as it is */
    MIME_ENC_UU_BARE,           /* uuencode whose "begin" line is missing */
    /* Other programs' readings of a body that breaks the rules of its encoding, in the order of mime_encoding_next(). */
    MIME_ENC_QP_UPPER_TWO, MIME_ENC_QP_UPPER_THREE,     /* as the next two, and small letters are no digits */
    MIME_ENC_QP_TWO, MIME_ENC_QP_THREE,     /* a broken escape is dropped as two bytes, as three */
    MIME_ENC_QP_LOOSE,          /* as one byte, or with its one digit as three */
    MIME_ENC_BASE64_FOURS,      /* '=' has a place in a group of four, wherever it stands, and no bits */
    MIME_ENC_BASE64_ZEROS,      /* '=' is 'A' */
    MIME_ENC_BASE64_SHORT,      /* '=' is 'A', and the group is a byte shorter for each */
    MIME_ENC_BASE64_LINES,      /* junk ends a line; what is left of a group at the end of a line is dropped */
    MIME_ENC_BASE64_CUT,        /* junk ends a line */
    MIME_ENC_BASE64_URL,        /* '-' and '_' are digits */
    MIME_ENC_BASE64_NOT,        /* as it stands */
    MIME_ENC_BASE64_LOOSE       /* '=' is skipped instead of ending a section */
};
/* The reading behind e of a body that breaks the rules; MIME_ENC_NONE when e is the last, or no such reading. */
enum mime_encoding mime_encoding_next(enum mime_encoding e);

struct mime_param {
    struct slice name;          /* lower case, without '*' and section numbers */
    struct slice value;         /* decoded (RFC 2231, RFC 2047 where mailers put it), UTF-8 */
    struct slice raw;           /* as it stood, quotes removed; first section only */
};

/* A field value of the form  token *( ";" name "=" value ). */
struct mime_value {
    struct slice token;         /* lower case; for Content-Type "type/subtype"; empty when missing or unreadable */
    const struct mime_param *params;
    size_t n_params;
    const struct mime_piece *pieces;    /* as they stood; for mime/ only */
};

enum mime_shape { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE };

enum { MIME_NAMES = 32 };

struct mime_part {
    const struct mime_part *parent;     /* NULL for the message itself */
    unsigned depth;                     /* 0 for the message itself */
    const char *number;                 /* dotted, as IMAP numbers parts (RFC 3501 6.4.5); "" for a multipart message itself */
    enum mime_shape shape;              /* what the walker will do with the body */
    struct mime_value type;             /* Content-Type; token "text/plain" where the field is missing */
    bool has_type;                      /* there is a Content-Type field */
    struct mime_value disposition;      /* Content-Disposition */
    struct slice description, subject, message_id;   /* unfolded, as sent; empty when missing */
    enum mime_encoding encoding;
    struct slice encoding_token;        /* as sent, lower case */
    struct slice name;                  /* the file name a mail program would show, UTF-8; empty when none */
    struct slice names[MIME_NAMES];     /* every reading of the name that differs, names[0] == name */
    size_t n_names;
    struct slice header;                /* the header block as it stands in the message, with its empty line */
    struct slice boundary;              /* of a multipart */
};

enum mime_kind {
    MIME_END,
    MIME_OPEN,        /* an entity begins; only depth, parent and number of part are set */
    MIME_FIELD,       /* data: the field with its line ends; field_name, field_value */
    MIME_HEAD,        /* the header is complete: part is filled in. data: the empty line, maybe nothing */
    MIME_BODY,        /* data: the body of a leaf as sent, still encoded; once for each leaf, maybe empty */
    MIME_PREAMBLE, MIME_DELIMITER, MIME_EPILOGUE,   /* data: of a multipart; a delimiter with the line end before it */
    MIME_CLOSE,       /* the entity is over */
    MIME_DEFECT,      /* defect: what is broken; the walk goes on */
    MIME_LIMIT        /* defect: the name of the limit; what is left of the message comes as one body */
};

struct mime_event {
    enum mime_kind kind;
    const struct mime_part *part;
    struct slice data;
    struct slice field_name, field_value;   /* value: between colon and line end, not unfolded */
    const char *defect;                     /* a short constant text */
};

/* Zero means the default in brackets. */
struct mime_limits {
    unsigned depth;             /* nested entities [100] */
    unsigned parts;             /* entities in all [10000] */
    unsigned fields;            /* header fields of one entity [10000] */
    size_t header_bytes;        /* of one entity [1 MiB] */
};

/* How to read what is ambiguous; 0 is the reading of RFC 2045 with the usual leniency. */
struct mime_reading {
    bool keep_security_multiparts;   /* multipart/signed and multipart/encrypted are leaves */
    bool ignore_container_encoding;  /* a transfer encoding on multipart or message is not believed; the doubt stays */
    unsigned variant;                /* 0 .. MIME_VARIANTS-1: other programs' readings of broken structure */
};
enum { MIME_VARIANTS = 31 };

struct mime_walk;                                   /* opaque */
/* NULL when memory is short. lim and how may be NULL for the defaults. */
struct mime_walk *mime_walk_new(struct slice msg, const struct mime_limits *lim, const struct mime_reading *how);
void mime_walk_free(struct mime_walk *w);
/* CS_OK and *ev; kind MIME_END when the message is over. CS_NOMEM is final. */
enum cs_status mime_walk_next(struct mime_walk *w, struct mime_event *ev) MUST_USE;

/*
 * Would this variant read something else than this walk did? Cheap; false for all variants of well-formed mail. Ask after
 * MIME_END. A variant is worth a walk when every walk made so far says so.
 */
bool mime_walk_is_ambiguous(const struct mime_walk *w, unsigned variant);

/* Does this look like a mail message (header fields first)? For files without a label. */
bool mime_looks_like_message(struct slice head);

/* A parameter by its lower-case name, or NULL. */
const struct mime_param *mime_param_find(const struct mime_value *v, const char *name);

/* Parse a field value on its own; params live in a. CS_NOMEM when the arena is full. */
struct arena;
enum cs_status mime_value_parse(struct slice value, struct arena *a, struct mime_value *out) MUST_USE;
/* RFC 2047 encoded words of a whole field value to UTF-8, unfolded; p is NULL when the arena is full. */
struct slice mime_words_decode(struct slice value, struct arena *a) MUST_USE;

/*
 * Decoding a body. Feed any split of the input; the output goes to put() in pieces. A status other than CS_OK from
 * put() is given back at once. Junk is skipped the way mail programs do it; is_damaged says that there was some.
 */
typedef enum cs_status mime_put(void *ctx, struct slice out);
struct mime_decoder {
    enum mime_encoding encoding;
    mime_put *put;
    void *ctx;
    bool is_damaged;
    uint64_t state[24];         /* of the decoder in use */
};
void mime_decoder_init(struct mime_decoder *d, enum mime_encoding e, mime_put *put, void *ctx);
enum cs_status mime_decoder_feed(struct mime_decoder *d, struct slice in) MUST_USE;
enum cs_status mime_decoder_end(struct mime_decoder *d) MUST_USE;

/* Encoding a body for rebuilding a message; e is QP, BASE64 or one of the identities. Lines end in eol ("\n" or "\r\n"). */
enum cs_status mime_encode(enum mime_encoding e, struct slice in, const char *eol, mime_put *put, void *ctx) MUST_USE;

/* uuencode and yEnc sections inside a text: calls found() with name and decoded bytes for each; false when there is none. */
typedef enum cs_status mime_found(void *ctx, struct slice name, struct slice bytes, const char *how);
enum cs_status mime_find_embedded(struct slice text, size_t max, mime_found *found, void *ctx) MUST_USE;

/*
 * To UTF-8. charset_is_plain: ASCII, UTF-8, Latin-1 and their aliases, done without iconv.
 * CS_UNSUPPORTED for a name nobody knows, and for one that the iconv of this system lacks; charset_is_known: the second. Bytes that do not
 * convert come out as U+FFFD, is_damaged says so.
 */
bool mime_charset_is_plain(struct slice name);
bool mime_charset_is_known(struct slice name);
enum cs_status mime_charset_to_utf8(struct slice name, struct slice in, mime_put *put, void *ctx, bool *is_damaged) MUST_USE;
/* What the bytes themselves say: a byte order mark, or the zeros of UTF-16 and UTF-32. Empty when they say nothing. */
struct slice mime_charset_detect(struct slice head);

#endif
