"""Zip files whose headers lie, disagree, or lead elsewhere; and what stands before, between and behind their members."""
import struct
import zlib

import packmaker
from oddkit import CLOSED, EICAR, FOUND, PACKED, patched

NAME = b'inner.gz'


def local(data, method=8, flags=0, packed=None, size=None, extra=b'', mark=b'PK\3\4', name=NAME):
    body = zlib.compress(data)[2:-4] if method == 8 else data
    head = struct.pack('<HHHHHIIIHH', 20, flags, method, 0, 0x21, zlib.crc32(data), len(body) if packed is None else packed,
                       len(data) if size is None else size, len(name), len(extra))
    return mark + head + name + extra + body


def central(data, at, method=8, flags=0, packed=None, size=None, extra=b'', comment=b'', name=NAME):
    n = len(zlib.compress(data)[2:-4] if method == 8 else data) if packed is None else packed
    return b'PK\1\2' + struct.pack('<HHHHHHIIIHHHHHII', 20, 20, flags, method, 0, 0x21, zlib.crc32(data), n, len(data) if size is None else size,
                                   len(name), len(extra), len(comment), 0, 0, 0, at) + name + extra + comment


def end(n, size, at, comment=b'', disk=0):
    return b'PK\5\6' + struct.pack('<HHHHIIH', disk, disk, n, n, size, at, len(comment)) + comment


def made(data=PACKED, method=8, first=None, listed=None, before=b'', between=b'', **last):
    """first, listed: changes to the local header and to the directory; last: to the end record."""
    head = local(data, method, **(first or {}))
    entry = central(data, **{'at': len(before), 'method': method, **(listed or {})})
    return before + head + between + entry + end(1, len(entry), len(before + head + between), **last)


def methods(here, there):
    """A sound zip with other methods in its local header and in its directory."""
    z = made()
    at = z.rindex(b'PK\1\2') + 10
    return patched(z, (8, struct.pack('<H', here)), (at, struct.pack('<H', there)))


def both(**changes):
    return made(first=changes, listed=changes)


def sizes(packed, size):
    return {'packed': packed, 'size': size}


def headers():
    yield 'local-method-99', methods(99, 8), FOUND
    yield 'local-method-unknown', methods(12345, 8), FOUND
    yield 'directory-method-unknown', methods(8, 12345), FOUND
    yield 'method-unknown', methods(1234, 1234), CLOSED
    yield 'deflated-called-stored', methods(0, 0), FOUND
    yield 'deflated-called-stored-same-size', patched(methods(0, 0), (18, struct.pack('<I', len(PACKED)))), FOUND
    yield 'stored-called-deflated', patched(made(method=0), (8, b'\x08'), (made(method=0).rindex(b'PK\1\2') + 10, b'\x08')), FOUND
    for method in (1, 2, 6, 7, 10, 11, 13, 16, 18, 20, 92, 94, 96, 97, 200, 65535):
        z = made(method=0)
        yield f'stored-called-{method}', patched(z, (8, struct.pack('<H', method)), (z.rindex(b'PK\1\2') + 10, struct.pack('<H', method))), CLOSED
    yield 'locked-in-local-header', made(first={'flags': 1}), FOUND
    yield 'locked-in-directory', made(listed={'flags': 1}), FOUND
    yield 'locked-and-not', both(flags=1), FOUND
    yield 'strong', both(flags=0x41), CLOSED
    yield 'masked', both(flags=0x2000), FOUND
    yield 'no-size-in-local-header', made(first=sizes(0, 0)), FOUND
    yield 'no-size-in-directory', made(listed=sizes(0, 0)), FOUND
    yield 'no-size', both(**sizes(0, 0)), FOUND
    yield 'huge', both(**sizes(0x7fffffff, 0x7fffffff)), FOUND
    yield 'wide-without-extra', both(**sizes(0xffffffff, 0xffffffff)), FOUND
    yield 'wide-lie', both(extra=struct.pack('<HHQQ', 1, 16, 5, 5)), FOUND
    yield 'extra-of-bad-length', both(extra=b'\1\0\xff\xff'), FOUND
    aes = struct.pack('<HHHHBH', 0x9901, 7, 2, 0x4541, 3, 8)
    yield 'extra-of-WinZip', both(extra=aes), FOUND
    yield 'extra-of-WinZip-locked', both(extra=aes, flags=1), CLOSED
    yield 'streamed-stored', made(method=0, first={'flags': 8, **sizes(0, 0)}, listed={'flags': 8}), FOUND
    yield 'without-mark', made(first={'mark': b'\0\0\0\0'}), FOUND
    yield 'name-with-zero', both(name=b'a.exe\0.txt'), FOUND
    yield 'name-empty', both(name=b''), FOUND
    yield 'folder-with-data', both(name=b'folder/'), FOUND
    yield 'other-name-in-directory', made(listed={'name': b'other.txt'}), FOUND
    stored, packed = local(b'words', 0, name=b'a.txt'), local(PACKED)
    behind = len(stored) + len(packed)
    liar = central(b'words', 0, 0, size=behind, name=b'a.txt')
    farther = central(b'words', 0, 0, size=behind + len(liar), name=b'a.txt')      # into the next entry of the directory
    yield 'a-size-that-covers-the-next', stored + packed + farther + central(PACKED, len(stored)) + end(2, len(farther + central(PACKED, 0)), behind), FOUND
    yield 'a-size-that-covers-what-is-not-listed', stored + packed + liar + end(1, len(liar), behind), FOUND
    yield 'no-directory-a-size-that-covers-the-next', local(b'words', 0, packed=4000, name=b'a.txt') + packed, FOUND
    yield 'no-directory-damage-that-covers-the-next', local(b'', 8, packed=4000, size=9, name=b'a.txt')[:-2] + b'\xff' * 9 + packed, CLOSED
    half = b'\0' + struct.pack('<HH', 20, 0xffff ^ 20) + b'w' * 20 + b'\7'      # a block of kind 3 there is not
    yield 'no-directory-half-a-member-that-covers-the-next', local(b'', 8, packed=4000, size=40, name=b'a.txt')[:-2] + half + packed, FOUND
    yield 'no-directory-a-zero-in-the-name', local(PACKED, name=b'a\0b'), FOUND
    yield 'no-end-record-method-unknown', patched(local(EICAR, 0, name=b'e.com') + central(EICAR, 0, 0, name=b'e.com'), (9, b'\1')), FOUND


def places():
    z, good = made(), made(b'harmless')
    yield 'behind-a-good-one', good + z, FOUND
    yield 'before-a-good-one', z + good, FOUND
    yield 'between-good-ones', good + z + good, FOUND
    yield 'in-comment', made(b'harmless', comment=z), FOUND
    yield 'in-comment-of-entry', made(b'harmless', listed={'comment': z}), FOUND
    yield 'in-extra', made(b'harmless', first={'extra': struct.pack('<HH', 0x7777, len(z)) + z}), FOUND
    yield 'junk-in-front', made(before=b'J' * 1000), FOUND
    yield 'junk-in-front-not-counted', b'J' * 1000 + z, FOUND
    yield 'junk-between', made(between=b'J' * 1000), FOUND
    yield 'junk-behind', z + b'A' * 300000, FOUND
    yield 'zeros-behind', z + bytes(70000), FOUND
    yield 'junk-around.zip', b'B' * 300000 + z + b'A' * 300000, FOUND
    yield 'no-directory-behind-picture.zip', b'GIF89a' + bytes(300) + local(PACKED), FOUND
    yield 'directory-of-another', z + made(b'harm', listed={'at': 0}), FOUND
    yield 'end-without-entries', local(PACKED) + central(PACKED, 0) + end(0, len(central(PACKED, 0)), len(local(PACKED))), FOUND
    yield 'second-end', z + end(0, 0, 0), FOUND
    yield 'no-end', z[:-22], FOUND
    yield 'end-leads-nowhere', patched(z, (-6, b'\xff\xff\xff\xff')), FOUND
    yield 'only-a-member', local(PACKED), FOUND
    yield 'without-first-bytes', z[4:], CLOSED
    yield 'behind-gzip', packmaker.gzip.compress(b'harmless') + z, FOUND
    yield 'behind-tar', tar_of(b'harmless') + z, FOUND
    yield 'behind-rar', packmaker.rar_stored(b'harmless') + z, FOUND
    yield 'behind-cab', packmaker.cab_stored(b'harmless') + z, FOUND
    yield 'before-rar', good + packmaker.rar_stored(PACKED), FOUND
    yield 'before-cab', good + packmaker.cab_stored(PACKED), FOUND
    yield 'rar-in-comment', made(b'harmless', comment=packmaker.rar_stored(PACKED)), FOUND
    yield 'behind-page', b'<html><body>x</body></html>' + z, FOUND
    yield 'behind-pdf', b'%PDF-1.4\n%%EOF\n' + z, FOUND
    yield 'behind-picture', b'\x89PNG\r\n\x1a\n' + bytes(300) + z + bytes(100), FOUND
    yield 'of-a-browser', b'Cr24' + struct.pack('<II', 3, 8) + b'\1' * 8 + z, FOUND


def tar_of(data):
    return packmaker.tar_long_name(data, packmaker.tarfile.GNU_FORMAT)


def parts():
    yield 'split-whole', b'PK\7\x08' + made(), FOUND
    yield 'split-moved', made(before=b'PK\7\x08'), FOUND
    yield 'split-one-part', made(before=b'PK00'), FOUND
    yield 'split-first', (b'PK\7\x08' + local(PACKED))[:-10], CLOSED
    yield 'split-last', b'the end of a member' + central(EICAR, 70000) + end(1, len(central(EICAR, 70000)), 19, disk=3), CLOSED


def cases(_missing):
    for part in (headers, places, parts):
        yield from part()
