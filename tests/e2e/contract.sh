#!/bin/sh
# The channel's contract sentence by sentence: one small configuration and message each, and the outcome that it fixes.
[ -x "$BIN/convchan" ] || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/contract.py"
