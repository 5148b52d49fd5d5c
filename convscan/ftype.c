#include "ftype.h"

#include "base/bytes.h"
#include "cms.h"
#include "cpio.h"
#include "disk.h"
#include "emlx.h"
#include "lz4.h"
#include "mime/mime.h"
#include "ole2.h"
#include "openpgp.h"
#include "pdf.h"
#include "rtf.h"
#include "tar.h"
#include "udf.h"
#include "zip.h"

enum { HEAD = 4096 };

bool ftype_has(const struct ftype *t, const char *word)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->words[i], word) == 0)
            return true;
    return false;
}

void ftype_add(struct ftype *t, const char *word)
{
    if (word && t->n < VDL_TYPES_MAX && !ftype_has(t, word))
        t->words[t->n++] = word;
}

struct magic {
    uint16_t at;
    uint16_t n;
    char bytes[17];
    char words[3][16];          /* no pointers: those cost a start the page they stand in */
};

#define M(at, lit, ...) { at, sizeof(lit) - 1, lit, { __VA_ARGS__ } }

/* Grouped by nothing but taste: the first match counts, so the longer of two with a common start comes first. */
static const struct magic magics[] = {
    M(0, "\x7f" "ELF", "ELF", "executable"),
    M(0, "\xfe\xed\xfa\xce", "Mach-O", "executable"),
    M(0, "\xfe\xed\xfa\xcf", "Mach-O", "executable"),
    M(0, "\xce\xfa\xed\xfe", "Mach-O", "executable"),
    M(0, "\xcf\xfa\xed\xfe", "Mach-O", "executable"),
    M(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE2", "document"),
    M(0, "{\\rt", "RTF", "document"),
    M(0, "FWS", "SWF"),
    M(0, "CWS", "SWF"),
    M(0, "ZWS", "SWF"),
    M(0, "GIF8", "GIF", "graphics"),
    M(0, "\x89PNG\r\n\x1a\n", "PNG", "graphics"),
    M(0, "\xff\xd8\xff", "JPEG", "graphics"),
    M(0, "II*\0", "TIFF", "graphics"),
    M(0, "MM\0*", "TIFF", "graphics"),
    M(0, "\x4c\0\0\0\x01\x14\x02\0", "LNK"),
    M(0, "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", "OneNote", "document"),
    M(0, "\x78\x9f\x3e\x22", "TNEF", "archive"),
    M(0, "PK\x03\x04", "ZIP", "archive"),
    M(0, "PK\x05\x06", "ZIP", "archive"),
    M(0, "PK\x07\x08PK\x03\x04", "ZIP", "archive"),
    M(0, "PK00PK\x03\x04", "ZIP", "archive"),
    M(0, "Rar!\x1a\x07", "RAR", "archive"),
    M(0, "RE~^", "RAR", "archive"),
    M(0, "7z\xbc\xaf\x27\x1c", "7z", "archive"),
    M(0, "07070", "cpio", "archive"),
    M(0, "\xc7\x71", "cpio", "archive"),
    M(0, "\x71\xc7", "cpio", "archive"),
    M(0, "!<arch>\n", "ar", "archive"),
    M(0, "MSCF", "CAB", "archive"),
    M(0, "ISc(", "CAB", "archive"),
    M(2, "-lh", "LHA", "archive"),
    M(2, "-lz", "LHA", "archive"),
    M(2, "-pm", "LHA", "archive"),
    M(0, "xar!", "XAR", "archive"),
    M(0, "\x1f\x8b", "gzip"),
    M(0, "BZh", "bzip2"),
    M(0, "\xfd" "7zXZ", "xz"),
    M(0, "\x28\xb5\x2f\xfd", "zstd"),
    M(0, "\x04\x22\x4d\x18", "lz4"),
    M(0, "\x02\x21\x4c\x18", "lz4"),
    M(0, "\x1f\x9d", "compress"),
    M(0, "LZIP", "lzip"),
    M(0, "\x60\xea", "ARJ", "archive"),
    M(7, "**ACE**", "ACE", "archive"),
    M(0, "MSWIM\0\0\0", "WIM", "archive"),
    M(0, "WLPWM\0\0\0", "WIM", "archive"),
    M(0, "ITSF", "CHM", "archive"),
    M(0, "EGGA", "EGG", "archive"),
    M(0, "ALZ\x01", "ALZ", "archive"),
    M(0, "SIT!", "StuffIt", "archive"),
    M(0, "StuffIt", "StuffIt", "archive"),
    M(10, "rLau", "StuffIt", "archive"),
    M(0, "\x89LZO\0\r\n\x1a\n", "lzop", "archive"),
    M(0, "LRZI", "lrzip", "archive"),
    M(20, "\xdc\xa7\xc4\xfd", "ZOO", "archive"),
    M(14, "\x1aJar\x1b\0", "JAR-ARJ", "archive"),
    M(0, "ArC\x01", "FreeArc", "archive"),
    M(0, "UHA\x06", "UHARC", "archive"),
    M(0, "BH\x05\x07", "BlakHole", "archive"),
    M(0, "GCAX", "GCA", "archive"),
    M(0, "7kSt\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3", "ZPAQ", "archive"),
    M(0, "zPQ\x01", "ZPAQ", "archive"),
    M(0, "zPQ\x02", "ZPAQ", "archive"),
    M(0, "AES\x01", "AESCrypt", "archive"),
    M(0, "AES\x02", "AESCrypt", "archive"),
    M(0, "\xc0\xb9\x07\x2e\x4f\x93\xf1\x46\xa0\x15\x79\x2c\xa1\xd9\xe8\x21", "AxCrypt", "archive"),
    M(8, "\x19\x04\0\x10", "SIS", "archive"),
    M(0, "\x7a\x1a\x20\x10", "SIS", "archive"),
    M(0, "\xa3\x48\x4b\xbe\x98\x6c\x4a\xa9\x99\x4c\x53\x0a\x86\xd6\x48\x7d", "AutoIt", "script"),
    M(0, "\x13\x5d\x65\x8c", "InstallShield", "archive"),
    M(0, "\xed\xab\xee\xdb", "RPM", "archive"),
    M(0, "encrcdsa", "DMG", "archive"),
    M(32, "NXSB", "APFS", "archive", "binary"),
    M(0, "hsqs", "SquashFS", "archive"),
    M(0, "sqsh", "SquashFS", "archive"),
    M(0, "RZIP\x02", "rzip", "archive"),
    /* Disk images: what lies in them in one piece is found in the bytes all the same. */
    M(0, "vhdxfile", "VHDX", "archive", "binary"),
    M(0, "conectix", "VHD", "archive", "binary"),
    M(0, "KDMV\x01\0\0\0", "VMDK", "archive", "binary"),
    M(0, "QFI\xfb", "QCOW", "archive", "binary"),
    M(257, "ustar", "tar", "archive"),
};

static bool matches(const struct magic *m, struct slice s)
{
    return s.n >= (size_t)m->at + m->n && memcmp(s.p + m->at, m->bytes, m->n) == 0;
}

static bool is_pe(struct slice s)
{
    return s.n >= 64 && s.p[0] == 'M' && s.p[1] == 'Z';
}

/* A class file and a fat Mach-O begin alike; a class file's version is at least 45, a fat binary has a handful of parts. */
static const char *cafebabe(struct slice s)
{
    if (s.n < 8 || get_be32(s.p) != 0xcafebabe)
        return NULL;
    return get_be32(s.p + 4) < 40 ? "Mach-O" : "Java";
}

static bool is_iso9660(struct slice s)
{
    static const size_t at[] = { 32769, 34817, 36865 };

    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        if (slice_eq(slice_sub(s, at[i], 5), SLICE("CD001")))
            return true;
    return false;
}

/* lz4 and Zstandard share frames that are passed over: what stands behind them counts. */
static const char *behind_skipped(struct slice s)
{
    if (!lz4_is_skipped(s))
        return NULL;
    for (int i = 0; i < 64 && lz4_is_skipped(s); i++)
        s = slice_drop(s, 8 + (size_t)get_le32(s.p + 4));
    return lz4_is(s) ? "lz4" : "zstd";
}

/* .lzma has no magic: properties 5d 00 00, a power of two or so, and a size that is unknown or sane. */
static bool is_lzma(struct slice s)
{
    uint64_t size;

    if (s.n < 14 || s.p[0] > 0xe0 || get_le32(s.p + 1) < 4096 || s.p[13] != 0)
        return false;
    if (s.p[0] != 0x5d && s.p[0] != 0x5e && s.p[0] != 0x2c)
        return false;
    if (s.p[1] != 0 || (s.p[2] & 0x3f) != 0)
        return false;
    size = get_le64(s.p + 5);
    return size == UINT64_MAX || size < 1ull << 40;
}

/* BM, and the size in the header is near the real one or the offset to the pixels makes sense. */
static bool is_bmp(struct slice s)
{
    return s.n >= 26 && s.p[0] == 'B' && s.p[1] == 'M' && get_le32(s.p + 14) <= 124 && get_le32(s.p + 10) < 4096;
}

/* Office Open XML and OpenDocument by the names and the first bytes of their first entries. */
static void name_zip(struct ftype *t, struct slice s)
{
    struct slice head = slice_take(s, 65536), tail = slice_drop(s, s.n > 65536 ? s.n - 65536 : 0);
    struct ftype better = { .n = 0 };

    if (slice_eq(slice_sub(s, 30, 39), SLICE("mimetypeapplication/vnd.oasis.opendocu")) ||
        slice_starts(slice_drop(s, 30), SLICE("mimetypeapplication/vnd.oasis.opendocument")))
        ftype_add(&better, "ODF");
    else if (slice_find(head, SLICE("[Content_Types].xml")) < head.n || slice_find(tail, SLICE("[Content_Types].xml")) < tail.n)
        ftype_add(&better, "OOXML");
    if (better.n == 0)
        return;
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->words[i], "archive") != 0)
            ftype_add(&better, t->words[i]);
    ftype_add(&better, "document");
    *t = better;
}

static bool has_any(struct slice s, const char *const *words, size_t n)
{
    for (size_t at = slice_chr(s, '<'); at < s.n; at += 1 + slice_chr(slice_drop(s, at + 1), '<'))
        for (size_t i = 0; i < n; i++)
            if (slice_istarts(slice_drop(s, at + 1), slice_str(words[i])))
                return true;
    return false;
}

static bool is_html(struct slice head)
{
    static const char *const tags[] = { "!doctype html", "html", "head", "body", "script", "iframe", "table", "title",
                                        "div",           "a href", "img ", "meta", "form", "style", "font", "center",
                                        "p>",            "br>",  "span", "svg", "object", "embed", "base ", "link " };

    return has_any(head, tags, sizeof tags / sizeof *tags);
}

/* Zeros, counted by their places modulo 4, as they stand in text of two or four bytes a character. */
static bool is_wide(const size_t zeros[4], size_t n)
{
    size_t even = zeros[0] + zeros[2], odd = zeros[1] + zeros[3];

    if ((even == 0 && odd > n / 4) || (odd == 0 && even > n / 4))
        return true;
    return n >= 16 && ((zeros[0] == 0 && zeros[2] + zeros[3] >= n / 2 - 1) || (zeros[3] == 0 && zeros[0] + zeros[1] >= n / 2));
}

/* Sixteen bytes that are looked at together; where a comparison holds, a byte of the answer is 255. */
typedef uint8_t sixteen __attribute__((vector_size(16)));
enum { LANES = sizeof(sixteen), COUNTED = 255 * LANES };

/* What tells text from other bytes: control characters but for those of white space, escape and zero; zeros by their places modulo 4. */
struct controls { size_t odd, zeros[4]; };

/* No more than COUNTED bytes: what a lane counts fits into a byte. */
static void count_lanes(struct controls *c, struct slice s)
{
    sixteen odd = { 0 }, zeros = { 0 }, bytes;

    for (size_t i = 0; i + LANES <= s.n; i += LANES) {
        memcpy(&bytes, s.p + i, sizeof bytes);
        zeros -= (sixteen)(bytes == 0);
        odd -= (sixteen)(bytes < 32) & ~(sixteen)(bytes - 8 < 6) & (sixteen)(bytes != 27) & (sixteen)(bytes != 0);
    }
    for (size_t i = 0; i < LANES; i++) {
        c->odd += odd[i];
        c->zeros[i % 4] += zeros[i];
    }
}

static struct controls count_controls(struct slice s)
{
    struct controls c = { 0 };
    uint8_t last[LANES];

    for (; s.n >= LANES; s = slice_drop(s, s.n < COUNTED ? s.n / LANES * LANES : COUNTED))
        count_lanes(&c, slice_take(s, COUNTED));
    memset(last, ' ', sizeof last);
    if (s.n)
        memcpy(last, s.p, s.n);
    count_lanes(&c, slice_of(last, sizeof last));
    return c;
}

/* Text: hardly any control characters. UTF-16 and UTF-32 with their marks or their zeros count as well. */
static bool is_text(struct slice head)
{
    struct controls c;

    if (head.n == 0)
        return false;
    if (slice_starts(head, SLICE("\xff\xfe")) || slice_starts(head, SLICE("\xfe\xff")) || slice_starts(head, SLICE("\0\0\xfe\xff")))
        return true;
    c = count_controls(head);
    if (c.zeros[0] + c.zeros[1] + c.zeros[2] + c.zeros[3] == 0)
        return c.odd * 50 <= head.n;
    return c.odd == 0 && is_wide(c.zeros, head.n);
}

static bool ends_in(struct slice name, const char *end)
{
    struct slice e = slice_str(end);

    return name.n > e.n && slice_ieq(slice_drop(name, name.n - e.n), e);
}

static bool ends_in_any(struct slice name, const char *const *ends, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ends_in(name, ends[i]))
            return true;
    return false;
}

static bool is_script_name(struct slice name)
{
    static const char *const ends[] = { ".js", ".jse", ".vbs", ".vbe", ".wsf", ".wsc", ".hta", ".ps1", ".bat", ".cmd", ".sh",
                                        ".py", ".pl",  ".php", ".mjs" };

    return ends_in_any(name, ends, sizeof ends / sizeof *ends);
}

static bool is_page_name(struct slice name)
{
    static const char *const ends[] = { ".htm", ".html", ".xhtml", ".xht", ".shtml", ".svg", ".hta" };

    return ends_in_any(name, ends, sizeof ends / sizeof *ends);
}

/* Programs that open archives go by the name, and look for the mark wherever it stands. */
static void claim_archive(struct ftype *t, struct slice declared, struct slice name, struct slice bytes)
{
    static const char *const zips[] = { ".zip", ".zipx", ".jar", ".apk", ".xpi", ".crx", ".docx", ".docm", ".xlsx", ".xlsm", ".pptx", ".pptm" };
    static const char *const others[] = { ".rar", ".7z", ".cab", ".r00", ".001" };

    if (ends_in_any(name, zips, sizeof zips / sizeof *zips) || slice_ihas(declared, SLICE("/zip")) || slice_ihas(declared, SLICE("x-zip")))
        ftype_add(t, "ZIP");
    if (ends_in(name, ".lzma"))         /* of its head hardly a byte is the same in all */
        ftype_add(t, "lzma");
    if ((ends_in(name, ".cpio") || slice_ihas(declared, SLICE("cpio"))) && cpio_has(bytes))
        ftype_add(t, "cpio");
    if ((ends_in(name, ".tar") || slice_ihas(declared, SLICE("x-tar"))) && tar_next(bytes, 0, bytes.n) < bytes.n)
        ftype_add(t, "tar");
    if (ftype_has(t, "RAR") || ftype_has(t, "7z") || ftype_has(t, "CAB"))
        return;
    if (ends_in_any(name, others, sizeof others / sizeof *others) || slice_ihas(declared, SLICE("rar")) || slice_ihas(declared, SLICE("7z")))
        ftype_add(t, "binary");
}

void ftype_claim(struct ftype *t, struct slice declared, struct slice name, struct slice bytes)
{
    if (is_page_name(name) || slice_ihas(declared, SLICE("html")) || slice_ihas(declared, SLICE("svg")))
        ftype_add(t, "HTML");
    if (is_script_name(name) || slice_ihas(declared, SLICE("script")))
        ftype_add(t, "script");
    if (ends_in(name, ".pdf") || slice_ihas(declared, SLICE("/pdf")))
        ftype_add(t, "PDF");
    if (ends_in(name, ".rtf") || slice_ihas(declared, SLICE("/rtf")))
        ftype_add(t, "RTF");
    if (slice_istarts(declared, SLICE("text/")))
        ftype_add(t, "text");
    claim_archive(t, declared, name, bytes);
}

static void name_mail(struct ftype *t, struct slice head)
{
    if (emlx_is(head))
        ftype_add(t, "emlx");
    else if (mime_looks_like_message(head))
        ftype_add(t, slice_starts(head, SLICE("From ")) ? "mbox" : "mail");
}

/* Behind blanks and comments: a page may begin with as many of them as it likes. */
static struct slice first_word(struct slice s)
{
    size_t n = 0;

    for (;;) {
        while (n < s.n && ascii_is_space(s.p[n]))
            n++;
        if (!slice_starts(slice_drop(s, n), SLICE("<!--")))
            return slice_drop(s, n);
        n += slice_find(slice_drop(s, n), SLICE("-->")) + 3;
    }
}

static void name_text(struct ftype *t, struct slice bytes, struct slice name)
{
    struct slice head = slice_take(bytes, HEAD);
    struct slice body = slice_trim(head);

    if (slice_starts(body, SLICE("\xef\xbb\xbf")))
        body = slice_drop(body, 3);
    if (slice_starts(head, SLICE("#!")) || is_script_name(name) || slice_starts(body, SLICE("#@~^")))
        ftype_add(t, "script");
    if (slice_istarts(body, SLICE("<?xml")))
        ftype_add(t, "XML");
    if (rtf_is(body))
        ftype_add(t, "RTF");
    if (is_html(head) || (first_word(bytes).p != head.p && is_html(slice_take(first_word(bytes), HEAD))))
        ftype_add(t, "HTML");
    if (slice_starts(head, SLICE("From ")))
        ftype_add(t, "mbox");
    else
        name_mail(t, head);
    ftype_add(t, "text");
}

/* With NULs or bytes as they are in it, and whatever else it may be by something further on: fields of a mail are in many files. */
static void name_odd_mail(struct ftype *t, struct slice head)
{
    bool is_known = t->n > 0;

    name_mail(t, head);
    if (!is_known && t->n)
        ftype_add(t, "binary");
}

static void by_magic(struct ftype *t, struct slice s)
{
    const char *cafe = cafebabe(s);

    for (size_t i = 0; i < sizeof magics / sizeof *magics && t->n == 0; i++)
        if (matches(&magics[i], s))
            for (size_t k = 0; k < 3 && magics[i].words[k][0]; k++)
                ftype_add(t, magics[i].words[k]);
    if (t->n == 0 && is_pe(s)) {
        ftype_add(t, "PE");
        ftype_add(t, "executable");
    }
    if (cafe) {
        ftype_add(t, cafe);
        ftype_add(t, "executable");
    }
    if (is_bmp(s)) {
        ftype_add(t, "BMP");
        ftype_add(t, "graphics");
    }
}

/* Archives of which the last member may be a zip, as it stands: only one that ends with the file is a zip of its own. */
static bool holds_as_it_is(const struct ftype *t)
{
    static const char *const types[] = { "tar", "cpio", "ar", "ISO9660", "UDF", "XAR", "disk", "VHD", "VHDX", "VMDK", "QCOW", "DMG" };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (ftype_has(t, types[i]))
            return true;
    return false;
}

/* Formats that leave room in front of their magic, or have none. */
static void by_place(struct ftype *t, struct slice s)
{
    const char *message;

    if (t->n == 0 && tar_is_header(s)) {
        ftype_add(t, "tar");
        ftype_add(t, "archive");
    }
    if (pdf_is(s)) {
        ftype_add(t, "PDF");
        ftype_add(t, "document");
    }
    if (is_iso9660(s)) {
        ftype_add(t, "ISO9660");
        ftype_add(t, "archive");
    }
    if (udf_is(s)) {
        ftype_add(t, "UDF");
        ftype_add(t, "archive");
    }
    if (s.n >= 512 && slice_eq(slice_sub(s, s.n - 512, 4), SLICE("koly"))) {
        ftype_add(t, "DMG");
        ftype_add(t, "archive");
    }
    if (s.n >= 512 && slice_eq(slice_sub(s, s.n - 512, 8), SLICE("conectix"))) {
        ftype_add(t, "VHD");
        ftype_add(t, "archive");
    }
    if (t->n == 0 && is_lzma(s))
        ftype_add(t, "lzma");
    if (t->n == 0 && disk_is(s)) {
        ftype_add(t, "disk");
        ftype_add(t, "archive");
        ftype_add(t, "binary");
    }
    if (t->n == 0)
        ftype_add(t, behind_skipped(s));
    if (t->n == 0 && (message = cms_is(s) ? "CMS" : openpgp_is(s) ? "PGP" : NULL)) {
        ftype_add(t, message);
        ftype_add(t, "binary");
    }
    if (!ftype_has(t, "ZIP") && (holds_as_it_is(t) ? zip_is_at_end(s) : zip_is_behind(s)))
        ftype_add(t, "ZIP");
    if (ftype_has(t, "OLE2"))
        ftype_add(t, ole2_type(s));
}

static struct slice without_zeros(struct slice s)
{
    while (s.n && s.p[s.n - 1] == 0)
        s.n--;
    return s;
}

struct ftype ftype_of(struct slice bytes, struct slice name)
{
    struct ftype t = { .n = 0 };
    struct slice head = slice_take(bytes, HEAD);

    if (bytes.n == 0)
        return t;
    by_magic(&t, bytes);
    by_place(&t, bytes);
    if (ftype_has(&t, "ZIP"))
        name_zip(&t, bytes);
    if (is_text(head) || (t.n == 0 && is_text(slice_take(head, 1024))))      /* a script with a load behind it is one still; ClamAV looks as far */
        name_text(&t, bytes, name);
    else
        name_odd_mail(&t, head);
    if (t.n == 0 && is_text(without_zeros(head))) {     /* padded to some length: binary, and what the text in front says */
        ftype_add(&t, "binary");
        name_text(&t, without_zeros(head), name);
    }
    if (t.n == 0 && slice_starts(head, SLICE("#!"))) {  /* with an archive behind it, perhaps */
        ftype_add(&t, "binary");
        ftype_add(&t, "script");
    }
    if (t.n == 0 || (ftype_has(&t, "executable") && !ftype_has(&t, "text")))
        ftype_add(&t, "binary");
    if (ftype_has(&t, "binary") && slice_find(head, SLICE("=ybegin ")) < head.n)
        ftype_add(&t, "text");      /* yEnc: text around bytes as they are */
    return t;
}
