"""The EICAR test file three levels deep in every pair of archives, PDF files and pages.

Some of these hold what is in them as it is, so a hit alone says little: the file itself must come out, whole, at the end of the
chain."""
import codecs
import json
import os
import subprocess
import sys

import archivemaker

EICAR = codecs.decode('K5B!C%@NC[4\\CMK54(C^)7PP)7}$RVPNE-FGNAQNEQ-NAGVIVEHF-GRFG-SVYR!$U+U*', 'rot13').encode()


def cases(makers):
    for i, outer in enumerate(makers):
        for k, middle in enumerate(makers):
            inner = makers[(i * 5 + k * 3) % len(makers)]
            yield f'{outer.__name__}-{middle.__name__}-{inner.__name__}', outer(middle(inner(EICAR)))


def scan(paths):
    run = subprocess.run([os.path.join(os.environ['BIN'], 'convscan'), '--json', '--all', *paths], capture_output=True, text=True,
                         timeout=250)
    return {r['path']: r for r in map(json.loads, run.stdout.splitlines())}


def is_whole(hit):
    """The hit begins its object, three levels down."""
    return 'EICAR' in hit['name'].upper() and hit['member'].count('!') >= 2 and hit['offset'] == 0


def judge(paths, missing):
    """EICAR must be found whole in each file; missing: tools that are not there. True when something failed."""
    found = scan(paths)
    failed = 0
    for path in paths:
        r = found.get(path, {})
        if not any(is_whole(hit) for hit in r.get('hits', [])):
            failed += 1
            print(f'FAIL {path}: {r.get("verdict")} {r.get("class")} {r.get("hits")}')
    if missing:
        print('not there:', *missing)
    print(f'{len(paths) - failed} passed, {failed} failed, {len(missing)} skipped')
    return failed > 0


def main():
    makers = [m for m in archivemaker.MAKERS if getattr(m, 'is_there', True)]
    missing = {m.tool for m in archivemaker.MAKERS if not getattr(m, 'is_there', True)}
    paths = []
    for name, data in cases(makers):
        with open(name, 'wb') as f:
            f.write(data)
        paths.append(name)
    return judge(paths, missing)


if __name__ == '__main__':
    sys.exit(main())
