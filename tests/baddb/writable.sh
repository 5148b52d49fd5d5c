#!/bin/sh
# A database that others may write to is not trusted.
set -u
printf ':a, "some literal text" #\n' >a.vdl
"$BIN/vdlc" -o a.vdb a.vdl >/dev/null || exit 1
chmod o+w a.vdb
if "$BIN/vdlc" --verify a.vdb >out 2>&1; then echo "verify accepts a file that others may write"; exit 1; fi
grep -q 'write' out || { echo "no reason:"; cat out; exit 1; }
echo harmless >part
if "$BIN/convscan" --db a.vdb part >out 2>&1; then echo "convscan accepts it"; cat out; exit 1; fi
chmod o-w a.vdb
"$BIN/convscan" --db a.vdb part >out 2>&1 || { echo "mended, and still refused:"; cat out; exit 1; }
