#!/bin/sh
# A real sendmail with the queue in front of imta/sendmail, in a folder of its own, on loopback ports.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/sendmail.py"
