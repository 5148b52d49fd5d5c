#!/bin/sh
# A real Postfix with convmilter, in a folder of its own, on loopback ports. MILTER_MESSAGES=1000 makes the storm in it a large one.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/postfixmilter.py"
