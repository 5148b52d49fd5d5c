#!/bin/sh
# Bad input of every kind gets one line that says what is wrong, the action of class error where a verdict is due, nothing
# half-written, no crash, and never a silent pass.
passed=0 failed=0 skipped=0
RETRY=STATUS=178028698

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
expect() { what=$1; shift; if "$@"; then ok; else bad "$what"; fi; }

# channel [option…]: channel mode on ./part; leaves rc, out, options, err
channel() {
    rm -f out options err
    INPUT_FILE=${part-part} OUTPUT_FILE=${out-out} OUTPUT_OPTIONS=${options-options} INPUT_TYPE=text INPUT_SUBTYPE=plain \
        timeout 30 "$BIN/convscan" "$@" >stdout 2>err
    rc=$?
}
leftover() { find . -name '*.new' | grep -q .; }
# Exit 0, the options file says retry and the part was not handed over; one line was said.
retried() { [ "$rc" = 0 ] && grep -q "^$RETRY\$" options && { [ ! -e out ] || ! cmp -s out "${part-part}"; } && ! leftover; }
said() { [ "$(wc -l <err)" -ge 1 ] && grep -q -- "$1" err; }

printf 'a clean part\n' >part
printf ':Test.Needle, "needle in a haystack" #\n' >good.vdl
"$BIN/vdlc" -o good.vdb good.vdl >/dev/null 2>err || { cat err; exit 1; }
channel --db good.vdb
expect "the good case: the part is handed over" [ "$rc" = 0 ]
expect "the good case: byte for byte" cmp -s part out
expect "the good case: no retry" sh -c '! grep -q "$1" options 2>/dev/null' sh "$RETRY"

# ---- databases ----
size=$(wc -c <good.vdb)
: >empty.vdb
head -c "$size" /dev/urandom >foreign.vdb
mkdir folder.vdb
for db in missing.vdb empty.vdb foreign.vdb folder.vdb; do
    channel --db "$db"
    expect "$db: retry" retried
    expect "$db: named on standard error" said "$db"
done
at=1
while [ "$at" -lt "$size" ]; do
    head -c "$at" good.vdb >short.vdb
    channel --db short.vdb
    if retried; then ok; else bad "database cut to $at of $size bytes"; fi
    at=$((at + size / 23 + 1))
done
mkdir none
printf '[scan]\ndatabase = %s/none\n' "$PWD" >none.conf
channel --config none.conf
expect "a folder without a database: retry" retried

# ---- the part ----
part=gone; channel --db good.vdb; expect "no part: retry" retried
mkdir folder; part=folder; channel --db good.vdb; expect "the part is a folder: retry" retried
mkfifo fifo; part=fifo; channel --db good.vdb; expect "the part is a FIFO: retry, at once" retried
ln -s part link; part=part
: >nothing; part=nothing; channel --db good.vdb
expect "an empty part is clean" sh -c '[ -f out ] && [ ! -s out ] && ! grep -q "$1" options 2>/dev/null' sh "$RETRY"
if [ "$(id -u)" != 0 ]; then
    printf 'x\n' >secret; chmod 000 secret; part=secret; channel --db good.vdb; expect "unreadable part: retry" retried
else
    skipped=$((skipped + 1))
fi
# Shrinking while it is read: any answer but a crash.
part=shrinking
n=0
while [ $n -lt 15 ]; do
    head -c 4000000 /dev/zero >shrinking
    (sleep 0.00$((n % 10)); : >shrinking) &
    channel --db good.vdb
    wait
    if [ "$rc" = 0 ] && { [ -e out ] || grep -q "^STATUS=" options; }; then ok; else bad "shrinking part: exit $rc"; fi
    n=$((n + 1))
done
part=part

# ---- where the answer goes ----
out=nowhere/out; channel --db good.vdb; expect "no folder for the output: retry" sh -c '[ "$1" = 0 ] && grep -q "^$2$" options' sh "$rc" "$RETRY"
out=out
# Without a place for the options a clean part still passes (its verdict is the part itself), and nothing else does.
printf 'a needle in a haystack\n' >infected
options=nowhere/options; channel --db good.vdb
expect "no folder for the options: the clean part passes" sh -c '[ "$1" = 0 ] && cmp -s out part' sh "$rc"
part=infected; channel --db good.vdb
expect "no folder for the options: a notice instead of the infected part" sh -c '[ "$1" = 0 ] && [ -s out ] && ! grep -q needle\ in out' sh "$rc"
channel --db missing.vdb
expect "no folder for the options, no database: a notice" sh -c '[ "$1" = 0 ] && [ -s out ] && ! grep -q needle\ in out' sh "$rc"
part=part
out=nowhere/out; channel --db good.vdb
expect "no folder for anything: exit 75" [ "$rc" = 75 ]
out=out options=options

# A full disk: a small tmpfs, where a user may mount one.
mkdir full
cat >full.sh <<'INNER'
mount -t tmpfs -o size=16k,nr_inodes=16 tmpfs full || exit 77
head -c 200000 /dev/zero | tr '\0' a >large
INPUT_FILE=large OUTPUT_FILE=full/out OUTPUT_OPTIONS=options "$BIN/convscan" --db good.vdb
rc=$?
[ $rc = 0 ] && grep -q "^STATUS=178028698" options && [ ! -e full/out ] || exit 1
head -c 100000 /dev/zero >full/fill 2>/dev/null
rm -f out
INPUT_FILE=infected OUTPUT_FILE=out OUTPUT_OPTIONS=full/options "$BIN/convscan" --db good.vdb
rc=$?
[ $rc = 0 ] && [ -s out ] && ! grep -q "needle in" out && [ ! -s full/options ]
INNER
unshare -rm true 2>/dev/null && unshare -rm sh full.sh 2>err
case $? in
0) ok ;;
77) skipped=$((skipped + 1)) ;;
*) if unshare -rm true 2>/dev/null; then bad "full disk: $(tail -n 2 err)"; else skipped=$((skipped + 1)); fi ;;
esac

# ---- syntax ----
# complains FILE COMMAND…: fails, with FILE:LINE in what it says, and leaves no output
complains() {
    file=$1
    shift
    rm -f made.vdb
    "$@" >stdout 2>err </dev/null
    rc=$?
    [ $rc -gt 0 ] && [ $rc -lt 128 ] && grep -q "^\(convscan: \|convchan: \|vdlc: \)\{0,1\}$file:[0-9]*:.*" err && [ ! -e made.vdb ]
}
printf ':Good, "abc" #\n:Bad "abc" #\n' >bad.vdl
expect "a mistake in VDL" complains bad.vdl "$BIN/vdlc" -o made.vdb bad.vdl
expect "… on its line" grep -q '^bad.vdl:2:' err
printf ':Open, "abc' >open.vdl
expect "VDL that ends too early" complains open.vdl "$BIN/vdlc" -o made.vdb open.vdl
printf '[limits]\ndepth = many\n' >bad.conf
expect "a mistake in the configuration, file mode" complains bad.conf "$BIN/convscan" --config bad.conf --db good.vdb part
channel --db good.vdb --config bad.conf
expect "a mistake in the configuration, channel mode: retry" retried
expect "… named" said bad.conf
printf 'in-chan=*; in-type=*; in-subtype=*;\n  command="true\n' >bad.conversions
printf 'Subject: x\n\nbody\n' >message
"$BIN/convchan" --conversions bad.conversions --mappings "$ROOT/imta/mappings.sample" <message >made 2>err
expect "a mistake in conversions: exit 65" [ $? = 65 ]
expect "… nothing is delivered" [ ! -s made ]
expect "… and the line is named" grep -q 'bad.conversions:[12]:' err
printf 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT\n' >bad.mappings
"$BIN/convchan" --conversions "$ROOT/imta/conversions.sample" --mappings bad.mappings <message >made 2>err
expect "a mistake in mappings: exit 65" [ $? = 65 ]
expect "… nothing is delivered" [ ! -s made ]
expect "… and the line is named" grep -q 'bad.mappings:3:' err

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
