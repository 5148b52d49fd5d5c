"""Bombs: each ends in its verdict within two seconds of processor time and 64 MB."""
import gzip
import io
import os
import resource
import subprocess
import sys
import zipfile
import zlib
from functools import partial

SECONDS, MEMORY_KB = 2.0, 64 * 1024
ZEROS = bytes(1 << 20)


def zip_of(members):
    b = io.BytesIO()
    with zipfile.ZipFile(b, 'w', zipfile.ZIP_DEFLATED) as z:
        for name, data in members:
            z.writestr(name, data)
    return b.getvalue()


def zip_of_zeros():
    b = io.BytesIO()
    with zipfile.ZipFile(b, 'w', zipfile.ZIP_DEFLATED) as z, z.open('zeros', 'w') as f:
        for _ in range(400):
            f.write(ZEROS)
    return b.getvalue()


def nested():
    data = zip_of([('zeros', ZEROS * 8)])
    for _ in range(6):
        data = zip_of([(f'{i}.zip', data) for i in range(8)])
    return data


def overlapping():
    """A thousand entries of the directory that are one and the same member."""
    data = zip_of([('zeros', ZEROS * 8)])
    at = data.rfind(b'PK\1\2')
    end = data.rfind(b'PK\5\6')
    entry, tail = data[at:end], bytearray(data[end:])
    n = 1000
    tail[8:12] = n.to_bytes(2, 'little') * 2
    tail[12:16] = (n * len(entry)).to_bytes(4, 'little')
    return data[:at] + entry * n + bytes(tail)


def deep_gzip():
    data = b'at the bottom'
    for _ in range(200):
        data = gzip.compress(data, mtime=0)
    return data


def quine():
    """A gzip file that unpacks to itself: stored blocks that give their bytes, and blocks of five bytes that repeat the last twenty. Its
    checksum is wrong, which is no reason not to look inside."""
    def give(n):
        return b'\0' + n.to_bytes(2, 'little') + (n ^ 0xffff).to_bytes(2, 'little')

    def repeat(is_last):
        bits = f'{is_last:d}10' + ('0001000' + '01000' + '110') * 2 + '0000000'      # ten bytes from twenty back, twice
        return int(bits[::-1], 2).to_bytes(5, 'little')

    head, tail, r = b'\x1f\x8b\x08\x08' + bytes(6) + b'self\0', bytes(15), repeat(False)
    none, one, four = give(0), give(5), give(20)
    data = (head + four + head + four + r + one + r + one + one + four + r + one + one + four + r + four + r + four + r + four + r + four +
            r + none + none + four + r + none + none + four + repeat(True) + tail + repeat(True) + tail)
    assert zlib.decompressobj(-15).decompress(data[len(head):]) == data
    return data


def multiparts_nested():
    head = ''.join(f'Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n' for i in range(10_000))
    return ('MIME-Version: 1.0\n' + head + '\ntext\n').encode()


def multiparts_many():
    return b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n' + b'--b\n\nx\n' * 1_000_000 + b'--b--\n'


MAIL = 'From: a@example.com\nMIME-Version: 1.0\n'


def flood(encoding, unit, kind='text/plain', size=4 << 20):
    """A body of one thing again and again, which every reading of it has to get through."""
    head = f'{MAIL}Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n'
    return (head + unit * (size // len(unit))).encode('latin-1')


def flooded_field(unit, size=1000000):
    return f'{MAIL}Content-Type: multipart/mixed; boundary=b; name={unit * (size // len(unit))}\n\n--b\n\nx\n--b--\n'.encode('latin-1')


FLOODS = {
    'empty lines of uuencode': partial(flood, 'x-uuencode', '=\n', size=2 << 20), 'uuencode begun': partial(flood, '7bit', 'begin 644 x\n#0V%T\n'), 'begin alone': partial(flood, '7bit', 'begin 6\n'),
    'broken base64': partial(flood, 'base64', 'QUJDQ\n='), 'junk in base64': partial(flood, 'base64', '!A'), 'padding': partial(flood, 'base64', '=\n'),
    'broken quoted-printable': partial(flood, 'quoted-printable', '=4a=4A=X'), 'equals signs': partial(flood, 'quoted-printable', '='), 'words': partial(flood, '7bit', '=?utf-8?q?x?=\n'),
    'sections of yEnc': partial(flood, '7bit', '=ybegin line=1 size=1 name=x\n'), 'BinHex begun': partial(flood, '7bit', '(This file must be converted with BinHex 4.0)\n:\n'),
    'dashes': partial(flood, '7bit', '--\n'), 'tags': partial(flood, '7bit', '<', 'text/html'), 'entities': partial(flood, '7bit', '&#', 'text/html'), 'passwords': partial(flood, '7bit', 'password: x\n'),
    **{f'a parameter of {unit!r}': partial(flooded_field, unit) for unit in (';', 'a;b', '(', '()', '"', '\\', '; a=b', '; name*0=a', '=?utf-8?q?x?= ', '=?')},
}


def one_string():
    """A script that is one string; of base64, so that each reading of it is as large."""
    return b'var a="' + b'QUJDREVG' * (16 << 17) + b'";'


# What these give goes to a file of the spool, the pages of which are the system's: of these the memory of the process itself counts.
SPOOLED = {
    'lines of one byte.eml': partial(flood, 'x-uuencode', 'M\n', size=8 << 20), 'lines of one sign.eml': partial(flood, 'x-uuencode', '=\n', size=8 << 20),
    'plain words.js': lambda: b'var a="' + b'word and word; ' * (16 << 16) + b'";',
}


def own_memory(name):
    """The answer, and the most that the process had for itself alone, in KB."""
    run = subprocess.Popen([os.path.join(os.environ['BIN'], 'convscan'), name], stdout=subprocess.PIPE, text=True)
    most = 0
    while run.poll() is None:
        try:
            with open(f'/proc/{run.pid}/status') as f:
                most = max(most, *(int(line.split()[1]) for line in f if line.startswith(('RssAnon:', 'RssShmem:'))))
        except (ProcessLookupError, TypeError):
            break
    return run.communicate()[0], most


def inner_multiparts():
    """Each opens a multipart whose boundary never comes, so that who looks for it looks to the end."""
    unit = '--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nx\n'
    return (f'{MAIL}Content-Type: multipart/mixed; boundary=o\n\n' + unit * (4 << 20 >> 6)).encode()


def pdf_loop():
    objects = ''.join(f'{i} 0 obj<</Type/Pages/Parent {(i + 1) % 5000} 0 R/Kids[{(i + 7) % 5000} 0 R {i} 0 R]>>endobj\n' for i in range(5000))
    return ('%PDF-1.7\n' + objects + 'trailer<</Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF\n').encode()


def pdf(*objects, tail='trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n'):
    """Objects with numbers from 1 on, or as (number, text)."""
    numbered = [o if isinstance(o, tuple) else (i + 1, o) for i, o in enumerate(objects)]
    return ('%PDF-1.7\n' + ''.join(f'{n} 0 obj{text}\nendobj\n' for n, text in numbered) + tail).encode('latin-1')


def stream(words, data):
    packed = zlib.compress(data).decode('latin-1')
    return f'<<{words}/Filter/FlateDecode/Length {len(packed)}>>stream\n{packed}\nendstream'


def pdf_xref(*rows):
    """A file whose cross-reference stream has these rows: kind, place, index."""
    data = b''.join(bytes([kind, 0, place, index]) for kind, place, index in rows)
    return pdf('<</Type/Catalog>>', stream(f'/Type/XRef/W[1 2 1]/Size {len(rows)}', data))


def pdf_tables(*before):
    """Tables of cross-references; each names another one by its index, or none."""
    out, places = '%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n', []
    for k in before:
        places.append(len(out))
        out += f'xref\n0 0\ntrailer<</Size 1/Root 1 0 R/Prev @{"" if k is None else k}@ >>\n'.replace('/Prev @@', '').ljust(60)
    for k, place in enumerate(places):
        out = out.replace(f'@{k}@', f'{place:3d}')
    return (out + f'startxref\n{places[-1]}\n%%EOF\n').encode()


PAGE = '<</Type/Page/Parent 2 0 R>>'
LOOPS = {
    'kids of itself': pdf('<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R 2 0 R]/Count 2>>', PAGE),
    'kids in a ring': pdf('<</Pages 2 0 R>>', '<</Kids[3 0 R]>>', '<</Kids[ 4 0 R]>>', '<</Kids [2 0 R] >>'),
    'kids in an object stream': pdf(stream('/Type/ObjStm/N 2/First 8', b'2 0 3 16<</Kids[3 0 R]>><</Kids[2 0 R]>>')),
    'kids in a list of its own': pdf('<</Pages 2 0 R>>', '<</Kids 3 0 R>>', '[4 0 R]', '<</Kids[2 0 R]>>'),
    'kids that are their own list': pdf('<</Pages 2 0 R>>', '<</Kids 3 0 R>>', '[3 0 R]'),
    'outline of itself': pdf('<</Outlines 2 0 R>>', '<</First 3 0 R/Last 3 0 R>>', '<</Title(a)/Parent 2 0 R/Next 3 0 R>>'),
    'outlines in a ring': pdf('<</Outlines 2 0 R>>', '<</First 3 0 R>>', '<</Title(a)/Next 4 0 R>>', '<</Title(b)/First 3 0 R>>'),
    'actions in a ring': pdf('<</OpenAction 2 0 R>>', '<</S/Named/N/NextPage/Next 3 0 R>>', '<</S/Named/N/NextPage/Next[2 0 R]>>'),
    'parents': pdf('<</Parent 2 0 R>>', '<</Parent 1 0 R>>'),
    'length of itself': pdf('<</Length 1 0 R>>stream\nabc\nendstream'),
    'lengths in a ring': pdf('<</Length 2 0 R>>stream\nabc\nendstream', '<</Length 1 0 R>>stream\nabc\nendstream'),
    'extends': pdf(stream('/Type/ObjStm/N 1/First 4/Extends 2 0 R', b'9 0 null'), stream('/Type/ObjStm/N 1/First 4/Extends 1 0 R', b'8 0 null')),
    'object stream in itself': pdf(stream('/Type/ObjStm/N 1/First 4', b'1 0 <</Type/ObjStm>>')),
    'object stream held by itself': pdf_xref((0, 0, 0), (1, 9, 0), (2, 2, 0)),
    'object streams held by one another': pdf_xref((0, 0, 0), (2, 2, 0), (2, 1, 0)),
    'tables': pdf_tables(None, 2, 1),
    'table before itself': pdf_tables(0),
    'pages that are shared': pdf('<</Pages 2 0 R>>', *(f'<</Kids[{" ".join([f"{i} 0 R"] * 10)}]>>' for i in range(3, 13)), '<</Type/Page>>'),
}
# What programs write, and no loop.
SOUND = {
    'tree': pdf('<</Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R 4 0 R]>>', PAGE, PAGE),
    'numbers used anew': pdf((2, '<</Kids[3 0 R]>>'), (3, '<</Kids[4 0 R]>>'), (3, '<</Kids[2 0 R]>>'), (2, '<</Type/Page/Parent 3 0 R>>')),
    'a length that stands elsewhere': pdf('<</Length 2 0 R>>stream\nabc\nendstream', '3'),
    'tables in a row': pdf_tables(None, 0, 1),
    'object streams in a row': pdf(stream('/Type/ObjStm/N 1/First 4', b'9 0 null'), stream('/Type/ObjStm/N 1/First 4/Extends 1 0 R', b'8 0 null')),
    'held as usual': pdf_xref((0, 0, 0), (2, 2, 0), (1, 9, 0), (2, 2, 1)),
    'kids in a list': pdf('<</Pages 2 0 R>>', '<</Kids 3 0 R>>', '[4 0 R]', PAGE),
    'outlines': pdf('<</Outlines 2 0 R>>', '<</First 3 0 R/Last 4 0 R>>', '<</Parent 2 0 R/Next 4 0 R/First 5 0 R>>', '<</Parent 2 0 R/Prev 3 0 R>>', '<</Parent 3 0 R>>'),
    'a list that leads back': pdf('<</Pages 2 0 R/OpenAction 4 0 R>>', '<</Kids[3 0 R]>>', PAGE.replace('>>', '/Annots 4 0 R>>'), '[2 0 R]'),
    'a page shown twice': pdf('<</Pages 2 0 R>>', '<</Kids[3 0 R 3 0 R]>>', PAGE),
}


def entities(root):
    rows = ''.join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">\n' for i in range(1, 10))
    return f'<!DOCTYPE {root} [\n<!ENTITY a0 "lol">\n{rows}]>\n<{root}>{"&a9;" * 1000}</{root}>\n'.encode()


# What must be said: "limit", or that all is well.
CASES = {
    'zip of zeros.zip': (zip_of_zeros, True), 'nested.zip': (nested, True), 'overlapping.zip': (overlapping, True),
    'deep.gz': (deep_gzip, True), 'quine.gz': (quine, True), 'multiparts nested.eml': (multiparts_nested, True), 'multiparts many.eml': (multiparts_many, True),
    'multiparts that stay open.eml': (inner_multiparts, True), **{f'{k.replace("/", " ")}.eml': (v, k == 'uuencode begun') for k, v in FLOODS.items()},
    'one string.js': (one_string, False), 'loop.pdf': (pdf_loop, True), 'entities.html': (lambda: entities('html'), True), 'entities.xml': (lambda: entities('x'), True),
    **{f'{name}.pdf': (lambda data=data: data, True) for name, data in LOOPS.items()},
    **{f'{name}.pdf': (lambda data=data: data, False) for name, data in SOUND.items()},
}


def main():
    failed = 0
    for name, (make, is_limit) in CASES.items():
        with open(name, 'wb') as f:
            f.write(make())
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = subprocess.run([os.path.join(os.environ['BIN'], 'convscan'), name], capture_output=True, text=True, timeout=120)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if ('Limit' not in run.stdout if is_limit else not run.stdout.endswith(': OK\n')) or seconds > SECONDS or after.ru_maxrss > MEMORY_KB:
            failed += 1
            print(f'FAIL {name}: exit {run.returncode}, {seconds:.1f} s, {after.ru_maxrss} KB at most so far: {run.stdout.strip()}')
        os.unlink(name)
    for name, make in SPOOLED.items():
        with open(name, 'wb') as f:
            f.write(make())
        said, most = own_memory(name)
        if not said.endswith(': OK\n') or not 0 < most < MEMORY_KB:
            failed += 1
            print(f'FAIL {name}: {most} KB of its own: {said.strip()}')
        os.unlink(name)
    print(f'{len(CASES) + len(SPOOLED) - failed} passed, {failed} failed, 0 skipped')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
