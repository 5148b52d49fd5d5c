#!/bin/sh
# The demo must do what it claims; it checks itself.
out=$(BUILD=$BUILD "$ROOT/scripts/demo" 2>&1) || { echo "$out"; exit 1; }
echo "$out" | tail -n 1 | grep -q '^demo: passed: 2 infected parts of 7 ' || { echo "$out"; exit 1; }
