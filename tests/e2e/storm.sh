#!/bin/sh
# A tiny storm: every check of `make storm` on a few messages, and that these checks see what goes wrong.
[ -x "$BIN/convchan" ] && [ -x "$BIN/vdlc" ] || exit 77
export PYTHONDONTWRITEBYTECODE=1 CORPUS=none
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; cat out; }
storm="$ROOT/tests/storm/storm.py"

python3 "$storm" --work "$PWD/s" --out "$PWD/storm" --sizes 24 --jobs 1,3 --commands none,cp,convscan,script \
    --kill 60 --kill-every 0.05 --switch 200 --switches 3 --rounds 1 --plan 24 --paced 12 --turn 0.3 >out 2>&1 && ok || bad "a tiny storm"
grep -q '^storm: 16 runs, 0 of them wrong$' out && ok || bad "number of runs"
python3 - <<'END' >out 2>&1 && ok || bad "storm.json"
import json
d = json.load(open('storm.json'))
runs = d['runs']
assert all(r['delay_s']['p50'] <= r['delay_s']['p95'] <= r['delay_s']['p99'] for r in runs)
assert all(r['per_second'] > 0 and r['cpu_ms'] > 0 and r['depth'] for r in runs)
assert next(r for r in runs if r['kind'] == 'switches')['images'] >= 1
assert {(p['learned'], p['jobs']) for p in d['plan'] if p['what'] == 'batch'} == {(a, b) for a in (1, 3) for b in (1, 3)}
page = open('storm.html').read()
assert page.count('<svg') == page.count('</svg>') >= 5 and 'src=' not in page and 'href=' not in page
END

# The checks see an infected message, a changed one, a lost one and one that is there twice.
PYTHONPATH="$ROOT/tests/storm" python3 - "$PWD/t" <<'END' >out 2>&1 && ok || bad "checks that see"
import os, shutil, sys
import messages as ms, run
from commands import Set
room = sys.argv[1]
os.makedirs(room)
r = run.Run(Set(room), ms.Storm(list(ms.made())), 20, 'none', 2)
assert r.go()['wrong'] == [], r.wrong
def wrong(do, command='none'):
    r.wrong, r.command = [], command
    do()
    r.check_out()
    return r.wrong
out = f'{r.spool}/out/'
first, second = sorted(os.listdir(out))[:2]
assert wrong(lambda: None, 'convscan') == ['10 infected'], r.wrong
assert wrong(lambda: shutil.copy(out + first, out + 'twice.00')) == ['1 duplicated'], r.wrong
assert wrong(lambda: os.replace(out + 'twice.00', out + second)) == ['1 lost', '1 duplicated'], r.wrong
with open(out + first, 'ab') as f:
    f.write(b'x')
assert '1 changed' in wrong(lambda: None), r.wrong
r.wrong, r.samples = [], [(5.0, 5.1, 4)]
r.check_depth([1.0, 2.0, 3.0, 4.0], [4.5])
assert r.wrong == ['depth 4 with 4 come and 1 gone'], r.wrong
END
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
