#!/bin/sh
# Damaged archives: what somebody's program still opens, convscan opens too. MANGLED=6000 tries more.
[ -x "$BIN/convscan" ] || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/mangledfiles.py"
