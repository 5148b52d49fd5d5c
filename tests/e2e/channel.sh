#!/bin/sh
# Messages through convchan and convscan, each with the exact outcome that is due.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/channel.py"
