"""Multiparts and forwarded messages that claim a transfer encoding, which RFC 2045 6.4 does not allow them: some are encoded, others
only say so, and readers differ. Whoever opens it, an infected leaf must be found, alone and in the channel, and a clean message must
leave the channel as it came. Prints what two readers made of the messages."""
import binascii
import hashlib
import json
import os
import quopri
import subprocess
import sys
import tempfile

import mailkit as kit
from mailkit import b64_part, forwarded, message, multipart, part, text_part

HERE = os.path.dirname(os.path.abspath(__file__))
CLEAN = b'nothing wrong with this one\n'
ENTRY = '''in-type=*; in-subtype=*; parameter-symbol-0=NAME; parameter-copy-0=*; dparameter-symbol-0=FILENAME; dparameter-copy-0=*;
  message-header-file=2; original-header-file=1; override-header-file=1; override-option-file=1; command="IMTA_PROGRAM:convscan"
'''


def in_lines(width):
    def encode(body):
        text = binascii.b2a_base64(body, newline=False)
        return b''.join(text[at:at + width] + b'\n' for at in range(0, len(text), width))
    return encode


ENCODINGS = {                   # label, and what is done to the body
    'base64, only said': ('base64', None),
    'base64': ('base64', in_lines(76)),
    'base64 of CRLF': ('base64', lambda b: in_lines(76)(b.replace(b'\n', b'\r\n'))),
    'base64 in one line': ('BASE64', in_lines(1 << 20)),
    'base64 in odd lines': ('base64', in_lines(7)),
    'base64, padding lost': ('base64', lambda b: in_lines(76)(b + b' ').rstrip(b'=\n') + b'\n'),
    'quoted-printable, only said': ('quoted-printable', None),
    'quoted-printable': ('quoted-printable', quopri.encodestring),
    'quoted-printable, all': ('quoted-printable', lambda b: b''.join(b'=%02X' % c + (b'=\n' if n % 20 == 19 else b'') for n, c in enumerate(b)) + b'\n'),
    'uuencode, only said': ('x-uuencode', None),
    'uuencode': ('x-uuencode', lambda b: kit.uuencoded(b'part', b)),
    'unknown': ('x-foo', None),
    'binary': ('binary', None),
}


def leaves(content):
    return {'base64': b64_part('application/octet-stream', 'a.com', content),
            'plain': part('Content-Type: application/octet-stream; name=a.com\n', content + b'\n')}


def labelled(entity, how):
    label, encode = ENCODINGS[how]
    head, _, body = entity.partition(b'\n\n')
    return head + f'\nContent-Transfer-Encoding: {label}\n\n'.encode() + (encode(body) if encode else body)


def around(leaf, kind='mixed'):
    return multipart(kind, text_part('x\n'), leaf, boundary='q')


PLACES = {
    'the message': lambda leaf, how: labelled(around(leaf), how),
    'inside': lambda leaf, how: multipart('mixed', text_part('hi\n'), labelled(around(leaf), how)),
    'deep inside': lambda leaf, how: multipart('alternative', text_part('hi\n'), multipart('related', labelled(around(leaf), how))),
    'a forwarded message': lambda leaf, how: labelled(forwarded(message(around(leaf))), how),
    'in a forwarded message': lambda leaf, how: forwarded(message(labelled(around(leaf), how))),
    'twice': lambda leaf, how: labelled(multipart('mixed', labelled(around(leaf), how), boundary='r'), how),
    'one said, one encoded': lambda leaf, how: labelled(multipart('mixed', labelled(around(leaf), 'base64'), boundary='r'), how),
    'signed': lambda leaf, how: labelled(around(leaf, 'signed'), how),
}


def messages(content):
    for place, build in PLACES.items():
        for how in ENCODINGS:
            for kind, leaf in leaves(content).items():
                yield f'{place}, {how}, {kind} leaf', message(build(leaf, how))


class Room:
    def __init__(self, path):
        self.path = path
        for name, text in ('conversions', ENTRY), ('mappings', 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n'):
            with open(f'{path}/{name}', 'w') as f:
                f.write(text)

    def verdict(self, raw):
        r = subprocess.run([f'{kit.BIN}/convscan', '-'], input=raw, capture_output=True, timeout=60)
        return r.returncode, r.stdout.decode().strip()

    def channel(self, raw, name, *options):
        # What is signed is handed over only when the channel is told to.
        options += ('-S', 'security-multiparts=process') if name.startswith('signed') else ()
        r = subprocess.run([f'{kit.BIN}/convchan', '--conversions', f'{self.path}/conversions', '--mappings', f'{self.path}/mappings',
                            *options], input=raw, capture_output=True, timeout=60)
        return r.returncode, r.stdout


def found_by_email(raw):
    return any(kit.EICAR in leaf.payload for leaf in kit.leaves(kit.parse(raw)))


def found_by_gmime(path, raws):
    hashes = {hashlib.sha256(kit.EICAR + end).hexdigest() for end in (b'', b'\n', b'\r\n')}
    paths = [f'{path}/{i}' for i in range(len(raws))]
    for name, raw in zip(paths, raws):
        with open(name, 'wb') as f:
            f.write(raw)
    r = subprocess.run([os.path.join(HERE, 'gmime-parts'), *paths], capture_output=True, text=True)
    if r.returncode == 77:
        return None
    return [any(x[2] in hashes for x in json.loads(line) or ()) for line in r.stdout.splitlines()]


def infected_case(room, name, raw):
    status, line = room.verdict(raw)
    if status != 1:
        return f'{name}: infected, and convscan says {line}'
    for options in (), ('-S', 'container-encoding=ignore'):
        status, out = room.channel(raw, name, *options)
        if status != kit.DELIVERED or room.verdict(out)[0] != 0 or found_by_email(out):
            return f'{name}: infected, {options}: exit status {status}, {room.verdict(out)[1]}'
    return None


def clean_case(room, name, raw):
    status, line = room.verdict(raw)
    if status != 0:
        return f'{name}: clean, and convscan says {line}'
    for options in (), ('-S', 'container-encoding=ignore'):
        status, out = room.channel(raw, name, *options)
        if status != kit.DELIVERED or out != raw:
            return f'{name}: clean, {options}: exit status {status}, ' + ('the same' if out == raw else 'other bytes')
    return None


def main():
    with tempfile.TemporaryDirectory() as path:
        room = Room(path)
        infected = dict(messages(kit.EICAR))
        by_email, by_gmime = [found_by_email(raw) for raw in infected.values()], found_by_gmime(path, list(infected.values()))
        print(f"{len(infected)} messages; the leaf comes out of Python's email in {sum(by_email)}, "
              + (f'of GMime in {sum(by_gmime)}, of neither in {sum(not (a or b) for a, b in zip(by_email, by_gmime))}' if by_gmime else 'GMime is not here'))
        jobs = [('infected', lambda n=n, r=r: infected_case(room, n, r)) for n, r in infected.items()]
        jobs += [('clean', lambda n=n, r=r: clean_case(room, n, r)) for n, r in messages(CLEAN)]
        return kit.run_cases(jobs)


if __name__ == '__main__':
    sys.exit(main())
