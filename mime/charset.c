#include "charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"

enum { OUT_ROOM = 4096, REPLACEMENT = 0xFFFD };

/* Output is gathered here and given on in pieces. */
struct sink {
    mime_put *put;
    void *ctx;
    bool *is_damaged;
    size_t n;
    uint8_t room[OUT_ROOM];
};

size_t utf8_put(uint32_t c, uint8_t *out)
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = REPLACEMENT;
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xC0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xE0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (c & 63));
    return 4;
}

/* Length of the well-formed UTF-8 character at p, or 0. */
static size_t utf8_len(const uint8_t *p, size_t n)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;

    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
        (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return len;
}

/* How many bytes from the start of s are ASCII. Eight at a time: nearly all mail is. */
static size_t ascii_run(struct slice s)
{
    size_t i = 0;

    while (s.n - i >= 8 && !(get_le64(s.p + i) & 0x8080808080808080u))
        i += 8;
    while (i < s.n && s.p[i] < 0x80)
        i++;
    return i;
}

/* How many bytes from the start of s are well-formed UTF-8. */
static size_t utf8_run(struct slice s)
{
    size_t i = 0, len;

    while (i < s.n) {
        if (s.p[i] < 0x80) {
            i += ascii_run(slice_drop(s, i));
            continue;
        }
        len = utf8_len(s.p + i, s.n - i);
        if (!len)
            break;
        i += len;
    }
    return i;
}

bool utf8_is_valid(struct slice s)
{
    return utf8_run(s) == s.n;
}

static enum cs_status sink_flush(struct sink *k)
{
    size_t n = k->n;

    k->n = 0;
    return n ? k->put(k->ctx, slice_of(k->room, n)) : CS_OK;
}

static enum cs_status sink_char(struct sink *k, uint32_t c)
{
    if (OUT_ROOM - k->n < 4) {
        enum cs_status st = sink_flush(k);
        if (st != CS_OK)
            return st;
    }
    k->n += utf8_put(c, k->room + k->n);
    return CS_OK;
}

static enum cs_status sink_damage(struct sink *k)
{
    *k->is_damaged = true;
    return sink_char(k, REPLACEMENT);
}

/* A run that is UTF-8 already goes on without a copy. */
static enum cs_status sink_run(struct sink *k, struct slice s)
{
    enum cs_status st = sink_flush(k);

    return st == CS_OK && s.n ? k->put(k->ctx, s) : st;
}

static enum cs_status from_utf8(struct slice in, struct sink *k)
{
    enum cs_status st = CS_OK;

    if (slice_starts(in, SLICE("\xEF\xBB\xBF")))
        in = slice_drop(in, 3);
    while (st == CS_OK && in.n) {
        size_t run = utf8_run(in);
        if (run)
            st = sink_run(k, slice_take(in, run));
        else
            st = sink_damage(k);
        in = slice_drop(in, run ? run : 1);
    }
    return st;
}

/* 0x80 to 0x9F of windows-1252; 0 where nothing is defined. Programs read Latin-1 this way too. */
static const uint16_t cp1252[32] = {
    0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
    0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178
};

static enum cs_status from_latin1(struct slice in, struct sink *k)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && in.n) {
        size_t run = ascii_run(in);
        uint8_t c;
        if (run >= 64 || run == in.n) {
            st = sink_run(k, slice_take(in, run));
            in = slice_drop(in, run);
            continue;
        }
        c = in.p[0];
        st = sink_char(k, c >= 0x80 && c < 0xA0 && cp1252[c - 0x80] ? cp1252[c - 0x80] : c);
        in = slice_drop(in, 1);
    }
    return st;
}

enum order { ORDER_ANY, ORDER_LE, ORDER_BE };

/* Without a byte order mark: text has its zeros in the high halves. size is 2 or 4. */
static enum order guess_order(struct slice in, size_t size)
{
    size_t low = 0, high = 0;

    for (size_t i = 0; i + size <= in.n && i < 512; i += size) {
        low += in.p[i] == 0;
        high += in.p[i + size - 1] == 0;
    }
    return low > high ? ORDER_BE : high > low ? ORDER_LE : ORDER_BE;
}

static uint32_t unit16(const uint8_t *p, enum order o)
{
    return o == ORDER_LE ? get_le16(p) : get_be16(p);
}

static enum cs_status from_utf16(struct slice in, enum order o, struct sink *k)
{
    enum cs_status st = CS_OK;

    if (slice_starts(in, SLICE("\xFF\xFE")) || slice_starts(in, SLICE("\xFE\xFF"))) {
        o = in.p[0] == 0xFF ? ORDER_LE : ORDER_BE;
        in = slice_drop(in, 2);
    } else if (o == ORDER_ANY) {
        o = guess_order(in, 2);
    }
    while (st == CS_OK && in.n >= 2) {
        uint32_t c = unit16(in.p, o), next = in.n >= 4 ? unit16(in.p + 2, o) : 0;
        if (c >= 0xD800 && c < 0xDC00 && next >= 0xDC00 && next < 0xE000) {
            st = sink_char(k, 0x10000 + ((c - 0xD800) << 10) + (next - 0xDC00));
            in = slice_drop(in, 4);
            continue;
        }
        st = c >= 0xD800 && c < 0xE000 ? sink_damage(k) : sink_char(k, c);
        in = slice_drop(in, 2);
    }
    return st == CS_OK && in.n ? sink_damage(k) : st;
}

static enum cs_status from_utf32(struct slice in, enum order o, struct sink *k)
{
    enum cs_status st = CS_OK;

    if (slice_starts(in, SLICE("\xFF\xFE\0\0")) || slice_starts(in, SLICE("\0\0\xFE\xFF"))) {
        o = in.p[0] == 0xFF ? ORDER_LE : ORDER_BE;
        in = slice_drop(in, 4);
    } else if (o == ORDER_ANY) {
        o = guess_order(in, 4);
    }
    while (st == CS_OK && in.n >= 4) {
        uint32_t c = o == ORDER_LE ? get_le32(in.p) : get_be32(in.p);
        st = c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? sink_damage(k) : sink_char(k, c);
        in = slice_drop(in, 4);
    }
    return st == CS_OK && in.n ? sink_damage(k) : st;
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One UTF-16 unit out of UTF-7; a first surrogate waits in *high for its second. */
static enum cs_status utf7_unit(struct sink *k, uint32_t unit, uint32_t *high)
{
    enum cs_status st = CS_OK;
    uint32_t first = *high;

    *high = 0;
    if (first && unit >= 0xDC00 && unit < 0xE000)
        return sink_char(k, 0x10000 + ((first - 0xD800) << 10) + (unit - 0xDC00));
    if (first)
        st = sink_damage(k);
    if (st != CS_OK)
        return st;
    if (unit >= 0xD800 && unit < 0xDC00) {
        *high = unit;
        return CS_OK;
    }
    return sink_char(k, unit);
}

/* RFC 2152; "+" opens base64 of UTF-16BE, "-" or any other byte closes it. */
static enum cs_status from_utf7(struct slice in, struct sink *k)
{
    enum cs_status st = CS_OK;
    uint32_t bits = 0, high = 0;
    unsigned n_bits = 0;
    bool is_shifted = false;

    for (size_t i = 0; st == CS_OK && i < in.n; i++) {
        uint8_t c = in.p[i];
        int d = base64_digit(c);
        if (is_shifted && d >= 0) {
            bits = bits << 6 | (uint32_t)d;
            n_bits += 6;
            if (n_bits >= 16) {
                n_bits -= 16;
                st = utf7_unit(k, bits >> n_bits & 0xFFFF, &high);
            }
        } else if (is_shifted) {
            is_shifted = false;
            if (c == '-' && i > 0 && in.p[i - 1] == '+')
                st = sink_char(k, '+');
            else if (c != '-')
                i--;
        } else if (c == '+') {
            is_shifted = true;
            bits = high = n_bits = 0;
        } else {
            st = c < 0x80 ? sink_char(k, c) : sink_damage(k);
        }
    }
    return st;
}

enum how { HOW_UTF8, HOW_LATIN1, HOW_UTF7, HOW_UTF16, HOW_UTF32, HOW_HZ, HOW_ICONV };

/*
 * Names as mail writes them. Only what stands here is given to iconv, so no header can make it load a module of its choice.
 * Where programs read a charset as its larger successor (GB2312 as GB18030), so do we.
 */
static const struct charset {
    char name[24];              /* no pointers: those cost a start the page they stand in */
    enum how how;
    enum order order;
    char iconv[16];
} charsets[] = {
    { "us-ascii", HOW_UTF8, 0, "" },         { "ascii", HOW_UTF8, 0, "" },
    { "utf-8", HOW_UTF8, 0, "" },            { "utf8", HOW_UTF8, 0, "" },
    { "unicode-1-1-utf-8", HOW_UTF8, 0, "" }, { "ansi_x3.4-1968", HOW_UTF8, 0, "" },
    { "iso-8859-1", HOW_LATIN1, 0, "" },     { "iso8859-1", HOW_LATIN1, 0, "" },
    { "iso_8859-1", HOW_LATIN1, 0, "" },     { "latin1", HOW_LATIN1, 0, "" },
    { "latin-1", HOW_LATIN1, 0, "" },        { "l1", HOW_LATIN1, 0, "" },
    { "windows-1252", HOW_LATIN1, 0, "" },   { "cp1252", HOW_LATIN1, 0, "" },
    { "x-ansi", HOW_LATIN1, 0, "" },         { "8bit", HOW_LATIN1, 0, "" },
    { "utf-7", HOW_UTF7, 0, "" },            { "utf7", HOW_UTF7, 0, "" },
    { "unicode-1-1-utf-7", HOW_UTF7, 0, "" }, { "unicode-2-0-utf-7", HOW_UTF7, 0, "" },
    { "utf-16", HOW_UTF16, ORDER_ANY, "" },  { "utf16", HOW_UTF16, ORDER_ANY, "" },
    { "unicode", HOW_UTF16, ORDER_ANY, "" }, { "ucs-2", HOW_UTF16, ORDER_ANY, "" },
    { "iso-10646-ucs-2", HOW_UTF16, ORDER_ANY, "" },
    { "utf-16le", HOW_UTF16, ORDER_LE, "" }, { "utf-16be", HOW_UTF16, ORDER_BE, "" },
    { "ucs-2le", HOW_UTF16, ORDER_LE, "" },  { "ucs-2be", HOW_UTF16, ORDER_BE, "" },
    { "utf-32", HOW_UTF32, ORDER_ANY, "" },  { "ucs-4", HOW_UTF32, ORDER_ANY, "" },
    { "iso-10646-ucs-4", HOW_UTF32, ORDER_ANY, "" },
    { "utf-32le", HOW_UTF32, ORDER_LE, "" }, { "utf-32be", HOW_UTF32, ORDER_BE, "" },
    { "hz-gb-2312", HOW_HZ, 0, "GB18030" }, { "hz", HOW_HZ, 0, "GB18030" },
    { "iso-2022-jp", HOW_ICONV, 0, "ISO-2022-JP-3" }, { "iso-2022-jp-1", HOW_ICONV, 0, "ISO-2022-JP-3" },
    { "iso-2022-jp-2", HOW_ICONV, 0, "ISO-2022-JP-2" }, { "iso-2022-jp-3", HOW_ICONV, 0, "ISO-2022-JP-3" },
    { "csiso2022jp", HOW_ICONV, 0, "ISO-2022-JP-3" },
    { "iso-2022-kr", HOW_ICONV, 0, "ISO-2022-KR" }, { "iso-2022-cn", HOW_ICONV, 0, "ISO-2022-CN" },
    { "shift_jis", HOW_ICONV, 0, "CP932" }, { "shift-jis", HOW_ICONV, 0, "CP932" },
    { "sjis", HOW_ICONV, 0, "CP932" },      { "x-sjis", HOW_ICONV, 0, "CP932" },
    { "cp932", HOW_ICONV, 0, "CP932" },     { "windows-31j", HOW_ICONV, 0, "CP932" },
    { "euc-jp", HOW_ICONV, 0, "EUC-JP" },   { "x-euc-jp", HOW_ICONV, 0, "EUC-JP" },
    { "euc-kr", HOW_ICONV, 0, "UHC" },      { "ks_c_5601-1987", HOW_ICONV, 0, "UHC" },
    { "ks_c_5601", HOW_ICONV, 0, "UHC" },   { "cp949", HOW_ICONV, 0, "UHC" },
    { "gb2312", HOW_ICONV, 0, "GB18030" },  { "gbk", HOW_ICONV, 0, "GB18030" },
    { "cp936", HOW_ICONV, 0, "GB18030" },   { "gb18030", HOW_ICONV, 0, "GB18030" },
    { "x-gbk", HOW_ICONV, 0, "GB18030" },   { "euc-cn", HOW_ICONV, 0, "GB18030" },
    { "big5", HOW_ICONV, 0, "BIG5-HKSCS" }, { "big5-hkscs", HOW_ICONV, 0, "BIG5-HKSCS" },
    { "cp950", HOW_ICONV, 0, "BIG5-HKSCS" }, { "euc-tw", HOW_ICONV, 0, "EUC-TW" },
    { "koi8-r", HOW_ICONV, 0, "KOI8-R" },   { "koi8-u", HOW_ICONV, 0, "KOI8-U" },
    { "iso-8859-2", HOW_ICONV, 0, "ISO-8859-2" }, { "iso-8859-3", HOW_ICONV, 0, "ISO-8859-3" },
    { "iso-8859-4", HOW_ICONV, 0, "ISO-8859-4" }, { "iso-8859-5", HOW_ICONV, 0, "ISO-8859-5" },
    { "iso-8859-6", HOW_ICONV, 0, "ISO-8859-6" }, { "iso-8859-7", HOW_ICONV, 0, "ISO-8859-7" },
    { "iso-8859-8", HOW_ICONV, 0, "ISO-8859-8" }, { "iso-8859-8-i", HOW_ICONV, 0, "ISO-8859-8" },
    { "iso-8859-9", HOW_ICONV, 0, "CP1254" }, { "iso-8859-10", HOW_ICONV, 0, "ISO-8859-10" },
    { "iso-8859-11", HOW_ICONV, 0, "ISO-8859-11" }, { "iso-8859-13", HOW_ICONV, 0, "ISO-8859-13" },
    { "iso-8859-14", HOW_ICONV, 0, "ISO-8859-14" }, { "iso-8859-15", HOW_ICONV, 0, "ISO-8859-15" },
    { "latin-9", HOW_ICONV, 0, "ISO-8859-15" }, { "iso-8859-16", HOW_ICONV, 0, "ISO-8859-16" },
    { "windows-1250", HOW_ICONV, 0, "CP1250" }, { "windows-1251", HOW_ICONV, 0, "CP1251" },
    { "windows-1253", HOW_ICONV, 0, "CP1253" }, { "windows-1254", HOW_ICONV, 0, "CP1254" },
    { "windows-1255", HOW_ICONV, 0, "CP1255" }, { "windows-1256", HOW_ICONV, 0, "CP1256" },
    { "windows-1257", HOW_ICONV, 0, "CP1257" }, { "windows-1258", HOW_ICONV, 0, "CP1258" },
    { "cp1250", HOW_ICONV, 0, "CP1250" },   { "cp1251", HOW_ICONV, 0, "CP1251" },
    { "windows-874", HOW_ICONV, 0, "CP874" }, { "tis-620", HOW_ICONV, 0, "CP874" },
    { "macintosh", HOW_ICONV, 0, "MACINTOSH" }, { "x-mac-roman", HOW_ICONV, 0, "MACINTOSH" },
    { "cp437", HOW_ICONV, 0, "IBM437" },    { "ibm437", HOW_ICONV, 0, "IBM437" },
    { "cp850", HOW_ICONV, 0, "IBM850" },    { "ibm850", HOW_ICONV, 0, "IBM850" },
    { "cp866", HOW_ICONV, 0, "IBM866" },    { "ibm866", HOW_ICONV, 0, "IBM866" },
    { "ebcdic-cp-us", HOW_ICONV, 0, "IBM037" }, { "ebcdic-cp-be", HOW_ICONV, 0, "IBM500" },
    { "x-ebcdic-germany", HOW_ICONV, 0, "IBM273" }, { "ebcdic-latin9--euro", HOW_ICONV, 0, "IBM924" },
};

/* EBCDIC of all countries: "ibm" or "cp" and one of these numbers, maybe with zeros before it. Nothing in it looks like ASCII. */
static const struct charset ebcdic[] = {
#define E(n) { #n, HOW_ICONV, 0, "IBM" #n }
    { "37", HOW_ICONV, 0, "IBM037" }, E(273), E(277), E(278), E(280), E(284), E(285), E(297), E(500), E(870), E(871), E(924), E(1026),
    E(1047), E(1140), E(1141), E(1142), E(1143), E(1144), E(1145), E(1146), E(1147), E(1148), E(1149)
#undef E
};

static const struct charset *find_ebcdic(struct slice name)
{
    static const char *const heads[] = { "ibm", "cp", "ccsid", "x-ibm" };

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (slice_istarts(name, slice_str(heads[i]))) {
            name = slice_drop(name, strlen(heads[i]));
            break;
        }
    while (name.n && (name.p[0] == '0' || name.p[0] == '-' || name.p[0] == '_'))
        name = slice_drop(name, 1);
    for (size_t i = 0; i < sizeof ebcdic / sizeof *ebcdic; i++)
        if (slice_eq(name, slice_str(ebcdic[i].name)))
            return &ebcdic[i];
    return NULL;
}

/* An empty name means that none was declared. */
static const struct charset *charset_find(struct slice name)
{
    name = slice_trim(name);
    if (name.n >= 2 && name.p[0] == '\'' && name.p[name.n - 1] == '\'')
        name = slice_sub(name, 1, name.n - 2);
    if (name.n == 0)
        return &charsets[0];
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        if (slice_ieq(name, slice_str(charsets[i].name)))
            return &charsets[i];
    return find_ebcdic(name);
}

bool mime_charset_is_plain(struct slice name)
{
    const struct charset *c = charset_find(name);

    return c && (c->how == HOW_UTF8 || c->how == HOW_LATIN1);
}

bool mime_charset_is_known(struct slice name)
{
    return charset_find(name) != NULL;
}

/* What iconv made is looked at again: it is a library, and its output is taken for UTF-8 from here on. */
static enum cs_status iconv_chunk(struct sink *k, const uint8_t *out, size_t n)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && n) {
        size_t run = utf8_run(slice_of(out, n));
        st = run ? sink_run(k, slice_of(out, run)) : sink_damage(k);
        out += run ? run : 1;
        n -= run ? run : 1;
    }
    return st;
}

/* glibc's names; musl and GNU libiconv do not know these, and read the same bytes, or nearly all of them, under another. */
static iconv_t open_converter(const char *name)
{
    static const char *const others[][2] = {
        { "ISO-2022-JP-3", "ISO-2022-JP-2" }, { "ISO-2022-JP-2", "ISO-2022-JP" }, { "CP932", "SHIFT_JIS" }, { "UHC", "CP949" },
        { "CP874", "ISO-8859-11" }, { "IBM437", "CP437" }, { "IBM850", "CP850" }, { "IBM866", "CP866" },
    };
    iconv_t cd = iconv_open("UTF-8", name);

    for (size_t i = 0; cd == (iconv_t)-1 && i < sizeof others / sizeof *others; i++)
        if (strcmp(name, others[i][0]) == 0) {
            name = others[i][1];
            cd = iconv_open("UTF-8", name);
        }
    return cd;
}

static enum cs_status from_iconv(const char *name, struct slice in, struct sink *k)
{
    iconv_t cd = open_converter(name);
    uint8_t out[OUT_ROOM];
    char *from = (char *)(uintptr_t)in.p;
    size_t left = in.n;
    enum cs_status st = CS_OK;

    if (cd == (iconv_t)-1)
        return CS_UNSUPPORTED;
    while (st == CS_OK && left) {
        char *to = (char *)out;
        size_t room = sizeof out, before = left;
        size_t r = iconv(cd, &from, &left, &to, &room);
        int err = errno;
        st = iconv_chunk(k, out, sizeof out - room);
        if (st != CS_OK || r != (size_t)-1 || (err == E2BIG && (left < before || room < sizeof out)))
            continue;
        if (left) {
            st = sink_damage(k);
            from++;
            left--;
        }
    }
    /* Some decoders hold a character back until they know that nothing joins it. */
    if (st == CS_OK) {
        char *to = (char *)out;
        size_t room = sizeof out;
        iconv(cd, NULL, NULL, &to, &room);
        st = iconv_chunk(k, out, sizeof out - room);
    }
    iconv_close(cd);
    return st;
}

/* What stands behind a tilde among ASCII; how many bytes that takes. */
static size_t put_tilde(struct slice in, struct buf *out, bool *is_gb, enum cs_status *st)
{
    if (slice_starts(in, SLICE("~\r\n")))
        return 3;
    if (slice_starts(in, SLICE("~\n")) || slice_starts(in, SLICE("~}")))
        return 2;
    *is_gb = slice_starts(in, SLICE("~{"));
    if (*is_gb)
        return 2;
    *st = buf_putc(out, '~');
    return slice_starts(in, SLICE("~~")) ? 2 : 1;
}

/*
 * RFC 1843: pairs of seven bits of GB2312 between "~{" and "~}" or the end of the line; "~~" is one, and "~" at the end of a line joins it to
 * the next.
 */
static enum cs_status put_hz(struct slice in, struct buf *out)
{
    enum cs_status st = CS_OK;
    bool is_gb = false;

    while (st == CS_OK && in.n) {
        size_t n = 1;

        if (!is_gb && in.p[0] == '~') {
            n = put_tilde(in, out, &is_gb, &st);
        } else if (is_gb && slice_starts(in, SLICE("~}"))) {
            is_gb = false;
            n = 2;
        } else if (is_gb && in.n > 1 && in.p[0] > ' ' && in.p[1] > ' ') {
            const uint8_t pair[] = { in.p[0] | 0x80, in.p[1] | 0x80 };

            st = buf_put(out, slice_of(pair, 2));
            n = 2;
        } else {
            is_gb = is_gb && in.p[0] != '\n';
            st = buf_putc(out, in.p[0]);
        }
        in = slice_drop(in, n);
    }
    return st;
}

static enum cs_status from_hz(const char *name, struct slice in, struct sink *k)
{
    struct buf plain = buf_init(in.n);
    enum cs_status st = put_hz(in, &plain);

    if (st == CS_OK)
        st = from_iconv(name, buf_slice(&plain), k);
    buf_release(&plain);
    return st;
}

enum cs_status mime_charset_to_utf8(struct slice name, struct slice in, mime_put *put, void *ctx, bool *is_damaged)
{
    const struct charset *c = charset_find(name);
    struct sink k;
    enum cs_status st;

    *is_damaged = false;
    if (!c)
        return CS_UNSUPPORTED;
    k.put = put;
    k.ctx = ctx;
    k.is_damaged = is_damaged;
    k.n = 0;
    switch (c->how) {
    case HOW_UTF8:
        st = from_utf8(in, &k);
        break;
    case HOW_LATIN1:
        st = from_latin1(in, &k);
        break;
    case HOW_UTF7:
        st = from_utf7(in, &k);
        break;
    case HOW_UTF16:
        st = from_utf16(in, c->order, &k);
        break;
    case HOW_UTF32:
        st = from_utf32(in, c->order, &k);
        break;
    case HOW_HZ:
        st = from_hz(c->iconv, in, &k);
        break;
    default:
        st = from_iconv(c->iconv, in, &k);
    }
    return st == CS_OK ? sink_flush(&k) : st;
}

/* A byte order mark, or zeros where UTF-16 and UTF-32 text has them. A few elsewhere hide nothing: U+0100 has one, too. */
struct slice mime_charset_detect(struct slice head)
{
    size_t zeros[4] = { 0 }, n = head.n < 512 ? head.n & ~(size_t)3 : 512, most = n / 2 - n / 32, odd, even;

    if (slice_starts(head, SLICE("\xEF\xBB\xBF")))
        return SLICE("utf-8");
    if (slice_starts(head, SLICE("\xFF\xFE\0\0")) || slice_starts(head, SLICE("\0\0\xFE\xFF")))
        return SLICE("utf-32");
    if (slice_starts(head, SLICE("\xFF\xFE")) || slice_starts(head, SLICE("\xFE\xFF")))
        return SLICE("utf-16");
    for (size_t i = 0; i < n; i++)
        zeros[i & 3] += head.p[i] == 0;
    if (n >= 16 && zeros[2] + zeros[3] >= most && zeros[0] <= n / 32)
        return SLICE("utf-32le");
    if (n >= 16 && zeros[0] + zeros[1] >= most && zeros[3] <= n / 32)
        return SLICE("utf-32be");
    even = zeros[0] + zeros[2];
    odd = zeros[1] + zeros[3];
    if (n >= 8 && odd >= n / 4 && even <= odd / 8)
        return SLICE("utf-16le");
    if (n >= 8 && even >= n / 4 && odd <= even / 8)
        return SLICE("utf-16be");
    return SLICE("");
}

/* Grows at the end of the arena; nothing else takes from it meanwhile. */
struct gather {
    struct arena *a;
    struct slice s;
};

static enum cs_status gather_put(void *ctx, struct slice out)
{
    struct gather *g = ctx;
    size_t room = (size_t)(g->a->end - g->a->at);

    if (out.n > room)
        return CS_NOMEM;
    memcpy(g->a->at, out.p, out.n);
    g->a->at += out.n;
    g->s.n += out.n;
    return CS_OK;
}

struct slice charset_to_arena(struct slice charset, struct slice in, struct arena *a)
{
    struct gather g = { .a = a, .s = { a->at, 0 } };
    uint8_t *mark = a->at;
    bool is_damaged;
    enum cs_status st = CS_UNSUPPORTED;

    if (charset.n)
        st = mime_charset_to_utf8(charset, in, gather_put, &g, &is_damaged);
    if (st == CS_UNSUPPORTED) {
        struct slice name = utf8_is_valid(in) ? SLICE("utf-8") : SLICE("windows-1252");
        a->at = mark;
        g.s.n = 0;
        st = mime_charset_to_utf8(name, in, gather_put, &g, &is_damaged);
    }
    if (st != CS_OK) {
        a->at = mark;
        return (struct slice){ NULL, 0 };
    }
    return g.s;
}
