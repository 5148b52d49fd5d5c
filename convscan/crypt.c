#include "crypt.h"

#include <assert.h>
#include <nettle/aes.h>
#include <nettle/arcfour.h>
#include <nettle/nettle-meta.h>
#include <nettle/pbkdf2.h>

/* ---- ZipCrypto ---- */
static uint32_t crc_step(uint32_t crc, uint8_t c)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };

    crc ^= c;
    crc = crc >> 4 ^ nibble[crc & 15];
    return crc >> 4 ^ nibble[crc & 15];
}

static void update(struct zipcrypto *z, uint8_t c)
{
    z->key[0] = crc_step(z->key[0], c);
    z->key[1] = (z->key[1] + (z->key[0] & 0xff)) * 134775813 + 1;
    z->key[2] = crc_step(z->key[2], (uint8_t)(z->key[1] >> 24));
}

void zipcrypto_init(struct zipcrypto *z, struct slice password)
{
    *z = (struct zipcrypto){ { 0x12345678, 0x23456789, 0x34567890 } };
    for (size_t i = 0; i < password.n; i++)
        update(z, password.p[i]);
}

void zipcrypto_decrypt(struct zipcrypto *z, struct slice in, uint8_t *out)
{
    for (size_t i = 0; i < in.n; i++) {
        uint32_t k = (z->key[2] & 0xffff) | 2;
        out[i] = (uint8_t)(in.p[i] ^ ((k * (k ^ 1)) >> 8));
        update(z, out[i]);
    }
}

/* ---- WinZip AES ---- */
size_t winzip_head(unsigned strength)
{
    return strength >= 1 && strength <= 3 ? 4 + strength * 4 + 2 : 0;
}

struct aes {
    unsigned strength;
    union {
        struct aes128_ctx a128;
        struct aes192_ctx a192;
        struct aes256_ctx a256;
    } with;
};

static void aes_init(struct aes *a, unsigned strength, const uint8_t *key)
{
    a->strength = strength;
    switch (strength) {
    case 1: nettle_aes128_set_encrypt_key(&a->with.a128, key); break;
    case 2: nettle_aes192_set_encrypt_key(&a->with.a192, key); break;
    default: nettle_aes256_set_encrypt_key(&a->with.a256, key);
    }
}

static void aes_blocks(const struct aes *a, size_t n, uint8_t *out, const uint8_t *in)
{
    switch (a->strength) {
    case 1: nettle_aes128_encrypt(&a->with.a128, n, out, in); break;
    case 2: nettle_aes192_encrypt(&a->with.a192, n, out, in); break;
    default: nettle_aes256_encrypt(&a->with.a256, n, out, in);
    }
}

/* Counter mode with WinZip's counter: little-endian, from 1. */
static void winzip_ctr(const struct aes *a, struct slice in, uint8_t *out)
{
    enum { RUN = 64 * 16 };
    uint8_t pad[RUN], counter[16] = { 0 };

    for (size_t i = 0; i < in.n; i++) {
        if (i % RUN == 0) {
            for (size_t at = 0; at < RUN; at += 16) {
                for (size_t k = 0; k < 16 && ++counter[k] == 0; k++)
                    ;
                memcpy(pad + at, counter, 16);
            }
            aes_blocks(a, RUN, pad, pad);
        }
        out[i] = in.p[i] ^ pad[i % RUN];
    }
}

bool winzip_decrypt(unsigned strength, struct slice head, struct slice password, struct slice data, uint8_t *out)
{
    size_t n_key = 8 + 8 * strength, n_salt = 4 + 4 * strength;
    uint8_t key[2 * 32 + 2];
    struct aes a;

    if (winzip_head(strength) == 0 || head.n < winzip_head(strength))
        return false;
    nettle_pbkdf2_hmac_sha1(password.n, password.p, 1000, n_salt, head.p, 2 * n_key + 2, key);
    if (memcmp(key + 2 * n_key, head.p + n_salt, 2) != 0)
        return false;
    aes_init(&a, strength, key);
    winzip_ctr(&a, data, out);
    return true;
}

/* ---- hashes and ciphers as such ---- */
static const struct nettle_hash *hash_of(enum crypt_hash which)
{
    static const struct nettle_hash *const hashes[] = { &nettle_md5, &nettle_sha1, &nettle_sha256, &nettle_sha384,
                                                        &nettle_sha512 };

    return hashes[which];
}

static size_t hash_parts(enum crypt_hash which, const struct slice *parts, size_t n, uint8_t *out)
{
    const struct nettle_hash *h = hash_of(which);
    union {
        max_align_t aligned;
        uint8_t room[512];
    } state;

    assert(h->context_size <= sizeof state);
    h->init(&state);
    for (size_t i = 0; i < n; i++)
        h->update(&state, parts[i].n, parts[i].p);
    h->digest(&state, h->digest_size, out);
    return h->digest_size;
}

size_t crypt_hash(enum crypt_hash which, struct slice a, struct slice b, uint8_t *out)
{
    return hash_parts(which, (const struct slice[]){ a, b }, 2, out);
}

void crypt_md5(const struct slice *parts, size_t n, uint8_t out[16])
{
    (void)hash_parts(CRYPT_MD5, parts, n, out);
}

size_t crypt_sha2(unsigned bits, const struct slice *parts, size_t n, uint8_t out[64])
{
    return hash_parts(bits == 256 ? CRYPT_SHA256 : bits == 384 ? CRYPT_SHA384 : CRYPT_SHA512, parts, n, out);
}

bool crypt_aes_decrypt(struct slice key, const uint8_t *iv, struct slice in, uint8_t *out)
{
    struct aes128_ctx a128;
    struct aes192_ctx a192;
    struct aes256_ctx a256;

    if (in.n % CRYPT_BLOCK)
        return false;
    switch (key.n) {
    case 16:
        nettle_aes128_set_decrypt_key(&a128, key.p);
        nettle_aes128_decrypt(&a128, in.n, out, in.p);
        break;
    case 24:
        nettle_aes192_set_decrypt_key(&a192, key.p);
        nettle_aes192_decrypt(&a192, in.n, out, in.p);
        break;
    case 32:
        nettle_aes256_set_decrypt_key(&a256, key.p);
        nettle_aes256_decrypt(&a256, in.n, out, in.p);
        break;
    default:
        return false;
    }
    for (size_t i = 0; iv && i < in.n; i++)
        out[i] ^= i < CRYPT_BLOCK ? iv[i] : in.p[i - CRYPT_BLOCK];
    return true;
}

void crypt_rc4(struct slice key, struct slice in, uint8_t *out)
{
    struct arcfour_ctx c;

    nettle_arcfour_set_key(&c, key.n, key.p);
    nettle_arcfour_crypt(&c, in.n, out, in.p);
}

void crypt_cbc_decrypt(struct slice key, const uint8_t iv[16], struct slice in, uint8_t *out)
{
    in.n -= in.n % CRYPT_BLOCK;
    (void)crypt_aes_decrypt(key, iv, in, out);
}

void crypt_cbc_encrypt(struct slice key, const uint8_t iv[16], struct slice in, uint8_t *out)
{
    struct aes a;

    aes_init(&a, key.n == 32 ? 3 : 1, key.p);
    for (size_t at = 0; in.n - at >= 16; at += 16) {
        const uint8_t *before = at ? out + at - 16 : iv;
        for (size_t i = 0; i < 16; i++)
            out[at + i] = in.p[at + i] ^ before[i];
        aes_blocks(&a, 16, out + at, out + at);
    }
}
