/*
 * decode_bench.c - MB/s of the base64 and quoted-printable decoders, counted in bytes of input; medians of RUNS runs.
 * The floor is memcpy of the same bytes, measured in the same run. Time is processor time, so a busy machine counts less.
 */
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "mime/mime.h"

enum { SIZE = 32 << 20, RUNS = 9 };

static enum cs_status put_buf(void *ctx, struct slice s)
{
    return buf_put(ctx, s);
}

static size_t total;
static uint8_t floor_room[1 << 16];

static enum cs_status put_count(void *ctx, struct slice s)
{
    (void)ctx;
    total += s.n;
    return CS_OK;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void decode_once(enum mime_encoding e, struct slice in)
{
    struct mime_decoder d;

    mime_decoder_init(&d, e, put_count, NULL);
    if (mime_decoder_feed(&d, in) != CS_OK || mime_decoder_end(&d) != CS_OK)
        exit(1);
}

static void copy_once(enum mime_encoding e, struct slice in)
{
    (void)e;
    for (size_t at = 0; at < in.n; at += sizeof floor_room) {
        struct slice s = slice_sub(in, at, sizeof floor_room);
        memcpy(floor_room, s.p, s.n);
        total += floor_room[0];
    }
}

static void measure(const char *what, void (*once)(enum mime_encoding, struct slice), enum mime_encoding e, struct slice in)
{
    double mbs[RUNS];

    for (int i = 0; i < RUNS; i++) {
        double t = now();
        once(e, in);
        mbs[i] = (double)in.n / 1e6 / (now() - t);
    }
    qsort(mbs, RUNS, sizeof *mbs, by_value);
    printf("%-28s %8.0f MB/s  (%.0f to %.0f, %d runs)\n", what, mbs[RUNS / 2], mbs[0], mbs[RUNS - 1], RUNS);
}

static struct buf encoded(enum mime_encoding e, struct slice in)
{
    struct buf out = buf_init((size_t)SIZE * 4);

    if (mime_encode(e, in, "\r\n", put_buf, &out) != CS_OK)
        exit(1);
    return out;
}

/* Words, line ends, and every `rare`-th byte not ASCII. */
static void fill_text(uint8_t *p, size_t n, unsigned rare)
{
    uint32_t r = 1;

    for (size_t i = 0; i < n; i++) {
        r = r * 1103515245u + 12345u;
        p[i] = (uint8_t)(i % 71 == 70 ? '\n' : (r >> 16) % 7 == 0 ? ' ' : 'a' + (r >> 20) % 26);
        if (rare && (r >> 16) % rare == 0 && i % 71 != 70)
            p[i] = (uint8_t)(0xC0 + (r >> 24) % 32);
    }
}

int main(void)
{
    uint8_t *raw = malloc(SIZE);
    struct buf b64, plain, some, dense;

    if (!raw)
        return 1;
    fill_text(raw, SIZE, 0);
    b64 = encoded(MIME_ENC_BASE64, slice_of(raw, SIZE));
    plain = encoded(MIME_ENC_QP, slice_of(raw, SIZE));
    fill_text(raw, SIZE, 40);
    some = encoded(MIME_ENC_QP, slice_of(raw, SIZE));
    fill_text(raw, SIZE, 2);
    dense = encoded(MIME_ENC_QP, slice_of(raw, SIZE / 4));
    measure("memcpy (the floor)", copy_once, MIME_ENC_NONE, buf_slice(&b64));
    measure("base64", decode_once, MIME_ENC_BASE64, buf_slice(&b64));
    measure("quoted-printable, English", decode_once, MIME_ENC_QP, buf_slice(&plain));
    measure("quoted-printable, French", decode_once, MIME_ENC_QP, buf_slice(&some));
    measure("quoted-printable, all escaped", decode_once, MIME_ENC_QP, buf_slice(&dense));
    free(raw);
    buf_release(&b64);
    buf_release(&plain);
    buf_release(&some);
    buf_release(&dense);
    return total == 0;
}
