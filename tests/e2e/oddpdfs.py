"""PDF files that are written oddly, broken, or encrypted so that they open without a password."""
import base64
import os
import shutil
import subprocess
import tempfile
import zlib

from oddkit import CLEAN, CLOSED, CODED, FOUND, PACKED

Z = zlib.compress(PACKED)
JS = b'x="' + CODED + b'";'


def thing(number, dictionary, data=None, end=b'\n'):
    body = dictionary if data is None else dictionary.replace(b'LENGTH', b'%d' % len(data)) + b'\nstream' + end + data + b'\nendstream'
    return b'%d 0 obj\n' % number + body + b'\nendobj\n'


def pdf(*things, head=b'%PDF-1.7\n'):
    return (head + thing(1, b'<</Type/Catalog/Pages 2 0 R>>') + thing(2, b'<</Type/Pages/Kids[]/Count 0>>') + b''.join(things) +
            b'trailer<</Root 1 0 R>>\n%%EOF\n')


def stream(words, data, **more):
    return thing(7, b'<</Length LENGTH' + words + b'>>', data, **more)


def digits(data):
    return data.hex().encode() + b'>'


def base85(data):
    return base64.a85encode(data) + b'~>'


def filters():
    flate = stream(b'/Filter/FlateDecode', Z)
    yield 'escaped', pdf(stream(b'/#46ilter/#46late#44ecode', Z)), FOUND
    yield 'brief', pdf(stream(b'/Filter/Fl', Z)), FOUND
    yield 'elsewhere', pdf(thing(9, b'/FlateDecode'), stream(b'/Filter 9 0 R', Z)), FOUND
    yield 'elsewhere-behind', pdf(stream(b'/Filter 9 0 R', Z), thing(9, b'/FlateDecode')), FOUND
    yield 'elsewhere-in-list', pdf(thing(9, b'/FlateDecode'), stream(b'/Filter[9 0 R]', Z)), FOUND
    yield 'list-elsewhere', pdf(thing(9, b'[/ASCIIHexDecode 8 0 R]'), thing(8, b'/FlateDecode'), stream(b'/Filter 9 0 R', digits(Z))), FOUND
    yield 'elsewhere-in-itself', pdf(thing(9, b'[9 0 R 9 0 R]'), stream(b'/Filter 9 0 R', Z)), CLOSED
    yield 'nowhere', pdf(stream(b'/Filter 99 0 R', PACKED)), FOUND
    rows = b''.join(b'\0' + PACKED[i:i + 4].ljust(4, b'\0') for i in range(0, len(PACKED), 4))
    yield 'parameters-elsewhere', pdf(thing(9, b'<</Predictor 12/Columns 4>>'),
                                      stream(b'/Filter/FlateDecode/DecodeParms 9 0 R', zlib.compress(rows))), FOUND
    yield 'unknown', pdf(stream(b'/Filter/FooDecode', Z)), CLOSED
    yield 'nothing-comes-out', pdf(stream(b'/Filter/FlateDecode', b'this is no such thing, by far')), CLOSED
    yield 'chain', pdf(stream(b'/Filter[/AHx/A85/Fl/Fl]', digits(base85(zlib.compress(Z))))), FOUND
    yield 'blanks-in-front', pdf(stream(b'/Filter/Fl', b'\r\n' + Z)), FOUND
    yield 'wrong-sum', pdf(stream(b'/Filter/Fl', Z[:-4] + b'abcd')), FOUND
    yield 'cut', pdf(stream(b'/Filter/Fl', Z[:-6])), FOUND
    yield 'picture', pdf(stream(b'/Filter/JBIG2Decode', b'not opened, and no program either')), CLEAN
    for name, length in {'small': b'3', 'large': b'99999', 'below-zero': b'-1', 'nowhere': b'99 0 R', 'elsewhere': b'8 0 R'}.items():
        yield 'length-' + name, pdf(thing(8, b'%d' % len(Z)), thing(7, b'<</Length ' + length + b'/Filter/Fl>>', Z)), FOUND
    yield 'no-length', pdf(thing(7, b'<</Filter/Fl>>', Z)), FOUND
    for name, end in {'cr': b'\r', 'crlf': b'\r\n', 'blank': b' \n'}.items():
        yield 'line-end-' + name, pdf(stream(b'/Filter/Fl', Z, end=end)), FOUND
    yield 'no-endstream', pdf(flate).replace(b'endstream\nendobj', b''), FOUND
    yield 'remarks', pdf(stream(b'%x>>\n/Filter%y\n/Fl', Z)), FOUND
    yield 'zeros-for-blanks', pdf(stream(b'\0/Filter\0\x0c/Fl\0', Z)), FOUND
    for name, head in {'junk': b'J' * 1000 + b'%PDF-1.4\n', 'bytes': bytes(range(256)) * 3 + b'%PDF-1.4\n', 'short': b'%PDF\n', 'zero': b'%PDF-\0',
                       'PostScript': b'%!PS-Adobe-3.0 PDF-1.4\n', 'form': b'%FDF-1.2\n', 'XML': b'<?xml version="1.0"?>\n%PDF-1.4\n'}.items():
        yield 'head-' + name, pdf(flate, head=head), FOUND
    yield 'no-head.pdf', pdf(flate, head=b''), FOUND
    yield 'changed-later', pdf(flate) + thing(7, b'<</Length 1>>', b'x') + b'%%EOF', FOUND
    yield 'changed-into', pdf(stream(b'', b'x')) + flate + b'%%EOF', FOUND
    yield 'pdf-in-pdf', pdf(stream(b'/Filter/Fl', zlib.compress(pdf(flate)))), FOUND


def scripts():
    def action(source):
        return thing(5, b'<</S/JavaScript/JS' + source + b'>>')
    yield 'string', pdf(action(b'(' + JS + b')')), FOUND
    yield 'hex', pdf(action(b'<' + JS.hex().encode() + b'>')), FOUND
    yield 'octal', pdf(action(b'(' + b''.join(b'\\%03o' % c for c in JS) + b')')), FOUND
    yield 'wide', pdf(action(b'<' + JS.decode().encode('utf-16').hex().encode() + b'>').replace(b'<fffe', b'<fffe')), CLOSED
    yield 'two-lines', pdf(action(b'(' + JS[:50] + b'\\\n' + JS[50:] + b')')), FOUND
    yield 'escaped-name', pdf(action(b'(' + JS + b')').replace(b'/JS', b'/#4a#53')), FOUND
    inner = b'9 0 <</S/JavaScript/JS(' + JS + b')>>'
    for name, words in {'object-stream': b'/N 1/First 4', 'object-stream-wrong-first': b'/N 1/First 0', 'object-stream-no-count': b'/First 4'}.items():
        yield name, pdf(stream(b'/Type/ObjStm/Filter/Fl' + words, zlib.compress(inner))), FOUND
    yield 'form-data', pdf(stream(b'/Filter/Fl', zlib.compress(b'<?xml version="1.0"?><xdp><script>' + JS + b'</script></xdp>'))), FOUND


KINDS = {'rc4-40': '40', 'rc4-128': '128 --use-aes=n', 'aes-128': '128 --use-aes=y', 'aes-256': '256', 'aes-256-5': '256 --force-R5',
         'metadata': '128 --use-aes=y --cleartext-metadata'}


def encrypted():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'inner.gz'), 'wb') as f:
            f.write(PACKED)

        def qpdf(*words):
            run = subprocess.run(['qpdf', '--allow-weak-crypto', *words, 'out.pdf'], cwd=folder, capture_output=True)
            if run.returncode not in (0, 3):
                raise OSError(run.stderr)
            with open(os.path.join(folder, 'out.pdf'), 'rb') as f:
                return f.read()
        with open(os.path.join(folder, 'in.pdf'), 'wb') as f:
            f.write(qpdf('--empty', '--add-attachment', 'inner.gz', '--'))
        for name, kind in KINDS.items():
            for how in ('disable', 'generate'):
                made = qpdf('--object-streams=' + how, 'in.pdf', '--encrypt', '', 'owner', *kind.split(), '--')
                yield f'{name}-{how}', made, FOUND
                yield f'{name}-{how}-no-table', made[:made.rindex(b'startxref')], FOUND
                yield f'{name}-{how}-behind-junk', b'J' * 100 + made, FOUND
            yield name + '-password', qpdf('in.pdf', '--encrypt', 'user', 'owner', *kind.split(), '--'), CLOSED
        made = qpdf('--object-streams=disable', 'in.pdf', '--encrypt', '', 'owner', '128', '--use-aes=y', '--')
        yield 'plain-by-its-filter', made.replace(b'%%EOF', stream(b'/Filter/Crypt', PACKED) + b'%%EOF'), FOUND
        yield 'escaped-word', made.replace(b'/Encrypt', b'/#45ncrypt'), FOUND
        yield 'certificates', made.replace(b'/Filter /Standard', b'/Filter /Adobe.PubSec').replace(b'/O <', b'/X <').replace(b'/U <', b'/Y <'), CLOSED


def cases(missing):
    for sort, part in (('filter', filters), ('script', scripts)):
        for name, data, due in part():
            yield f'{sort}-{name}', data, due
    if shutil.which('qpdf'):
        yield from (('encrypted-' + name, data, due) for name, data, due in encrypted())
    else:
        missing.add('qpdf')
