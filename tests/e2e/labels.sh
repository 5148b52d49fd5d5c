#!/bin/sh
# What programs open by its label is opened, whatever stands in front of it.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/labels.py"
