#!/bin/sh
# Mangled infected mail through the channel: what comes out holds nothing for the scanner either. MANGLED=6000 tries more.
{ [ -x "$BIN/convchan" ] && [ -x "$BIN/convscan" ]; } || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/mangled.py"
