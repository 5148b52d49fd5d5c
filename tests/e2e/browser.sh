#!/bin/sh
# The console in a real browser (Chromium, driven by playwright-core), judged by axe-core too. `scripts/install-deps browser` brings them.
{ [ -x "$BIN/convweb" ] && [ -x "$BIN/convscan" ]; } || exit 77
modules=$ROOT/build/npm/node_modules
if ! { command -v node && [ -x "${CHROMIUM:-/usr/bin/chromium}" ] && [ -d "$modules/playwright-core" ] && [ -d "$modules/axe-core" ]; } >/dev/null 2>&1; then
    echo "no node, Chromium, playwright-core or axe-core (scripts/install-deps browser): 56 skipped"
    exit 77
fi
MODULES=$modules PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/browser.py"
