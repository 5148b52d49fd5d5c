/* decodecase.h - one decoder, one table of cases, every split. */
#ifndef TESTS_DECODECASE_H
#define TESTS_DECODECASE_H

#include <check.h>
#include <stdio.h>

#include "base/buf.h"
#include "mime/mime.h"

struct decode_case {
    const char *name;
    struct slice in, want;
    bool is_damaged;
};

static inline enum cs_status case_put(void *ctx, struct slice s)
{
    return buf_put(ctx, s);
}

/* Cut in two at every byte, and byte by byte: always the same output. */
static inline void check_splits(enum mime_encoding e, struct slice in, struct slice want, bool is_damaged, const char *name)
{
    struct buf out = buf_init(1 << 24);
    struct mime_decoder d;

    for (size_t cut = 0; cut <= in.n + 1; cut++) {
        out.n = 0;
        mime_decoder_init(&d, e, case_put, &out);
        if (cut > in.n) {
            for (size_t i = 0; i < in.n; i++)
                ck_assert_int_eq(mime_decoder_feed(&d, slice_sub(in, i, 1)), CS_OK);
        } else {
            ck_assert_int_eq(mime_decoder_feed(&d, slice_take(in, cut)), CS_OK);
            ck_assert_int_eq(mime_decoder_feed(&d, slice_drop(in, cut)), CS_OK);
        }
        ck_assert_int_eq(mime_decoder_end(&d), CS_OK);
        ck_assert_msg(slice_eq(buf_slice(&out), want), "%s: cut at %zu gives %zu bytes: %.*s", name, cut, out.n, (int)out.n,
                      out.p ? (char *)out.p : "");
        ck_assert_msg(d.is_damaged == is_damaged, "%s: cut at %zu: damaged", name, cut);
    }
    buf_release(&out);
}

/* A status of put() comes back at once. */
static inline enum cs_status refuse(void *ctx, struct slice s)
{
    (void)s;
    ++*(int *)ctx;
    return CS_STOP;
}

static inline void check_stop(enum mime_encoding e, struct slice in)
{
    struct mime_decoder d;
    int calls = 0;
    enum cs_status st;

    mime_decoder_init(&d, e, refuse, &calls);
    st = mime_decoder_feed(&d, in);
    if (st == CS_OK)
        st = mime_decoder_end(&d);
    ck_assert_int_eq(st, CS_STOP);
    ck_assert_int_eq(calls, 1);
}

static inline int run_suite(Suite *s)
{
    SRunner *r = srunner_create(s);
    int failed;

    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}

#define add_cases(t, test, list) tcase_add_loop_test(t, test, 0, (int)(sizeof list / sizeof *list))

#endif
