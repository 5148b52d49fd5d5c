# vdlc writes an image whole or not at all, says what it did, and is deterministic.
fail() { echo "$*"; exit 1; }
printf ':One, "first text" #\n:Two, ~"second", @0-5, "text" AND NOT "third" #\n' >a.vdl
"$BIN/vdlc" -o a.vdb a.vdl 2>err || fail "compiling failed: $(cat err)"
grep -q '^loaded  *2$' err || fail "no count: $(cat err)"
"$BIN/vdlc" --verify a.vdb >out || fail "--verify failed"
[ "$(cat out)" = "a.vdb: OK" ] || fail "--verify said: $(cat out)"
"$BIN/vdlc" --dump a.vdb >dump.vdl || fail "--dump failed"
grep -q 'first text' dump.vdl || fail "--dump shows: $(cat dump.vdl)"

cp a.vdl b.vdl
"$BIN/vdlc" -q -o b.vdb a.vdl && cmp -s a.vdb b.vdb || fail "the same source made another image"
# So do the same rules in another place, with files that came into their folder in another order, other memory, another locale and clock.
mkdir -p one two/deeper
for f in "$ROOT"/vdl/rules/*.vdl; do cp "$f" one/; done
for f in $(ls -r "$ROOT"/vdl/rules/*.vdl); do cp "$f" two/deeper/; done
awk 'BEGIN { for (i = 0; i < 60000; i++) printf "s%d:0:*:%08x%08x%08x%04x\n", i, (i * 2654435761) % 4294967296, (i * 40503) % 65536 * 65537, i, i % 977 }' >one/set.ndb
cp one/set.ndb two/deeper/
"$BIN/vdlc" -q -o one.vdb one && (cd two && umask 027 && env -i PATH="$PATH" HOME=/ TZ=Asia/Tokyo LC_ALL=tr_TR.UTF-8 MALLOC_PERTURB_=85 MALLOC_ARENA_MAX=1 "$BIN/vdlc" -q -o ../two.vdb deeper) ||
    fail "the shipped rules do not compile"
cmp one.vdb two.vdb || fail "the same rules made another image"
rm -r one two one.vdb two.vdb

# An error: exit 1, the old image stays, nothing else is left.
printf ':One, "first text" #\n:Two, "second\n' >bad.vdl
cp a.vdb before.vdb
"$BIN/vdlc" -o a.vdb bad.vdl 2>err && fail "a broken source was taken"
[ $? -eq 1 ] || fail "exit status is not 1"
cmp -s a.vdb before.vdb || fail "the old image was changed"
grep -q '^bad.vdl:2:7: error: ' err || fail "no place: $(cat err)"
grep -q '^bad.vdl:2:7: error: .*closing' err || fail "not named: $(cat err)"
[ -z "$(ls | grep -v -e '^[ab]\.vd[lb]$' -e '^bad.vdl$' -e '^before.vdb$' -e '^err$' -e '^out$' -e '^dump.vdl$')" ] || fail "left behind: $(ls)"

# JSON counts
"$BIN/vdlc" --json -o a.vdb a.vdl >out || fail "--json failed"
grep -q '^{"loaded":2,"skipped_level":0,"unsupported":0,.*"malformed":0,.*"image_bytes":[0-9][0-9]*,"seconds":[0-9.]*}$' out || fail "JSON is: $(cat out)"

# wrong use
"$BIN/vdlc" 2>/dev/null; [ $? -eq 2 ] || fail "no arguments: exit status is not 2"
"$BIN/vdlc" --no-such-thing 2>/dev/null; [ $? -eq 2 ] || fail "a wrong option: exit status is not 2"
"$BIN/vdlc" -c nothing -o a.vdb a.vdl 2>/dev/null; [ $? -eq 2 ] || fail "a wrong class: exit status is not 2"
"$BIN/vdlc" --help | grep -q '^usage: vdlc' || fail "--help"
"$BIN/vdlc" --version | grep -q '^vdlc [0-9]' || fail "--version"
"$BIN/vdlc" -o x.vdb missing.vdl 2>err; [ $? -eq 1 ] || fail "a missing source: exit status is not 1"
grep -q 'missing.vdl: error: no such file' err || fail "a missing source: $(cat err)"
printf 'x' >x.unknown; "$BIN/vdlc" -o x.vdb x.unknown 2>err; [ $? -eq 1 ] || fail "an unknown format: exit status is not 1"
[ ! -e x.vdb ] || fail "an image was written"

# a folder: every known file, sorted; others are left alone
mkdir set && mv a.vdl set/ && printf 'sig:0:*:6162636465\n' >set/b.ndb && printf 'not ours' >set/readme
"$BIN/vdlc" -o s.vdb set 2>err || fail "a folder: $(cat err)"
grep -q '^loaded  *3$' err || fail "a folder: $(cat err)"
