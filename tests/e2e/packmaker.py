"""Archives and compressed streams around some bytes, in each kind that their tools can write; by hand where no free tool writes it."""
import bz2
import functools
import gzip
import io
import lzma
import os
import struct
import subprocess
import tarfile
import tempfile
import zipfile
import zlib

from archivemaker import in_folder, run, with_tool, zip_deflated

LISTED = []


def listed(maker):
    """One of MAKERS; what it makes is made once."""
    cached = functools.lru_cache(maxsize=None)(maker)
    LISTED.append(cached)
    return maker


def family(tool, maker, **kinds):
    """One maker for each kind: maker(data, kind)."""
    for name, kind in kinds.items():
        def made(data, kind=kind):
            return maker(data, kind)
        made.__name__ = made.__qualname__ = name
        listed(with_tool(tool)(made) if tool else made)


# ---- zip, beyond what archivemaker has

@listed
def zip64(data):
    """Sizes of 64 bits, in the local header and in the directory, and the directory's own long end."""
    extra = struct.pack('<HHQQ', 1, 16, len(data), len(data))
    crc = zlib.crc32(data)
    local = struct.pack('<IHHHHHIIIHH', 0x04034b50, 45, 0, 0, 0, 0x21, crc, 0xffffffff, 0xffffffff, 5, len(extra)) + b'inner' + extra + data
    more = struct.pack('<HHQQQ', 1, 24, len(data), len(data), 0)
    entry = struct.pack('<IHHHHHHIIIHHHHHII', 0x02014b50, 45, 45, 0, 0, 0, 0x21, crc, 0xffffffff, 0xffffffff, 5, len(more), 0, 0, 0, 0,
                        0xffffffff) + b'inner' + more
    end = struct.pack('<IQHHIIQQQQ', 0x06064b50, 44, 45, 45, 0, 0, 1, 1, len(entry), len(local))
    place = struct.pack('<IIQI', 0x07064b50, 0, len(local) + len(entry), 1)
    return local + entry + end + place + struct.pack('<IHHHHIIH', 0x06054b50, 0, 0, 0xffff, 0xffff, 0xffffffff, 0xffffffff, 0)


class OneWay(io.RawIOBase):
    """A pipe: nothing can be written anew, so sizes come behind the data."""

    def __init__(self):
        self.out = bytearray()

    def writable(self):
        return True

    def write(self, piece):
        self.out += piece
        return len(piece)


def zip_descriptor(data, method):
    to = OneWay()
    with zipfile.ZipFile(to, 'w', method) as z:
        z.writestr('inner', data)
    return bytes(to.out)


family(None, zip_descriptor, zip_descriptor_stored=zipfile.ZIP_STORED, zip_descriptor_deflated=zipfile.ZIP_DEFLATED)


@listed
def zip_stored_as_directory_says(data):
    """The local header says deflated and another size; the directory is right."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_STORED) as z:
        z.writestr('inner', data)
    made = bytearray(out.getvalue())
    made[8:10] = b'\x08\0'
    made[22:26] = b'\1\0\0\0'
    return bytes(made)


@listed
def zip_as_local_header_says(data):
    """The directory says deflated; the local header is right."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_STORED) as z:
        z.writestr('inner', data)
    made = bytearray(out.getvalue())
    at = made.rindex(b'PK\1\2')
    made[at + 10:at + 12] = b'\x08\0'
    return bytes(made)


@listed
def zip_wrong_checksum(data):
    made = bytearray(zip_deflated(data))
    at = made.index(b'PK\3\4', 4)
    made[at + 14:at + 18] = b'\1\2\3\4'
    at = made.rindex(b'PK\1\2')
    made[at + 16:at + 20] = b'\1\2\3\4'
    return bytes(made)


# ---- 7z, RAR, cabinets

def seven(data, switches):
    return in_folder(data, '7z', 'a', *switches.split(), 'out.7z', 'inner', made='out.7z')


family('7z', seven, seven_lzma='-m0=LZMA', seven_lzma2='-m0=LZMA2', seven_bzip2='-m0=BZip2', seven_ppmd='-m0=PPMd',
       seven_deflate='-m0=Deflate', seven_stored='-m0=Copy', seven_bcj='-m0=BCJ -m1=LZMA', seven_bcj2='-mf=BCJ2', seven_delta='-mf=Delta:4',
       seven_plain_header='-mhc=off', seven_self_extracting='-sfx7zCon.sfx')


@listed
def rar_stored(data):
    """RAR up to version 4. No free program writes RAR; packed ones are in the tests of real files."""
    def block(kind, flags, body, extra=b''):
        head = struct.pack('<BHH', kind, flags, 7 + len(body)) + body
        return struct.pack('<H', zlib.crc32(head) & 0xffff) + head + extra
    entry = struct.pack('<IIBIIBBHI', len(data), len(data), 2, zlib.crc32(data), 0x21 << 16, 20, 0x30, 5, 0x20) + b'inner'
    return b'Rar!\x1a\7\0' + block(0x73, 0, bytes(6)) + block(0x74, 0x8000, entry, data) + block(0x7b, 0x4000, b'')


@listed
def rar5_stored(data):
    def number(n):
        out = b''
        while n >= 128:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])

    def block(body, extra=b''):
        head = number(len(body)) + body
        return struct.pack('<I', zlib.crc32(head)) + head + extra
    size = number(len(data))
    entry = b'\2\2' + size + b'\4' + size + number(0o100644) + struct.pack('<I', zlib.crc32(data)) + b'\0\1\5inner'
    return b'Rar!\x1a\7\1\0' + block(b'\1\0\0') + block(entry, data) + block(b'\5\0\0')


@listed
@with_tool('7z')
def rar_self_extracting(data):
    return in_folder(data, '7z', 'a', '-sfx7zCon.sfx', 'out.exe', 'inner', made='out.exe')[:4096] + rar_stored(data)


@listed
@with_tool('gcab')
def cab_zipped(data):
    return in_folder(data, 'gcab', '-cz', 'out.cab', 'inner', made='out.cab')


@listed
def cab_stored(data):
    blocks = [data[i:i + 32768] for i in range(0, len(data), 32768)]
    folder = struct.pack('<IHH', 36 + 8 + 16 + 6, len(blocks), 0)
    file = struct.pack('<IIHHHH', len(data), 0, 0, 0x21, 0, 0x20) + b'inner\0'
    body = b''.join(struct.pack('<IHH', 0, len(b), len(b)) + b for b in blocks)
    size = 36 + len(folder) + len(file) + len(body)
    head = b'MSCF' + struct.pack('<IIIIIBBHHHHH', 0, size, 0, 36 + len(folder), 0, 3, 1, 1, 1, 0, 0, 0)
    return head + folder + file + body


def lzx_frames(data):
    """Each 32 KB as an LZX block that is not compressed: bits in words of 16, high bit first, then three places and the bytes."""
    for i in range(0, len(data), 32768):
        piece = data[i:i + 32768]
        bits = ('0' if i == 0 else '') + '011' + format(len(piece), '024b')
        bits += '0' * (-len(bits) % 16)
        head = b''.join(struct.pack('<H', int(bits[k:k + 16], 2)) for k in range(0, len(bits), 16))
        yield len(piece), head + struct.pack('<III', 1, 1, 1) + piece + bytes(len(piece) % 2)


@listed
def cab_lzx(data):
    """By hand, as no tool of Debian writes it: a window of 64 KB."""
    blocks = list(lzx_frames(data))
    folder = struct.pack('<IHH', 36 + 8 + 16 + 6, len(blocks), 3 | 16 << 8)
    file = struct.pack('<IIHHHH', len(data), 0, 0, 0x21, 0, 0x20) + b'inner\0'
    body = b''.join(struct.pack('<IHH', 0, len(b), n) + b for n, b in blocks)
    head = b'MSCF' + struct.pack('<IIIIIBBHHHHH', 0, 36 + len(folder) + len(file) + len(body), 0, 36 + len(folder), 0, 3, 1, 1, 1, 0, 0, 0)
    return head + folder + file + body


def encint(n):
    out = bytes([n & 127])
    while n > 127:
        n >>= 7
        out = bytes([n & 127 | 128]) + out
    return out


def chm_of(files, section):
    """Compiled help: a directory of one piece; files are (name, section, place, length)."""
    guid = [bytes.fromhex('10fd017caa7bd0119e0c00a0c922e6ec'), bytes.fromhex('11fd017caa7bd0119e0c00a0c922e6ec'), bytes.fromhex('6a92025d2e21d0119df900a0c922e6ec')]
    entries = b''.join(encint(len(name)) + name + encint(which) + encint(at) + encint(n) for name, which, at, n in sorted(files))
    piece = b'PMGL' + struct.pack('<IIii', 4096 - 20 - len(entries), 0, -1, -1) + entries
    piece = piece.ljust(4094, b'\0') + struct.pack('<H', len(files))
    directory = b'ITSP' + struct.pack('<IIIIIIiiiiiI', 1, 84, 10, 4096, 2, 1, -1, 0, 0, -1, 1, 0x409) + guid[2] + struct.pack('<Iiii', 84, -1, -1, -1)
    content = 96 + 24 + len(directory) + len(piece)
    head = b'ITSF' + struct.pack('<III', 3, 96, 1) + struct.pack('>I', 1) + struct.pack('<I', 0x409) + guid[0] + guid[1]
    head += struct.pack('<QQQQQ', 96, 24, 120, len(directory) + len(piece), content)
    return head + struct.pack('<IIQII', 0x1fe, 0, content + len(section), 0, 0) + directory + piece + section


@listed
def chm_plain(data):
    return chm_of([(b'/inner', 0, 0, len(data)), (b'/', 0, 0, 0)], data)


@listed
def chm_packed(data):
    """The bytes in the packed section, whose data, control data and table stand in the other one."""
    frames = list(lzx_frames(data.ljust((len(data) + 32767) // 32768 * 32768, b'\0')))
    places, packed = [], b''
    for i, (_, frame) in enumerate(frames):
        places.append(len(packed))
        packed += frame
    control = struct.pack('<I4sIIIII', 6, b'LZXC', 2, 65536 // 32768 * len(frames), 2, 1, 0)
    table = struct.pack('<IIIIQQQ', 2, len(frames), 8, 40, len(frames) * 32768, len(packed), 32768) + b''.join(struct.pack('<Q', p) for p in places)
    names = b'::DataSpace/Storage/MSCompressed/'
    section, files = b'', [(b'/', 0, 0, 0), (b'/inner', 1, 0, len(data))]
    reset = b'Transform/{7FC28940-9D31-11D0-9B27-00A0C91E9C7C}/InstanceData/ResetTable'
    for name, value in ((names + b'Content', packed), (names + b'ControlData', control), (names + reset, table)):
        files.append((name, 0, len(section), len(value)))
        section += value
    return chm_of(files, section)


@listed
def cab_behind_stub(data):
    return b'MZ' + bytes(510) + cab_stored(data)


# ---- tar, cpio, ar and what is built of them

def tar(data, form):
    return in_folder(data, 'tar', '--format', form, '-cf', 'out.tar', 'inner', made='out.tar')


family('tar', tar, tar_v7='v7', tar_oldgnu='oldgnu', tar_gnu='gnu', tar_ustar='ustar', tar_pax='pax')


def tar_long_name(data, form):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=form) as t:
        entry = tarfile.TarInfo('folder-of-a-name/' * 20 + 'inner')
        entry.size = len(data)
        t.addfile(entry, io.BytesIO(data))
    return out.getvalue()


family(None, tar_long_name, tar_gnu_long_name=tarfile.GNU_FORMAT, tar_pax_long_name=tarfile.PAX_FORMAT)


def tar_sparse(data, form):
    """With a hole of 1 MB behind the bytes; behind a text, which would be none with zeros at its end, a file of its own with the hole."""
    with tempfile.TemporaryDirectory() as folder:
        is_text = b'\0' not in data
        for name, inside, hole in (('inner', data, 0 if is_text else 1 << 20), ('hole', b'.', 1 << 20)):
            with open(os.path.join(folder, name), 'wb') as f:
                f.write(inside)
                f.truncate(len(inside) + hole)
        return run('tar', '-C', folder, *form, '-S', '-cf', '-', 'inner', *(['hole'] if is_text else []))


family('tar', tar_sparse, tar_gnu_sparse=('--format=gnu',), tar_pax_sparse=('--format=pax',),
       tar_pax_sparse_old=('--format=pax', '--sparse-version=0.1'))


def cpio(data, form):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'inner'), 'wb') as f:
            f.write(data)
        return subprocess.run(['cpio', '--quiet', '-o', '-H', form], input=b'inner\n', cwd=folder, check=True, capture_output=True).stdout


family('cpio', cpio, cpio_bin='bin', cpio_odc='odc', cpio_newc='newc', cpio_crc='crc', cpio_tar='tar', cpio_ustar='ustar')


@listed
@with_tool('ar')
def ar_gnu(data):
    return in_folder(data, 'ar', 'rc', 'out.a', 'inner', made='out.a')


def by_bsdtar(data, form):
    return in_folder(data, 'bsdtar', '--format', form, '-cf', 'out', 'inner', made='out')


family('bsdtar', by_bsdtar, ar_bsd='arbsd', cpio_pwb='pwb', iso_bsdtar='iso9660')


def xar_kind(data, how):
    return in_folder(data, 'bsdtar', '--format', 'xar', '--options', 'compression=' + how, '-cf', 'out', 'inner', made='out')


family('bsdtar', xar_kind, xar_bzip2='bzip2', xar_lzma='lzma', xar_xz='xz', xar_stored='none')


def deb(data, how):
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, 'p/DEBIAN'))
        os.chmod(os.path.join(folder, 'p/DEBIAN'), 0o755)
        with open(os.path.join(folder, 'p/DEBIAN/control'), 'w') as f:
            f.write('Package: p\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.com>\nDescription: p\n')
        with open(os.path.join(folder, 'p/inner'), 'wb') as f:
            f.write(data)
        subprocess.run(['dpkg-deb', '-Z' + how, '--build', 'p', 'p.deb'], cwd=folder, check=True, capture_output=True)
        with open(os.path.join(folder, 'p.deb'), 'rb') as f:
            return f.read()


family('dpkg-deb', deb, deb_xz='xz', deb_gzip='gzip', deb_stored='none')


# ---- LHA, ISO 9660, small ones

@listed
def lha_stored(data):
    def checksum(b):
        crc = 0
        for c in b:
            crc ^= c
            for _ in range(8):
                crc = crc >> 1 ^ (0xa001 if crc & 1 else 0)
        return crc
    body = b'-lh0-' + struct.pack('<IIIBB', len(data), len(data), 0x210000, 0x20, 0) + b'\5inner' + struct.pack('<H', checksum(data))
    return bytes([len(body), sum(body) & 255]) + body + data + b'\0'


def lha(data, options):
    return in_folder(data, 'jlha', 'co' + options, 'out.lzh', 'inner', made='out.lzh')


family('jlha', lha, lha_lh5='50', lha_lh6='61', lha_lh7='72')


def iso(data, options):
    return in_folder(data, 'genisoimage', '-quiet', *options.split(), '-o', 'out.iso', 'inner', made='out.iso')


family('genisoimage', iso, iso_plain='-iso-level 1', iso_joliet='-J', iso_rock_ridge='-R', iso_udf='-udf')


@listed
def alz(data):
    packed = zlib.compress(data)[2:-4]
    entry = b'BLZ\1' + struct.pack('<HBIBBBBIII', 5, 0, 0, 0x40, 0, 2, 0, zlib.crc32(data), len(packed), len(data)) + b'inner' + packed
    return b'ALZ\1\x0a\0\0\0' + entry + b'CLZ\1' + bytes(8) + b'CLZ\2'


@listed
def szdd(data):
    """All literals."""
    groups = b''.join(b'\xff' + data[i:i + 8] for i in range(0, len(data), 8))
    return b'SZDD\x88\xf0\x27\x33A\0' + struct.pack('<I', len(data)) + groups


# ---- one compressed stream

listed(gzip.compress)
listed(bz2.compress)
listed(lzma.compress)


@listed
def gzip_in_two(data):
    """Streams one behind the other, as parallel gzip writes them."""
    half = len(data) // 2
    return gzip.compress(data[:half]) + gzip.compress(data[half:])


@listed
def gzip_all_fields(data):
    """With an extra field, a name, a comment and a checksum of the head."""
    head = b'\x1f\x8b\x08\x1e\0\0\0\0\0\3' + b'\3\0abc' + b'inner\0' + b'words\0'
    return head + struct.pack('<H', zlib.crc32(head) & 0xffff) + zlib.compress(data)[2:-4] + struct.pack('<II', zlib.crc32(data), len(data))


def by_filter(data, command):
    return subprocess.run(command.split(), input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


for tool, kinds in {
        'gzip': {'gzip_fast': 'gzip -1'}, 'bzip2': {'bzip2_small': 'bzip2 -1'},
        'xz': {'xz_small': 'xz -0', 'xz_bcj': 'xz --x86 --lzma2', 'xz_unchecked': 'xz --check=none', 'lzma_alone': 'xz --format=lzma'},
        'lzip': {'lzip': 'lzip'}, 'zstd': {'zstd': 'zstd -q', 'zstd_long': 'zstd -q --long=26 -19', 'zstd_by_lz4': 'zstd -q --format=lz4'},
        'lz4': {'lz4': 'lz4 -q', 'lz4_old': 'lz4 -q -l', 'lz4_sized': 'lz4 -q --content-size -BD'},
        'compress': {'compress': 'compress -c -f', 'compress_12_bits': 'compress -c -f -b 12'}}.items():
    family(tool, by_filter, **kinds)


MAKERS = LISTED
