#!/bin/sh
# Infected archives, documents and pages, cleaned: clean on a second look, whole for independent readers.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
# The system's own, when another one comes first: that is the one with the packaged libraries.
python=python3
python3 -c 'import docx, olefile' 2>/dev/null || [ ! -x /usr/bin/python3 ] || python=/usr/bin/python3
PYTHONDONTWRITEBYTECODE=1 exec $python "$ROOT/tests/e2e/cleaning.py"
