/*
 * formats.h - which decoder opens which type of object: the table, one line a format.
 */
#ifndef CONVSCAN_FORMATS_H
#define CONVSCAN_FORMATS_H

#include "emit.h"

typedef enum cs_status decode_fn(struct slice object, struct emit *out);

struct format {
    const char *type;           /* type word, as ftype.c gives it */
    decode_fn *decode;          /* NULL: nobody here can open it, class encrypted */
    bool is_container;          /* nothing but a wrapping: if not one member comes out, it could not be opened */
};

/*
 * One line a format:  type word, decoder, is it nothing but a wrapping? Several decoders may look at one type.
 * A decoder is declared by being listed here.
 */
#define FORMATS(X)                 \
    X("mail", mail_decode, false)  \
    X("mbox", mbox_decode, true)   \
    X("emlx", emlx_decode, true)   \
    X("text", text_decode, false)  \
    X("text", mhtml_text_decode, false) \
    X("binary", mhtml_decode, false) \
    X("PDF", mhtml_decode, false)  \
    X("binary", inside_decode, false) \
    X("executable", inside_decode, false) \
    X("graphics", inside_decode, false) \
    X("ZIP", zip_decode, true)     \
    X("PDF", pdf_decode, false)    \
    X("HTML", html_decode, false)  \
    X("script", script_decode, false) \
    X("script", shar_decode, false) \
    X("text", normtext_decode, false) \
    X("text", xmlbomb_decode, false) \
    X("XML", xmlblob_decode, false) \
    X("SWF", swf_decode, false)    \
    X("XAR", xar_decode, true)     \
    X("OLE2", ole2_decode, false)  \
    X("TNEF", tnef_decode, false)  \
    X("RTF", rtf_decode, false)    \
    X("OneNote", onenote_decode, false) \
    X("LNK", lnk_decode, false)    \
    X("ALZ", alz_decode, true)     \
    X("UDF", udf_decode, true)     \
    X("CHM", chm_decode, true)     \
    X("binary", szdd_decode, false) \
    X("XML", flatxml_decode, false) \
    X("binary", activemime_decode, false) \
    X("binary", macfork_decode, false) \
    X("ZIP", macfork_decode, false) \
    X("PDF", macfork_decode, false) \
    X("CMS", cms_decode, false)    \
    X("PGP", openpgp_decode, false) \
    X("text", quoted_decode, false) \
    X("text", armour_decode, false) \
    X("text", vcard_decode, false) \
    X("text", registry_decode, false) \
    X("RAR", unpack_rar, true)     \
    X("7z", unpack_7z, true)       \
    X("tar", unpack_tar, true)     \
    X("cpio", unpack_cpio, true)   \
    X("RPM", unpack_rpm, true)     \
    X("disk", disk_decode, true)   \
    X("VHD", vhd_decode, true)     \
    X("VHDX", vhdx_decode, true)   \
    X("DMG", dmg_decode, true)     \
    X("ar", unpack_ar, true)       \
    X("CAB", unpack_cab, true)     \
    X("LHA", lha_decode, true)     \
    X("ISO9660", unpack_iso, true) \
    X("gzip", gzip_decode, true)   \
    X("bzip2", bzip2_decode, true) \
    X("xz", xz_decode, true)       \
    X("lzma", lzma_decode, true)   \
    X("lzip", unpack_lzip, true)   \
    X("zstd", zstd_decode, true)   \
    X("lz4", lz4_decode, true)     \
    X("compress", unpack_compress, true)

/* Known, and nothing here opens them: class encrypted. */
#define CLOSED(X)                                                                                         \
    X("ARJ") X("ACE") X("WIM") X("APFS") X("EGG") X("StuffIt") X("lzop") X("lrzip") X("ZOO") X("JAR-ARJ")   \
    X("FreeArc") X("UHARC") X("BlakHole") X("GCA") X("ZPAQ") X("AESCrypt") X("AxCrypt")                    \
    X("VMDK") X("QCOW") X("SIS") X("AutoIt") X("InstallShield") X("SquashFS") X("rzip")

#define X(type, fn, wraps) decode_fn fn;
FORMATS(X)
#undef X

/* The format behind *at (start with 0) that opens an object with this type word; NULL when there is no more. */
const struct format *format_next(const char *type, size_t *at);

#endif
