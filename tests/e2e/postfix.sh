#!/bin/sh
# A real Postfix with the after-queue filter of imta/postfix, in a folder of its own, on loopback ports.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/postfix.py"
