#!/bin/sh
# The channel's test matrix: every row under every value of every switch.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/rows.py"
