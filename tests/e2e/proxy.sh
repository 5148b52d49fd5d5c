#!/bin/sh
# console/nginx.sample in a real nginx: TLS in front of convweb, a sign-in through it, cookies, headers, addresses, sizes.
[ -x "$BIN/convweb" ] || exit 77
PATH=$PATH:/usr/sbin
if ! { command -v nginx && command -v openssl && command -v curl; } >/dev/null 2>&1; then
    echo "no nginx, openssl or curl (scripts/install-deps test): 1 skipped"
    exit 77
fi
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/proxy.py"
