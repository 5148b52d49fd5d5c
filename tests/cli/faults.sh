#!/bin/sh
# One fault in eleven of those that `make faults` tries; FAULTS=1 for all of them.
[ -x "$BUILD/fault/inject" ] && command -v python3 >/dev/null || exit 77
# A build with sanitizers, or one that counts its lines, has allocations and system calls of its own.
! grep -qe __asan_init -e __gcov_exit "$BIN/convscan" || exit 77
FAULT=$BUILD/fault exec python3 "$ROOT/tests/fault/faults.py" "${FAULTS:-11}"
