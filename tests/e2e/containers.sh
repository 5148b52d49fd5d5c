#!/bin/sh
# Multiparts that claim a transfer encoding: found when infected, unchanged when clean.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/containers.py"
