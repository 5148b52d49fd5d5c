#!/bin/sh
# --lint over configurations with one pitfall each, and over sound ones.
[ -x "$BIN/convchan" ] || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/lint.py"
