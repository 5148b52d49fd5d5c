#include "officecrypt.h"

#include "crypt.h"
#include "cut.h"
#include "utf16.h"

enum {
    SALT = 16, VERIFIER = 16, XLS_BLOCK = 1024, SEGMENT = 4096, PASSWORD = 255 * 2,
    STANDARD_ROUNDS = 50000, SHA1_SIZE = 20, KEY_MOST = 32,
    BIFF_FILEPASS = 0x2f, BIFF_BOUNDSHEET = 0x85
};

struct key {
    uint8_t at[CRYPT_HASH_MOST * 2];
    size_t n;
};

static struct slice key_slice(const struct key *k)
{
    return slice_of(k->at, k->n);
}

/* Passwords are hashed as UTF-16. Ours come as bytes; those past ASCII are taken as Latin-1. */
static struct slice wide(struct slice password, uint8_t room[PASSWORD])
{
    size_t n = password.n < PASSWORD / 2 ? password.n : PASSWORD / 2;

    for (size_t i = 0; i < n; i++)
        put_le16(room + i * 2, password.p[i]);
    return slice_of(room, n * 2);
}

static struct slice nothing(void)
{
    return slice_of(NULL, 0);
}

static size_t hash_number(enum crypt_hash h, struct slice a, uint32_t number, uint8_t *out)
{
    uint8_t le[4];

    put_le32(le, number);
    return crypt_hash(h, a, slice_of(le, 4), out);
}

/* H(salt + password), then many times H(number of the round + hash). */
static struct key spun(enum crypt_hash h, struct slice salt, struct slice password, uint32_t rounds)
{
    uint8_t room[PASSWORD], number[4];
    struct key k;

    k.n = crypt_hash(h, salt, wide(password, room), k.at);
    for (uint32_t i = 0; i < rounds; i++) {
        put_le32(number, i);
        (void)crypt_hash(h, slice_of(number, 4), key_slice(&k), k.at);
    }
    return k;
}

/* Try the password that every Excel knows, then the others, while there are rounds left. */
typedef bool try_fn(void *with, struct slice password);

static bool try_all(try_fn *fits, void *with, struct officecrypt_try t, uint64_t rounds_each)
{
    uint64_t left = OFFICECRYPT_ROUNDS;

    if (rounds_each > left)
        return false;
    if (fits(with, SLICE("VelvetSweatshop")))
        return true;
    for (size_t i = 0; i < t.n; i++) {
        left -= rounds_each + 1;
        if (left <= rounds_each)
            return false;
        if (fits(with, t.passwords[i]))
            return true;
    }
    return false;
}

/* ---- EncryptedPackage: standard encryption ---- */

struct standard {
    struct slice salt, verifier, verifier_hash;
    size_t key_size;
    struct key key;
};

static bool standard_read(struct slice info, struct standard *s)
{
    struct cut c = { slice_drop(info, 8), false }, head;
    size_t bits;

    head = (struct cut){ cut_bytes(&c, cut_le32(&c)), false };
    (void)cut_bytes(&head, 8);                      /* flags, extra size */
    (void)cut_bytes(&head, 8);                      /* cipher and hash: AES, SHA-1 */
    bits = cut_le32(&head);
    s->key_size = bits / 8;
    (void)cut_le32(&c);                             /* size of the salt */
    s->salt = cut_bytes(&c, SALT);
    s->verifier = cut_bytes(&c, VERIFIER);
    (void)cut_le32(&c);
    s->verifier_hash = cut_bytes(&c, 32);
    return !c.is_out && !head.is_out && (bits == 128 || bits == 192 || bits == 256);
}

static bool standard_try(void *with, struct slice password)
{
    struct standard *s = with;
    struct key k = spun(CRYPT_SHA1, s->salt, password, STANDARD_ROUNDS);
    uint8_t pad[64], plain[VERIFIER], want[32], hash[CRYPT_HASH_MOST];

    (void)hash_number(CRYPT_SHA1, key_slice(&k), 0, hash);
    for (int half = 0; half < 2; half++) {
        memset(pad, half ? 0x5c : 0x36, sizeof pad);
        for (size_t i = 0; i < SHA1_SIZE; i++)
            pad[i] ^= hash[i];
        (void)crypt_hash(CRYPT_SHA1, slice_of(pad, sizeof pad), nothing(), s->key.at + (half ? SHA1_SIZE : 0));
    }
    s->key.n = s->key_size;
    if (!crypt_aes_decrypt(key_slice(&s->key), NULL, s->verifier, plain) ||
        !crypt_aes_decrypt(key_slice(&s->key), NULL, s->verifier_hash, want))
        return false;
    (void)crypt_hash(CRYPT_SHA1, slice_of(plain, sizeof plain), nothing(), hash);
    return memcmp(hash, want, SHA1_SIZE) == 0;
}

/* ---- EncryptedPackage: agile encryption, described by XML ---- */

struct agile_part {
    enum crypt_hash hash;
    size_t hash_size, key_size, salt_size;
    uint8_t salt[CRYPT_HASH_MOST];
};

struct agile {
    struct agile_part data, password;
    uint32_t rounds;
    uint8_t input[64], value[64], key[64];
    size_t n_input, n_value, n_key;
    struct key secret;
};

/* The value of name="…" inside a tag; a name may be the end of a longer one, so what stands before it counts. */
static struct slice attribute(struct slice tag, const char *name)
{
    struct slice want = slice_str(name);

    for (size_t at = 0; at < tag.n; at++) {
        struct slice rest = slice_drop(tag, at);
        if (ascii_is_space(rest.p[0]) && slice_starts(slice_drop(rest, 1), want) &&
            slice_starts(slice_drop(rest, 1 + want.n), SLICE("=\""))) {
            rest = slice_drop(rest, want.n + 3);
            return slice_take(rest, slice_chr(rest, '"'));
        }
    }
    return nothing();
}

static uint32_t attribute_number(struct slice tag, const char *name)
{
    struct slice s = attribute(tag, name);
    uint32_t n = 0;

    for (size_t i = 0; i < s.n && i < 9 && ascii_is_digit(s.p[i]); i++)
        n = n * 10 + (uint32_t)(s.p[i] - '0');
    return n;
}

static size_t attribute_base64(struct slice tag, const char *name, uint8_t *out, size_t room)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct slice s = attribute(tag, name);
    uint32_t bits = 0;
    size_t n = 0, n_bits = 0;

    for (size_t i = 0; i < s.n && n < room; i++) {
        const char *digit = s.p[i] ? strchr(digits, s.p[i]) : NULL;
        if (!digit)
            break;
        bits = bits << 6 | (uint32_t)(digit - digits);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            out[n++] = (uint8_t)(bits >> n_bits);
        }
    }
    return n;
}

static struct slice tag_of(struct slice xml, struct slice name)
{
    struct slice s = slice_drop(xml, slice_find(xml, name));

    return slice_take(s, slice_chr(s, '>'));
}

static bool agile_part_read(struct slice tag, struct agile_part *p)
{
    static const struct {
        const char *name;
        enum crypt_hash hash;
        size_t size;
    } hashes[] = { { "SHA1", CRYPT_SHA1, 20 }, { "SHA-1", CRYPT_SHA1, 20 }, { "SHA256", CRYPT_SHA256, 32 },
                   { "SHA384", CRYPT_SHA384, 48 }, { "SHA512", CRYPT_SHA512, 64 }, { "MD5", CRYPT_MD5, 16 } };
    struct slice hash = attribute(tag, "hashAlgorithm");

    p->key_size = attribute_number(tag, "keyBits") / 8;
    p->salt_size = attribute_base64(tag, "saltValue", p->salt, sizeof p->salt);
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
        if (slice_eq(hash, slice_str(hashes[i].name))) {
            p->hash = hashes[i].hash;
            p->hash_size = hashes[i].size;
        }
    return p->hash_size && p->salt_size && (p->key_size == 16 || p->key_size == 24 || p->key_size == 32) &&
           slice_eq(attribute(tag, "cipherAlgorithm"), SLICE("AES")) &&
           slice_eq(attribute(tag, "cipherChaining"), SLICE("ChainingModeCBC"));
}

static bool agile_read(struct slice info, struct agile *a)
{
    struct slice xml = slice_drop(info, 8), tag = tag_of(xml, SLICE("encryptedKey "));

    a->rounds = attribute_number(tag, "spinCount");
    a->n_input = attribute_base64(tag, "encryptedVerifierHashInput", a->input, sizeof a->input);
    a->n_value = attribute_base64(tag, "encryptedVerifierHashValue", a->value, sizeof a->value);
    a->n_key = attribute_base64(tag, "encryptedKeyValue", a->key, sizeof a->key);
    return agile_part_read(tag_of(xml, SLICE("keyData ")), &a->data) && agile_part_read(tag, &a->password) && a->n_key >= 16 &&
           a->n_key >= a->data.key_size && a->n_value >= a->password.hash_size && a->n_input >= a->password.salt_size;
}

/* The first block of a salt, or a hash, as Office makes an initial vector of it: filled up with 0x36. */
static void vector(struct slice from, uint8_t iv[CRYPT_BLOCK])
{
    memset(iv, 0x36, CRYPT_BLOCK);
    memcpy(iv, from.p, from.n < CRYPT_BLOCK ? from.n : CRYPT_BLOCK);
}

static bool agile_open(const struct agile *a, const struct key *spun_key, struct slice purpose, struct slice in, uint8_t *out)
{
    uint8_t iv[CRYPT_BLOCK];
    struct key k;
    size_t n = crypt_hash(a->password.hash, key_slice(spun_key), purpose, k.at);

    if (n < a->password.key_size)
        memset(k.at + n, 0x36, a->password.key_size - n);
    k.n = a->password.key_size;
    vector(slice_of(a->password.salt, a->password.salt_size), iv);
    return crypt_aes_decrypt(key_slice(&k), iv, in, out);
}

static bool agile_try(void *with, struct slice password)
{
    struct agile *a = with;
    struct key k = spun(a->password.hash, slice_of(a->password.salt, a->password.salt_size), password, a->rounds);
    uint8_t input[64], value[64], hash[CRYPT_HASH_MOST];

    if (!agile_open(a, &k, SLICE("\xfe\xa7\xd2\x76\x3b\x4b\x9e\x79"), slice_of(a->input, a->n_input), input) ||
        !agile_open(a, &k, SLICE("\xd7\xaa\x0f\x6d\x30\x61\x34\x4e"), slice_of(a->value, a->n_value), value) ||
        !agile_open(a, &k, SLICE("\x14\x6e\x0b\xe7\xab\xac\xd0\xd6"), slice_of(a->key, a->n_key), a->secret.at))
        return false;
    a->secret.n = a->data.key_size;
    (void)crypt_hash(a->password.hash, slice_of(input, a->password.salt_size), nothing(), hash);
    return memcmp(hash, value, a->password.hash_size) == 0;
}

/* ---- the package ---- */

static enum cs_status standard_package(struct slice info, struct slice data, struct officecrypt_try with, uint8_t *out, bool *fits)
{
    struct standard s = { .key_size = 0 };

    *fits = standard_read(info, &s) && try_all(standard_try, &s, with, STANDARD_ROUNDS) &&
            crypt_aes_decrypt(key_slice(&s.key), NULL, data, out);
    return CS_OK;
}

static enum cs_status agile_package(struct slice info, struct slice data, struct officecrypt_try with, uint8_t *out, bool *fits)
{
    struct agile a = { .rounds = 0 };
    uint8_t hash[CRYPT_HASH_MOST], iv[CRYPT_BLOCK];

    *fits = agile_read(info, &a) && try_all(agile_try, &a, with, a.rounds);
    for (size_t at = 0; *fits && at < data.n; at += SEGMENT) {
        size_t n = hash_number(a.data.hash, slice_of(a.data.salt, a.data.salt_size), (uint32_t)(at / SEGMENT), hash);
        vector(slice_of(hash, n), iv);
        *fits = crypt_aes_decrypt(key_slice(&a.secret), iv, slice_sub(data, at, SEGMENT), out + at);
    }
    return CS_OK;
}

enum cs_status officecrypt_package(struct slice info, struct slice package, struct officecrypt_try with, struct buf *out,
                                   bool *fits)
{
    struct cut c = { info, false };
    unsigned major = cut_le16(&c), minor = cut_le16(&c);
    struct slice data = slice_drop(package, 8);
    uint64_t size = package.n >= 8 ? get_le64(package.p) : 0;
    enum cs_status st = buf_reserve(out, data.n);

    *fits = false;
    data.n -= data.n % CRYPT_BLOCK;
    if (st != CS_OK || data.n == 0)
        return st;
    if (major == 4 && minor == 4)
        st = agile_package(info, data, with, out->p + out->n, fits);
    else if (minor == 2 && major >= 2 && major <= 4)
        st = standard_package(info, data, with, out->p + out->n, fits);
    if (*fits)
        out->n += size < data.n ? (size_t)size : data.n;
    return st;
}

/* ---- Excel's own stream ---- */

struct biff_key {
    bool is_cryptoapi;
    struct slice salt, verifier, verifier_hash;
    size_t key_size;
    uint8_t base[CRYPT_HASH_MOST];
};

static bool biff_read(struct slice pass, struct biff_key *k)
{
    struct cut c = { pass, false };
    unsigned type = cut_le16(&c), major = cut_le16(&c), minor = cut_le16(&c);

    if (type != 1)
        return false;
    k->key_size = 16;
    k->is_cryptoapi = major >= 2 && major <= 4 && minor == 2;
    if (k->is_cryptoapi) {
        struct cut head;
        (void)cut_le32(&c);
        head = (struct cut){ cut_bytes(&c, cut_le32(&c)), false };
        (void)cut_bytes(&head, 16);
        k->key_size = cut_le32(&head) / 8;
        k->key_size = k->key_size ? k->key_size : 5;
        (void)cut_le32(&c);
    } else if (major != 1 || minor != 1) {
        return false;
    }
    k->salt = cut_bytes(&c, SALT);
    k->verifier = cut_bytes(&c, VERIFIER);
    if (k->is_cryptoapi)
        (void)cut_le32(&c);
    k->verifier_hash = cut_bytes(&c, k->is_cryptoapi ? SHA1_SIZE : 16);
    return !c.is_out && k->key_size >= 5 && k->key_size <= 16;
}

static void biff_block_key(const struct biff_key *k, uint32_t block, struct key *out)
{
    if (k->is_cryptoapi) {
        (void)hash_number(CRYPT_SHA1, slice_of(k->base, SHA1_SIZE), block, out->at);
        out->n = k->key_size;
        if (out->n == 5) {                          /* 40 bits are filled up */
            memset(out->at + 5, 0, 11);
            out->n = 16;
        }
    } else {
        out->n = hash_number(CRYPT_MD5, slice_of(k->base, 5), block, out->at);
    }
}

static bool biff_try(void *with, struct slice password)
{
    struct biff_key *k = with;
    uint8_t room[PASSWORD], both[VERIFIER + SHA1_SIZE], many[16 * (5 + SALT)], hash[CRYPT_HASH_MOST];
    struct slice pass = wide(password, room);
    size_t n = VERIFIER + k->verifier_hash.n;
    struct key key;

    if (k->is_cryptoapi) {
        (void)crypt_hash(CRYPT_SHA1, k->salt, pass, k->base);
    } else {
        (void)crypt_hash(CRYPT_MD5, pass, nothing(), hash);
        for (size_t i = 0; i < 16; i++) {
            memcpy(many + i * (5 + SALT), hash, 5);
            memcpy(many + i * (5 + SALT) + 5, k->salt.p, SALT);
        }
        (void)crypt_hash(CRYPT_MD5, slice_of(many, sizeof many), nothing(), k->base);
    }
    biff_block_key(k, 0, &key);
    memcpy(both, k->verifier.p, VERIFIER);
    memcpy(both + VERIFIER, k->verifier_hash.p, k->verifier_hash.n);
    crypt_rc4(key_slice(&key), slice_of(both, n), both);
    (void)crypt_hash(k->is_cryptoapi ? CRYPT_SHA1 : CRYPT_MD5, slice_of(both, VERIFIER), nothing(), hash);
    return memcmp(hash, both + VERIFIER, k->verifier_hash.n) == 0;
}

/* These records stay readable, and of all others the head; the key stream runs on under them. */
static bool is_plain_record(unsigned type)
{
    static const uint16_t plain[] = { 0x809, 0x2f, 0x194, 0x195, 0xe1, 0x196, 0x138 };

    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (type == plain[i])
            return true;
    return false;
}

static void restore_plain(struct slice stream, uint8_t *out)
{
    for (size_t at = 0; stream.n - at >= 4; ) {
        unsigned type = get_le16(stream.p + at);
        size_t n = get_le16(stream.p + at + 2), plain = 4;
        n = n < stream.n - at - 4 ? n : stream.n - at - 4;
        if (is_plain_record(type))
            plain += n;
        else if (type == BIFF_BOUNDSHEET)
            plain += n < 4 ? n : 4;                 /* where the sheet begins */
        memcpy(out + at, stream.p + at, plain);
        at += 4 + n;
    }
}

static struct slice file_pass(struct slice stream)
{
    while (stream.n >= 4) {
        struct slice body = slice_sub(stream, 4, get_le16(stream.p + 2));
        if (get_le16(stream.p) == BIFF_FILEPASS)
            return body;
        stream = slice_drop(stream, 4 + body.n);
    }
    return nothing();
}

enum cs_status officecrypt_workbook(struct slice stream, struct officecrypt_try with, struct buf *out, bool *fits)
{
    struct biff_key k = { .key_size = 0 };
    enum cs_status st;

    *fits = biff_read(file_pass(stream), &k) && try_all(biff_try, &k, with, 1);
    if (!*fits)
        return CS_OK;
    st = buf_reserve(out, stream.n);
    for (size_t at = 0; st == CS_OK && at < stream.n; at += XLS_BLOCK) {
        struct key key;
        biff_block_key(&k, (uint32_t)(at / XLS_BLOCK), &key);
        crypt_rc4(key_slice(&key), slice_sub(stream, at, XLS_BLOCK), out->p + out->n + at);
    }
    if (st == CS_OK) {
        restore_plain(stream, out->p + out->n);
        out->n += stream.n;
    }
    return st;
}
