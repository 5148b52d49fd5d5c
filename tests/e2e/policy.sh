#!/bin/sh
# The policy matrix: convscan's classes and actions through convchan and its switches.
{ [ -x "$BIN/convchan" ] && [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/policy.py"
