#include "decodecase.h"

static const struct decode_case cases[] = {
    { "one file", SLICE("text\r\n=ybegin line=128 size=3 name=a\r\nm\x8b\x9e\r\n=yend size=3\r\nmore\r\n"), SLICE("Cat"),
      false },
    { "a part", SLICE("=ybegin part=1 line=128 size=3 name=a\n=ypart begin=1 end=3\nm\x8b\x9e\n=yend\n"), SLICE("Cat"),
      false },
    { "escapes", SLICE("=ybegin size=4 name=a\n=@=J=M=}\n=yend\n"), SLICE("\xd6\xe0\xe3\x13"), false },
    { "two lines", SLICE("=ybegin size=6 name=a\nm\x8b\x9e\nm\x8b\x9e\n=yend\n"), SLICE("CatCat"), false },
    { "two files", SLICE("=ybegin name=a\nm\n=yend\n\n=ybegin name=b\n\x8b\n=yend"), SLICE("Ca"), false },
    { "no end", SLICE("=ybegin name=a\nm\x8b\x9e"), SLICE("Cat"), true },
    { "a wrong size and checksum", SLICE("=ybegin line=128 size=9 name=a\nm\x8b\x9e\n=yend size=7 crc32=00000000\n"), SLICE("Cat"), false },
    { "text alone", SLICE("=y is a letter\n= and so on\n"), SLICE(""), false },
};

START_TEST(decodes_whatever_the_split)
{
    check_splits(MIME_ENC_YENC, cases[_i].in, cases[_i].want, cases[_i].is_damaged, cases[_i].name);
}
END_TEST

/* Every byte value, escaped where yEnc asks for it. */
START_TEST(all_bytes_come_back)
{
    uint8_t in[1024], want[256];
    size_t n = 0;

    n += (size_t)snprintf((char *)in, sizeof in, "=ybegin line=64 size=256 name=all\r\n");
    for (unsigned i = 0; i < 256; i++) {
        uint8_t c = (uint8_t)(i + 42);
        want[i] = (uint8_t)i;
        if (c == 0 || c == '\n' || c == '\r' || c == '=') {
            in[n++] = '=';
            c = (uint8_t)(c + 64);
        }
        in[n++] = c;
        if (i % 64 == 63) {
            in[n++] = '\r';
            in[n++] = '\n';
        }
    }
    n += (size_t)snprintf((char *)in + n, sizeof in - n, "=yend size=256\r\n");
    check_splits(MIME_ENC_YENC, slice_of(in, n), slice_of(want, 256), false, "all bytes");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("yenc");
    TCase *t = tcase_create("yenc");

    add_cases(t, decodes_whatever_the_split, cases);
    tcase_add_test(t, all_bytes_come_back);
    suite_add_tcase(s, t);
    return run_suite(s);
}
