#!/bin/sh
# The test file, three levels deep in archives, PDF and pages made by the tools that people use.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/archives.py"
