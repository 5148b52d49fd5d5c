#include "crypt.h"

#include <nettle/aes.h>
#include <nettle/arcfour.h>
#include <nettle/md5.h>
#include <nettle/pbkdf2.h>
#include <nettle/sha2.h>

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

/* ---- PDF ---- */
void crypt_md5(const struct slice *parts, size_t n, uint8_t out[16])
{
    struct md5_ctx c;

    nettle_md5_init(&c);
    for (size_t i = 0; i < n; i++)
        nettle_md5_update(&c, parts[i].n, parts[i].p);
    nettle_md5_digest(&c, 16, out);
}

size_t crypt_sha2(unsigned bits, const struct slice *parts, size_t n, uint8_t out[64])
{
    struct sha256_ctx small;
    struct sha512_ctx large;

    nettle_sha256_init(&small);
    if (bits == 384)
        nettle_sha384_init(&large);
    else
        nettle_sha512_init(&large);
    for (size_t i = 0; i < n; i++) {
        if (bits == 256)
            nettle_sha256_update(&small, parts[i].n, parts[i].p);
        else
            nettle_sha512_update(&large, parts[i].n, parts[i].p);
    }
    if (bits == 256)
        nettle_sha256_digest(&small, 32, out);
    else if (bits == 384)
        nettle_sha384_digest(&large, 48, out);
    else
        nettle_sha512_digest(&large, 64, out);
    return bits / 8;
}

void crypt_rc4(struct slice key, struct slice in, uint8_t *out)
{
    struct arcfour_ctx c;

    nettle_arcfour_set_key(&c, key.n, key.p);
    nettle_arcfour_crypt(&c, in.n, out, in.p);
}

void crypt_cbc_decrypt(struct slice key, const uint8_t iv[16], struct slice in, uint8_t *out)
{
    struct aes128_ctx small;
    struct aes256_ctx large;

    if (key.n == 32)
        nettle_aes256_set_decrypt_key(&large, key.p);
    else
        nettle_aes128_set_decrypt_key(&small, key.p);
    for (size_t at = 0; in.n - at >= 16; at += 16) {
        const uint8_t *before = at ? in.p + at - 16 : iv;
        if (key.n == 32)
            nettle_aes256_decrypt(&large, 16, out + at, in.p + at);
        else
            nettle_aes128_decrypt(&small, 16, out + at, in.p + at);
        for (size_t i = 0; i < 16; i++)
            out[at + i] ^= before[i];
    }
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
