#!/bin/sh
# Infected archives, documents and pages, cleaned: clean on a second look, whole for independent readers.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/cleaning.py"
