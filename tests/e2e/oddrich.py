"""Rich text and compound files as attackers bend them."""
import struct

import docmaker
from docmaker import cfb
from oddkit import CLEAN, CLOSED, FOUND, PACKED

NATIVE = docmaker.package(PACKED)


def ole1(name=b'Package\0', size=None, body=NATIVE, version=0x501, kind=2):
    return struct.pack('<III', version, kind, len(name)) + name + struct.pack('<III', 0, 0, len(body) if size is None else size) + body


H = ole1().hex().encode()


def rtf(digits=H, head=b'{\\rtf1'):
    return head + b'{\\object\\objemb{\\*\\objdata ' + digits + b'}}}'


def by(n):
    return [H[i:i + n] for i in range(0, len(H), n)]


def heads():
    for name, head in {'rt': b'{\\rt', 'rtf0': b'{\\rtf0', 'rtxyz': b'{\\rtxyz', 'blanks': b'\r\n {\\rtf1', 'capitals': b'{\\RTF1', 'blank': b'{ \\rtf1',
                       'mark': b'\xef\xbb\xbf{\\rtf1'}.items():
        yield name, rtf(head=head), FOUND
    yield 'junk.rtf', rtf(head=b'JUNK{\\rtf1'), FOUND


def hexes():
    yield 'capitals', rtf(H.upper()), FOUND
    for name, between, n in (('blanks', b' ', 1), ('junk', b'zz', 1), ('tabs', b'\t\r\n', 3), ('words', b'\\abc ', 2), ('words-with-numbers', b'\\abcxyz1 ', 2),
                             ('groups', b'{}', 2), ('hidden-groups', b'{\\*\\foo 1234}', 20)):
        yield 'between-' + name, rtf(between.join(by(n))), FOUND
    yield 'quote', rtf(H[:60] + b"\\'41" + H[60:]), FOUND
    yield 'quote-half', rtf(H[:61] + b"\\'41" + H[61:]), FOUND
    yield 'quotes-alone', rtf(b''.join(b"\\'%02x" % c for c in ole1())), FOUND
    yield 'ud', rtf(b'{\\ud ' + H + b'}'), FOUND
    yield 'upr', rtf(b'{\\upr{}{\\*\\ud{' + H + b'}}}'), FOUND
    yield 'u', rtf(H[:40] + b'\\u-1234 ' + H[40:]), FOUND
    yield 'bin', rtf(b'\\bin%d ' % len(ole1()) + ole1()), FOUND
    yield 'bin-for-a-part', rtf(H[:80] + b'\\bin10 ' + ole1()[40:50] + H[100:]), FOUND
    for number in (b'0', b'0000000000000000000', b'-5', b'4294967296', b'99999999999999999999'):
        yield 'bin' + number.decode(), rtf(H[:80] + b'\\bin' + number + b' ' + H[80:]), FOUND
    yield 'bin-hides', b'{\\rtf1{\\bin999 }{\\object\\objemb{\\*\\objdata ' + H + b'}}}', FOUND


def objects():
    yield 'link', rtf().replace(b'\\objemb', b'\\objautlink\\objupdate'), FOUND
    yield 'alone', b'{\\rtf1{\\*\\objdata ' + H + b'}}', FOUND
    yield 'not-hidden', b'{\\rtf1{\\object{\\objdata ' + H + b'}}}', FOUND
    yield 'with-number', rtf().replace(b'\\objdata ', b'\\objdata123 '), FOUND
    yield 'never-closed', rtf()[:-3], FOUND
    yield 'in-object', rtf(H[:100] + b'{\\*\\objdata ' + H + b'}'), FOUND
    yield 'other-class', rtf(ole1(b'Word.Doc\0').hex().encode()), FOUND
    yield 'no-class', rtf(ole1(b'').hex().encode()), FOUND
    yield 'size-too-large', rtf(ole1(size=10 ** 8).hex().encode()), FOUND
    yield 'other-version', rtf(ole1(version=0x12345678).hex().encode()), FOUND
    yield 'other-kind', rtf(ole1(kind=5).hex().encode()), FOUND
    for name, body in {'zip': docmaker.ooxml(PACKED), 'ole-of-zip': cfb({'Package': docmaker.ooxml(PACKED)}), 'ole': docmaker.ole_package(PACKED)}.items():
        yield name, rtf(ole1(body=body).hex().encode()), FOUND
    yield 'ole-without-head', rtf(docmaker.ole_package(PACKED).hex().encode()), FOUND
    yield 'picture', b'{\\rtf1{\\pict\\pngblip ' + PACKED.hex().encode() + b'}}', FOUND
    yield 'picture-bin', b'{\\rtf1{\\pict\\bin%d ' % len(PACKED) + PACKED + b'}}', FOUND
    yield 'datastore', b'{\\rtf1{\\*\\datastore ' + docmaker.ole_package(PACKED).hex().encode() + b'}}', FOUND


OLE = cfb({'x': PACKED, 'y': b'z' * 9000, '\1Ole10Native': struct.pack('<I', len(NATIVE)) + NATIVE})


def changed(at, data):
    return OLE[:at] + data + OLE[at + len(data):]


def in_entry(name, at, data):
    return changed(OLE.index(name.encode('utf-16-le').ljust(64, b'\0')) + at, data)


def compound():
    for name, n in {'none': 0, 'too-large': 0xffffffff, 'too-small': 10}.items():
        yield 'native-size-' + name, cfb({'\1Ole10Native': struct.pack('<I', n) + NATIVE}), FOUND
    yield 'native-no-size', cfb({'\1Ole10Native': NATIVE}), FOUND
    yield 'native-bare', cfb({'\1Ole10Native': struct.pack('<I', len(PACKED)) + PACKED}), FOUND
    yield 'native-inner-size', cfb({'\1Ole10Native': struct.pack('<I', len(NATIVE)) +
                                    NATIVE.replace(struct.pack('<I', len(PACKED)) + PACKED, struct.pack('<I', 999999) + PACKED)}), FOUND
    for name, at, data, due in (('sector-size', 30, b'\x0c\0', FOUND), ('sector-size-small', 30, b'\7\0', FOUND), ('small-sector-size', 32, b'\7\0', FOUND),
                                ('byte-order', 28, b'\0\0', FOUND), ('version', 26, b'\x09\0', FOUND), ('cutoff-none', 56, bytes(4), FOUND),
                                ('tables-none', 44, bytes(4), CLOSED), ('tables-many', 44, b'\xff\xff\xff\0', FOUND), ('directory', 48, b'\x77\0\0\0', CLOSED),
                                ('small-table', 60, b'\xfe\xff\xff\xff', CLOSED), ('table-of-tables', 68, struct.pack('<II', 0, 5), FOUND)):
        yield 'head-' + name, changed(at, data), due
    yield 'table-zeros', changed(len(OLE) - 512, bytes(512)), CLOSED
    yield 'table-ones', changed(len(OLE) - 512, b'\xff' * 512), CLOSED
    yield 'cut', OLE[:-600], CLOSED
    yield 'first-bytes-alone', OLE[:8] + b'some words that begin as such a file does, as tests of signatures do. ' * 40, CLEAN
    yield 'first-fields-alone', OLE[:32] + bytes(480) + b'as above ' * 40, CLEAN
    native = '\1Ole10Native'
    for name, entry, at, data, due in (('kind-none', native, 66, b'\0', CLOSED), ('kind-storage', native, 66, b'\1', CLOSED), ('lost', 'Root Entry', 76, b'\xff' * 4, FOUND),
                                       ('name-length', native, 64, b'\0\0', FOUND), ('no-size', native, 120, bytes(4), CLOSED),
                                       ('size-too-large', native, 120, b'\xff\xff\xff\x7f', FOUND), ('ring', 'x', 72, b'\1\0\0\0', FOUND)):
        yield 'entry-' + name, in_entry(entry, at, data), due


def cases(_missing):
    for sort, part in (('head', heads), ('hex', hexes), ('object', objects), ('ole', compound)):
        for name, data, due in part():
            yield f'{sort}-{name}', data, due
