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
VDL
"$BIN/vdlc" --test operators.vdl 2>err || fail "$(cat err)"
[ "$(grep -c '^samples .* 0 failed$' err)" = 1 ] || fail "no count: $(cat err)"

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
VDL
"$BIN/vdlc" -o w.vdb warn.vdl 2>err || fail "warnings are errors: $(cat err)"
for what in 1:'.*slow' 3:'.*the same as rule Same-one' 4:'.*never reached' 5:'.*slow'; do
    grep -q "^warn.vdl:${what%%:*}:.*${what#*:}" err || fail "no warning in line ${what%%:*}: $(cat err)"
done
