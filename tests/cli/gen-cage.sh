#!/bin/sh
# The short system call filter is compared with libseccomp's at build time; that comparison must see every wrong instruction.
gen=$BIN/../gen/gen-cage
[ -x "$gen" ] || exit 77
"$gen" >filter.h || { echo "the two filters differ"; exit 1; }
n=1
while "$gen" --break $n >/dev/null 2>&1; rc=$?; [ $rc != 3 ]; do
    [ $rc = 1 ] || { echo "instruction $n was spoiled and nobody saw it"; exit 1; }
    n=$((n + 1))
done
[ $n -gt 20 ] || { echo "only $n instructions"; exit 1; }
