"""Messages through convchan with a command of the kind of cat. A part that comes back as it went stays as it was, byte for byte.
Where the entry asks for another encoding every part is written anew; then two parsers that share no code with ours or with each
other (Python's email, and GMime) find the same parts before and after, and what is signed is still the same bytes."""
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import corpus
import mailkit as kit

HERE = os.path.dirname(os.path.abspath(__file__))
ENTRY = '''in-type=*; in-subtype=*; parameter-copy-0=*; dparameter-copy-0=*; original-header-file=1; override-header-file=1;
  %s command="cat <'INPUT_FILE' >'OUTPUT_FILE'"
'''
KNOWN = ('', '7bit', '8bit', 'binary', 'quoted-printable', 'base64')


def by_email(raw):
    """[type, file name, SHA-256 of the content, its size] of each leaf; line ends of text are the transport's."""
    found = []
    for leaf in kit.leaves(kit.parse(raw)):
        is_text = leaf.type.startswith(('text/', 'message/'))
        data = leaf.payload.replace(b'\r\n', b'\n') if is_text else leaf.payload
        found.append([leaf.type, leaf.name, hashlib.sha256(data).hexdigest(), len(data)])
    return found


def by_gmime(paths):
    r = subprocess.run([os.path.join(HERE, 'gmime-parts'), *paths], capture_output=True, text=True)
    return [json.loads(line) for line in r.stdout.splitlines()] if r.returncode != 77 else None


def is_plain(raw, gmime):
    """Would every reader find the same parts in it, in encodings that all know?"""
    msg = kit.parse(raw)
    return (not kit.defects(msg) and all(str(p.get('Content-Transfer-Encoding', '')).strip().lower() in KNOWN for p in msg.walk())
            and (gmime is None or [x[2:] for x in gmime] == [x[2:] for x in by_email(raw)]))


def sealed(raw):
    """The bytes of every security multipart, first delimiter to last."""
    for p in kit.parse(raw).walk():
        if p.get_content_type() in ('multipart/signed', 'multipart/encrypted') and p.get_boundary():
            line = b'--' + p.get_boundary().encode('latin-1')
            yield raw[raw.find(line):raw.rfind(line)]


def made():
    signed = kit.multipart('signed', kit.part('Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n', b'a=\nb \n'),
                           kit.part('Content-Type: application/pgp-signature\n', b'sig\n'))
    yield 'demo', kit.demo_message()
    yield 'signed', kit.message(kit.multipart('mixed', kit.text_part('x\n'), signed, kit.b64_part('image/png', 'p.png', kit.png())))
    yield 'forwarded', kit.message(kit.multipart('mixed', kit.forwarded(kit.message(signed)), kit.text_part('From x\n.\n' * 50)))


class Room:
    def __init__(self, path):
        self.path = path
        for name, clause in ('same', ''), ('base64', 'out-encoding=base64;'), ('qp', 'out-encoding=quoted-printable;'):
            with open(f'{path}/{name}', 'w') as f:
                f.write(ENTRY % clause)
        with open(f'{path}/mappings', 'w') as f:
            f.write('CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n')

    def all(self, raws, how):
        def one(raw):
            r = subprocess.run([f'{kit.BIN}/convchan', '--conversions', f'{self.path}/{how}', '--mappings', f'{self.path}/mappings'],
                               input=raw, capture_output=True, timeout=60)
            return r.stdout if r.returncode == kit.DELIVERED else None
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(one, raws))

    def gmime(self, raws):
        paths = [f'{self.path}/{i}' for i in range(len(raws))]
        for path, raw in zip(paths, raws):
            with open(path, 'wb') as f:
                f.write(raw or b'')
        return by_gmime(paths)


def main():
    names, raws = map(list, zip(*made()))
    for path in corpus.messages(os.environ.get('CORPUS', '')):
        with open(path, 'rb') as f:
            names.append(os.path.relpath(path, os.environ['CORPUS']))
            raws.append(f.read())
    counts, n_sealed = {True: 0, False: 0}, 0

    def check(is_so, name, what):
        counts[bool(is_so)] += 1
        if not is_so:
            print(f'FAIL {name}: {what}')

    with tempfile.TemporaryDirectory() as path:
        room = Room(path)
        before = room.gmime(raws)
        plain = [is_plain(raw, before and before[i]) for i, raw in enumerate(raws)]
        for name, raw, out in zip(names, raws, room.all(raws, 'same')):
            check(out == raw, name, 'nothing was changed, and yet it is another message')
        for how in 'base64', 'qp':
            outs = room.all(raws, how)
            after = room.gmime(outs)
            for i, (name, raw, out) in enumerate(zip(names, raws, outs)):
                for bytes_ in sealed(raw):
                    n_sealed += 1
                    check(out and bytes_ in out, name, f'{how}: what is signed or encrypted has changed')
                if plain[i]:
                    check(out and by_email(out) == by_email(raw), name, f"{how}: other parts for Python's email")
                    if before:
                        check(after[i] == before[i], name, f'{how}: other parts for GMime')
    print(f'{len(raws)} messages, {sum(plain)} that all readers take apart alike, {n_sealed} looks at what is signed or encrypted')
    print(f'{counts[True]} passed, {counts[False]} failed, {0 if before else 2 * sum(plain)} skipped')
    return counts[False] > 0


if __name__ == '__main__':
    sys.exit(main())
