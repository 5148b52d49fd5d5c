#!/bin/sh
# Every message of the shared corpus through the channel.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/corpus.py"
