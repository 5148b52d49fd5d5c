#!/bin/sh
# What readers tolerate and archives, documents and pages of attackers make use of: each carries the test file.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/variants.py"
