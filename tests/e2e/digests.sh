#!/bin/sh
# Signatures that are digests: files made for them and near misses; ours, clamscan and yara agree.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/digests.py"
