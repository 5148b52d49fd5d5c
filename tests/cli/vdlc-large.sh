#!/bin/sh
# Large sets are laid out in another way (fewer places are looked at closely): 60,000 and 310,000 signatures, each planted one is found at any place,
# and nothing else is.
command -v python3 >/dev/null || exit 77
passed=0 failed=0
expect() { what=$1; shift; if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $what"; fi; }

cat >make.py <<'END_PY'
import random, sys
n, root = int(sys.argv[1]), sys.argv[2]
r = random.Random(n)
text = b''.join(open(f'{root}/{f}', 'rb').read() for f in ('README.md', 'CHANGELOG.md', 'SECURITY.md', 'docs/LIMITS.md', 'convscan/scan.c', 'Makefile'))

def piece(i):
    """Random bytes, or what stands in ordinary files with something of its own in it."""
    size = r.randint(11, 40)
    if i % 3 == 0:
        return r.randbytes(size)
    at = r.randrange(len(text) - size)
    own = b'%x' % (i * 2654435761 % 2**32)
    cut = r.randrange(size)
    return text[at:at + cut] + own + text[at + cut:at + size]

with open('set.ndb', 'w') as f:
    pieces = []
    for i in range(n):
        pieces.append(piece(i))
        f.write(f'S{i}:0:*:{pieces[-1].hex()}\n')
# Some in each kind of surroundings, at every alignment.
chosen = r.sample(range(n), 400)
body = bytearray()
for k, i in enumerate(chosen):
    at = r.randrange(len(text) - 300)
    body += (text[at:at + 200 + k % 8] if k % 2 else r.randbytes(200 + k % 8)) + pieces[i]
open('planted', 'wb').write(body)
# What is due, by a plain search; a piece may be part of another.
heads = {}
for i in range(n):
    heads.setdefault(pieces[i][:11], []).append(i)
near = b''.join(pieces[i][:-1] + b'\xff' + bytes([k % 256]) for k, i in enumerate(chosen))
for name, data in ('planted', bytes(body)), ('text', text), ('random', r.randbytes(1 << 18)), ('near', near):
    open(name, 'wb').write(data)
    due = {i for at in range(len(data)) for i in heads.get(data[at:at + 11], ()) if data.startswith(pieces[i], at)}
    open(name + '.due', 'w').write(''.join(f'S{i}\n' for i in due))
END_PY

for n in 60000 310000; do
    python3 make.py $n "$ROOT" || exit 1
    "$BIN/vdlc" -q -o set.vdb set.ndb || exit 1
    expect "$n: the image verifies" "$BIN/vdlc" -q --verify set.vdb
    expect "$n: enough of them" [ "$(wc -l <planted.due)" -ge 400 ]
    for f in planted text random near; do
        "$BIN/convscan" --raw --all --json --db set.vdb $f | grep -o '"name":"S[0-9]*"' | cut -d'"' -f4 | sort -u >found
        sort $f.due | cmp -s - found; rc=$?
        expect "$n: $f: $(wc -l <found) found, $(wc -l <$f.due) due" [ $rc = 0 ]
    done
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
