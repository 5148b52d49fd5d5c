/*
 * msan.c - what `make msan` says about libraries that are linked in and were not built for it.
 *
 * The memory sanitizer knows a byte as written when code that it compiled wrote it. Each function here stands before one of a library
 * (the linker's --wrap), and marks as written what the real one has put out, no more: an output that is shorter than its room
 * stays unknown behind its end. Inside of them nothing is complained of: they compare and copy memory of their own. This file itself is compiled without the sanitizer, as its arguments come from such libraries too.
 */
#include <bzlib.h>
#include <ini.h>
#include <libdeflate.h>
#include <lzma.h>
#include <nettle/aes.h>
#include <nettle/arcfour.h>
#include <nettle/md5.h>
#include <nettle/sha.h>
#include <sanitizer/msan_interface.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* ---- check sends its results through memory of its own, holes and all ---- */

void *__wrap_emalloc(size_t n);
void *__wrap_erealloc(void *p, size_t n);

void *__wrap_emalloc(size_t n)
{
    void *p = calloc(1, n);

    if (!p)
        abort();
    return p;
}

void *__wrap_erealloc(void *p, size_t n)
{
    p = realloc(p, n);
    if (!p)
        abort();
    __msan_unpoison(p, n);
    return p;
}

/* ---- decompressors, and deflate(), with which tests make their inputs ---- */

#define QUIET(call) (__msan_scoped_disable_interceptor_checks(), (call), __msan_scoped_enable_interceptor_checks())

int __wrap_deflate(z_streamp z, int flush);
int __real_deflate(z_streamp z, int flush);
int __wrap_deflateInit2_(z_streamp z, int level, int method, int bits, int memory, int strategy, const char *version, int size);
int __real_deflateInit2_(z_streamp z, int level, int method, int bits, int memory, int strategy, const char *version, int size);
int __wrap_deflateInit_(z_streamp z, int level, const char *version, int size);
int __real_deflateInit_(z_streamp z, int level, const char *version, int size);
int __wrap_compress2(Bytef *out, uLongf *room, const Bytef *in, uLong n, int level);
int __real_compress2(Bytef *out, uLongf *room, const Bytef *in, uLong n, int level);
int __wrap_compress(Bytef *out, uLongf *room, const Bytef *in, uLong n);

int __wrap_deflateInit2_(z_streamp z, int level, int method, int bits, int memory, int strategy, const char *version, int size)
{
    int ret = __real_deflateInit2_(z, level, method, bits, memory, strategy, version, size);

    __msan_unpoison(z, sizeof *z);
    return ret;
}

int __wrap_deflateInit_(z_streamp z, int level, const char *version, int size)
{
    int ret = __real_deflateInit_(z, level, version, size);

    __msan_unpoison(z, sizeof *z);
    return ret;
}

int __wrap_deflate(z_streamp z, int flush)
{
    Bytef *out = z->next_out;
    int ret;

    QUIET(ret = __real_deflate(z, flush));
    __msan_unpoison(z, sizeof *z);
    __msan_unpoison(out, (size_t)(z->next_out - out));
    return ret;
}

int __wrap_compress2(Bytef *out, uLongf *room, const Bytef *in, uLong n, int level)
{
    int ret;

    QUIET(ret = __real_compress2(out, room, in, n, level));
    __msan_unpoison(room, sizeof *room);
    __msan_unpoison(out, *room);
    return ret;
}

int __wrap_compress(Bytef *out, uLongf *room, const Bytef *in, uLong n)
{
    return __wrap_compress2(out, room, in, n, Z_DEFAULT_COMPRESSION);
}

int __wrap_inflate(z_streamp z, int flush);
int __real_inflate(z_streamp z, int flush);
int __wrap_inflateInit2_(z_streamp z, int bits, const char *version, int size);
int __real_inflateInit2_(z_streamp z, int bits, const char *version, int size);
int __wrap_BZ2_bzDecompressInit(bz_stream *z, int verbosity, int small);
int __real_BZ2_bzDecompressInit(bz_stream *z, int verbosity, int small);
int __wrap_BZ2_bzDecompress(bz_stream *z);
int __real_BZ2_bzDecompress(bz_stream *z);
lzma_ret __wrap_lzma_code(lzma_stream *z, lzma_action action);
lzma_ret __real_lzma_code(lzma_stream *z, lzma_action action);
size_t __wrap_ZSTD_decompressStream(ZSTD_DStream *d, ZSTD_outBuffer *out, ZSTD_inBuffer *in);
size_t __real_ZSTD_decompressStream(ZSTD_DStream *d, ZSTD_outBuffer *out, ZSTD_inBuffer *in);
enum libdeflate_result __wrap_libdeflate_deflate_decompress_ex(struct libdeflate_decompressor *d, const void *in, size_t in_n, void *out, size_t room,
                                                               size_t *used, size_t *made);
enum libdeflate_result __real_libdeflate_deflate_decompress_ex(struct libdeflate_decompressor *d, const void *in, size_t in_n, void *out, size_t room,
                                                               size_t *used, size_t *made);

int __wrap_inflateInit2_(z_streamp z, int bits, const char *version, int size)
{
    int ret = __real_inflateInit2_(z, bits, version, size);

    __msan_unpoison(z, sizeof *z);
    return ret;
}

int __wrap_inflate(z_streamp z, int flush)
{
    Bytef *out = z->next_out;
    int ret;

    QUIET(ret = __real_inflate(z, flush));
    __msan_unpoison(z, sizeof *z);
    if (out)
        __msan_unpoison(out, (size_t)(z->next_out - out));
    return ret;
}

int __wrap_BZ2_bzDecompressInit(bz_stream *z, int verbosity, int small)
{
    int ret = __real_BZ2_bzDecompressInit(z, verbosity, small);

    __msan_unpoison(z, sizeof *z);
    return ret;
}

int __wrap_BZ2_bzDecompress(bz_stream *z)
{
    char *out = z->next_out;
    int ret;

    QUIET(ret = __real_BZ2_bzDecompress(z));
    __msan_unpoison(z, sizeof *z);
    __msan_unpoison(out, (size_t)(z->next_out - out));
    return ret;
}

lzma_ret __wrap_lzma_code(lzma_stream *z, lzma_action action)
{
    uint8_t *out = z->next_out;
    lzma_ret ret;

    QUIET(ret = __real_lzma_code(z, action));
    __msan_unpoison(z, sizeof *z);
    if (out)
        __msan_unpoison(out, (size_t)(z->next_out - out));
    return ret;
}

size_t __wrap_ZSTD_decompressStream(ZSTD_DStream *d, ZSTD_outBuffer *out, ZSTD_inBuffer *in)
{
    size_t before = out->pos, ret;

    QUIET(ret = __real_ZSTD_decompressStream(d, out, in));
    __msan_unpoison((char *)out->dst + before, out->pos - before);
    __msan_unpoison(&in->pos, sizeof in->pos);
    return ret;
}

enum libdeflate_result __wrap_libdeflate_deflate_decompress_ex(struct libdeflate_decompressor *d, const void *in, size_t in_n, void *out, size_t room,
                                                               size_t *used, size_t *made)
{
    enum libdeflate_result ret;

    QUIET(ret = __real_libdeflate_deflate_decompress_ex(d, in, in_n, out, room, used, made));
    if (ret != LIBDEFLATE_SUCCESS)
        return ret;
    if (used)
        __msan_unpoison(used, sizeof *used);
    if (made)
        __msan_unpoison(made, sizeof *made);
    __msan_unpoison(out, made ? *made : room);
    return ret;
}

/* ---- digests and ciphers ---- */

#define DIGEST(what)                                                                           \
    void __wrap_nettle_##what##_digest(struct what##_ctx *c, size_t n, uint8_t *out);          \
    void __real_nettle_##what##_digest(struct what##_ctx *c, size_t n, uint8_t *out);          \
    void __wrap_nettle_##what##_digest(struct what##_ctx *c, size_t n, uint8_t *out)           \
    {                                                                                          \
        __real_nettle_##what##_digest(c, n, out);                                              \
        __msan_unpoison(c, sizeof *c);                                                         \
        __msan_unpoison(out, n);                                                               \
    }
#define CIPHER(what, context)                                                                  \
    void __wrap_nettle_##what(context c, size_t n, uint8_t *out, const uint8_t *in);           \
    void __real_nettle_##what(context c, size_t n, uint8_t *out, const uint8_t *in);           \
    void __wrap_nettle_##what(context c, size_t n, uint8_t *out, const uint8_t *in)            \
    {                                                                                          \
        __real_nettle_##what(c, n, out, in);                                                   \
        __msan_unpoison(out, n);                                                               \
    }
DIGEST(md5)
DIGEST(sha1)
DIGEST(sha256)
DIGEST(sha384)
DIGEST(sha512)
CIPHER(aes128_encrypt, const struct aes128_ctx *)
CIPHER(aes192_encrypt, const struct aes192_ctx *)
CIPHER(aes256_encrypt, const struct aes256_ctx *)
CIPHER(aes128_decrypt, const struct aes128_ctx *)
CIPHER(aes192_decrypt, const struct aes192_ctx *)
CIPHER(aes256_decrypt, const struct aes256_ctx *)
CIPHER(arcfour_crypt, struct arcfour_ctx *)

void __wrap_nettle_pbkdf2_hmac_sha1(size_t key_n, const uint8_t *key, unsigned turns, size_t salt_n, const uint8_t *salt, size_t n, uint8_t *out);
void __real_nettle_pbkdf2_hmac_sha1(size_t key_n, const uint8_t *key, unsigned turns, size_t salt_n, const uint8_t *salt, size_t n, uint8_t *out);

void __wrap_nettle_pbkdf2_hmac_sha1(size_t key_n, const uint8_t *key, unsigned turns, size_t salt_n, const uint8_t *salt, size_t n, uint8_t *out)
{
    __real_nettle_pbkdf2_hmac_sha1(key_n, key, turns, salt_n, salt, n, out);
    __msan_unpoison(out, n);
}

/* ---- settings: the library calls us back, and says nothing of the arguments ---- */

int __wrap_ini_parse_stream(ini_reader reader, void *stream, ini_handler handler, void *user);
int __real_ini_parse_stream(ini_reader reader, void *stream, ini_handler handler, void *user);

static struct {
    ini_reader reader;
    ini_handler handler;
} ini;

static char *ini_read(char *to, int n, void *stream)
{
    __msan_unpoison_param(3);
    return ini.reader(to, n, stream);
}

static int ini_handle(void *user, const char *section, const char *name, const char *value)
{
    const char *const texts[] = { section, name, value };

    for (size_t i = 0; i < 3; i++)
        if (texts[i])
            __msan_unpoison_string(texts[i]);
    __msan_unpoison_param(4);
    return ini.handler(user, section, name, value);
}

int __wrap_ini_parse_stream(ini_reader reader, void *stream, ini_handler handler, void *user)
{
    int ret;

    ini.reader = reader;
    ini.handler = handler;
    __msan_scoped_disable_interceptor_checks();
    ret = __real_ini_parse_stream(ini_read, stream, ini_handle, user);
    __msan_scoped_enable_interceptor_checks();
    return ret;
}

/* ---- regular expressions ---- */

size_t *__wrap_pcre2_get_ovector_pointer_8(pcre2_match_data *m);
size_t *__real_pcre2_get_ovector_pointer_8(pcre2_match_data *m);
pcre2_code *__wrap_pcre2_compile_8(PCRE2_SPTR pattern, size_t n, uint32_t how, int *error, size_t *at, pcre2_compile_context *c);
pcre2_code *__real_pcre2_compile_8(PCRE2_SPTR pattern, size_t n, uint32_t how, int *error, size_t *at, pcre2_compile_context *c);
int __wrap_pcre2_get_error_message_8(int error, PCRE2_UCHAR *out, size_t room);
int __real_pcre2_get_error_message_8(int error, PCRE2_UCHAR *out, size_t room);

size_t *__wrap_pcre2_get_ovector_pointer_8(pcre2_match_data *m)
{
    size_t *at = __real_pcre2_get_ovector_pointer_8(m);

    __msan_unpoison(at, 2 * sizeof *at);
    return at;
}

pcre2_code *__wrap_pcre2_compile_8(PCRE2_SPTR pattern, size_t n, uint32_t how, int *error, size_t *at, pcre2_compile_context *c)
{
    pcre2_code *code = __real_pcre2_compile_8(pattern, n, how, error, at, c);

    __msan_unpoison(error, sizeof *error);
    __msan_unpoison(at, sizeof *at);
    return code;
}

int __wrap_pcre2_get_error_message_8(int error, PCRE2_UCHAR *out, size_t room)
{
    int n = __real_pcre2_get_error_message_8(error, out, room);

    __msan_unpoison(out, strlen((char *)out) + 1);
    return n;
}
