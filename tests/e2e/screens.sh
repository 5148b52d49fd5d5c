#!/bin/sh
# The screen of convtop in the documents is what convtop draws on a terminal.
{ [ -x "$BIN/convtop" ] && command -v tmux >/dev/null && command -v python3 >/dev/null; } || exit 77
exec "$ROOT/tests/screens" --check
