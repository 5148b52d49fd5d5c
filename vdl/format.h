/*
 * format.h - layout of a database image as offsets and sizes; docs/FORMAT.md has the words. Both halves share this and
 * nothing else. All integers are little-endian and read byte by byte; there is no pointer in the file.
 */
#ifndef VDL_FORMAT_H
#define VDL_FORMAT_H

#include <stdint.h>

#define VDB_MAGIC "\x89VDB\r\n\x1a\n"
enum { VDB_MAJOR = 1, VDB_MINOR = 0 };

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
    VDB_SECTIONS_END
};

/* VDB_INFO: 32-bit words */
enum {
    VDB_I_RULES = 0, VDB_I_PLANS = 4, VDB_I_TYPES = 8, VDB_I_SEGMENTS = 12, VDB_I_STAGES = 16, VDB_I_BACK = 20,
    VDB_I_AHEAD = 24, VDB_I_STATE = 28 /* 64 bits: bytes of ring and automaton state */, VDB_I_THREADS = 36,
    VDB_I_FLAGS = 40, VDB_I_HASH_RULES = 44, VDB_I_CLASSES = 48 /* five */, VDB_I_VERSION = 68 /* string */, VDB_I_ALWAYS = 72,
    VDB_INFO_BYTES = 76
};
enum { VDB_F_WHOLE = 1 /* some rule needs the whole object at once */ };

/* VDB_RULES: name offset, then class (3 bits), private (1), plan (1), and 27 bits: a plan's number, or a type restriction */
enum { VDB_R_NAME = 0, VDB_R_WHAT = 4, VDB_RULE = 8 };
enum { VDB_W_CLASS = 7, VDB_W_PRIVATE = 8, VDB_W_PLAN = 16, VDB_W_SHIFT = 5 };

/* VDB_PLANS */
enum {
    VDB_P_RULE = 0, VDB_P_CODE = 4 /* first word */, VDB_P_WORDS = 8, VDB_P_TYPES = 12, VDB_P_FLAGS = 16,
    VDB_P_TEXT = 20 /* string: the rule as VDL */, VDB_PLAN = 24
};
enum { VDB_PF_RISING = 1 /* once true, always true: decided as soon as it is */, VDB_PF_ALWAYS = 2 /* may be true without any segment */ };

/* Strings: 32-bit length, bytes. Offset 0 is the empty string. */

/* VDB_TYPES: a restriction is flags, number of words, then string offsets; the section starts with offsets of restrictions 1.. */
enum { VDB_TF_NOT = 1, VDB_TF_EXACT = 2 };

/* VDB_GROUPS */
enum {
    VDB_G_WINDOW = 0 /* bytes */, VDB_G_STRIDE = 4, VDB_G_FILTER = 8 /* offset in VDB_FILTER */, VDB_G_WORDS = 12,
    VDB_G_BUCKETS = 16 /* first bucket */, VDB_G_N_BUCKETS = 20, VDB_G_ENTRIES = 24 /* first entry */, VDB_G_N_ENTRIES = 28,
    VDB_G_PAIRS = 32 /* 0, or 1 + offset in VDB_FILTER of a 65536-bit map of byte pairs that start a window */,
    VDB_G_FLAGS = 36, VDB_GROUP = 40
};
enum { VDB_GROUPS_MAX = 8 };

/* VDB_ENTRIES: record offset and alignment, then the check: three bytes and where they stand from the window, 0: none */
enum { VDB_E_REF = 0, VDB_E_CHECK = 4, VDB_ENTRY = 8, VDB_E_SHIFT = 3 };

/* VDB_RECORDS: owner, length and kind, window's place in the literal, bytes (masked: bytes, then mask) */
enum { VDB_C_OWNER = 0, VDB_C_LEN = 4, VDB_C_AT = 6, VDB_C_BYTES = 8 };
enum { VDB_C_LEN_MASK = 0x3fff, VDB_C_KIND = 14 };
enum vdb_record { VDB_K_EXACT, VDB_K_FOLD, VDB_K_MASK, VDB_K_PROGRAM };
#define VDB_OWNER_STAGE 0x80000000u     /* owner is a stage, else a rule */
/* a VDB_K_PROGRAM record: owner, kind, then */
enum { VDB_C_PROGRAM = 8, VDB_C_N = 12, VDB_C_BACK_MIN = 16, VDB_C_BACK_MAX = 20, VDB_C_MAX = 24, VDB_C_PROGRAM_BYTES = 28 };

#define VDB_NONE UINT32_MAX
/* bounds that a reader may rely on */
enum { VDB_REACH_MAX = 1 << 16, VDB_THREADS_MAX = 1 << 14, VDB_TYPES_MAX = 1 << 16 };
#define VDB_STATE_MAX ((uint64_t)1 << 34)
#define VDB_MANY UINT32_MAX             /* no upper bound of a gap */

static inline uint64_t vdb_hash(uint64_t window)
{
    return window * 0x9E3779B97F4A7C15u;
}

static inline uint64_t vdb_word(uint64_t hash, uint32_t words)
{
    return (hash >> 32) * words >> 32;
}

static inline uint64_t vdb_bits(uint64_t hash)
{
    return (uint64_t)1 << (hash >> 34 & 63) | (uint64_t)1 << (hash >> 40 & 63);
}

static inline uint32_t vdb_bucket(uint64_t hash, uint32_t buckets)
{
    return (uint32_t)((((hash ^ hash >> 29) * 0xBF58476D1CE4E5B9u) >> 32) * buckets >> 32);
}

#endif
