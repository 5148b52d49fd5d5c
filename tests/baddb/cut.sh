#!/bin/sh
# A database that was cut short is refused, by name and with a reason, and nothing is called clean by it.
set -u
printf ':a, "some literal text" #\n' >a.vdl
"$BIN/vdlc" -o a.vdb a.vdl >/dev/null || exit 1
size=$(wc -c <a.vdb)
head -c $((size / 2)) a.vdb >cut.vdb
if "$BIN/vdlc" --verify cut.vdb >out 2>&1; then echo "verify accepts half a file"; exit 1; fi
grep -q 'cut short' out || { echo "no reason:"; cat out; exit 1; }
echo harmless >part
if "$BIN/convscan" --db cut.vdb part >out 2>&1; then echo "convscan accepts half a file"; cat out; exit 1; fi
if grep -q ': OK$' out; then echo "a part is called clean:"; cat out; exit 1; fi
exit 0
