"""Infected messages, mangled at random places (the same ones every time), through convchan with convscan as its command. What is
delivered is looked at once more as a file, in which convscan reads mail in every way that some reader does: the file may not be there."""
import os
import random
import re
import subprocess
import sys
import tempfile

import mailkit as kit
from mailkit import b64_part, message, multipart, part, text_part

TRIES = int(os.environ.get('MANGLED', 150))
ZIP = kit.zipped({'e.com': kit.EICAR})
ENTRY = ('in-type=*; in-subtype=*; parameter-symbol-0=NAME; parameter-copy-0=*; dparameter-symbol-0=FILENAME; dparameter-copy-0=*;\n'
         f'  message-header-file=2; original-header-file=1; override-header-file=1; override-option-file=1;\n  command="{kit.BIN}/convscan"\n')
SEEDS = [
    message(b64_part('application/octet-stream', 'e.com', kit.EICAR)),
    message(multipart('mixed', text_part('one\n'), b64_part('application/zip', 'e.zip', ZIP))),
    message(multipart('mixed', text_part('one\n'), multipart('alternative', text_part('two\n'), b64_part('application/x', 'e', kit.EICAR)))),
    message(multipart('mixed', text_part('one\n'), part('Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n',
                                                       b''.join(b'=%02X' % c for c in kit.EICAR[:24]) + b'=\n' + kit.EICAR[24:].replace(b'=', b'=3D') + b'\n'))),
    message(text_part('see below\n' + kit.uuencoded(b'e.com', kit.EICAR).decode())),
    message(multipart('mixed', text_part('one\n'), part('Content-Type: message/rfc822\n', message(b64_part('application/x', 'e.zip', ZIP))))),
]
LINES = [b'Content-Type: multipart/mixed; boundary="x"', b'Content-Type: message/rfc822', b'Content-Type: text/plain', b'Content-Type: multipart/alternative',
         b'Content-Transfer-Encoding: base64', b'Content-Transfer-Encoding: quoted-printable', b'Content-Transfer-Encoding: 7bit', b'MIME-Version: 1.0',
         b'Content-Type: message/partial; id=1; number=1; total=1', b'Content-Disposition: attachment; filename=a.txt', b'', b' ', b'--x', b'--', b'Content-Type:']


def split(rng, line):
    return line[:len(line) // 2] + rng.choice([b'\n ', b'\n', b'\n\t']) + line[len(line) // 2:]


def other_byte(rng, line):
    at = rng.randrange(len(line) + 1)
    return line[:at] + bytes([rng.randrange(256)]) + line[at + 1:]


MANGLERS = [
    lambda rng, line: line.swapcase(),
    lambda rng, line: line.replace(b':', rng.choice([b' :', b':\t', b'::', b'', b':\v']), 1),
    lambda rng, line: line.replace(b'"', rng.choice([b'', b"'", b'""', b'\\"'])),
    split,
    lambda rng, line: line + rng.choice([b' ', b'\t', b'\r', b'\0', b';', b'-', b'--', b' (c)', b'\xa0']),
    lambda rng, line: rng.choice([b' ', b'\t', b'>', b'\0', b'\xef\xbb\xbf', b'-']) + line,
    lambda rng, line: line.replace(b'base64', rng.choice([b'Base64', b'base 64', b'"base64"', b'b64', b'base64 x', b'x-base64', b'base64;a', b'7bit'])),
    lambda rng, line: re.sub(rb'boundary=.*', lambda m: m[0] + rng.choice([b'x', b' ', b'; boundary=q', b'"', b'\t']), line),
    other_byte,
    lambda rng, line: line + b'\n' + rng.choice(LINES),
    lambda rng, line: line + b'\n' + line,
    lambda rng, line: b'',
]


def mangled(rng):
    lines = rng.choice(SEEDS).split(b'\n')
    for _ in range(rng.choice([1, 1, 2, 3, 5])):
        labels = [i for i, line in enumerate(lines) if b':' in line[:30] or line.startswith(b'--') or b'boundary' in line]
        at = rng.choice(labels) if labels and rng.random() < 0.7 else rng.randrange(len(lines))
        lines[at] = rng.choice(MANGLERS)(rng, lines[at])
    return b'\n'.join(lines).replace(b'\n', rng.choice([b'\n'] * 6 + [b'\r\n'] * 3 + [b'\r']))


def judge(job):
    number, raw = job
    with tempfile.TemporaryDirectory() as room:
        with open(f'{room}/conversions', 'w') as f:
            f.write(ENTRY)
        run = subprocess.run([f'{kit.BIN}/convchan', '--conversions', 'conversions'], input=raw, capture_output=True, cwd=room, timeout=60, check=False)
        if run.returncode not in (kit.DELIVERED, kit.HELD, kit.RETURNED):
            return f'{number}: exit {run.returncode}: {run.stderr[-200:]}'
        if run.returncode != kit.DELIVERED:
            return None
        with open(f'{room}/out', 'wb') as f:
            f.write(run.stdout)
        after = subprocess.run([f'{kit.BIN}/convscan', 'out'], cwd=room, capture_output=True, text=True, timeout=60, check=False)
        return f'{number}: delivered with {after.stdout.strip()}: {raw!r}' if 'EICAR' in after.stdout else None


def main():
    rng = random.Random(int(os.environ.get('MANGLED_SEED', 6)))
    messages = [seed.replace(b'\n', eol) for seed in SEEDS for eol in (b'\n', b'\r\n', b'\r')] + [mangled(rng) for _ in range(TRIES)]
    return kit.run_cases((f'message {n}', lambda n=n, raw=raw: judge((n, raw))) for n, raw in enumerate(messages))


if __name__ == '__main__':
    sys.exit(main())
