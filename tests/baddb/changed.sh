#!/bin/sh
# One byte in the middle of a database changed: verify says so.
set -u
printf ':a, "some literal text" # :b, "one", .*, "two" AND NOT "three" #\n' >a.vdl
"$BIN/vdlc" -o a.vdb a.vdl >/dev/null || exit 1
"$BIN/vdlc" --verify a.vdb >out 2>&1 || { echo "a good database is refused:"; cat out; exit 1; }
size=$(wc -c <a.vdb)
for at in 40 100 $((size / 3)) $((size / 2)) $((size - 1)); do
    cp a.vdb b.vdb
    old=$(od -An -tu1 -j "$at" -N 1 b.vdb | tr -d ' ')
    # shellcheck disable=SC2059
    printf "\\$(printf '%03o' $((old ^ 4)))" | dd of=b.vdb bs=1 seek="$at" conv=notrunc 2>/dev/null
    if "$BIN/vdlc" --verify b.vdb >out 2>&1; then echo "byte $at changed, and verify accepts it"; exit 1; fi
done
exit 0
