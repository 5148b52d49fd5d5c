#include "magic.h"

static const struct slice starts[] = {
    SLICE("MZ"), SLICE("PK\3\4"), SLICE("PK\5\6"), SLICE("\x7f" "ELF"), SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    SLICE("Rar!\x1a\7"), SLICE("7z\xbc\xaf\x27\x1c"), SLICE("%PDF-"), SLICE("{\\rt"), SLICE("\x1f\x8b\x08"), SLICE("BZh"),
    SLICE("\xfd" "7zXZ"), SLICE("\x28\xb5\x2f\xfd"), SLICE("MSCF"), SLICE("ISc("), SLICE("ITSF\3"), SLICE("CWS"), SLICE("FWS"),
    SLICE("ZWS"), SLICE("xar!"), SLICE("\xca\xfe\xba\xbe"), SLICE("\xce\xfa\xed\xfe"), SLICE("\xcf\xfa\xed\xfe"),
    SLICE("\xfe\xed\xfa"), SLICE("L\0\0\0\1\x14\2\0"), SLICE("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d"), SLICE("\x78\x9f\x3e\x22"),
    SLICE("MSWIM\0\0\0"), SLICE("ActiveMime"), SLICE("dex\n"), SLICE("\0asm"), SLICE("!<arch>\n"),
    SLICE("\x60\xea"), SLICE("ALZ\1"), SLICE("vhdxfile"), SLICE("conectix"),
};

/* Of text, white space and a byte order mark in front and capitals do not matter. */
static const struct slice words[] = {
    SLICE("<html"), SLICE("<!doctype"), SLICE("<script"), SLICE("<svg"), SLICE("<body"), SLICE("<hta:"), SLICE("<job"),
    SLICE("<package"), SLICE("@echo off"), SLICE("powershell"), SLICE("mime-version:"), SLICE("received: from"), SLICE("#!"), SLICE("#@~^"),
    SLICE("<?xml"),
};

/* Every string of a script is asked: mostly the first byte says no. */
bool magic_is_binary(struct slice head)
{
    for (size_t i = 0; i < sizeof starts / sizeof *starts && head.n; i++)
        if (head.p[0] == starts[i].p[0] && slice_starts(head, starts[i]))
            return true;
    return false;
}

bool magic_is_object(struct slice head)
{
    if (magic_is_binary(head))
        return true;
    if (slice_starts(head, SLICE("\xef\xbb\xbf")))
        head = slice_drop(head, 3);
    head = slice_trim(head);
    for (size_t i = 0; i < sizeof words / sizeof *words && head.n; i++)
        if (ascii_lower(head.p[0]) == words[i].p[0] && slice_istarts(head, words[i]))
            return true;
    return false;
}

static bool agree(struct slice head, struct slice start)
{
    size_t n = head.n < start.n ? head.n : start.n;

    return n == 0 || (ascii_lower(head.p[0]) == ascii_lower(start.p[0]) && slice_ieq(slice_take(head, n), slice_take(start, n)));
}

bool magic_may_begin(struct slice head)
{
    bool may = agree(head, SLICE("\xef\xbb\xbf"));

    for (size_t i = 0; i < sizeof starts / sizeof *starts && !may; i++)
        may = agree(head, starts[i]);
    head = slice_trim(head);
    for (size_t i = 0; i < sizeof words / sizeof *words && !may; i++)
        may = agree(head, words[i]);
    return may;
}
