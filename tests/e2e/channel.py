"""Messages through convchan and convscan, each with the exact outcome that is due. Prints the cases that failed, then counts."""
import os
import random
import sys
import tempfile

import mailkit as kit
from mailkit import (DELIVERED, EICAR, GTUBE, HELD, RETRY, b64_part, forwarded, message, multipart, part, text_part, zipped)

HOSTILE = '$(touch owned)"; STATUS=1; \'`touch owned`.txt'
NOISE = random.Random(7)


def binary(n):
    return NOISE.randbytes(n)


def rfc2231(name):
    return ''.join(chr(c) if chr(c).isalnum() else f'%{c:02X}' for c in name.encode())


def hostile_name(content):
    return part("Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"
                f"Content-Disposition: attachment; filename*=utf-8''{rfc2231(HOSTILE + chr(10) + 'STATUS=1' + chr(10))}\n",
                kit.encodebytes(content))


def nest(levels, content):
    raw = message(multipart('mixed', text_part('at the bottom\n'), b64_part('application/octet-stream', 'deep.dat', content)))
    for level in range(levels):
        raw = message(multipart('mixed', text_part(f'level {level}\n'), forwarded(raw)), subject=f'level {level}')
    return raw


def crlf(raw):
    return raw.replace(b'\n', b'\r\n')


QP_EICAR = EICAR.replace(b'=', b'=3D').replace(b'$', b'=24').replace(b'X5O', b'=58=\n5O')

# name, message, exit status, what becomes of which leaf (all others: as they were), options for convchan
#   notice  a text in its place that names the virus
#   ext     a text in its place that names the file
#   cleaned the same archive, its infected member replaced by a text that names the virus and the member
#   tagged  the same content with a header field more
CASES = [
    ('plain text', message(text_part('Hello.\n\nBye.\n')), DELIVERED, {}),
    ('plain text with CRLF', crlf(message(text_part('Hello.\n\nBye.\n'))), DELIVERED, {}),
    ('no final newline', message(text_part('Hello.')), DELIVERED, {}),
    ('no body', message(text_part('')), DELIVERED, {}),
    ('a header alone', b'Subject: nothing else\n', DELIVERED, {}),
    ('no MIME at all', b'Subject: old\nFrom: a@example.org\n\nJust text.\n', DELIVERED, {}),
    ('8-bit text', message(part('Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n', 'Grüße\n'.encode())),
     DELIVERED, {}),
    ('soft line ends', message(part('Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n',
                                    b'one =\ntwo=20\nthree=3D\n')), DELIVERED, {}),
    ('binary parts', message(multipart('mixed', *(b64_part('application/octet-stream', f'{n}.dat', binary(n))
                                                  for n in (0, 1, 2, 3, 56, 57, 58, 4096)))), DELIVERED, {}),
    ('bytes that are no text', message(b64_part('application/octet-stream', 'x.dat', b'\0\r\r\n\n\rend\0')), DELIVERED, {}),
    ('two megabytes', message(b64_part('application/octet-stream', 'large.dat', binary(2 << 20))), DELIVERED, {}),
    ('alternative in related in mixed',
     message(multipart('mixed', multipart('related', multipart('alternative', text_part('t\n'), text_part('<p>t</p>\n', 'html')),
                                          b64_part('image/png', 'a.png', kit.png(), 'inline')), text_part('end\n'))), DELIVERED, {}),
    ('two hundred parts', message(multipart('mixed', *(text_part(f'{n}\n') for n in range(200)))), DELIVERED, {}),
    ('test file as the only part', message(b64_part('application/octet-stream', 'a.dat', EICAR)), DELIVERED, {'1': 'notice'}),
    ('test file as text', message(text_part(EICAR + b'\n')), DELIVERED, {'1': 'notice'}),
    ('test file with CRLF', crlf(message(multipart('mixed', text_part('x\n'), b64_part('application/x', 'a.dat', EICAR)))),
     DELIVERED, {'2': 'notice'}),
    ('quoted-printable test file', message(part('Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n', QP_EICAR)),
     DELIVERED, {'1': 'notice'}),
    ('uuencoded test file in a text', message(text_part(b'see below\n\n' + kit.uuencoded(b'a.dat', EICAR))), DELIVERED,
     {'1': 'notice'}),
    ('zip in zip', message(b64_part('application/zip', 'a.zip', zipped({'b.zip': zipped({'c.txt': EICAR}), 'd.txt': b'clean'}))),
     DELIVERED, {'1': 'cleaned'}),
    ('tar.gz', message(b64_part('application/gzip', 'a.tar.gz', kit.tarred({'x/a': b'clean', 'x/b': EICAR}))), DELIVERED,
     {'1': 'cleaned'}),
    ('clean zip', message(b64_part('application/zip', 'a.zip', zipped({'a.txt': b'hello', 'b.txt': b'there'}))), DELIVERED, {}),
    ('wrong label', message(b64_part('image/png', 'a.png', zipped({'c.txt': EICAR}))), DELIVERED, {'1': 'cleaned'}),
    ('forwarded five deep', nest(5, EICAR), DELIVERED, {'2.2.2.2.2.2': 'notice'}),
    ('forwarded five deep, clean', nest(5, b'clean'), DELIVERED, {}),
    ('infected between clean', message(multipart('mixed', text_part('one\n'), b64_part('application/x', 'a.dat', EICAR),
                                                 text_part('three\n'))), DELIVERED, {'2': 'notice'}),
    ('name that would be commands', message(multipart('mixed', text_part('x\n'), hostile_name(b'clean'))), DELIVERED, {}),
    ('name that would be commands, infected', message(multipart('mixed', text_part('x\n'), hostile_name(EICAR))), DELIVERED,
     {'2': 'notice'}),
    ('program behind a document', message(multipart('mixed', text_part('x\n'),
                                                    b64_part('application/octet-stream', 'report.pdf.exe', b'MZ harmless'))),
     DELIVERED, {'2': 'ext'}),
    ('advertising', message(text_part(GTUBE + b'\n')), DELIVERED, {'1': 'tagged'}),
    ('locked archive', message(b64_part('application/zip', 'a.zip', kit.locked_zip('a.txt', b'secret' * 50))), DELIVERED,
     {'1': 'tagged'}),
    ('more than the limits allow', message(b64_part('application/gzip', 'a.gz', kit.bomb(300 << 20))), HELD, {}),
    ('signed: left alone', message(multipart('signed', text_part('signed\n'), b64_part('application/x', 'a.dat', EICAR))),
     DELIVERED, {}),
    ('signed: opened where that is asked for', message(multipart('signed', text_part('signed\n'),
                                                                 b64_part('application/x', 'a.dat', EICAR))),
     DELIVERED, {'2': 'notice'}, '-S', 'security-multiparts=process'),
]


def judge_cleaned(old, new):
    was, now = kit.members(old.payload), kit.members(new.payload)
    if (new.type, new.name) != (old.type, old.name):
        return f'was {old.type} {old.name!r}, is {new.type} {new.name!r}'
    if len(was) != len(now) or any(EICAR in content for _, content in now):
        return f'members {[n for n, _ in was]} became {[n for n, _ in now]}'
    for (name, content), (_, text) in zip(was, now):
        if content == EICAR and not (b'eicar' in text.lower() and any(n.encode() in text for n in name.split('!'))):
            return f'{name} was replaced by {text[:200]!r}'
        if content != EICAR and content != text:
            return f'{name} is not what it was'
    return None


def judge_leaf(old, new, fate):
    """None, or what is wrong."""
    text = new.payload.decode('utf-8', 'replace')
    if fate in ('notice', 'ext'):
        if new.type != 'text/plain':
            return f'{new.type} instead of a notice'
        if EICAR in new.payload or old.payload == new.payload:
            return 'not replaced'
        if fate == 'notice' and 'eicar' not in text.lower():
            return f'the notice does not name the virus: {text[:200]}'
        return None if fate == 'notice' or old.name in text else f'the notice does not name {old.name}: {text[:200]}'
    if fate == 'cleaned':
        return judge_cleaned(old, new)
    if new.payload != old.payload:
        return f'content changed: {old.payload[:60]!r} is now {new.payload[:60]!r}'
    if (new.type, new.name) != (old.type, old.name):
        return f'was {old.type} {old.name!r}, is {new.type} {new.name!r}'
    if fate == 'tagged' and len(new.part.items()) <= len(old.part.items()):
        return 'no header field was added'
    return None


def judge(name, raw, status, fates, options, room):
    """What is wrong with one case."""
    channel = kit.Channel(room)
    got, out, err = channel.run(raw, *options)
    if got != status:
        return [f'exit status {got}, due {status}: {err[-300:]}']
    if status != DELIVERED:
        return ['a message came out'] if out else []
    a, b = kit.parse(raw), kit.parse(out)
    old, new = kit.leaves(a), kit.leaves(b)
    wrong = [] if kit.defects(a) or not kit.defects(b) else [f'defects: {kit.defects(b)}']
    if [x.number for x in old] != [x.number for x in new]:
        return wrong + [f'parts {[x.number for x in old]} became {[x.number for x in new]}']
    if not fates and out != raw and 'clean zip' != name:
        wrong.append('nothing was found, and yet the message is not the same byte for byte')
    for x, y in zip(old, new):
        why = judge_leaf(x, y, fates.get(x.number, 'same'))
        if why:
            wrong.append(f'part {x.number}: {why}')
    if any(line.count('\n') or not kit.log_fields(line).get('class') for line in channel.log_lines()):
        wrong.append('a log line without a class')
    if os.path.exists(os.path.join(room, 'owned')) or os.path.exists('owned'):
        wrong.append('a name was run as a command')
    return wrong


def broken_database(content):
    """Whatever stands in place of the database: nothing is passed, the mail waits."""
    def case(room):
        bad = os.path.join(room, 'bad.vdb')
        if content is not None:
            with open(bad, 'wb') as f:
                f.write(content)
        channel = kit.Channel(room, command=f'{kit.BIN}/convscan --db {bad}')
        got, out, err = channel.run(message(text_part('clean\n')))
        return [] if (got, out) == (RETRY, b'') else [f'exit status {got}, due {RETRY}, {len(out)} bytes out: {err[-200:]}']
    return case


def scanner_command(command, due):
    def case(room):
        got, out, err = kit.Channel(room, command=command).run(message(b64_part('application/x', 'a.dat', EICAR)))
        return [] if got == due and EICAR not in out else [f'exit status {got}, due {due}: {err[-200:]}']
    return case


MORE = [
    ('no database', broken_database(None)),
    ('empty database', broken_database(b'')),
    ('foreign database', broken_database(b'MZ' + bytes(5000))),
    ('scanner killed', scanner_command('kill -9 $$', RETRY)),
]


def main():
    counts = [0, 0]
    jobs = [(c[0], lambda room, c=c: judge(c[0], c[1], c[2], c[3], c[4:], room)) for c in CASES] + MORE
    for name, job in jobs:
        with tempfile.TemporaryDirectory() as room:
            try:
                wrong = job(room)
            except Exception as e:                  # a case that cannot be judged has failed
                wrong = [f'{type(e).__name__}: {e}']
        counts[bool(wrong)] += 1
        for w in wrong:
            print(f'FAIL {name}: {w}')
    print(f'{counts[0]} passed, {counts[1]} failed, 0 skipped')
    return counts[1] > 0


if __name__ == '__main__':
    sys.exit(main())
