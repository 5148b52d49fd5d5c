"""The EICAR test file three levels deep in every pair of document formats, and macros inside each of them.

Many of these formats store what they hold as it is, so a hit alone says little: the file itself must come out, whole, at the end
of the chain."""
import codecs
import json
import os
import subprocess
import sys

import docmaker

EICAR = codecs.decode('K5B!C%@NC[4\\CMK54(C^)7PP)7}$RVPNE-FGNAQNEQ-NAGVIVEHF-GRFG-SVYR!$U+U*', 'rot13').encode()


def cases():
    makers = docmaker.MAKERS
    for i, outer in enumerate(makers):
        for k, middle in enumerate(makers):
            inner = (makers + docmaker.TEXT_MAKERS)[(i * 5 + k) % (len(makers) + len(docmaker.TEXT_MAKERS))]
            yield f'{outer.__name__}-{middle.__name__}-{inner.__name__}', outer(middle(inner(EICAR)))


def scan(paths):
    """With a rule that takes the text anywhere: the shipped one wants it at the head of a file, and in a macro it stands further on."""
    with open('anywhere.vdl', 'w') as f:
        f.write(':EICAR.Anywhere, "' + ''.join(f'\\x{b:02x}' for b in EICAR) + '" #\n')
    programs = os.environ['BIN']
    subprocess.run([f'{programs}/vdlc', '-q', '-o', 'anywhere.vdb', 'anywhere.vdl'], check=True)
    run = subprocess.run([f'{programs}/convscan', '--db', 'anywhere.vdb', '--json', '--all', *paths], capture_output=True, text=True,
                         timeout=250)
    return [json.loads(line) for line in run.stdout.splitlines()]


def is_whole(hit, path):
    """The hit begins its object, three levels down; in a macro's text, where the text was put."""
    begins = docmaker.VBA_TEXT_AT if path.endswith('-vba') else 0
    return 'EICAR' in hit['name'].upper() and hit['member'].count('!') >= 2 and hit['offset'] == begins


def main():
    paths = []
    for name, data in cases():
        with open(name, 'wb') as f:
            f.write(data)
        paths.append(name)
    found = {r['path']: r for r in scan(paths)}
    failed = 0
    for path in paths:
        r = found.get(path, {})
        if r.get('verdict') != 'found' or not any(is_whole(hit, path) for hit in r.get('hits', [])):
            failed += 1
            print(f'FAIL {path}: {r.get("verdict")} {r.get("class")} {r.get("hits")}')
    print(f'{len(paths) - failed} passed, {failed} failed, 0 skipped')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
