/*
 * ast.h - a signature set as trees: what every reader (VDL, ClamAV, YARA) makes and what the emitter takes.
 *
 *   Owns      everything lives in the arena of struct vdl_program.
 *   Bounded   VDL_DEPTH_MAX levels; readers refuse deeper sources, so that walking a tree may recurse.
 *
 * Readers resolve spelling: escapes, macros, ~"…" (fold), FUZZY (sets), wide/xor/base64 (alternatives) are gone here.
 */
#ifndef VDL_COMPILE_AST_H
#define VDL_COMPILE_AST_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "vdl/vdl_class.h"

#define VDL_INF UINT64_MAX
enum { VDL_DEPTH_MAX = 200 };

enum vdl_kind {
    /* low level: these build one segment; position matters */
    VN_BYTES,       /* bytes; mask (same length, NULL: all 0xff): (data & mask) == (bytes & mask); fold: ASCII letters in either case */
    VN_SET,         /* one byte of set */
    VN_GAP,         /* lo..hi arbitrary bytes; hi may be VDL_INF */
    VN_CAT,         /* kids one behind the other */
    VN_ALT,         /* one of kids, at this place */
    VN_REP,         /* kid[0], lo..hi times */
    VN_LOOSE,       /* ~~"…": bytes, letters in either case; white space and punctuation of the data are skipped between them */
    VN_DIGITS,      /* ~#"…": bytes (digits); everything that is no digit is skipped between them */
    VN_EDGE,        /* zero width: edge */

    /* high level: true or false for the object */
    VN_SEGMENT,     /* kid[0] occurs, at a place allowed by anchor; name (LET) when it has one */
    VN_AND, VN_OR, VN_XOR, VN_NOT,
    VN_COUNT,       /* matches of kid[0] cmp lo. A segment: the number of different places where a match of it begins. An expression: 0 when it is
                       false, else the sum over its segments (each written one once); distinct: and at least that many of them matched */
    VN_ORDER,       /* the first place where a match of kid[0] begins cmp the first place of kid[1] plus lo, a signed number; without kid[1] cmp lo.
                       False when one of them does not occur */
    VN_OF,          /* at least lo of kids are true */
    VN_SIZE,        /* object size in lo..hi */
    VN_DEPTH,       /* nesting depth in lo..hi */
    VN_NAME,        /* file name matches the wildcard pattern in bytes ('*', '?'); fold */
    VN_PARENT,      /* container's type word contains bytes */
    VN_HASH,        /* whole object: algo, bytes (digest), size lo (VDL_INF: any) */
    VN_SECTION_HASH,/* one PE section: the same */
    VN_IMPORT_HASH, /* the text of a PE file's imports: the same */
    VN_REGEX,       /* pcre2: bytes (pattern), regex flags, anchor; kid[0]: trigger expression, evaluated first (readers always give one) */
    VN_INTEGER,     /* byte test, see struct vdl_integer; kid[0]: a segment, when the offset counts from its first match */
    VN_SENDER,      /* envelope sender matches the wildcard pattern in bytes */
    VN_CONTAINER,   /* ClamAV Container / Intermediates: bytes = type words from the outermost to the parent joined by '>'; "*" is any one.
                       Compared whole and from the parent outwards; more layers may be outside */
    VN_TRUE, VN_FALSE
};

/* Zero width. The one-sided ones look at the byte before this place, or with is_after at the byte after it. */
enum vdl_edge {
    VE_WORD,         /* \b: a letter, digit or '_' on exactly one side (the object's ends count as none) */
    VE_START,        /* this place is the object's first byte */
    VE_END,          /* this place is the object's end */
    VE_CLAM_B,       /* before: start, or one of: space - . / _ < @; after: end, or one of: LF CR space " ' - / = > _ */
    VE_CLAM_L,       /* before: start, or LF; after: end, LF, or CR LF */
    VE_ALNUM_FREE    /* start or end, or a byte that is no letter or digit (ClamAV W and f, YARA fullword) */
};

enum vdl_where { VW_ANYWHERE, VW_START,  /* lo..hi from the first byte */
    VW_END,          /* starts lo..hi bytes before the end */
    VW_ENTRY, VW_SECTION, VW_LAST_SECTION, VW_IN_SECTION, VW_VERSION_INFO /* executables: base + lo..hi (signed in lo, hi) */ };
struct vdl_anchor {
    enum vdl_where where;
    int64_t lo, hi;
    unsigned section;
};

enum vdl_cmp { VC_EQ, VC_GT, VC_LT, VC_GE, VC_LE, VC_NE };
enum vdl_hash { VH_MD5, VH_SHA1, VH_SHA256 };
enum { VR_ICASE = 1, VR_DOTALL = 2, VR_MULTILINE = 4, VR_EXTENDED = 8, VR_ANCHORED = 16, VR_DOLLAR_END = 32, VR_UNGREEDY = 64,
    VR_GLOBAL = 128, VR_ROLLING = 256, VR_ENCOMPASS = 512 };

struct vdl_integer {            /* ClamAV byte compare, YARA uintN(off) */
    int64_t offset;             /* from the start of the object, or of kid[0]'s first match when there is one */
    uint8_t bytes;              /* 1, 2, 4, 8 for raw; digits at most for text */
    bool is_text, is_hex, is_auto, is_exact, is_big;
    enum vdl_cmp cmp[2];
    uint64_t value[2];
    unsigned n_cmp;
    uint64_t and_mask;          /* applied before comparing; ~0 for none */
    uint8_t from_bytes;         /* 1, 2, 4: the offset counts from a place that is read from the object itself, raw, at from; 0: it does not */
    bool from_big;
    uint32_t from;
};

/* Small on purpose: a set has millions. Shared subtrees are allowed (a LET, a YARA rule reference): a tree is a DAG. */
struct vdl_node {
    enum vdl_kind kind : 8;
    enum vdl_edge edge : 8;
    enum vdl_cmp cmp : 8;
    enum vdl_hash algo : 8;
    bool fold;
    bool edge_not;              /* the edge must not hold */
    bool is_after;              /* one-sided edges: see above */
    uint32_t line, column;      /* of the source, for complaints */
    uint32_t n_kids;
    struct vdl_node **kids;
    uint64_t lo, hi;
    struct slice bytes;         /* VN_SEGMENT: the name given by LET, or empty */
    const uint8_t *mask;        /* as long as bytes, or NULL: all 0xff */
    const uint8_t *set;         /* 32 bytes, bit n%8 of byte n/8 */
    const struct vdl_anchor *anchor;    /* NULL: anywhere */
    const struct vdl_integer *integer;
    uint32_t distinct;
    uint32_t regex;             /* VR_* */
};

struct vdl_types {              /* <"a","b"> or <!"a"> : substring of a reported type word */
    struct slice *words;
    size_t n;
    bool is_not, is_exact;      /* exact: the word itself, for imported targets */
};

struct vdl_meta {               /* shared by many rules; every slice may be empty */
    struct slice version, severity, id, info, clean;
};

struct vdl_sample {             /* a rule's own tests */
    struct slice rule;          /* name */
    struct slice bytes, file;   /* file: path relative to the source's folder; empty when bytes are given */
    struct slice name, sender;
    struct slice types[8], inside[8];   /* inside: the containers, outermost first */
    size_t n_types, n_inside;
    unsigned depth;
    bool must_match;
    const char *source;         /* file and line of the sample */
    uint32_t line;
};

struct vdl_rule {
    struct slice name;          /* printable */
    const struct vdl_meta *meta;        /* NULL: none */
    const struct vdl_types *types;      /* NULL: every type */
    struct vdl_node *expr;
    const char *file;
    uint32_t line;
    enum vdl_class cls : 8;
    bool is_private;            /* never reported by itself */
};

struct vdl_program {
    struct arena arena;         /* large and lazy */
    struct vdl_rule *rules;     /* grows; heap */
    size_t n_rules, room;
    struct slice version;
    struct vdl_sample *samples; /* grows; heap */
    size_t n_samples, sample_room;
};

enum cs_status vdl_program_init(struct vdl_program *p) MUST_USE;
/* With a ceiling of room bytes. */
enum cs_status vdl_program_init_sized(struct vdl_program *p, size_t room) MUST_USE;
void vdl_program_release(struct vdl_program *p);
/* A new rule with everything zero, or NULL. Pointers to earlier rules may move. */
struct vdl_rule *vdl_program_add(struct vdl_program *p) MUST_USE;
/* A digest of something, see VN_HASH. */
static inline bool node_is_hash(const struct vdl_node *n)
{
    return n->kind == VN_HASH || n->kind == VN_SECTION_HASH || n->kind == VN_IMPORT_HASH;
}
/* A zeroed node in the arena, or NULL. */
struct vdl_node *vdl_node_new(struct vdl_program *p, enum vdl_kind kind) MUST_USE;

#endif
