"""Other archives and compressed streams that are cut, joined, marked wrongly, or stand behind something else."""
import bz2
import gzip
import lzma
import os
import shutil
import string
import struct
import subprocess
import tempfile
import zlib

import packmaker
from oddkit import CLEAN, CLOSED, EICAR, FOUND, PACKED, patched
from packmaker import by_filter, cab_stored, rar5_stored, rar_stored

EMPTY_FILE = {'empty': b''}
FILES = {'empty': b'', 'a.txt': b'x' * 3000, 'inner': PACKED, 'b/empty': b'', 'b/c.bin': bytes(range(256)) * 2}
TEXT, PDF = b'hello there\n' * 50, b'%PDF-1.4\n%%EOF\n'


def seven(switches, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'wb') as f:
                f.write(data)
        subprocess.run(['7z', 'a', *switches.split(), 'out.7z', *files], cwd=folder, check=True, capture_output=True)
        with open(os.path.join(folder, min(n for n in os.listdir(folder) if n.startswith('out.'))), 'rb') as f:
            return f.read()


def sevens():
    for name, switches in {'solid': '', 'single': '-ms=off', 'plain-head': '-mhc=off -m0=Copy', 'two-filters': '-m0=Delta:2 -m1=LZMA2'}.items():
        yield name, seven(switches, FILES), FOUND
    for name in ('BCJ2', 'ARM', 'ARMT', 'PPC', 'IA64', 'SPARC', 'ARM64', 'RISCV', 'SWAP2'):
        try:
            made = seven(f'-m0={name} -m1=LZMA2', FILES)
        except subprocess.CalledProcessError:                   # an older 7z
            continue
        yield name, made, CLOSED
    yield 'Deflate64', seven('-m0=Deflate64', FILES), CLOSED
    yield 'locked', seven('-psecret', FILES), CLOSED
    yield 'locked-names', seven('-psecret -mhe=on', FILES), CLOSED
    yield 'part', seven('-v200b -m0=Copy', {'inner': PACKED, 'rest': bytes(2000)}), CLOSED
    yield 'empty', seven('', EMPTY_FILE), CLEAN
    z = seven('', FILES)
    yield 'cut', z[:-20], CLOSED
    yield 'wrong-sum', patched(z, (8, bytes(4))), CLOSED
    yield 'version-1', patched(z, (6, b'\1')), FOUND
    for name, front in {'junk': b'J' * 500, 'text': TEXT, 'pdf': PDF, 'another': seven('', EMPTY_FILE)}.items():
        yield 'behind-' + name, front + z, FOUND


def rar(method=0x30, version=20, flags=0x8000, main=0, **lies):
    def block(kind, marks, body, extra=b''):
        head = struct.pack('<BHH', kind, marks, 7 + len(body)) + body
        return struct.pack('<H', zlib.crc32(head) & 0xffff) + head + extra
    entry = struct.pack('<IIBIIBBHI', len(PACKED), lies.get('size', len(PACKED)), 2, lies.get('crc', zlib.crc32(PACKED)), 0x21 << 16, version,
                        method, 5, 0x20) + b'inner'
    return b'Rar!\x1a\7\0' + block(0x73, main, bytes(6)) + block(0x74, flags, entry, PACKED) + block(0x7b, 0x4000, b'')


def rars():
    yield 'volume', rar(main=1), FOUND
    yield 'goes-on', rar(main=1, flags=0x8002), CLOSED
    yield 'began-before', rar(main=1, flags=0x8001), CLOSED
    yield 'locked', rar(flags=0x8004), CLOSED
    yield 'locked-heads', rar(main=0x80), CLOSED
    yield 'wrong-sum', rar(crc=5), FOUND
    yield 'wrong-size', rar(size=5), FOUND
    yield 'large-size', rar(size=5000), FOUND
    yield 'method-that-is-not', rar(method=0x35, version=29), CLOSED
    yield 'version-15', rar(method=0x33, version=15), CLOSED
    yield 'solid', rar(main=8), FOUND
    yield 'junk-behind', rar() + b'J' * 500, FOUND
    yield 'no-end', rar()[:-7], FOUND
    yield '5-no-end', rar5_stored(PACKED)[:-8], FOUND
    yield '5-wrong-sum', patched(rar5_stored(PACKED), (8, bytes(4))), CLOSED
    yield 'version-6', patched(rar5_stored(PACKED), (6, b'\2')), CLOSED
    for name, front in {'text': TEXT, 'pdf': PDF, 'picture': b'GIF89a' + bytes(200), 'another': rar_stored(b'harmless')}.items():
        yield 'behind-' + name, front + rar_stored(PACKED), FOUND
        yield '5-behind-' + name, front + rar5_stored(PACKED), FOUND
    yield 'behind-document.rar', b'{\\rtf1 x}' + rar_stored(PACKED), FOUND


def tar(kind=b'0', mark=b'ustar\x0000', data=PACKED, size=None, name=b'inner', wrong=0, said=b'%06o\0 ', signed=False):
    head = bytearray(512)
    head[:len(name)] = name
    head[100:136] = b'0000644\0' + b'0000000\0' * 2 + (size or b'%011o\0' % len(data))
    head[136:148] = b'00000000000\0'
    head[156:157] = kind
    head[257:265] = mark
    head[148:156] = b' ' * 8
    head[148:156] = said % (sum(head) - (256 * sum(c > 127 for c in head) if signed else 0) + wrong)
    return bytes(head) + data + bytes(-len(data) % 512)


def base64_number(n):
    digits = string.ascii_uppercase + string.ascii_lowercase + string.digits + '+/'
    return ''.join(digits[n >> 6 * i & 63] for i in range(9, -1, -1)).encode() + b' '


def tars():
    end = bytes(1024)
    yield 'no-end', tar(), FOUND
    yield 'wrong-sum', tar(wrong=1) + end, CLOSED
    yield 'first-header-gone', b'\x11' * 512 + tar() + end, FOUND
    yield 'size-in-bytes', tar(size=b'\x80' + len(PACKED).to_bytes(11, 'big')) + end, FOUND
    yield 'size-with-blanks', tar(size=b'%11o ' % len(PACKED)) + end, FOUND
    yield 'size-without-end', tar(size=b'%012o' % len(PACKED)) + end, FOUND
    yield 'size-below-zero', tar(size=b'\xff' * 12) + tar() + end, CLOSED
    yield 'size-behind-zero', tar(size=b'\0%010o\0' % len(PACKED)) + end, FOUND
    yield 'size-in-base-64', tar(size=b'+' + base64_number(len(PACKED))) + end, FOUND
    for where, sum in {'zero': b'\0%06o ', 'tab': b'\t%06o\0', 'zero-and-tab': b'\0\t%05o\0'}.items():
        yield 'sum-behind-' + where, tar(said=sum) + end, FOUND
        yield 'second-sum-behind-' + where, tar(data=b'1') + tar(said=sum) + tar(data=b'2') + end, FOUND
    yield 'sum-of-signed-bytes', tar(name=b'\xe4\xf6\xfc', signed=True) + end, FOUND
    yield 'size-too-large', tar(size=b'77777777777\0') + end, CLOSED
    yield 'kind-of-old', tar(b'\0') + end, FOUND
    yield 'kind-unknown', tar(b'Z') + end, FOUND
    yield 'volume-name', tar(b'V', data=b'') + tar() + end, FOUND
    yield 'no-mark', tar(mark=bytes(8)) + end, FOUND
    yield 'no-mark-behind-pdf', tar(mark=bytes(8), data=PDF * 40) + tar(mark=bytes(8)) + end, FOUND
    yield 'two', tar(data=b'1') + end + tar() + end, FOUND
    yield 'zeros-between', tar(data=b'1') + bytes(512) + tar() + end, FOUND
    yield 'name-of-8-bits', tar(name=b'inn\xe4r') + end, FOUND


def newc(data=PACKED, name=b'inner\0', mark=b'070701', size=None):
    head = mark + b'%08X' * 13 % (1, 0o100644, 0, 0, 1, 0, len(data) if size is None else size, 0, 0, 0, 0, len(name), 0) + name
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def ar(name=b'inner/', data=PACKED, size=None, mark=b'`\n'):
    return b'%-16s%-12d%-6d%-6d%-8o%-10d' % (name, 0, 0, 0, 0o644, len(data) if size is None else size) + mark + data + b'\n' * (len(data) % 2)


def others():
    yield 'cpio-no-end', newc(), FOUND
    yield 'cpio-small-digits', newc().replace(b'000081A4', b'000081a4'), FOUND
    yield 'cpio-size-too-large', newc(size=99999), CLOSED
    yield 'ar-long-name', b'!<arch>\n' + ar(b'//', b'inner_with_a_long_name/\n') + ar(b'/0'), FOUND
    yield 'ar-wrong-mark', b'!<arch>\n' + ar(mark=b'xx'), CLOSED
    yield 'ar-size-too-large', b'!<arch>\n' + ar(size=9999), CLOSED
    yield 'cab-behind-text', TEXT + cab_stored(PACKED), FOUND
    yield 'rpm', rpm(gzip.compress(newc(EICAR) + newc(b'', b'TRAILER!!!\0'))), FOUND
    yield 'rpm-xz', rpm(lzma.compress(newc(EICAR) + newc(b'', b'TRAILER!!!\0'))), FOUND


def rpm(payload):
    """Lead, signature, header: both of the latter with one entry."""
    def header(align):
        made = b'\x8e\xad\xe8\1' + bytes(4) + struct.pack('>II', 1, 4) + struct.pack('>IIII', 1000, 6, 0, 1) + b'abc\0'
        return made + bytes(-len(made) % align)
    lead = bytes.fromhex('edabeedb0300') + struct.pack('>HH', 0, 1) + b'inner-1-1'.ljust(66, b'\0') + struct.pack('>HH', 1, 5) + bytes(16)
    return lead + header(8) + header(1) + payload


def halves(pack, between=b''):
    return pack(EICAR[:30]) + between + pack(EICAR[30:])


def far_gzip(data):
    """Three bytes from 32768 back at the very beginning, in fixed codes, an empty stored block, then data."""
    codes = 0b010 | 0b1000000 << 3 | 0b10111 << 10 | 8191 << 15
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = codes.to_bytes(5, 'little') + struct.pack('<HH', 0, 0xffff) + pack.compress(data) + pack.flush()
    return b'\x1f\x8b\x08' + bytes(6) + b'\3' + body + struct.pack('<II', zlib.crc32(bytes(3) + data), len(data) + 3)


def streams():
    yield 'gzip-far-match', far_gzip(packmaker.zip64(EICAR)), FOUND
    yield 'gzip-far-match-again', gzip.compress(b'') + far_gzip(TEXT), CLOSED
    yield 'gzip-byte-by-byte', b''.join(gzip.compress(bytes([c])) for c in EICAR), FOUND
    yield 'gzip-empty-first', gzip.compress(b'') + gzip.compress(EICAR), FOUND
    yield 'gzip-zeros-between', halves(gzip.compress, bytes(512)), FOUND
    yield 'gzip-junk-behind', gzip.compress(EICAR) + b'junk' * 9, FOUND
    yield 'gzip-wrong-sum', patched(gzip.compress(EICAR), (-8, bytes(8))), FOUND
    yield 'gzip-cut', gzip.compress(EICAR)[:-8], FOUND
    yield 'gzip-method-7', patched(gzip.compress(EICAR), (2, b'\7')), CLOSED
    yield 'bzip2-two', halves(bz2.compress), FOUND
    yield 'bzip2-empty-first', bz2.compress(b'') + bz2.compress(EICAR), FOUND
    yield 'bzip2-junk-behind', bz2.compress(EICAR) + b'junk' * 50, FOUND
    yield 'xz-two', halves(lzma.compress), FOUND
    yield 'xz-padded', halves(lzma.compress, bytes(8)), FOUND
    yield 'xz-junk-behind', lzma.compress(EICAR) + b'junk', FOUND
    yield 'odd-head.lzma', patched(lzma.compress(EICAR, lzma.FORMAT_ALONE), (3, b'\x80')), FOUND
    yield 'xz-cut', lzma.compress(EICAR)[:-20], FOUND
    yield 'xz-unknown-check', patched(lzma.compress(EICAR), (7, b'\x0f')), CLOSED
    alone = lzma.compress(EICAR, lzma.FORMAT_ALONE)
    yield 'lzma-sized', patched(alone, (5, struct.pack('<Q', len(EICAR)))), FOUND


def by_tools(missing):
    skipped = struct.pack('<II', 0x184d2a53, 5) + b'abcde'
    for tool, command in (('zstd', 'zstd -q'), ('lz4', 'lz4 -q'), ('lz4', 'lz4 -q -l'), ('lzip', 'lzip')):
        if not shutil.which(tool):
            missing.add(tool)
            continue
        name = command.replace(' ', '')
        pack = lambda data, command=command: by_filter(data, command)   # noqa: E731
        yield name + '-two', halves(pack), FOUND
        if tool != 'lzip':
            yield name + '-frame-in-front', skipped + pack(EICAR), FOUND
            yield name + '-frame-between', halves(pack, skipped), FOUND
            yield name + '-junk-behind', pack(EICAR) + b'JUNK' * 9, FOUND
        if tool != 'lzip' and '-l' not in command:
            yield name + '-dictionary', with_dictionary(tool), CLOSED
    if shutil.which('lz4'):
        yield 'lz4-old-and-new', by_filter(EICAR[:30], 'lz4 -q -l') + by_filter(EICAR[30:], 'lz4 -q'), FOUND
    if shutil.which('bsdtar'):
        yield from (('iso-' + name, data, due) for name, data, due in isos())
    else:
        missing.add('bsdtar')
    if shutil.which('7z'):
        yield from (('7z-' + name, data, due) for name, data, due in sevens())
    else:
        missing.add('7z')


def cpios():
    first, end = newc(b'the first', b'a.txt\0'), newc(b'', b'TRAILER!!!\0')
    yield 'number-with-a-sign', first + patched(newc(), (10, b'>')) + end, FOUND
    yield 'number-with-a-zero', first + patched(newc(), (10, b'\0')) + end, FOUND
    yield 'two-bytes-more', first + b'??' + newc() + end, FOUND
    yield 'size-of-a-folder', first + patched(newc(b'', b'deep\0', size=999), (14, b'000041ED')) + newc() + end, FOUND
    yield 'size-of-a-pipe', first + patched(newc(b'', b'pipe\0', size=999), (14, b'000011A4')) + newc() + end, FOUND
    yield 'another-clean', first + newc(b'the second', b'b.txt\0') + end, CLEAN


def isos():
    """Two trees of folders: in one of them the file is empty."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f'{folder}/in')
        with open(f'{folder}/in/inner', 'wb') as f:
            f.write(PACKED)
        subprocess.run(['bsdtar', '-c', '--format', 'iso9660', '-f', f'{folder}/iso', '-C', f'{folder}/in', 'inner'], check=True, capture_output=True)
        with open(f'{folder}/iso', 'rb') as f:
            image = f.read()
    for tree, name in (('iso9660', b'INNER'), ('joliet', 'inner'.encode('utf-16-be'))):
        record = image.index(name, 16 * 2048) - 33
        yield 'empty-in-' + tree, patched(image, (record + 10, bytes(8))), FOUND


def with_dictionary(tool):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (('inner', EICAR), ('words', bytes(range(256)) * 40 + EICAR[:40])):
            with open(os.path.join(folder, name), 'wb') as f:
                f.write(data)
        return packmaker.run(tool, '-q', '-c', '-D', os.path.join(folder, 'words'), os.path.join(folder, 'inner'))


def cases(missing):
    for sort, part in (('rar', rars), ('tar', tars), ('cpio', cpios), ('', others), ('', streams)):
        for name, data, due in part():
            yield (sort + '-' if sort else '') + name, data, due
    yield from by_tools(missing)
