"""Odd archives, documents and pages, each around the EICAR test file: what some reader gets out of them must come out here, or be named.

Each case is a name, the bytes and what is due:
  FOUND   the file comes out whole, as an object of its own
  CLOSED  that, or class encrypted, limit or ext: never clean
  CLEAN   nothing is to be seen here, and nothing may be said"""
import json
import os
import shutil
import subprocess
import sys

import oddisks
import oddpacks
import oddpages
import oddpdfs
import oddrich
import oddzips
from oddkit import CLEAN, CLOSED, FOUND

NEVER_CLEAN = {'virus', 'ext', 'encrypted', 'limit'}


def is_found(r):
    """The hit begins an object inside the file."""
    return any('EICAR' in hit['name'].upper() and hit['offset'] == 0 and hit['member'] for hit in r.get('hits', []))


def is_good(r, due):
    if due == CLEAN:
        return r.get('class') == 'clean'
    return is_found(r) or (due == CLOSED and r.get('class') in NEVER_CLEAN)


def scan(paths, *options, folder='.'):
    run = subprocess.run([os.path.join(os.environ['BIN'], 'convscan'), '--json', *options, *paths], cwd=folder, capture_output=True, text=True, timeout=250)
    return {r['path']: r for r in map(json.loads, run.stdout.splitlines())}


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def half_cleaned(paths):
    """Those that cleaning changed, and in which the file is found all the same."""
    os.mkdir('cleaned')
    for path in paths:
        shutil.copy(path, 'cleaned')
    scan(paths, '--clean', folder='cleaned')
    changed = [p for p in paths if os.path.exists(os.path.join('cleaned', p)) and read(p) != read(os.path.join('cleaned', p))]
    found = scan(changed, '--all', folder='cleaned') if changed else {}
    print(f'{len(changed)} cleaned')
    return [p for p in changed if any('EICAR' in hit['name'].upper() for hit in found.get(p, {}).get('hits', []))]


def main():
    dues, missing = {}, set()
    for module in (oddzips, oddpacks, oddisks, oddpdfs, oddrich, oddpages):
        for name, data, due in module.cases(missing):
            path = f'{module.__name__}-{name}'
            assert due in (FOUND, CLOSED, CLEAN) and path not in dues, path
            dues[path] = due
            with open(path, 'wb') as f:
                f.write(data)
    found = scan(dues, '--all')
    failed = 0
    for path, due in dues.items():
        r = found.get(path, {})
        if not is_good(r, due):
            failed += 1
            print(f'FAIL {path}: {due} is due, not {r.get("class")} {r.get("type")} {r.get("hits")}')
    for path in half_cleaned([p for p in dues if is_found(found.get(p, {}))]):
        failed += 1
        print(f'FAIL {path}: was cleaned, and is found again')
    if missing:
        print('not there:', *sorted(missing))
    print(f'{len(dues) - failed} passed, {failed} failed, {len(missing)} skipped')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
