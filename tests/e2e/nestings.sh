#!/bin/sh
# The test file in every kind of archive, document, mail and encoding, three levels deep in mixed nestings.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/nestings.py"
