# Every operator of the language in a rule of its own, with what it must find and what it must not: + and - lines are samples.
fail() { echo "$*"; exit 1; }
cat >operators.vdl <<'VDL'
:Lit, "aBc" #
+Lit, "..aBc" #
-Lit, "..abc" #
:Escape, "q\"\\\x41\n\t" #
+Escape, HEX "71225c410a09" #
-Escape, HEX "71225c610a09" #
:Fold, ~"Hello" #
+Fold, "hELLO" #
-Fold, "hell0" #
:Skip, ~~"1-800 GO" #
+Skip, "1 (800) g-o" #
-Skip, "1 800 to go" #
:Digits, ~#"0800 123" #
+Digits, "08/00-1.2.3" #
-Digits, "08/00-1.3.2" #
:Next, "ab", "cd" #
+Next, "abcd" #
-Next, "ab cd" #
:Gap, "ab", @2-4, "cd" #
+Gap, "ab1234cd" #
-Gap, "ab1cd ab12345cd" #
:Exact, "ab", @4, "cd" #
+Exact, "ab1234cd" #
-Exact, "ab123cd" #
:Open, "ab", @4-, "cd" #
+Open, "ab", "."{500}, "cd" #
-Open, "ab123cd" #
:Far, "ab", .*, "cd" #
+Far, "ab", "."{70000}, "cd" #
-Far, "cd ab" #
:Any, "ab", ., "cd" #
+Any, HEX "61620a6364" #
-Any, "abcd" #
:Alt, "x", ("ab" | "cd"), "y" #
+Alt, "xcdy" #
-Alt, "xady" #
:Range, "<", 'a'-'f', 98-100, ">" #
+Range, "<fd>" #
-Range, "<ga> <fe>" #
:Byte, "<", 97, 0x62, 'c', ">" #
+Byte, "<abc>" #
-Byte, "<abd>" #
:Nibble, "<", 0x4?, 0x?1, ">" #
+Nibble, "<Oa>" #
-Nibble, "<Ob> <oa>" #
:Set, "<", [ 'a'-'f', 0x80-0xff, "xyz" ], ">" #
+Set, HEX "3c903e" #
+Set, "<z>" #
-Set, "<g>" #
:NotSet, "<", [! "\r\n" ], ">" #
+NotSet, "<.>" #
-NotSet, HEX "3c0a3e" #
:Classes, "<", \d, \s, \w, ">" #
+Classes, "<7 _>" #
-Classes, "<x _> <7.x> <7 .>" #
:More, "<", \d+, \s*, [ 'a'-'c' ]+, ">" #
+More, "<123abc>" #
-More, "<abc> <123 >" #
:Times, "<", \d{4}, "ab"{2,3}, ("x" | "yz"){2,}, ">" #
+Times, "<1234ababyzxyz>" #
-Times, "<1234abyzx> <1234ababababyzx> <1234ababx>" #
:Fuzzy, FUZZY -2 +3 "cow" #
+Fuzzy, "fmz" #
-Fuzzy, "gmz" #
:FuzzyEven, "<", FUZZY 2 100, ">" #
+FuzzyEven, "<b> <f>" #
-FuzzyEven, "<a> <g>" #
:FuzzyBoth, "<", fuzz +-1 'b', FUZZ -+1 'b', Fuzzy -1 'b', ">" #
+FuzzyBoth, "<cca>" #
-FuzzyBoth, "<ccc>" #
:Word, \b, "secret", \b #
+Word, "a secret." #
-Word, "a secretary" #
:Start, START, "head" #
+Start, "header" #
-Start, " header" #
:End, "tail", END #
+End, "the tail" #
-End, "the tail." #
:Limits, BEFORE_W, "mid", AFTER_W #
+Limits, "a mid-b" #
-Limits, "amid mids" #
:Lines, BEFORE_L, "line", AFTER_L #
+Lines, "a\nline\nb" #
-Lines, "a line\nb" #
:NotEnd, "part", N_END #
+NotEnd, "parts" #
-NotEnd, "a part" #
:Full, FULLWORD ~"secret" #
+Full, "The SECRET is" #
-Full, "secretary" #
:Wide, WIDE "wide" #
+Wide, HEX "7700690064006500" #
-Wide, "wide" #
:Both, WIDE ASCII "both" #
+Both, HEX "62006f0074006800" #
+Both, "both" #
-Both, "bo.th" #
:Xored, XORED 1-255 "http://xor" #
+Xored, HEX "697575713b2e2e796e73" #
-Xored, "http://xor" #
:Xored-any-key, XORED "http://xor" #
+Xored-any-key, "http://xor" #
-Xored-any-key, "http:/xor" #
:Base64, BASE64 "a longer text" #
+Base64, "YSBsb25nZXIgdGV4dA==" #
+Base64, "eGEgbG9uZ2VyIHRleHQ=" #
-Base64, "a longer text" #
:At, @=0, "MZ" #
+At, "MZ." #
-At, ".MZ" #
:AtRange, @=4-6, "x!" #
+AtRange, "......x!" #
-AtRange, ".......x!" #
:AtEnd, @=-4, "PK" #
+AtEnd, "..PK.." #
-AtEnd, "..PK..." #
:And, "one" AND "two" & "three" #
+And, "three two one" #
-And, "three two" #
:Or, "one" OR "two" #
+Or, "two" #
-Or, "three" #
:Xor, "one" XOR "two" #
+Xor, "two" #
-Xor, "two one" #
:Not, "one" AND NOT "two" #
+Not, "one" #
-Not, "one two" #
:Precedence, "one" OR "two" XOR "three" AND NOT "four" #
+Precedence, "one four" #
+Precedence, "three" #
+Precedence, "two three four" #
-Precedence, "two three" #
-Precedence, "three four" #
:Group, ("one" OR "two") AND "three" #
+Group, "two three" #
-Group, "one two" #
:Of, 2 OF ("one", "two", "three") #
+Of, "one three" #
-Of, "three three" #
:AnyOf, ANY OF ("one", "two") #
+AnyOf, "two" #
-AnyOf, "three" #
:AllOf, ALL OF ("one", "two") #
+AllOf, "two one" #
-AllOf, "two two" #
:Count, COUNT("ab") >= 3 #
+Count, "ab ab ab" #
-Count, "ab ab" #
:Distinct, COUNT("ab" OR "cd") > 3 DISTINCT 2 #
+Distinct, "ab ab ab cd" #
-Distinct, "ab ab ab ab" #
:Place, PLACE("ab") > 3 #
+Place, "....ab" #
-Place, "ab..ab" #
:PlaceOf, LET a = "ab" IN PLACE(a) < PLACE("c" | "dd") + 4 #
+PlaceOf, "dd.ab" #
-PlaceOf, "dd...ab c" #
:PlaceBack, PLACE("ab") = PLACE("cd", @0-3, "ef") - 3 #
+PlaceBack, "ab.cd..ef" #
-PlaceBack, "ab..cd..ef" #
:Let, LET h = "MZ", @2, "PE" IN h AND COUNT(h) < 3 #
+Let, "MZ..PE" #
-Let, "MZ..PE MZ..PE MZ..PE" #
:Int, INT16(0) = 0x5a4d AND INT16BE(2) = 0x0102 AND INT8(4) != 0 #
+Int, HEX "4d5a010205" #
-Int, HEX "4d5a020105" #
:IntMask, LET h = "head" IN INT32(h + 4) & 0xff > 4 #
+IntMask, HEX "6865616405000000" #
-IntMask, HEX "6865616404ff0000" #
:IntInt, INT32(INT32(0)) = 0x4550 #
+IntInt, HEX "040000005045000000" #
-IntInt, HEX "050000005045000000" #
:Dec, LET n = "len=" IN DEC(n + 4, 3) < 100 #
+Dec, "len=099;" #
-Dec, "len=100;" #
:Md5, MD5("900150983cd24fb0d6963f7d28e17f72") SIZE 3 #
+Md5, "abc" #
-Md5, "abd" #
:Sha1, SHA1("a9993e364706816aba3e25717850c26c9cd0d89d") #
+Sha1, "abc" #
-Sha1, "abd" #
:Sha256, SHA256("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") SIZE 3 #
+Sha256, "abc" #
-Sha256, "abd" #
:Size, SIZE 3-5 AND "a" #
+Size, "abc" #
-Size, "abcdef" #
:Name, NAME ~"*.s?r" #
+Name, "x" NAME "Holiday.SCR" #
-Name, "x" NAME "Holiday.sr" #
:Parent, PARENT "ZIP" AND "x" #
+Parent, "x" PARENT "ZIP" #
-Parent, "x" PARENT "TAR" #
:Depth, DEPTH 1-3 AND "x" #
+Depth, "x" DEPTH 3 #
-Depth, "x" DEPTH 4 #
:Top, TOP AND "x" #
+Top, "x" #
-Top, "x" DEPTH 1 #
:Regex, /ab[cd]+xyz/i #
+Regex, "..ABCDXYZ" #
-Regex, "..abexyz" #
:Trigger, /[0-9]{16}/ WITH "card" #
+Trigger, "card 1234567812345678" #
-Trigger, "1234567812345678" #
$define word "macro", @0-3, "word"
:Macro, $word #
+Macro, "macro..word" #
-Macro, "$word" #
:Type, <"HTML"> "hello" #
+Type, "hello" <"HTML"> #
-Type, "hello" <"text"> #
:NotType, <!"GIF"> "hello" #
+NotType, "hello" <"HTML"> #
-NotType, "hello" <"GIF89"> #
:Comparisons, INT8(0) < 3 AND INT8(1) <= 3 AND INT8(2) > 3 AND INT8(3) >= 3 AND INT8(4) != 3 AND INT8(5) = 3 #
+Comparisons, HEX "020304030203" #
-Comparisons, HEX "020304030303" #
:Integers, INT64(0) = 0x0807060504030201 AND INT32BE(0) = 0x01020304 AND INT64BE(0) = 0x0102030405060708 #
+Integers, HEX "0102030405060708" #
-Integers, HEX "0102030405060709" #
:Before-name, LET h = "head" IN INT8(h - 1) = 7 AND INT8(("he", @2) + 4) = 9 #
+Before-name, HEX "076865616409" #
-Before-name, HEX "086865616409" #
:From, INT8(INT8(0) + 1) = 5 AND INT8(INT16BE(1) - 1) = 6 AND INT8(INT16(3)) = 7 AND INT8(INT32BE(5)) = 8 #
+From, HEX "09000c0c000000000d2e05060708" #
-From, HEX "09000c0c000000000c2e05060708" #
:Hex, LET n = "len=" IN HEX(n + 4, 4) = 0x00ff AND HEXLE(n + 4, 4) = 0xff00 #
+Hex, "len=00ff;" #
-Hex, "len=00fe;" #
:Number, LET n = "len=" IN NUMBER(n + 4, 4) = 0x1f #
+Number, "len=0x1f" #
+Number, "len=0031" #
-Number, "len=0x1e" #
:Decexact, LET n = "len=" IN DECEXACT(n + 4, 3) = 12 #
+Decexact, "len=012;" #
-Decexact, "len=12;;" #
:Hexexact, LET n = "len=" IN HEXEXACT(n + 4, 3) = 0x1f #
+Hexexact, "len=01f;" #
-Hexexact, "len=1f;;" #
:Of-conditions, ALL OF ("one" AND "two", NOT "three", COUNT("four") < 2) #
+Of-conditions, "two one four" #
-Of-conditions, "two one four four" #
:Size-compared, SIZE > 3 AND SIZE != 5 AND SIZE <= 6 #
+Size-compared, "abcd" #
-Size-compared, "abcde" #
:Sender, SENDER ~"*@example.com" #
+Sender, "x" SENDER "Bob@Example.COM" #
-Sender, "x" SENDER "bob@example.com.org" #
:Inside, INSIDE "ZIP>*>OLE2" #
+Inside, "x" INSIDE "TAR>ZIP>RAR>OLE2" #
-Inside, "x" INSIDE "ZIP>OLE2" #
:Before-b, BEFORE_B, "mid", AFTER_B #
+Before-b, "a@mid=b" #
-Before-b, "a=mid@b" #
:Not-before-b, N_BEFORE_B, "mid", N_AFTER_B #
+Not-before-b, "a=mid@b" #
-Not-before-b, "a=mid=b a@mid@b" #
:Not-lines, N_BEFORE_L, "line", N_AFTER_L #
+Not-lines, "a line b" #
-Not-lines, "a line\nline b" #
:Not-limits, N_BEFORE_W, "mid", N_AFTER_W #
+Not-limits, "amids" #
-Not-limits, "amid mids" #
:Not-start, N_START, "head" #
+Not-start, "the head" #
-Not-start, "header" #
:Word-too, WORD, "cat", N_WORD #
+Word-too, "a cats" #
-Word-too, "a cat" #
:Base64-wide, BASE64WIDE "a longer text" #
+Base64-wide, HEX "59005300420073006200320035006e005a0058004900670064004700560034006400" #
-Base64-wide, "YSBsb25nZXIgdGV4dA==" #
:Combined, XORED 7 WIDE "text" #
+Combined, HEX "730762077f077307" #
-Combined, "text" #
:Regex-flags, /^ab . cd $/smx WITH "cd" #
+Regex-flags, "x\nab\ncd\nef" #
-Regex-flags, "x ab\ncd\nef" #
:Regex-slash, @=1-3, /ab\/c[\/]+\\x/ #
+Regex-slash, "..ab/c//\\x" #
-Regex-slash, "....ab/c//\\x" #
:Anchored, /abc.*?x/AU #
+Anchored, "abc x" #
-Anchored, " abc x" #
:At-open, @=4-, "x!" #
+At-open, "........x!" #
-At-open, "x!" #
:At-ends, @=-4-6, "PK" #
+At-ends, "..PK...." #
-At-ends, "..PK....." #

; a program for Windows: its head, then two sections; the second ends with version information
$define exe HEX "4d5a", 0{58}, HEX "40000000504500004c0102", 0{13}, HEX "780002010b01", 0{14}, HEX "0810", 0{18}, HEX "01", 0{55}, HEX "10", 0{19}, HEX "1020", 0{6}, HEX "7a65726f000000001000000000100000100000002001", 0{18}, HEX "6f6e650000000000ec00000000200000ec0000003001", 0{18}
$define maker 0{14}, HEX "01001000000018000080", 0{14}, HEX "01000100000030000080", 0{14}, HEX "010009040000480000006820000084", 0{11}, HEX "840000000000560053005f00560045005200530049004f004e005f0049004e0046004f00000000005c000000010053007400720069006e006700460069006c00650049006e0066006f0000003800000001003000340030003900300034006200300000001e00050001004d0061006b006500720000000000410063006d00650000000000"
:Entry, @=EP+2, "try" #
+Entry, $exe, "sectzero", "entry!!!", "sectone.lastbyte", $maker #
-Entry, $exe, "sectzer", "entry!!!", "xsectone.lastbyte", $maker #
:Section, @=S1+4, "one" #
+Section, $exe, "sectzero", "entry!!!", "sectone.lastbyte", $maker #
-Section, $exe, "sectzero", "entry!!!", "xsectone.lastbyt", $maker #
:Last-section, @=SL-3, "!!!" #
+Last-section, $exe, "sectzero", "entry!!!", "sectone.lastbyte", $maker #
-Last-section, $exe, "sectzero", "entry!!.", "sectone.lastbyte", $maker #
:In-section, @=SE0, "entry" #
+In-section, $exe, "sectzero", "entry!!!", "sectone.lastbyte", $maker #
-In-section, $exe, "sectzero", "e.try!!!", "sectone.entry...", $maker #
:Version-information, @=VI, WIDE "Maker", @4, WIDE "Acme" #
+Version-information, $exe, "sectzero", "entry!!!", "sectone.lastbyte", $maker #
-Version-information, $exe, "sectzero", "entry!!!", "sectone.lastbyt", $maker, HEX "4d0061006b006500720000000000410063006d006500" #
:Section-hash, SECTION MD5("905a68b723188009ca78551e58105fab") SIZE 16 #
+Section-hash, $exe, "sectzero", "entry!!!", "sectone.lastbyte", $maker #
-Section-hash, $exe, "sectzero", "entry!!.", "sectone.lastbyte", $maker #
:Section-hash-1, SECTION SHA1("7b2c95cb0d87c9d2bfee6c28aad02ff953ce53d6") #
+Section-hash-1, $exe, "sectzero", "entry!!!", "sectone.lastbyte", $maker #
-Section-hash-1, "sectzeroentry!!!" #
:Section-hash-2, SECTION SHA256("138d46ea23bd57df63f7297fc5ba4ec9d0c6fc1e99e4b5d996b9862c0f415e63") AND "lastbyte" #
+Section-hash-2, $exe, "sectzero", "entry!!!", "sectone.lastbyte", $maker #
-Section-hash-2, $exe, "sectzero", "entry!!!", "sectone.lastbite", $maker #

; imports of one function, the name of its library behind it
$define importer HEX "4d5a", 0{58}, HEX "40000000504500004c0101", 0{13}, HEX "700000000b01", 0{34}, HEX "10", 0{55}, HEX "02", 0{12}, HEX "1000002800000069", 0{7}, HEX "400000000010000040000000f0", 0{19}, HEX "2810", 0{10}, HEX "381000002810", 0{22}, HEX "3010", 0{8}
:Import-hash, IMPORTS MD5("888a8c92774ce8bb3c3b1daff61bf220") SIZE 9 #
+Import-hash, $importer, "Start\x00Lib.DLL\x00" #
-Import-hash, $importer, "Stort\x00Lib.DLL\x00" #
:Import-hash-1, IMPORTS SHA1("969beec30cfe959315deef8da9e7c5fd8045dd19") #
+Import-hash-1, $importer, "START\x00lib.ocx\x00" #
-Import-hash-1, "lib.start" #
:Import-hash-2, IMPORTS SHA256("0d9a8a1e2e0f0c0ea39fc3dd38d2ad07118db35537eafd8f06df23d348af1198") AND "Lib" #
+Import-hash-2, $importer, "Start\x00Lib.sys\x00" #
-Import-hash-2, $importer, "Start\x00Lib.exe\x00" #

; facts about rules, then about all that follow
:Facts, <"text","version=1.4","class=spam","severity=high","id=7","info=http://example.com","clean=cut"> "facts" #
+Facts, "facts" <"text"> #
-Facts, "facts" <"GIF"> #
<"HTML","text","class=pua","version=2026-11-25">
:File-type, "listed" #
+File-type, "listed" <"HTML"> #
-File-type, "listed" <"GIF"> #
<>
:No-type, "listed" #
+No-type, "listed" <"GIF"> #
-No-type, "linted" <"GIF"> #
VDL
"$BIN/vdlc" --test operators.vdl 2>err || fail "$(cat err)"
[ "$(grep -c '^samples .* 0 failed$' err)" = 1 ] || fail "no count: $(cat err)"
# The same on a processor without the newer shifts and the sieve.
GLIBC_TUNABLES=glibc.cpu.hwcaps=-BMI2,-AVX2 "$BIN/vdlc" -q --test operators.vdl 2>err || fail "without BMI2: $(cat err)"
# Each has something to find and a near miss; every word of the grammar stands in a rule.
for name in $(sed -n 's/^:\([^,]*\),.*/\1/p' operators.vdl); do
    for sign in '+' '-'; do
        grep -q "^[$sign]$name," operators.vdl || fail "no $sign sample for $name"
    done
done
grep '^:' operators.vdl >rules
for word in $(sed -n '/^condition  = /,/^cmp  /p' "$ROOT/docs/LANGUAGE.md" | sed 's/  *each also with N_.*//; s/  *a name given by LET//; s/  *also behind SECTION and IMPORTS/ SECTION IMPORTS/' |
    grep -o '\<[A-Z][A-Z_0-9]\+\>' | sort -u); do
    case $word in STRING | MASK) continue ;; esac
    grep -q "[^A-Z_]$word\\($\|[^A-Z_]\)" rules || fail "$word of the grammar stands in no rule"
done

# What --dump prints compiles to the same image, as often as one likes; so do the shipped rules.
for source in operators.vdl "$ROOT/vdl/rules"; do
    "$BIN/vdlc" -q -o first.vdb "$source" 2>/dev/null && "$BIN/vdlc" --dump first.vdb >dumped.vdl || fail "no dump of $source"
    "$BIN/vdlc" -q -o second.vdb dumped.vdl 2>err || fail "the dump of $source does not compile: $(grep -A3 error err)"
    cmp first.vdb second.vdb || fail "the dump of $source makes another image"
done
grep -q '^<"version=2026-11-25">$' dumped.vdl && fail "the version of another image"
"$BIN/vdlc" -q -o first.vdb operators.vdl 2>/dev/null
"$BIN/vdlc" --dump first.vdb | head -1 | grep -q '^<"version=2026-11-25">$' || fail "no version in the dump"
"$BIN/convscan" --version --db first.vdb | grep -q 'first.vdb: [0-9]* rules, [0-9a-f]* 2026-11-25$' || fail "no version: $("$BIN/convscan" --version --db first.vdb)"
# A private rule of YARA stands in those that use it.
cat >set.yar <<'YARA'
private rule inner { strings: $a = "some inner text" $b = /bad[0-9]\/x+/ condition: any of them }
rule outer { strings: $c = "some outer text" condition: inner and $c }
YARA
"$BIN/vdlc" -q -o first.vdb set.yar && "$BIN/vdlc" --dump first.vdb >dumped.vdl || fail "no dump of a set of YARA"
"$BIN/vdlc" -q -o second.vdb dumped.vdl 2>err || fail "the dump of a set of YARA does not compile: $(cat err)"
printf 'some outer text, bad7/xx' >hit; printf 'some outer text, bad/xx' >miss
for image in first second; do
    [ "$("$BIN/convscan" --raw --db $image.vdb hit miss)" = "$(printf 'hit: outer FOUND\nmiss: OK')" ] || fail "$image: $("$BIN/convscan" --raw --db $image.vdb hit miss)"
done

# Complaints: all of them in one run, each with its place; warnings for what is slow, said twice, never reached.
printf ':One, "abc #\n:Two, "x" AND #\n:Three, @5-2, "ab" #\n' >errors.vdl
"$BIN/vdlc" -o e.vdb errors.vdl 2>err && fail "errors passed"
[ "$(grep -c 'error:' err)" -ge 2 ] || fail "not all errors in one run: $(cat err)"
grep -q '^ *\^$' err || fail "no caret: $(cat err)"
cat >warn.vdl <<'VDL'
:Slow, "  " #
:Same-one, "the same text twice" #
:Same-two, "the same text twice" #
:Alternative, "x", ("abcd" | "abcd"), "some more" #
:Gap-first, @2-4, "some more text" #
:Automaton, "a piece of text", @0-100, \d*, @0-100,
    "another piece of text" #
VDL
"$BIN/vdlc" -o w.vdb warn.vdl 2>err || fail "warnings are errors: $(cat err)"
for what in 1:'.*slow' 3:'.*the same as rule Same-one' 4:'.*never reached' 5:'.*slow' 6:'40: warning: .* an automaton that looks at every byte behind'; do
    grep -q "^warn.vdl:${what%%:*}:.*${what#*:}" err || fail "no warning in line ${what%%:*}: $(cat err)"
done
