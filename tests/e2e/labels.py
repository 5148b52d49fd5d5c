"""What programs open by its label, whatever stands in front of it: each of these carries the EICAR test file, which must come out."""
import base64
import binascii
import codecs
import json
import os
import subprocess
import sys

EICAR = codecs.decode('K5B!C%@NC[4\\CMK54(C^)7PP)7}$RVPNE-FGNAQNEQ-NAGVIVEHF-GRFG-SVYR!$U+U*', 'rot13').encode()
CODED = base64.b64encode(EICAR)
ADDRESS = b'data:application/octet-stream;base64,' + CODED
PAGE = b'<html><body><a href="' + ADDRESS + b'">x</a></body></html>\n'
SCRIPT = b'save(atob("' + CODED + b'"));\n'
UU = b'begin 644 a.com\n' + b''.join(binascii.b2a_uu(EICAR[i:i + 45]) for i in range(0, len(EICAR), 45)) + b'`\nend\n'
YENC = b'=ybegin line=128 size=68 name=a.com\r\n' + bytes(c + 42 for c in EICAR) + b'\r\n=yend size=68\r\n'
BLANKS, CONTROLS, REMARK = b' \t\r\n' * 1500, b'\1' * 5000, b'<!-- ' + b'x' * 6000 + b' -->'

# what it says of itself, and its bytes
CASES = {
    'page behind blanks': ('text/html', BLANKS + PAGE),
    'page behind a remark': ('text/html', REMARK + PAGE),
    'page behind control characters': ('text/html', CONTROLS + PAGE),
    'page behind zeros': ('text/html', b'<!--' + bytes(5000) + b'-->' + PAGE),
    'page by another type': ('application/xhtml+xml', CONTROLS + PAGE),
    'picture that is a page': ('image/svg+xml', CONTROLS + b'<svg xmlns="x"><a href="' + ADDRESS + b'"/></svg>'),
    'page by its name': ('application/octet-stream; name="a.html"', CONTROLS + PAGE),
    'page by its other name': ('application/octet-stream; name="a.bin"\nContent-Disposition: attachment; filename="A.HTM"', CONTROLS + PAGE),
    'page by its last name': ('application/octet-stream\nContent-Disposition: attachment; filename="a.txt"; filename="a.svg"', CONTROLS + PAGE),
    'page of no name behind blanks': ('application/octet-stream', BLANKS + PAGE),
    'page of no name behind remarks': ('application/octet-stream', BLANKS + REMARK + b'\n' + REMARK + PAGE),
    'script by its type': ('text/javascript', b'/*' + CONTROLS + b'*/' + SCRIPT),
    'script by its name': ('application/octet-stream; name="a.wsf"', b'//' + CONTROLS + b'\n' + SCRIPT),
    'uuencode behind control characters': ('text/plain', CONTROLS + b'\n' + UU),
    'uuencode without a type': (None, CONTROLS + b'\n' + UU),
    'uuencode of lines that end with CR': ('text/plain', b'x\r' + UU.replace(b'\n', b'\r')),
    'yEnc behind a line': ('application/octet-stream', b'x\r\n' + YENC),
    'a charset of many control characters': ('text/plain; charset=ibm037', b'\x3f' * 200 + b'\x25' + UU.decode().encode('cp037')),
}


def part(kind, body):
    label = f'Content-Type: {kind}\n' if kind else ''
    return (f'From: a@example.com\nSubject: x\nMIME-Version: 1.0\n{label}Content-Transfer-Encoding: base64\n\n'.encode() +
            base64.encodebytes(body))


def main():
    names = {}
    for i, (what, (kind, body)) in enumerate(CASES.items()):
        names[f'{i}.eml'] = what
        with open(f'{i}.eml', 'wb') as f:
            f.write(part(kind, body))
    run = subprocess.run([os.path.join(os.environ['BIN'], 'convscan'), '--json', '--all', *names], capture_output=True, text=True, timeout=250)
    found = {r['path']: r for r in map(json.loads, run.stdout.splitlines())}
    failed = 0
    for path, what in names.items():
        if not any('EICAR' in hit['name'].upper() and hit['offset'] == 0 for hit in found[path].get('hits', [])):
            failed += 1
            print(f'FAIL {what}: {found[path]}')
    print(f'{len(names) - failed} passed, {failed} failed, 0 skipped')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
