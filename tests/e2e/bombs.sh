#!/bin/sh
# Bombs of every kind.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/bombs.py"
