#!/bin/sh
# Every message of the shared corpus through the channel.
{ [ -x "$BIN/convchan" ] && [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/corpus.py"
