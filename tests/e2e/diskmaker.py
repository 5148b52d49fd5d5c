"""Images of disks with one file on them: FAT, exFAT and NTFS, with and without partitions, raw and in the formats of virtual machines."""
import base64
import bz2
import lzma
import os
import struct
import subprocess
import tempfile
import uuid
import zlib

SECTOR = 512


def padded(data, to):
    return data + bytes(-len(data) % to)


def long_name(name, short):
    """Entries of a long name, the last piece first, in front of the short one."""
    check = 0
    for c in short:
        check = ((check & 1) << 7 | check >> 1) + c & 255
    units = name.encode('utf-16-le') + b'\0\0'
    units += b'\xff' * (-len(units) % 26)
    pieces = [units[i:i + 26] for i in range(0, len(units), 26)]
    out = b''
    for i in range(len(pieces), 0, -1):
        p = pieces[i - 1]
        out += bytes([i | (0x40 if i == len(pieces) else 0)]) + p[:10] + b'\x0f\0' + bytes([check]) + p[10:22] + bytes(2) + p[22:]
    return out


def entry(short, kind, first, size):
    return short + bytes([kind]) + bytes(8) + struct.pack('<HIHI', first >> 16, 0, first & 0xffff, size)


def fat(data, bits, folder=True):
    """The file in a folder; its clusters stand in reverse, so that only the table tells their order."""
    per = 1 if bits == 32 else 4
    size = per * SECTOR
    n = (len(data) + size - 1) // size
    least = {12: 64, 16: 4200, 32: 2000}[bits]          # FAT32 has 65,525 at least; nobody counts
    clusters = max(least, n + 8)
    table_sectors = (clusters + 2) * bits // 8 // SECTOR + 1
    chains = {0: 0x0ffffff8, 1: 0x0fffffff, 2: 0x0fffffff, 3: 0x0fffffff}
    order = list(range(4 + n - 1, 3, -1))
    for a, b in zip(order, order[1:] + [0x0fffffff]):
        chains[a] = b
    cells = [chains.get(i, 0) & ((1 << (28 if bits == 32 else bits)) - 1) for i in range(clusters + 2)]
    if bits == 12:
        cells += [0] * (len(cells) % 2)
        table = b''.join((a | b << 12).to_bytes(3, 'little') for a, b in zip(cells[::2], cells[1::2]))
    else:
        table = struct.pack(f'<{len(cells)}{"I" if bits == 32 else "H"}', *cells)
    table = table.ljust(table_sectors * SECTOR, b'\0')
    reserved, roots = (32, 0) if bits == 32 else (1, 512)
    total = reserved + 2 * table_sectors + roots * 32 // SECTOR + clusters * per
    boot = (b'\xeb\x58' if bits == 32 else b'\xeb\x3c') + b'\x90MSDOS5.0' + struct.pack('<HBHBHHBHHHII', SECTOR, per, reserved, 2, roots, 0, 0xf8, 0 if bits == 32 else table_sectors, 32, 2, 0, total)
    if bits == 32:
        boot += struct.pack('<IHHIHH12x', table_sectors, 0, 0, 2, 1, 6) + b'\x80\0\x29' + bytes(4) + b'NO NAME    FAT32   '
    else:
        boot += b'\x80\0\x29' + bytes(4) + b'NO NAME    FAT%d   ' % bits
    boot = boot.ljust(510, b'\0') + b'\x55\xaa'
    first = order[0] if n else 0
    file_entries = long_name('the file of a long name.bin', b'THEFIL~1BIN') + entry(b'THEFIL~1BIN', 0x20, first, len(data))
    root = entry(b'DISK       ', 8, 0, 0) + entry(b'\xe5LD     TXT', 0x20, 0, 0)
    root += entry(b'FOLDER     ', 0x10, 3, 0) if folder else file_entries
    inner = entry(b'.          ', 0x10, 3, 0) + entry(b'..         ', 0x10, 0, 0) + file_entries
    area = bytearray(clusters * size)
    area[size:size + len(inner)] = inner                # cluster 3
    for i, c in enumerate(order):
        piece = data[i * size:(i + 1) * size]
        area[(c - 2) * size:(c - 2) * size + len(piece)] = piece
    if bits == 32:
        area[:len(root)] = root
        root = b''
    return boot.ljust(reserved * SECTOR, b'\0') + table * 2 + (root.ljust(roots * 32, b'\0')) + bytes(area)


def exfat_sum(data, bits):
    check = 0
    for c in data:
        check = ((check << bits - 1 | check >> 1) + c) & (1 << bits) - 1
    return check


def exfat_set(name, marks, first, size, in_a_row, valid=None):
    """The entries of a file: how many, place and size, pieces of the name."""
    units = name.encode('utf-16-le')
    pieces = [units[i:i + 30].ljust(30, b'\0') for i in range(0, len(units), 30)]
    rest = struct.pack('<BBBBHHQIIQ', 0xc0, 3 if in_a_row else 1, 0, len(name), exfat_sum(name.upper().encode('utf-16-le'), 16), 0, size if valid is None else valid, 0, first, size)
    rest += b''.join(b'\xc1\0' + p for p in pieces)
    head = struct.pack('<BBHHH', 0x85, 1 + len(pieces), 0, marks, 0).ljust(32, b'\0')
    return head[:2] + struct.pack('<H', exfat_sum(head[:2] + head[4:] + rest, 16)) + head[4:] + rest


def exfat(data, in_a_row=False, folder=True, valid=None):
    """The file in a folder, in clusters of a sector that stand in a row, or in reverse; in front of it one that was removed."""
    n = (len(data) + SECTOR - 1) // SECTOR
    clusters = n + 16
    order = list(range(8, 8 + n)) if in_a_row else list(range(7 + n, 7, -1))
    cells = [0xfffffff8, 0xffffffff] + [0] * clusters
    for c in (2, 3, 5):
        cells[c] = 0xffffffff
    cells[4], cells[6] = 6, 0xffffffff                  # the folder's second cluster is not the next one
    for a, b in zip(order, order[1:] + [0xffffffff]):
        cells[a] = 0 if in_a_row else b
    table = padded(struct.pack(f'<{len(cells)}I', *cells), SECTOR)
    heap = 24 + len(table) // SECTOR
    boot = b'\xeb\x76\x90EXFAT   ' + bytes(53) + struct.pack('<QQIIIIIIHHBBBBB', 0, heap + clusters, 24, len(table) // SECTOR, heap, clusters, 5, 1, 0x100, 0, 9, 0, 1, 0x80, 0)
    boot = boot.ljust(510, b'\0') + b'\x55\xaa'
    removed = bytearray(exfat_set('removed.txt', 0x20, 8, 5, True))
    for i in range(0, len(removed), 32):
        removed[i] &= 0x7f
    file = bytes(removed) + exfat_set('the file of a long name, which takes more than a sector with those in front of it.bin', 0x20, order[0] if n else 0, len(data), in_a_row, valid)
    inner = b''.join(exfat_set(f'empty {i}', 0x20, 0, 0, False) for i in range(3)) + file
    root = b'\x83\4' + 'DISK'.encode('utf-16-le').ljust(30, b'\0')
    root += struct.pack('<BB18xIQ', 0x81, 0, 2, (clusters + 7) // 8) + (exfat_set('folder', 0x10, 4, 2 * SECTOR, False) if folder else file)
    area = bytearray(clusters * SECTOR)

    def put(cluster, piece):
        area[(cluster - 2) * SECTOR:(cluster - 2) * SECTOR + len(piece)] = piece
    put(2, b'\xff' * ((clusters + 7) // 8))
    put(4, inner[:SECTOR])
    put(6, inner[SECTOR:])
    put(5, root)
    for i, c in enumerate(order):
        put(c, data[i * SECTOR:(i + 1) * SECTOR])
    front = boot + (bytes(SECTOR - 2) + b'\x55\xaa') * 8 + bytes(2 * SECTOR)
    check = exfat_sum(front[:106] + front[108:112] + front[113:], 32)
    front += struct.pack('<I', check) * (SECTOR // 4)
    return front * 2 + table + bytes(area)


def exfat_by_tool(mkfs, data):
    """A volume that mkfs.exfat made, and the file put into its root."""
    with tempfile.TemporaryDirectory() as room:
        path = os.path.join(room, 'disk')
        with open(path, 'wb') as f:
            f.truncate(4 << 20)
        subprocess.run([mkfs, '-c', '4096', path], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(path, 'rb') as f:
            disk = bytearray(f.read())
    heap, clusters, root = struct.unpack('<III', disk[88:100])
    size = 1 << disk[108] + disk[109]
    first = clusters + 2 - (len(data) + size - 1) // size

    def at(cluster):
        return (heap << disk[108]) + (cluster - 2) * size
    end = disk.index(bytes(32), at(root))
    end -= (end - at(root)) % 32
    while disk[end]:
        end += 32
    entries = exfat_set('a file.bin', 0x20, first, len(data), True)
    disk[end:end + len(entries)] = entries
    disk[at(first):at(first) + len(data)] = data
    return bytes(disk)


def attribute(kind, value=None, runs=None, size=0, marks=0):
    if runs is None:
        body = struct.pack('<IHBB', len(value), 24, 0, 0) + value
        head = struct.pack('<IIBBHHH', kind, 16 + len(padded(body, 8)), 0, 0, 24, marks, 0)
        return head + padded(body, 8)
    n = sum(r[0] for r in runs)
    body = struct.pack('<QQHHIQQQ', 0, n - 1, 64, 0, 0, n * 4096, size, size)
    coded, before = b'', 0
    for count, at in runs:
        coded += b'\x42' + struct.pack('<Hi', count, at - before)
        before = at
    body += padded(coded + b'\0', 8)
    return struct.pack('<IIBBHHH', kind, 16 + len(body), 1, 0, 64, marks, 0) + body


def record(number, marks, *attributes):
    body = b''.join(attributes) + b'\xff\xff\xff\xff' + bytes(4)
    head = b'FILE' + struct.pack('<HHQHHHHIIQHHI', 48, 3, 0, 1, 1, 56, marks, 56 + len(body), 1024, 0, 9, 0, number)
    made = bytearray((head + bytes(8) + body).ljust(1024, b'\0'))
    made[48:54] = b'\7\0' + made[510:512] + made[1022:1024]
    made[510:512] = made[1022:1024] = b'\7\0'
    return bytes(made)


def file_name(name, folder=5):
    return attribute(0x30, struct.pack('<QQQQQQQII', folder | 5 << 48, 0, 0, 0, 0, 0, 0, 0x20, 0) + bytes([len(name), 1]) + name.encode('utf-16-le'))


def ntfs(data, resident=False, marks=0):
    """Clusters of 4 KB: boot, table, then the file in two runs, the second of which stands in front of the first."""
    n = (len(data) + 4095) // 4096
    half = n // 2
    table_at, first_at, second_at = 4, 40, 12
    if half > first_at - second_at:
        first_at = second_at + half
    runs = [(n - half, first_at)] + ([(half, second_at)] if half else [])
    content = attribute(0x80, data) if resident else attribute(0x80, runs=runs, size=len(data), marks=marks)
    records = [record(i, 1, file_name(f'$System{i}')) for i in range(17)]
    records[0] = record(0, 1, file_name('$MFT'), attribute(0x80, runs=[(5, table_at)], size=5 * 4096))
    records[5] = record(5, 3, file_name('.'))
    records.append(record(17, 1, attribute(0x10, bytes(48)), file_name('a file.bin'), content))
    records.append(record(18, 0, file_name('removed')))
    total = first_at + n - half + 8
    disk = bytearray(total * 4096)
    boot = b'\xebR\x90NTFS    ' + struct.pack('<HBHBHHBHHHIII', 512, 8, 0, 0, 0, 0, 0xf8, 0, 63, 255, 0, 0, 0x800080)
    boot += struct.pack('<QQQbxxxbxxxQ', total * 8 - 1, table_at, table_at, -10, 1, 1)
    disk[:512] = boot.ljust(510, b'\0') + b'\x55\xaa'
    whole = b''.join(records)
    disk[table_at * 4096:table_at * 4096 + len(whole)] = whole
    for (count, at), piece in zip(runs, (data[:(n - half) * 4096], data[(n - half) * 4096:])):
        disk[at * 4096:at * 4096 + len(piece)] = piece
    return bytes(disk)


def mbr(volume, kind=7):
    """One partition from sector 64 on."""
    n = len(padded(volume, SECTOR)) // SECTOR
    return bytes(446) + struct.pack('<B3xB3xII', 0x80, kind, 64, n) + bytes(48) + b'\x55\xaa' + bytes(63 * SECTOR) + padded(volume, SECTOR)


def mbr_extended(volume):
    n = len(padded(volume, SECTOR)) // SECTOR
    outer = bytes(446) + struct.pack('<B3xB3xII', 0, 15, 8, n + 1) + bytes(48) + b'\x55\xaa'
    inner = bytes(446) + struct.pack('<B3xB3xII', 0, 7, 1, n) + bytes(48) + b'\x55\xaa'
    return outer.ljust(8 * SECTOR, b'\0') + inner + padded(volume, SECTOR)


def gpt(volume):
    n = len(padded(volume, SECTOR)) // SECTOR
    guid = uuid.UUID('ebd0a0a2-b9e5-4433-87c0-68b6b72699c7').bytes_le
    cells = (guid + uuid.UUID(int=1).bytes_le + struct.pack('<QQQ', 64, 63 + n, 0) + 'disk'.encode('utf-16-le')).ljust(128 * 128, b'\0')

    def head(check):
        return b'EFI PART' + struct.pack('<IIIIQQQQ16sQIII', 0x10000, 92, check, 0, 1, 64 + n, 34, 63 + n, guid, 2, 128, 128, zlib.crc32(cells))
    protect = bytes(446) + struct.pack('<B3xB3xII', 0, 0xee, 1, 63 + n) + bytes(48) + b'\x55\xaa'
    return (protect + head(zlib.crc32(head(0))).ljust(SECTOR, b'\0') + cells).ljust(64 * SECTOR, b'\0') + padded(volume, SECTOR)


def vhd_foot(size, kind, at):
    foot = b'conectix' + struct.pack('>IIQI4sI4sQQIII', 2, 0x10000, at, 0, b'test', 0x10000, b'Wi2k', size, size, 0x03ff1011, kind, 0) + bytes(16)
    foot = foot.ljust(SECTOR, b'\0')
    return foot[:64] + struct.pack('>I', ~sum(foot) & 0xffffffff) + foot[68:]


def vhd_fixed(disk):
    return padded(disk, SECTOR) + vhd_foot(len(padded(disk, SECTOR)), 2, 0xffffffffffffffff)


def vhd_dynamic(disk, block=1 << 16):
    """Blocks that are all zeros are left out; the others stand last one first."""
    disk = padded(disk, block)
    n = len(disk) // block
    foot = vhd_foot(len(disk), 3, SECTOR)
    head = b'cxsparse' + struct.pack('>QQIII', 0xffffffffffffffff, 3 * SECTOR, 0x10000, n, block)
    head = head.ljust(1024, b'\0')
    head = head[:36] + struct.pack('>I', ~sum(head) & 0xffffffff) + head[40:]
    table_bytes = len(padded(bytes(4 * n), SECTOR))
    at, cells, body = 3 * SECTOR + table_bytes, [0xffffffff] * n, b''
    bits = padded(b'\xff' * (block // SECTOR // 8), SECTOR)
    for i in range(n - 1, -1, -1):
        piece = disk[i * block:(i + 1) * block]
        if any(piece):
            cells[i] = (at + len(body)) // SECTOR
            body += bits + piece
    return foot + head + struct.pack(f'>{n}I', *cells).ljust(table_bytes, b'\xff') + body + foot


def vhdx(disk, block=1 << 20):
    mb = 1 << 20
    disk = padded(disk, block)
    n = len(disk) // block
    ratio = (1 << 23) * 512 // block
    cells, body, at = [], b'', 4 * mb
    for i in range(n):
        if i and i % ratio == 0:
            cells.append(0)
        piece = disk[i * block:(i + 1) * block]
        cells.append(at + len(body) | 6 if any(piece) else 0)
        body += piece if any(piece) else b''

    def guid(text):
        return uuid.UUID(text).bytes_le
    items = [('caa16737-fa36-4d43-b3b6-33f0aa44e76b', struct.pack('<II', block, 0)), ('2fa54224-cd1b-4876-b211-5dbed83bf4b8', struct.pack('<Q', len(disk))),
             ('8141bf1d-a96f-4709-ba47-f233a8faab5f', struct.pack('<I', 512)), ('cda348c7-445d-4471-9cc9-e9885251c556', struct.pack('<I', 512)),
             ('beca12ab-b2e6-4523-93ef-c309e000c746', bytes(16))]
    meta, values = b'metadata' + struct.pack('<HH20x', 0, len(items)), b''
    for name, value in items:
        meta += guid(name) + struct.pack('<IIII', 65536 + len(values), len(value), 4, 0)
        values += value
    meta = (meta.ljust(65536, b'\0') + values).ljust(mb, b'\0')
    regions = b'regi' + struct.pack('<III', 0, 2, 0)
    regions += guid('2dc27766-f623-4200-9d64-115e9bfd4a08') + struct.pack('<QII', 2 * mb, mb, 1)
    regions += guid('8b7ca206-4790-4b9a-b8fe-575f050f886e') + struct.pack('<QII', 3 * mb, mb, 1)
    head = b'vhdxfile'.ljust(65536, b'\0') + (b'head' + struct.pack('<IQ', 0, 1)).ljust(65536, b'\0') * 2 + regions.ljust(65536, b'\0')
    head = head[:192 << 10] + regions.ljust(65536, b'\0')
    return head.ljust(2 * mb, b'\0') + struct.pack(f'<{len(cells)}Q', *cells).ljust(mb, b'\0') + meta + body


def hfs(data, marks=0, size=None):
    """HFS+ in blocks of 512 bytes: two leaves, the first one with a folder and the file before it; the file in two pieces, the second one in front."""
    n = (len(data) + SECTOR - 1) // SECTOR
    half = n // 2
    catalogue_at, first_at, second_at = 8, 40 + half, 40
    node = 1024

    def fork(size, *pieces):
        return struct.pack('>QII', size, 0, sum(p[1] for p in pieces)) + b''.join(struct.pack('>II', *p) for p in pieces).ljust(64, b'\0')

    def leaf(number, forward, *records):
        body = struct.pack('>IIbBHH', forward, 0, -1, 1, len(records), 0)
        places = []
        for name, kind, what in records:
            places.append(len(body))
            key = struct.pack('>IH', 2, len(name)) + name.encode('utf-16-be')
            body += struct.pack('>H', len(key)) + key + struct.pack('>H', kind) + what
        places.append(len(body))
        return body.ljust(node - 2 * len(places), b'\0') + b''.join(struct.pack('>H', p) for p in reversed(places))

    def file(name, contents, flags=0):
        return name, 2, (bytes(39) + bytes([flags]) + bytes(46)) + contents + fork(0)
    head = struct.pack('>IIbBHH', 0, 0, 1, 0, 3, 0) + struct.pack('>HIIIIHHII', 2, 3, 3, 1, 2, node, 516, 4, 0).ljust(106, b'\0')
    pieces = ([(first_at, n - half)] if n - half else []) + ([(second_at, half)] if half else [])
    tree = head.ljust(node, b'\0') + leaf(1, 2, file('empty', fork(0)), ('folder', 1, bytes(86)))
    tree += leaf(2, 0, file('a file.bin', fork(len(data) if size is None else size, *pieces), marks)) + bytes(node)
    total = 40 + n + 8
    volume = b'H+' + struct.pack('>HI24xII', 4, 0x100, 2, 1) + struct.pack('>II', SECTOR, total) + bytes(64)
    volume += fork(SECTOR, (6, 1)) + fork(0) + fork(len(tree), (catalogue_at, len(tree) // SECTOR)) + fork(0) + fork(0)
    disk = bytearray(total * SECTOR)
    disk[1024:1024 + len(volume)] = disk[-1024:-1024 + len(volume)] = volume
    disk[catalogue_at * SECTOR:catalogue_at * SECTOR + len(tree)] = tree
    for at, piece in ((first_at, data[:(n - half) * SECTOR]), (second_at, data[(n - half) * SECTOR:])):
        disk[at * SECTOR:at * SECTOR + len(piece)] = piece
    return bytes(disk)


def adc(data):
    """Apple's packing, of bytes as they are and, where a run of one byte comes, of what stands in front."""
    out, i = b'', 0
    while i < len(data):
        run = len(data) - i - len(data[i:i + 60].lstrip(data[i - 1:i])) - (len(data) - len(data[:i + 60])) if i else 0
        if run >= 4:
            out += struct.pack('>BH', 0x40 | run - 4, 0)
            i += run
        elif run == 3:
            out += b'\0\0'
            i += 3
        else:
            out += b'\x80' + data[i:i + 1]
            i += 1
    return out


DMG_PACKERS = {1: bytes, 0x80000004: adc, 0x80000005: zlib.compress, 0x80000006: bz2.compress, 0x80000008: lzma.compress}


def dmg(volume, kind=0x80000005, each=4096, spread=True):
    """The volume in pieces, of which those of zeros are left out; with spread the packed ones stand last one first."""
    volume = padded(volume, SECTOR)
    pieces = [(i // SECTOR, volume[i:i + each]) for i in range(0, len(volume), each)]
    packed = {at: DMG_PACKERS.get(kind, bytes)(p) for at, p in pieces if any(p)}
    fork, places = bytes(64), {}
    for at in sorted(packed, reverse=spread):
        places[at] = len(fork)
        fork += packed[at]
    rows = b''.join(struct.pack('>IIQQQQ', kind if at in places else 2, 0, at, len(p) // SECTOR, places.get(at, 0), len(packed.get(at, b''))) for at, p in pieces)
    rows += struct.pack('>IIQQQQ', 0xffffffff, 0, len(volume) // SECTOR, 0, 0, 0)
    mish = struct.pack('>4sIQQQII', b'mish', 1, 0, len(volume) // SECTOR, 0, 0, 0).ljust(200, b'\0') + struct.pack('>I', len(pieces) + 1) + rows
    none = struct.pack('>4sIQQQII', b'mish', 1, 0, 8, 0, 0, 0).ljust(200, b'\0') + struct.pack('>IIIQQQQ', 1, 2, 0, 0, 8, 0, 0)
    entries = ''.join(f'<dict><key>CFName</key><string>{name}</string><key>Data</key><data>\n{base64.encodebytes(data).decode()}</data><key>ID</key><string>{i}</string></dict>'
                      for i, (name, data) in enumerate((('free', none), ('disk image (Apple_HFS : 1)', mish))))
    xml = f'<?xml version="1.0"?><plist version="1.0"><dict><key>resource-fork</key><dict><key>blkx</key><array>{entries}</array></dict></dict></plist>'.encode()
    tail = struct.pack('>4sIIIQQQQQII', b'koly', 4, 512, 1, 0, 0, len(fork), 0, 0, 1, 1).ljust(216, b'\0') + struct.pack('>QQ', len(fork), len(xml))
    return fork + xml + tail.ljust(492, b'\0') + struct.pack('>Q', len(volume) // SECTOR) + bytes(12)


# For nestings: each of these around any bytes.
def disk_fat(data):
    return fat(data, 12)


def disk_exfat(data):
    return mbr(exfat(data))


def disk_dmg(data):
    return dmg(hfs(data))


def disk_ntfs(data):
    return mbr(ntfs(data))


def disk_vhd(data):
    return vhd_fixed(gpt(ntfs(data)))


def disk_vhd_sparse(data):
    return vhd_dynamic(mbr(fat(data, 12)))


MAKERS = [disk_fat, disk_exfat, disk_dmg, disk_ntfs, disk_vhd, disk_vhd_sparse]
