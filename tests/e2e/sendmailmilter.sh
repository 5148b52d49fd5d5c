#!/bin/sh
# A real sendmail with convmilter; Debian's sendmail is unpacked by tests/fetch-peers, without it the test is skipped.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$ROOT/tests/e2e/sendmailmilter.py"
