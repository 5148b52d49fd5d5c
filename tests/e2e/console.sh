#!/bin/sh
# convweb over HTTP: rights, domains, forged and hostile requests, hostile mail, release and delete.
{ [ -x "$BIN/convweb" ] && [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/console.py"
