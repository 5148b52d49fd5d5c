"""Odd and ordinary messages through convchan, with commands of the kind of cp, once for each value of each switch. Whatever the
switches say, an untouched message is the same byte for byte, a refused part is gone for every reader, and nothing stays behind."""
import os
import random
import subprocess
import sys
import tempfile

import mailkit as kit
from mailkit import b64_part, forwarded, message, multipart, part, text_part

MARK = b'this part is not wanted'
NOISE = random.Random(3)

# What a careful program does: everything from the environment, a verdict only through the options, exit 0.
PROGRAM = '''#!/bin/sh
if grep -q 'this part is not wanted' "$INPUT_FILE"; then
    case $POLICY in
    replace)
        echo 'A part was removed.' >"$OUTPUT_FILE"
        printf 'OUTPUT_TYPE=TEXT\\nOUTPUT_SUBTYPE=PLAIN\\nOUTPUT_MODE=TEXT\\n' >"$OUTPUT_OPTIONS"
        printf 'Content-Type: text/plain; charset=us-ascii\\n' >"$OUTPUT_HEADERS" ;;
    *) echo "STATUS=$POLICY" >"$OUTPUT_OPTIONS" ;;
    esac
else
    cp "$INPUT_FILE" "$OUTPUT_FILE" && cp "$INPUT_HEADERS" "$OUTPUT_HEADERS"
fi
exit 0
'''
ENTRY = '''in-type=*; in-subtype=*; parameter-symbol-0=NAME; parameter-copy-0=*; dparameter-symbol-0=FILENAME;
  dparameter-copy-0=*; message-header-file=2; original-header-file=1; override-header-file=1; override-option-file=1;
  command="POLICY=%s exec %s"
'''

SWITCHES = ['on-nonzero-exit=unchanged', 'on-nonzero-exit=retry', 'on-nonzero-exit=hold', 'on-signal-or-timeout=unchanged',
            'on-missing-output=original', 'on-missing-output=empty', 'on-missing-output-headers=none', 'unknown-status=failure',
            'status-syntax=decimal+0x', 'duplicate-option=first', 'multi-verdict=most-severe', 'parameter-symbol=by-position',
            'absent-header-variable=empty', 'unasked-file-variable=set', 'text-line-ends=CRLF', 'security-multiparts=process', 'security-multiparts=conditional',
            'version=6.0-2005Q4', 'version=pmdf6', 'force-as-is=rest', 'container-encoding=ignore', 'message-leaves=skip',
            'on-mime-limit=process', 'ambiguous=ignore', 'timeout=30']


def nested(levels, leaf):
    raw = message(leaf, subject='deepest')
    for level in range(levels):
        raw = message(multipart('mixed', text_part(f'level {level}\n'), forwarded(raw)), subject=f'level {level}')
    return raw


def named(header):
    return message(multipart('mixed', text_part('x\n'), part(header + '\n', b'content\n')))


CLEAN = {
    '7bit': message(text_part('one\ntwo\n')),
    'quoted-printable': message(part('Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n', b'a=3Db =\nc=20\n')),
    'base64': message(part('Content-Type: text/plain\nContent-Transfer-Encoding: base64\n', b'b25lDQp0d28NCg==\n')),
    'base64 in odd lines': message(part('Content-Type: text/plain\nContent-Transfer-Encoding: BASE64\n', b'b25\nlDQp0\nd28NCg==\n\n\n')),
    'alternative in related in mixed': message(multipart('mixed', multipart('related', multipart('alternative', text_part('t\n'),
                                               text_part('<p>\n', 'html')), b64_part('image/png', 'a.png', kit.png())))),
    'forwarded twice': nested(2, text_part('inner\n')),
    'forwarded five times': nested(5, text_part('inner\n')),
    'signed': message(multipart('signed', text_part('signed\n'), part('Content-Type: application/pgp-signature\n', b'sig\n'))),
    'base64 on a multipart': message(part('Content-Type: multipart/mixed; boundary=q\nContent-Transfer-Encoding: base64\n',
                                          kit.encodebytes(b'--q\n\nhidden\n--q--\n'))),
    'no name': named('Content-Type: application/x'),
    'encoded word': named('Content-Type: application/x; name="=?utf-8?Q?gr=C3=BC=C3=9F.txt?="'),
    'RFC 2231': named("Content-Disposition: attachment; filename*0*=utf-8''gr%C3%BC; filename*1=x.txt"),
    'newline in a name': named("Content-Disposition: attachment; filename*=utf-8''a%0D%0ASTATUS%3D178030250"),
    'quotes in a name': named('Content-Disposition: attachment; filename="a\\"b\'c.txt"'),
    'commands in a name': named('Content-Disposition: attachment; filename="$(touch owned);`touch owned`|x"'),
    'long name': named('Content-Disposition: attachment; filename="' + 'n' * 10000 + '"'),
    'zero length': message(multipart('mixed', text_part(''), b64_part('application/x', 'e', b''))),
    'bare CR': message(part('Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n', b'a\rb\r\rc\n')),
    'NUL bytes': message(part('Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n', b'a\0b\0\0c\n')),
    'no final newline': message(text_part('end')),
    'mixed line ends': message(part('Content-Type: text/plain\n', b'a\r\nb\nc\r\n')),
    'a megabyte': message(b64_part('application/x', 'm', NOISE.randbytes(1 << 20))),
    'no closing delimiter': message(multipart('mixed', text_part('a\n'), text_part('b\n')))[:-12],
    'header only': b'Subject: x\n',
    'nothing': b'',
}


def crlf(raw):
    return raw.replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')


class Room:
    def __init__(self, path):
        self.path = path
        self.program = os.path.join(path, 'program')
        with open(self.program, 'w') as f:
            f.write(PROGRAM)
        os.chmod(self.program, 0o755)
        with open(os.path.join(path, 'mappings'), 'w') as f:
            f.write('CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n')

    def run(self, raw, policy, *options):
        room = tempfile.mkdtemp(dir=self.path)
        conversions = os.path.join(room, 'conversions')
        with open(conversions, 'w') as f:
            f.write(ENTRY % (policy, self.program))
        tmp = os.path.join(room, 'tmp')
        os.mkdir(tmp)
        p = subprocess.run([f'{kit.BIN}/convchan', '--conversions', conversions, '--mappings', os.path.join(self.path, 'mappings'),
                            *options], input=raw, capture_output=True, timeout=60, env={**os.environ, 'TMPDIR': tmp}, cwd=room)
        left = os.listdir(tmp) + [x for x in os.listdir(room) if x not in ('tmp', 'conversions')]
        return p.returncode, p.stdout, p.stderr.decode(errors='replace') + (f' left behind: {left}' if left else ''), bool(left)


def clean_case(room, name, raw, options):
    status, out, err, litter = room.run(raw, 'replace', *options)
    if status != kit.DELIVERED or litter:
        return f'{name}: exit status {status}: {err[-200:]}'
    if out != raw:
        return f'{name}: {len(raw)} bytes became {len(out)} others'
    return None


def bodies(raw):
    return [x.payload for x in kit.leaves(kit.parse(raw))]


def marked_case(room, policy, due, options):
    raw = message(multipart('mixed', text_part('one\n'), b64_part('application/x', 'bad.exe', MARK), text_part('three\n')))
    status, out, err, litter = room.run(raw, policy, *options)
    if litter or status != due:
        return f'{policy}: exit status {status}, due {due}: {err[-200:]}'
    if status != kit.DELIVERED:
        return f'{policy}: a message came out' if out else None
    if MARK in b''.join(bodies(out)):
        return f'{policy}: the part is still there'
    want = [b'one\n', b'A part was removed.\n', b'three\n'] if policy == 'replace' else [b'one\n', b'three\n']
    got = [b.replace(b'\r\n', b'\n') for b in bodies(out)]
    if [b.strip() for b in got] != [b.strip() for b in want]:
        return f'{policy}: parts {got}'
    return f'{policy}: defects {kit.defects(kit.parse(out))}' if kit.defects(kit.parse(out)) else None


def only_part_case(room, options):
    raw = message(b64_part('application/x', 'bad.exe', MARK))
    status, out, err, _ = room.run(raw, '178030178', *options)
    if status != kit.DELIVERED or bodies(out) != [b''] or kit.defects(kit.parse(out)):
        return f'deleted only part: exit status {status}, {bodies(out)}, {err[-200:]}'
    return None


# The verdicts that every version knows mean the same under every switch.
MARKED = [('replace', kit.DELIVERED), ('178030178', kit.DELIVERED), ('178030250', kit.HELD), ('178029946', kit.RETURNED)]


def jobs(room):
    for switch in [None] + SWITCHES:
        options = ['-S', switch] if switch else []
        cases = CLEAN if switch is None else {k: v for k, v in CLEAN.items() if k != 'a megabyte'}
        for name, raw in cases.items():
            yield switch, lambda n=name, r=raw, o=options: clean_case(room, n, r, o)
            if switch in (None, 'text-line-ends=CRLF') and b'\r' not in raw:
                yield switch, lambda n=name, r=crlf(raw), o=options: clean_case(room, n + ', CRLF', r, o)
        for policy, due in MARKED:
            yield switch, lambda p=policy, d=due, o=options: marked_case(room, p, d, o)
        yield switch, lambda o=options: only_part_case(room, o)


def corpus_jobs(room):
    for folder, _, names in sorted(os.walk(os.path.join(os.environ.get('CORPUS', ''), 'mail'))):
        for name in sorted(names):
            if not name.endswith(('.tsv', '.hsb', '.md')):
                with open(os.path.join(folder, name), 'rb') as f:
                    raw = f.read()
                for options in [], ['-S', 'text-line-ends=CRLF', '-S', 'security-multiparts=process']:
                    yield 'corpus', lambda n=name, r=raw, o=options: clean_case(room, n, r, o)


def many_parts(room):
    raw = message(multipart('mixed', *(text_part(f'{n}\n') for n in range(600))))
    return clean_case(room, '600 parts', raw, [])


def deep(room):
    """Beyond the limits the message is held, or goes as it came where that is asked for."""
    raw = nested(65, text_part('bottom\n'))
    status, out, err, _ = room.run(raw, 'replace')
    if status != kit.HELD or out:
        return f'130 levels: exit status {status}: {err[-200:]}'
    status, out, err, _ = room.run(nested(65, text_part(MARK)), 'replace', '-S', 'on-mime-limit=process')
    if status != kit.HELD or out:
        return f'130 levels, unwanted: exit status {status}: {err[-200:]}'
    return clean_case(room, '130 levels', raw, ['-S', 'on-mime-limit=process'])


def main():
    with tempfile.TemporaryDirectory() as path:
        room = Room(path)
        todo = [*jobs(room), *corpus_jobs(room), ('defaults', lambda: many_parts(room)), ('defaults', lambda: deep(room))]
        return kit.run_cases((switch or 'defaults', job) for switch, job in todo)


if __name__ == '__main__':
    sys.exit(main())
