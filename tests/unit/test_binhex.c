#include "decodecase.h"

/* A small encoder, written from the format's description, for files made here. */
struct hex {
    char text[4096];
    size_t n, column;
    uint32_t bits, n_bits;
};

static void hex_char(struct hex *h, char c)
{
    h->text[h->n++] = c;
    if (++h->column == 64) {
        h->text[h->n++] = '\n';
        h->column = 0;
    }
}

static void hex_bits(struct hex *h, uint8_t c)
{
    static const char digits[] = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";

    h->bits = h->bits << 8 | c;
    h->n_bits += 8;
    while (h->n_bits >= 6) {
        h->n_bits -= 6;
        hex_char(h, digits[h->bits >> h->n_bits & 63]);
    }
}

static void hex_byte(struct hex *h, uint8_t c)
{
    hex_bits(h, c);
    if (c == 0x90)
        hex_bits(h, 0);
}

static void hex_u32(struct hex *h, size_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        hex_byte(h, (uint8_t)(v >> shift));
}

/* One run of `run` bytes 'r' ends the data fork when run is not 0. */
static struct slice make(struct hex *h, struct slice data, uint8_t run, struct slice resource)
{
    *h = (struct hex){ .n = 0 };
    h->n = (size_t)snprintf(h->text, sizeof h->text, "(This file must be converted with BinHex 4.0)\n\n:");
    hex_byte(h, 7);
    for (const char *p = "cat.txt"; *p; p++)
        hex_byte(h, (uint8_t)*p);
    for (int i = 0; i < 11; i++)
        hex_byte(h, 0);
    hex_u32(h, data.n + run);
    hex_u32(h, resource.n);
    hex_byte(h, 0);
    hex_byte(h, 0);
    for (size_t i = 0; i < data.n; i++)
        hex_byte(h, data.p[i]);
    if (run) {
        hex_bits(h, 'r');
        hex_bits(h, 0x90);
        hex_bits(h, run);
    }
    hex_byte(h, 1);
    hex_byte(h, 2);
    for (size_t i = 0; i < resource.n; i++)
        hex_byte(h, resource.p[i]);
    hex_byte(h, 3);
    hex_byte(h, 4);
    if (h->n_bits)
        hex_bits(h, 0);
    hex_char(h, ':');
    hex_char(h, '\n');
    return slice_of(h->text, h->n);
}

START_TEST(the_data_fork_comes_out)
{
    struct hex h;

    check_splits(MIME_ENC_BINHEX, make(&h, SLICE("Cat\x90s"), 0, SLICE("")), SLICE("Cat\x90s"), false, "plain");
    check_splits(MIME_ENC_BINHEX, make(&h, SLICE("Cat"), 5, SLICE("tail")), SLICE("Catrrrrr"), false, "run");
    check_splits(MIME_ENC_BINHEX, make(&h, SLICE(""), 0, SLICE("tail")), SLICE(""), false, "empty");
}
END_TEST

START_TEST(a_cut_file_gives_what_is_there)
{
    struct hex h;
    struct slice s = make(&h, SLICE("Cat and dog and horse and cow"), 0, SLICE(""));

    check_splits(MIME_ENC_BINHEX, slice_take(s, s.n - 20), SLICE("Cat and dog and hors"), true, "cut");
}
END_TEST

START_TEST(junk_is_no_file)
{
    check_splits(MIME_ENC_BINHEX, SLICE("no colon here"), SLICE(""), true, "text");
    check_splits(MIME_ENC_BINHEX, SLICE(":!!!!!!:"), SLICE(""), true, "a name of no bytes");
}
END_TEST

struct forks {
    char text[256];
};

static enum cs_status note_fork(void *ctx, struct slice name, struct slice bytes, const char *how)
{
    struct forks *f = ctx;
    size_t n = strlen(f->text);

    snprintf(f->text + n, sizeof f->text - n, "%s:%.*s:%.*s ", how, (int)name.n, (const char *)name.p, (int)bytes.n,
             (const char *)bytes.p);
    return CS_OK;
}

START_TEST(both_forks_are_found_in_a_text)
{
    struct hex h;
    struct forks f = { "" };

    ck_assert_int_eq(mime_find_embedded(make(&h, SLICE("Cat"), 0, SLICE("tail")), 1 << 20, note_fork, &f), CS_OK);
    ck_assert_str_eq(f.text, "binhex:cat.txt:Cat binhex-resource:cat.txt:tail ");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("binhex");
    TCase *t = tcase_create("binhex");

    tcase_add_test(t, the_data_fork_comes_out);
    tcase_add_test(t, a_cut_file_gives_what_is_there);
    tcase_add_test(t, junk_is_no_file);
    tcase_add_test(t, both_forks_are_found_in_a_text);
    suite_add_tcase(s, t);
    return run_suite(s);
}
