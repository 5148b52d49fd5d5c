#!/bin/sh
# A text in a charset that the system's iconv lacks was not read: that is said, in file mode and in the channel.
command -v cc >/dev/null || exit 77
passed=0 failed=0
expect() { what=$1; shift; if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $what"; cat said options newhead 2>/dev/null; fi; }
cat >none.c <<'C'
#include <errno.h>
#include <stddef.h>
void *iconv_open(const char *to, const char *from);
void *iconv_open(const char *to, const char *from) { (void)to; (void)from; errno = EINVAL; return (void *)-1; }
void *libiconv_open(const char *to, const char *from);
void *libiconv_open(const char *to, const char *from) { return iconv_open(to, from); }
C
cc -shared -fPIC -o none.so none.c 2>/dev/null || exit 77
printf ':Test.Needle, "needle in a haystack" #\n' >rules.vdl
"$BIN/vdlc" -q -o rules.vdb rules.vdl || exit 1
scan() { # charset, preload: the part as a mail and in the channel
    rm -f out options newhead
    printf 'Content-Type: text/plain; charset=%s\n\n' "$1" >part.h
    : >options
    env ${2:+LD_PRELOAD="$PWD/$2"} INPUT_FILE=part OUTPUT_FILE=out OUTPUT_OPTIONS=options INPUT_HEADERS=part.h OUTPUT_HEADERS=newhead INPUT_TYPE=text INPUT_SUBTYPE=plain \
        "$BIN/convscan" --db rules.vdb >said 2>&1
}
tagged() { grep -q 'encrypted' newhead 2>/dev/null; }
printf '\304\316\305 needle\n' >part
scan koi8-r
if [ -s out ] && ! tagged; then passed=$((passed + 1)); else echo "FAIL koi8-r with iconv"; failed=$((failed + 1)); fi
scan koi8-r none.so
expect "koi8-r without iconv is not taken for clean" tagged
scan koi8-xyz none.so
expect "a name that nobody knows is not converted" eval '! tagged'
scan utf-8 none.so
expect "utf-8 needs no iconv" eval '! tagged'
printf 'a needle in a haystack\n' >part
scan koi8-r none.so
expect "what stands in the bytes is found all the same" grep -q 'Test.Needle' out
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
