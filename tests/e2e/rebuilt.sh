#!/bin/sh
# What a rebuild keeps, in the eyes of two other parsers.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/rebuilt.py"
