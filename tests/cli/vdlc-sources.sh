# Bad sources: an error with a place or an image, in bounded time and memory, whatever is in the file.
fail() { echo "$*"; exit 1; }
n=$((1 << 20))
# Memory is bounded from outside too, but not where a sanitizer reserves terabytes for itself.
(ulimit -v 3000000; "$BIN/vdlc" --version >/dev/null 2>&1) && limit='ulimit -v 3000000' || limit=true

# row NAME TEXT-OF-THE-ANSWER: makes NAME.vdl of standard input and compiles it; "accepted" is an answer
row() {
    cat >"$1.vdl"
    rm -f made.vdb
    (eval "$limit"; exec timeout 60 "$BIN/vdlc" -q -o made.vdb "$1.vdl") >out 2>err
    rc=$?
    case $2 in
    accepted) [ $rc = 0 ] && "$BIN/vdlc" -q --verify made.vdb || fail "$1: exit $rc: $(head -c 500 err)" ;;
    *) [ $rc = 1 ] && [ ! -e made.vdb ] || fail "$1: exit $rc: $(head -c 500 err)"
       grep -q "^$1.vdl:[0-9]*:[0-9]*: error: .*$2" err || fail "$1: $(head -c 500 err)" ;;
    esac
    [ "$(wc -c <err)" -lt 200000 ] || fail "$1: $(wc -c <err) bytes of complaints"
}
many() { awk -v n="$1" -v s="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%s", s }'; }

{ printf ':n, "'; many $n a; printf '" #\n'; } | row long-string 'longer than 65,536'
{ printf ':'; many $n n; printf ', "ab" #\n'; } | row long-name 'name longer than 255'
{ printf ':n, "ab", 97'; many $((n / 8)) ', 0x61'; printf ' #\n'; } | row long-line 'operands'
{ printf ':n, "abcd"'; many 60000 ', 0x61'; printf ' #\n'; } | row long-segment accepted
{ printf ':n, "ab" ;'; many $n c; printf '\n#\n'; } | row long-comment accepted
{ many $n 'x'; printf '\n:n, "abcd" #\n'; } | row long-word 'expected a rule'
{ printf ':n, '; many $n '('; } | row deep 'levels of parentheses'
{ printf ':n, '; many $n '[ '; } | row brackets 'a byte'
{ printf ':n, '; many $n 'WIDE '; printf '"ab" #\n'; } | row modifiers 'nested too deep'
{ printf ':n, '; many $n 'NOT '; printf '"abcd" #\n'; } | row nots accepted
{ printf ':n, /'; many 60000 '('; printf '/ WITH "abc" #\n'; } | row deep-regex ''
{ printf ':n, /'; many 20000 '(a?){1,9}'; printf '/ WITH "abc" #\n'; } | row long-regex ''
{ printf ':n, "ab", ("x"{1048576}){1048576} #\n'; } | row repeated 'cannot be expressed'
{ printf ':n, "ab", (("xy" | "z"){1,9999}){1,9999} #\n'; } | row repeated-choice 'cannot be expressed'
awk -v n=1000000 'BEGIN { for (i = 0; i < n; i++) printf "$define m%d \"x%d\"\n", i, i; print ":n, \"abcd\", $m0, $m999999 #" }' | row million-macros accepted
awk -v n=1000000 'BEGIN { print "$define m0 \"xyz\""; for (i = 1; i < n; i++) printf "$define m%d $m%d\n", i, i - 1; print ":n, $m999999 #" }' |
    row macro-chain 'nested too deep'
awk 'BEGIN { print "$define m0 \"xyz\","; for (i = 1; i < 60; i++) printf "$define m%d $m%d $m%d\n", i, i - 1, i - 1; print ":n, $m59 \"x\" #" }' | row macro-bomb '1 MB\|operands'
awk 'BEGIN { for (i = 0; i < 300000; i++) printf ":n%d, \"ab\n", i }' | row all-wrong 'no closing'
printf ':n, "abcd\\x00" #\n:m, "ef\0gh" #\n' | row nul-in-string 'NUL byte'
printf ':n, "abcd" \0 #\n' | row nul 'unexpected byte'
{ printf ':n, "abcd" #\n'; head -c $n /dev/zero; } | row nuls 'expected a rule\|unexpected byte'
printf ':n, "abcd" #' | row no-final-newline accepted
printf ':n, "abcd"' | row ends-early 'end of the file'
printf ':n, "abcd" #\r\n:m, ~"efgh",\r\n "ij" #\r\n' | row carriage-returns accepted
printf '\357\273\277:n, "abcd" #\n' | row byte-order-mark accepted
printf '\377\376:\0n\0,\0 \0"\0a\0"\0 \0#\0' | row utf-16-little 'UTF-16'
printf '\376\377\0:\0n\0,\0 \0"\0a\0"\0 \0#' | row utf-16-big 'UTF-16'
printf ':\0n\0,\0 \0"\0a\0"\0 \0#\0\n\0' | row utf-16-unmarked 'expected'
printf '\377\376\0\0:\0\0\0' | row utf-32 'UTF-16'
printf ':n\351e, "caf\351 au lait" #\n' | row latin-1 accepted
"$BIN/vdlc" --dump made.vdb | grep -q '^:n?e, .*"caf\\xe9 au lait"' || fail "latin-1: $("$BIN/vdlc" --dump made.vdb)"
printf ':n, "abcd" OR caf\351 #\n' | row latin-1-outside 'unexpected byte'
head -c $n /dev/urandom | tr '\377\376\357' abc | row random ''
: | row empty accepted
# where each match begins must be known to count them, and to say where the first is
printf ':n, COUNT(., @1-, "bb") = 1 #\n' | row count-behind-a-gap 'begins with a gap'
printf ':n, PLACE(@0-90, "bb") < 4 #\n' | row place-behind-a-gap 'begins with a gap'
printf ':n, COUNT("aa", @0-900, "bb") > 2 #\n' | row count-over-a-gap 'wide gaps'
printf ':n, LET a = "aa", .*, "bb" IN INT8(a + 4) = 2 #\n' | row integer-behind-a-gap accepted
printf ';' | row comment accepted
