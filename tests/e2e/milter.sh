#!/bin/sh
# convmilter by its wire protocol: answers, limits, signals, hostile clients. Needs neither root nor a mail server.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/milter.py"
