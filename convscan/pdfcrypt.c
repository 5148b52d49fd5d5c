#include "pdfcrypt.h"

#include "base/bytes.h"
#include "crypt.h"
#include "pdflex.h"
#include "pdfvalue.h"

enum { VALUE_MAX = 256, PASSWORD_MAX = 127, ROUNDS_MIN = 64, DICT_REACH = 8192, DICTS = 16 };

static const uint8_t padding[32] = {
    0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08,
    0x2e, 0x2e, 0x00, 0xb6, 0xd0, 0x68, 0x3e, 0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a,
};

/* A string of the dictionary, without its writing. */
struct value {
    uint8_t p[VALUE_MAX];
    size_t n;
};

struct dictionary {
    unsigned version, revision;
    size_t key_bytes;
    int32_t permissions;
    bool has_metadata;           /* it is encrypted as well */
    bool has_handler;            /* /Filter: somebody encrypts, be it with certificates */
    struct value owner, user, owner_key, user_key, id;
    struct slice cipher, streams, strings, files;   /* names: /CFM, /StmF, /StrF, /EFF */
};

/* ---- reading the dictionary ---- */

static void take_string(struct value *v, const struct pdf_token *t)
{
    struct buf b = buf_over(v->p, sizeof v->p);

    v->n = 0;
    if ((t->kind == PDF_STRING || t->kind == PDF_HEX) && pdf_string_raw(t, &b) == CS_OK)
        v->n = b.n;
}

static void take_number(struct dictionary *d, struct slice key, const struct pdf_token *t)
{
    uint64_t v = pdf_number(t->text);

    if (pdf_name_is(key, "V"))
        d->version = (unsigned)v;
    else if (pdf_name_is(key, "R"))
        d->revision = (unsigned)v;
    else if (pdf_name_is(key, "Length"))
        d->key_bytes = (size_t)v / 8;
    else if (pdf_name_is(key, "P"))
        d->permissions = (int32_t)(t->text.p[0] == '-' ? 0 - (uint32_t)v : (uint32_t)v);
}

static void take_name(struct dictionary *d, struct slice key, const struct pdf_token *t)
{
    d->has_handler |= pdf_name_is(key, "Filter");
    if (pdf_name_is(key, "CFM"))
        d->cipher = t->text;
    else if (pdf_name_is(key, "StmF"))
        d->streams = t->text;
    else if (pdf_name_is(key, "StrF"))
        d->strings = t->text;
    else if (pdf_name_is(key, "EFF"))
        d->files = t->text;
}

static void take(struct dictionary *d, struct slice key, const struct pdf_token *t, size_t depth)
{
    const struct {
        const char *name;
        struct value *to;
    } strings[] = { { "O", &d->owner }, { "U", &d->user }, { "OE", &d->owner_key }, { "UE", &d->user_key } };

    for (size_t i = 0; i < 4; i++)
        if (pdf_name_is(key, strings[i].name))
            take_string(strings[i].to, t);
    if (t->kind == PDF_NUMBER && depth == 1)
        take_number(d, key, t);
    if (t->kind == PDF_NAME)
        take_name(d, key, t);
    if (t->kind == PDF_WORD && pdf_name_is(key, "EncryptMetadata"))
        d->has_metadata = !slice_eq(t->text, SLICE("false"));
}

/* Pairs of key and value, those of inner dictionaries too. */
static void read_dictionary(struct slice in, struct dictionary *d)
{
    struct pdf_lexer l = { .in = in };
    struct pdf_token t = pdf_next(&l);
    struct slice key = SLICE("");
    size_t depth = 0;

    *d = (struct dictionary){ .has_metadata = true, .key_bytes = 5, .cipher = SLICE(""), .streams = SLICE(""),
                              .strings = SLICE(""), .files = SLICE("") };
    for (; t.kind != PDF_END; t = pdf_next(&l)) {
        if (t.kind == PDF_OPEN) {
            depth++;
            key.n = 0;
        } else if (t.kind == PDF_CLOSE) {
            if (depth-- <= 1)
                break;
            key.n = 0;
        } else if (t.kind == PDF_NAME && key.n == 0) {
            key = t.text;
        } else if (key.n) {
            take(d, key, &t, depth);
            key.n = 0;
        }
    }
}

/* Behind "N G obj". */
static struct slice find_object(struct slice all, uint64_t number)
{
    uint64_t here;

    for (size_t at = slice_find(all, SLICE("obj")); at < all.n;) {
        if (pdf_number_before(all, at, &here) && here == number)
            return slice_sub(all, at + 3, DICT_REACH);
        at += 3 + slice_find(slice_drop(all, at + 3), SLICE("obj"));
    }
    return slice_take(all, 0);
}

/* What stands behind the next "/Encrypt", with its escapes; not "/EncryptMetadata". */
static struct slice next_encrypt(struct slice rest)
{
    while (rest.n) {
        rest = slice_drop(rest, slice_chr(rest, '/'));
        if (rest.n > 1 && (rest.p[1] == 'E' || rest.p[1] == '#')) {
            struct pdf_lexer l = { .in = rest };
            struct pdf_token t = pdf_next(&l);
            if (t.kind == PDF_NAME && pdf_name_is(t.text, "Encrypt"))
                return slice_drop(rest, l.at);
        }
        rest = slice_drop(rest, 1);
    }
    return rest;
}

/* The dictionary that begins rest, or that rest refers to. */
static struct slice dictionary_at(struct slice all, struct slice rest, uint64_t *number)
{
    struct pdf_lexer l = { .in = rest };
    struct pdf_token t = pdf_next(&l);

    *number = 0;
    if (t.kind == PDF_OPEN)
        return slice_sub(rest, t.at, DICT_REACH);
    if (t.kind != PDF_NUMBER)
        return slice_take(all, 0);
    *number = pdf_number(t.text);
    return find_object(all, *number);
}

/* The first that tells how; a file that was changed says it several times. */
static bool find_dictionary(struct slice all, struct dictionary *d, uint64_t *number)
{
    struct slice rest = next_encrypt(all);

    for (int i = 0; i < DICTS && rest.n; i++, rest = next_encrypt(rest)) {
        read_dictionary(dictionary_at(all, rest, number), d);
        if (d->owner.n || d->user.n || d->has_handler)
            return true;
    }
    return false;
}

static void find_id(struct slice all, struct value *id)
{
    struct pdf_lexer l = { .in = all };
    struct pdf_token t = { .kind = PDF_END };

    id->n = 0;
    while (l.at < all.n && t.kind != PDF_LIST) {
        l.at += slice_find(slice_drop(all, l.at), SLICE("/ID")) + 3;
        if (l.at < all.n)
            t = pdf_next(&l);
    }
    if (t.kind == PDF_LIST) {
        t = pdf_next(&l);
        take_string(id, &t);
    }
}

/* ---- from a password to the key ---- */

static struct slice bytes_of(const struct value *v, size_t n)
{
    return slice_take(slice_of(v->p, v->n), n);
}

static struct slice padded(struct slice password, uint8_t room[32])
{
    size_t n = password.n < 32 ? password.n : 32;

    memcpy(room, password.p, n);
    memcpy(room + n, padding, 32 - n);
    return slice_of(room, 32);
}

static void old_key(const struct dictionary *d, struct slice password, struct pdf_key *k)
{
    uint8_t room[32], p[4], hash[16];
    struct slice parts[] = { padded(password, room), bytes_of(&d->owner, 32), slice_of(p, 4), bytes_of(&d->id, VALUE_MAX),
                             SLICE("\xff\xff\xff\xff") };

    put_le32(p, (uint32_t)d->permissions);
    k->n = d->revision == 2 ? 5 : d->key_bytes < 5 || d->key_bytes > 16 ? 16 : d->key_bytes;
    crypt_md5(parts, d->revision >= 4 && !d->has_metadata ? 5 : 4, hash);
    for (int i = 0; i < 50 && d->revision >= 3; i++) {
        struct slice again = slice_of(hash, k->n);
        crypt_md5(&again, 1, hash);
    }
    memcpy(k->key, hash, k->n);
}

static bool old_key_fits(const struct dictionary *d, const struct pdf_key *k)
{
    struct slice parts[] = { slice_of(padding, 32), bytes_of(&d->id, VALUE_MAX) };
    uint8_t check[32], turned[16];

    if (d->revision == 2) {
        crypt_rc4(slice_of(k->key, k->n), slice_of(padding, 32), check);
        return slice_eq(slice_of(check, 32), bytes_of(&d->user, 32));
    }
    crypt_md5(parts, 2, check);
    for (uint8_t i = 0; i < 20; i++) {
        for (size_t b = 0; b < k->n; b++)
            turned[b] = k->key[b] ^ i;
        crypt_rc4(slice_of(turned, k->n), slice_of(check, 16), check);
    }
    return slice_eq(slice_of(check, 16), bytes_of(&d->user, 16));
}

/* The hash of revision 6: rounds of AES and SHA-2 until the last byte is small enough. */
static void hash_6(struct slice password, uint8_t k[64])
{
    uint8_t text[64 * (PASSWORD_MAX + 64)], coded[sizeof text];
    size_t n_key = 32;

    for (unsigned round = 0;; round++) {
        size_t n = password.n + n_key;
        unsigned sum = 0;
        struct slice part;
        for (size_t i = 0; i < 64; i++) {
            memcpy(text + i * n, password.p, password.n);
            memcpy(text + i * n + password.n, k, n_key);
        }
        part = slice_of(coded, 64 * n);
        crypt_cbc_encrypt(slice_of(k, 16), k + 16, slice_of(text, 64 * n), coded);
        for (size_t i = 0; i < 16; i++)
            sum += coded[i];
        n_key = crypt_sha2(sum % 3 == 0 ? 256 : sum % 3 == 1 ? 384 : 512, &part, 1, k);
        if (round + 1 >= ROUNDS_MIN && coded[64 * n - 1] <= round + 1 - 32)
            return;
    }
}

static void new_hash(const struct dictionary *d, struct slice password, struct slice salt, uint8_t out[64])
{
    struct slice parts[] = { password, salt };

    crypt_sha2(256, parts, 2, out);
    if (d->revision >= 6)
        hash_6(password, out);
}

static bool new_key(const struct dictionary *d, struct slice password, struct pdf_key *k)
{
    static const uint8_t zero[16];
    struct slice user = bytes_of(&d->user, 48);
    uint8_t hash[64];

    password = slice_take(password, PASSWORD_MAX);
    if (user.n < 48 || d->user_key.n < 32)
        return false;
    new_hash(d, password, slice_sub(user, 32, 8), hash);
    if (memcmp(hash, user.p, 32) != 0)
        return false;
    new_hash(d, password, slice_sub(user, 40, 8), hash);
    crypt_cbc_decrypt(slice_of(hash, 32), zero, bytes_of(&d->user_key, 32), k->key);
    k->n = 32;
    return true;
}

static bool try_password(const struct dictionary *d, struct slice password, struct pdf_key *k)
{
    if (d->revision >= 5)
        return new_key(d, password, k);
    old_key(d, password, k);
    return old_key_fits(d, k);
}

/* ---- the door ---- */

static enum pdf_cipher cipher_of(const struct dictionary *d, struct slice name)
{
    if (d->version < 4)
        return PDF_RC4;
    if (name.n == 0 || pdf_name_is(name, "Identity"))
        return PDF_PLAIN;
    return pdf_name_is(d->cipher, "AESV3") ? PDF_AES256 : pdf_name_is(d->cipher, "AESV2") ? PDF_AES : PDF_RC4;
}

bool pdf_key_open(struct slice all, const struct slice *passwords, size_t n, struct pdf_key *k)
{
    struct dictionary d;

    *k = (struct pdf_key){ .is_open = false };
    if (!find_dictionary(all, &d, &k->object))
        return false;
    find_id(all, &d.id);
    k->streams = cipher_of(&d, d.streams);
    k->strings = cipher_of(&d, d.strings);
    k->files = d.files.n ? cipher_of(&d, d.files) : k->streams;
    k->named = cipher_of(&d, SLICE("StdCF"));
    k->is_open = try_password(&d, slice_take(all, 0), k);
    for (size_t i = 0; i < n && !k->is_open; i++)
        k->is_open = try_password(&d, passwords[i], k);
    return true;
}

size_t pdf_key_decrypt(const struct pdf_key *k, enum pdf_cipher with, uint64_t number, uint64_t generation, struct slice in,
                       uint8_t *out)
{
    uint8_t tail[5] = { (uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), (uint8_t)generation,
                        (uint8_t)(generation >> 8) };
    struct slice parts[] = { slice_of(k->key, k->n), slice_of(tail, 5), SLICE("sAlT") };
    struct slice key = parts[0], body = slice_drop(in, 16);
    uint8_t own[16];
    size_t pad;

    if (with != PDF_AES256) {
        crypt_md5(parts, with == PDF_AES ? 3 : 2, own);
        key = slice_of(own, k->n + 5 < 16 ? k->n + 5 : 16);
    }
    if (with == PDF_RC4) {
        crypt_rc4(key, in, out);
        return in.n;
    }
    body.n -= body.n % 16;
    if (body.n == 0)
        return 0;
    crypt_cbc_decrypt(key, in.p, body, out);
    pad = out[body.n - 1];
    return pad <= 16 ? body.n - pad : body.n;
}
