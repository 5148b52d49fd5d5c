#!/bin/sh
# The demo must do what it claims; it checks itself.
out=$(BUILD=$BUILD "$ROOT/scripts/demo" 2>&1) || { echo "$out"; exit 1; }
echo "$out" | tail -n 1 | grep -q '^demo: passed: of 7 parts 2 were infected;' || { echo "$out"; exit 1; }
