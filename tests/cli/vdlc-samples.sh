# vdlc --test runs the samples that the rules carry; --explain shows what is searched for.
fail() { echo "$*"; exit 1; }
printf 'binary \001\002 sample' >piece.bin
cat >a.vdl <<'END'
:One, "first text" #
+One, "here is the first text." #
+One, HEX "666972737420", "text" #
-One, "the second" #
:Two, "sample", END AND NAME ~"*.bin" #
+Two, FILE "piece.bin" NAME "x.BIN" #
-Two, FILE "piece.bin" NAME "x.txt" #
END
"$BIN/vdlc" --test a.vdl 2>err || fail "samples failed: $(cat err)"
grep -q '^samples  *5, 0 failed$' err || fail "no count: $(cat err)"

printf '+One, "no such words" #\n-Two, FILE "piece.bin" NAME "y.bin" #\n' >>a.vdl
"$BIN/vdlc" --test -o a.vdb a.vdl 2>err && fail "wrong samples passed"
grep -q '^a.vdl:8:1: error: One does not find this sample' err || fail "not named: $(cat err)"
grep -q '^a.vdl:9:1: error: Two finds this sample' err || fail "not named: $(cat err)"
[ ! -e a.vdb ] || fail "an image was written although its samples fail"

printf ':One, "abc" #\n+One, FILE "missing.bin" #\n' >b.vdl
"$BIN/vdlc" --test b.vdl 2>err && fail "a missing sample passed"
grep -q 'b.vdl:2:1: error: sample file missing.bin: no such file' err || fail "not named: $(cat err)"

printf ':One, "abcdefghijkl" #\n' >c.vdl
"$BIN/vdlc" --explain One c.vdl >out 2>err || fail "--explain failed: $(cat err)"
[ -s out ] || fail "--explain said nothing"
"$BIN/vdlc" --explain Other c.vdl >out 2>err && fail "--explain of no rule"
"$BIN/vdlc" -q --test "$ROOT"/vdl/rules || fail "the shipped rules fail their samples"
