/*
 * format.h - layout of a database image as offsets and sizes; docs/FORMAT.md has the words. Both halves share this and
 * nothing else. All integers are little-endian and read byte by byte; there is no pointer in the file.
 */
#ifndef VDL_FORMAT_H
#define VDL_FORMAT_H

#include <stdint.h>

#define VDB_MAGIC "\x89VDB\r\n\x1a\n"
enum { VDB_MAJOR = 2, VDB_MINOR = 2 };

/* Header: magic, version, size, digest (SHA-256 of the whole file with the digest's own bytes as zero), then the table. */
enum {
    VDB_H_MAGIC = 0, VDB_H_MAJOR = 8, VDB_H_MINOR = 10, VDB_H_SECTIONS = 12, VDB_H_BYTES = 16, VDB_H_ZERO = 24,
    VDB_H_DIGEST = 32, VDB_HEADER = 64, VDB_DIGEST = 32,
    /* one line of the table of contents */
    VDB_T_ID = 0, VDB_T_ZERO = 4, VDB_T_OFFSET = 8, VDB_T_LENGTH = 16, VDB_TOC = 24,
    VDB_ALIGN = 64
};

enum vdb_section {
    VDB_INFO = 1,       /* numbers that size the scan's state */
    VDB_RULES,          /* 8 bytes a rule */
    VDB_NAMES,          /* length byte (two when the first is 255), name */
    VDB_PLANS,          /* rules that are more than one literal */
    VDB_CODE,           /* their expressions: 32-bit words in postfix order */
    VDB_TYPES,          /* type restrictions */
    VDB_GROUPS,         /* search groups */
    VDB_FILTER,         /* their bit filters */
    VDB_BUCKETS,        /* their buckets: first entry of each */
    VDB_ENTRIES,        /* 8 bytes an entry */
    VDB_RECORDS,        /* what an entry points to: literals, and places in programs */
    VDB_SEGMENTS,
    VDB_STAGES,
    VDB_PROGRAMS,       /* instructions of the position automata */
    VDB_SETS,           /* 32 bytes a set of bytes */
    VDB_HASHES,         /* descriptors, one for each algorithm and kind */
    VDB_SIZES,          /* bit filters of object sizes */
    VDB_DIGESTS,
    VDB_STRINGS,        /* patterns, type words, rule texts */
    VDB_TESTS,          /* regular expressions and integer tests */
    VDB_ALWAYS,         /* plans that may hold without any segment */
    VDB_SEEDED,         /* first stages whose automaton starts with the object */
    VDB_SIEVES,         /* tables of half bytes, for groups that have them */
    VDB_SECTIONS_END
};

/* VDB_INFO: 32-bit words */
enum {
    VDB_I_RULES = 0, VDB_I_PLANS = 4, VDB_I_TYPES = 8, VDB_I_SEGMENTS = 12, VDB_I_STAGES = 16, VDB_I_BACK = 20,
    VDB_I_AHEAD = 24, VDB_I_STATE = 28 /* 64 bits: bytes of ring and automaton state */, VDB_I_THREADS = 36,
    VDB_I_FLAGS = 40, VDB_I_HASH_RULES = 44, VDB_I_CLASSES = 48 /* five */, VDB_I_VERSION = 68 /* string */,
    VDB_INFO_BYTES = 72
};
enum { VDB_F_WHOLE = 1 /* some rule needs the whole object at once */, VDB_F_NORMALISED = 2 /* some rule is meant for normalised text */,
       VDB_F_CLEANS = 4 /* some rule has "clean=" */ };

/* VDB_RULES: name offset, then class (3 bits), private (1), plan (1), and 27 bits: a plan's number, or a type restriction */
enum { VDB_R_NAME = 0, VDB_R_WHAT = 4, VDB_RULE = 8 };
enum { VDB_W_CLASS = 7, VDB_W_PRIVATE = 8, VDB_W_PLAN = 16, VDB_W_SHIFT = 5 };

/* VDB_PLANS: what a rule needs that is more than one literal */
enum {
    VDB_P_RULE = 0, VDB_P_CODE = 4 /* first word in VDB_CODE */, VDB_P_WORDS = 8, VDB_P_TYPES = 12, VDB_P_FLAGS = 16,
    VDB_P_TEXT = 20 /* string: the rule as VDL */, VDB_PLAN = 24
};
enum {
    VDB_PF_RISING = 1 /* once true, always true: decided as soon as it is */,
    VDB_PF_CLEAN = 6, VDB_PF_CLEAN_SHIFT = 1 /* enum vdl_clean: every segment is one stage, its matches have two known ends */
};
/* VDB_ALWAYS: numbers of the plans that may be true without any segment; looked at when an object ends */

/* VDB_CODE: an operator, its operands; a stack of truth values */
enum vdb_code {
    VDB_X_FALSE, VDB_X_TRUE, VDB_X_SEGMENT /* number */, VDB_X_AND /* n */, VDB_X_OR /* n */, VDB_X_XOR /* n */, VDB_X_NOT,
    VDB_X_OF /* at least, n */, VDB_X_COUNT /* comparison, value, distinct, n, n segments; a guard is on the stack */,
    VDB_X_SIZE /* lo, hi: 64 bits each */, VDB_X_DEPTH /* the same */, VDB_X_NAME /* string, fold */, VDB_X_PARENT /* string */,
    VDB_X_SENDER /* string, fold */, VDB_X_CONTAINER /* string */, VDB_X_HASH /* algorithm, size: 64 bits, string, VDB_OF_* */,
    VDB_X_REGEX /* number in VDB_TESTS; the trigger is on the stack */, VDB_X_INTEGER /* number, segment or VDB_NONE */,
    VDB_X_ORDER /* segment, comparison, segment or VDB_NONE, a signed number of 64 bits to be added */,
    VDB_X_END
};
enum { VDB_STACK = 256 };
enum vdb_cmp { VDB_EQ, VDB_GT, VDB_LT, VDB_GE, VDB_LE, VDB_NE };

/* VDB_SEGMENTS */
enum {
    VDB_S_PLAN = 0, VDB_S_FIRST = 4 /* stage */, VDB_S_STAGES = 8, VDB_S_NEED = 12 /* matches that are counted at most */,
    VDB_S_WHERE = 16, VDB_S_SECTION = 20, VDB_S_LO = 24, VDB_S_HI = 32 /* signed 64 bits: the anchor */,
    VDB_S_RING = 40 /* 64 bits: in the state, for counting starts */, VDB_S_RING_BITS = 48, VDB_S_FLAGS = 52, VDB_SEGMENT = 56
};
enum vdb_where { VDB_WH_ANYWHERE, VDB_WH_START, VDB_WH_END, VDB_WH_ENTRY, VDB_WH_SECTION, VDB_WH_LAST_SECTION, VDB_WH_IN_SECTION,
    VDB_WH_VERSION_INFO };

/* VDB_STAGES: pieces of a segment between wide gaps. A stage is found through its records, or, with VDB_SF_SEEDED, its
 * automaton starts wherever the stage before ended (the first one: at the start of the object). */
enum {
    VDB_ST_SEGMENT = 0, VDB_ST_FLAGS = 4, VDB_ST_GAP_LO = 8, VDB_ST_GAP_HI = 12 /* VDB_MANY: open */, VDB_ST_TAIL = 16 /* first instruction */,
    VDB_ST_TAIL_N = 20 /* 0: none */, VDB_ST_STATE = 24 /* 64 bits: its place in the state: automaton, then ring */,
    VDB_ST_RING_BITS = 32 /* 0: only the first end counts */, VDB_ST_LEAST = 36 /* bytes */, VDB_STAGE = 40
};
enum { VDB_SF_SEEDED = 1, VDB_SF_LAST = 2 };
enum { VDB_CHAIN_MAX = 64 /* seeded stages in a row */ };

/* VDB_PROGRAMS: operator, byte, 16 bits, 32 bits */
enum vdb_op {
    VDB_O_MATCH, VDB_O_BYTE /* byte */, VDB_O_FOLD /* lower-case byte */, VDB_O_MASK /* byte, mask */, VDB_O_SET /* number */,
    VDB_O_ANY, VDB_O_SPLIT /* to next, and to */, VDB_O_JUMP /* to */, VDB_O_EDGE /* edge, VDB_OE_* */, VDB_O_END
};
enum { VDB_OE_NOT = 1, VDB_OE_AFTER = 2 };
enum vdb_edge { VDB_EDGE_WORD, VDB_EDGE_START, VDB_EDGE_END, VDB_EDGE_CLAM_B, VDB_EDGE_CLAM_L, VDB_EDGE_ALNUM_FREE };
enum { VDB_OP_CODE = 0, VDB_OP_BYTE = 1, VDB_OP_MORE = 2, VDB_OP_TO = 4, VDB_OP = 8 };

/* VDB_TESTS: 64 bytes each. Regular expression: pattern, flags, where, section, lo, hi. Integer: offset, format, values. */
enum {
    VDB_TT_PATTERN = 0, VDB_TT_RFLAGS = 4, VDB_TT_WHERE = 8, VDB_TT_SECTION = 12, VDB_TT_LO = 16, VDB_TT_HI = 24, VDB_TEST = 64,
    VDB_TT_OFFSET = 0, VDB_TT_BYTES = 8, VDB_TT_FORMAT = 12, VDB_TT_CMP0 = 16, VDB_TT_CMP1 = 20, VDB_TT_N = 24, VDB_TT_VALUE0 = 32,
    VDB_TT_VALUE1 = 40, VDB_TT_AND = 48,
    VDB_TT_FROM_SIZE = 28 /* bytes of the integer that the offset counts from, VDB_XF_BIG << 8; 0: none */, VDB_TT_FROM = 56 /* its place */
};
enum { VDB_XF_TEXT = 1, VDB_XF_HEX = 2, VDB_XF_AUTO = 4, VDB_XF_EXACT = 8, VDB_XF_BIG = 16 };

/* VDB_HASHES: whole-object digests by algorithm; VDB_SIZES: a bit filter of sizes; VDB_DIGESTS: sorted, with size. */
enum {
    VDB_HD_ALGO = 0, VDB_HD_N = 4, VDB_HD_DIGESTS = 8 /* 64 bits: offset */, VDB_HD_SIZES = 16 /* 64 bits */, VDB_HD_WORDS = 24,
    VDB_HD_ANY = 28 /* some hold for any size */, VDB_HD_RULE = 32 /* of the first */, VDB_HD_KIND = 36 /* VDB_OF_* */, VDB_HASH = 40
};
enum vdb_algo { VDB_MD5, VDB_SHA1, VDB_SHA256, VDB_ALGOS };
/* What is hashed: the object, a section of an executable, the text of its imports. */
enum vdb_hash_of { VDB_OF_OBJECT, VDB_OF_SECTION, VDB_OF_IMPORTS, VDB_OFS };

/* Strings: 32-bit length, bytes. Offset 0 is the empty string. */

/* VDB_TYPES: a restriction is flags, number of words, then string offsets; the section starts with offsets of restrictions 1.. */
enum { VDB_TF_NOT = 1, VDB_TF_EXACT = 2 };

/* VDB_GROUPS */
enum {
    VDB_G_WINDOW = 0 /* bytes */, VDB_G_STRIDE = 4, VDB_G_FILTER = 8 /* offset in VDB_FILTER */, VDB_G_WORDS = 12,
    VDB_G_BUCKETS = 16 /* first bucket */, VDB_G_N_BUCKETS = 20, VDB_G_ENTRIES = 24 /* first entry */, VDB_G_N_ENTRIES = 28,
    VDB_G_PAIRS = 32 /* 0, or 1 + offset in VDB_FILTER of a 65536-bit map of byte pairs that start a window */,
    VDB_G_SECOND = 36 /* second filter: offset in VDB_FILTER */, VDB_G_SECOND_WORDS = 40 /* 0: none */,
    VDB_G_CHECKS = 44 /* bit n: some entry has a check of kind n */, VDB_GROUP = 48
};
enum { VDB_GROUPS_MAX = 8 };

/* VDB_SIEVES: a group of stride 1 and a window of four or more, and the sets of eight buckets that know what its windows begin with. */
enum { VDB_V_GROUP = 0, VDB_V_SETS = 4, VDB_V_TABLES = 8 /* offset in VDB_FILTER */, VDB_V_ZERO = 12, VDB_SIEVE = 16 };
enum { VDB_SIEVE_SETS = 4, VDB_SIEVE_PLACES = 4, VDB_SIEVE_SET = VDB_SIEVE_PLACES * 32 /* lower halves, then upper ones, of each place */ };

/* VDB_ENTRIES: record offset and alignment, then the check: kind (8 bits), and 24 bits of the bytes beside the window */
enum { VDB_E_REF = 0, VDB_E_CHECK = 4, VDB_ENTRY = 8, VDB_E_SHIFT = 3 };
enum { VDB_CHECK_NONE, VDB_CHECK_BEHIND, VDB_CHECK_BEFORE, VDB_CHECK_3_BEHIND, VDB_CHECK_3_BEFORE, VDB_CHECK_2_BEHIND, VDB_CHECK_2_BEFORE,
    VDB_CHECKS };

/* Where the bytes of a check stand, from the window's first byte, and how many they are. */
static inline int vdb_check_at(unsigned kind, unsigned window, unsigned *n)
{
    *n = kind <= VDB_CHECK_BEFORE ? 8 : 3;
    switch (kind) {
    case VDB_CHECK_BEHIND:
    case VDB_CHECK_3_BEHIND: return (int)window;
    case VDB_CHECK_BEFORE: return -8;
    case VDB_CHECK_3_BEFORE: return -3;
    case VDB_CHECK_2_BEHIND: return (int)window - 1;
    default: return -2;
    }
}

/* Eight bytes are hashed to 24 bits, three are taken as they are. */
static inline uint32_t vdb_check(unsigned kind, uint64_t bytes)
{
    return kind | (kind <= VDB_CHECK_BEFORE ? (uint32_t)(bytes * 0x9E3779B97F4A7C15u >> 40) << 8 : (uint32_t)bytes << 8);
}

/* VDB_RECORDS: owner, length and kind, window's place in the literal, bytes (masked: bytes, then mask) */
enum { VDB_C_OWNER = 0, VDB_C_LEN = 4, VDB_C_AT = 6, VDB_C_BYTES = 8 };
enum { VDB_C_LEN_MASK = 0x3fff, VDB_C_KIND = 14 };
enum vdb_record { VDB_K_EXACT, VDB_K_MASK, VDB_K_PROGRAM };
#define VDB_OWNER_STAGE 0x80000000u     /* owner is a stage, else a rule */
/* a VDB_K_PROGRAM record: owner, kind and length of a row around the window, then; bytes and mask of the row come last */
enum { VDB_C_PROGRAM = 8, VDB_C_N = 12, VDB_C_BACK_MIN = 16, VDB_C_BACK_MAX = 20, VDB_C_MAX = 24, VDB_C_PROGRAM_BYTES = 28 };

#define VDB_NONE UINT32_MAX
/* bounds that a reader may rely on */
enum { VDB_REACH_MAX = 1 << 16, VDB_THREADS_MAX = 1 << 14, VDB_TYPES_MAX = 1 << 16, VDB_RING_MAX = 1 << 21 };
#define VDB_STATE_MAX ((uint64_t)1 << 34)
#define VDB_MANY UINT32_MAX             /* no upper bound of a gap */

static inline uint64_t vdb_hash(uint64_t window)
{
    return window * 0x9E3779B97F4A7C15u;
}

/* words is a power of two, shift 64 less its logarithm (63 for one word: the top bit is then masked away). */
static inline uint64_t vdb_word(uint64_t hash, unsigned shift, uint32_t words)
{
    return hash >> shift & (words - 1);
}

/* The second filter knows windows together with their check. All checks of a window are in one line of 64 bytes. */
static inline uint64_t vdb_second(uint64_t hash, uint32_t check)
{
    return (hash ^ hash >> 32 ^ (uint64_t)check << 20) * 0xD6E8FEB86659FD93u;
}

static inline uint64_t vdb_line(uint64_t hash, unsigned shift)
{
    return (hash ^ hash >> 31) * 0xA0761D6478BD642Fu >> shift & ~(uint64_t)7;
}

static inline uint64_t vdb_bits(uint64_t hash)
{
    return (uint64_t)1 << (hash >> 34 & 63) | (uint64_t)1 << (hash >> 40 & 63);
}

static inline uint64_t vdb_second_bits(uint64_t key)
{
    return vdb_bits(key) | vdb_bits(key >> 12);
}

static inline uint32_t vdb_bucket(uint64_t hash, uint32_t buckets)
{
    return (uint32_t)((((hash ^ hash >> 29) * 0xBF58476D1CE4E5B9u) >> 32) * buckets >> 32);
}

#endif
