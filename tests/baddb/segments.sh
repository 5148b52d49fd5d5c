#!/bin/sh
# A number of segments that is larger than their table: the image is not opened, however small it is, and no scan walks that far.
set -u
printf ':a, "some literal text" # :b(clean="cut"), "first of all" AND NOT "third" #\n' >a.vdl
"$BIN/vdlc" -q -o a.vdb a.vdl || exit 1
info=$(od -An -tu4 -j 72 -N 4 a.vdb | tr -d ' ')      # where the first section, the numbers, stands
[ "$(od -An -tu4 -j $((info + 12)) -N 4 a.vdb | tr -d ' ')" -gt 0 ] || { echo "no segments in the image"; exit 1; }
printf '\200\360\372\002' | dd of=a.vdb bs=1 seek=$((info + 12)) conv=notrunc 2>/dev/null
"$BIN/vdlc" --verify a.vdb >out 2>&1 && { echo "verify accepts it"; exit 1; }
grep -q 'tables of segments have wrong sizes' out || { echo "another complaint:"; cat out; exit 1; }
echo 'first of all' >part
INPUT_FILE=part OUTPUT_FILE=part.out OUTPUT_OPTIONS=options "$BIN/convscan" --db a.vdb >out 2>&1
grep -q 'wrong sizes' out || { echo "convscan is content:"; cat out; exit 1; }
INPUT_FILE=part OUTPUT_FILE=part.out OUTPUT_OPTIONS=due "$BIN/convscan" --db none.vdb >out 2>&1
cmp options due || { echo "not the answer of an error:"; cat options; exit 1; }
