#!/bin/sh
# The test matrix of the conversion channel under every switch, with commands of the kind of cp.
[ -x "$BIN/convchan" ] || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/matrix.py"
