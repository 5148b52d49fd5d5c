"""Images of disks whose files stand in pieces, or cannot be read."""
import os
import shutil

import diskmaker as d
from oddkit import CLOSED, FOUND, PACKED, patched

# Clusters of these stand in any order but the right one.
LONG = PACKED + bytes(range(256)) * 60


def cases(missing):
    for bits in (12, 16, 32):
        yield f'fat{bits}', d.fat(LONG, bits), FOUND
        yield f'fat{bits}-without-name', patched(d.fat(LONG, bits), (54, bytes(8)), (82, bytes(8))), FOUND
        yield f'fat{bits}-root', d.fat(PACKED, bits, False), FOUND
    yield 'exfat', d.exfat(LONG), FOUND
    yield 'exfat-in-a-row', d.exfat(LONG, True), FOUND
    yield 'exfat-root', d.exfat(PACKED, folder=False), FOUND
    yield 'exfat-valid', d.exfat(PACKED + b'never shown', True, valid=len(PACKED)), FOUND
    yield 'exfat-no-sectors', patched(d.exfat(LONG), (108, b'\x0d')), CLOSED
    yield 'exfat-partition', d.gpt(d.exfat(LONG)), FOUND
    yield 'exfat-vhd-sparse', d.vhd_dynamic(d.mbr(d.exfat(LONG))), FOUND
    mkfs = shutil.which('mkfs.exfat', path=os.environ['PATH'] + ':/usr/sbin:/sbin')
    if mkfs:
        yield 'exfat-by-tool', d.exfat_by_tool(mkfs, LONG), FOUND
    else:
        missing.add('mkfs.exfat')
    yield 'hfs', d.hfs(LONG), FOUND
    yield 'hfs-partition', d.gpt(d.hfs(LONG)), FOUND
    yield 'hfs-packed-file', d.hfs(b'', marks=0x20), CLOSED
    yield 'hfs-file-in-many-pieces', d.hfs(LONG, size=1 << 20), CLOSED
    yield 'hfs-no-leaf', patched(d.hfs(LONG), (8 * 512 + 1024 + 8, b'\0')), CLOSED
    yield 'hfs-beside-partitions', patched(d.mbr(d.fat(LONG, 12)), (1024, d.hfs(b'')[1024:1536])), FOUND
    for kind, packer in d.DMG_PACKERS.items():
        yield f'dmg-{packer.__module__}-{packer.__name__}', d.dmg(d.hfs(LONG), kind), FOUND
    yield 'dmg-of-partitions', d.dmg(d.gpt(d.fat(LONG, 16)), each=61440), FOUND
    yield 'dmg-lzfse', d.dmg(d.hfs(LONG), 0x80000007), CLOSED
    yield 'dmg-of-apfs', d.dmg(bytes(32) + b'NXSB' + bytes(5000)), CLOSED
    yield 'dmg-no-list', bytes(3000) + d.dmg(b'')[-512:], CLOSED
    yield 'dmg-one-of-many', patched(d.dmg(b'harmless' * 90), (-512 + 60, b'\0\0\0\2')), CLOSED
    yield 'dmg-encrypted', b'encrcdsa\0\0\0\2' + bytes(5000), CLOSED
    yield 'ntfs', d.ntfs(LONG), FOUND
    yield 'ntfs-small', d.ntfs(PACKED, True), FOUND
    yield 'ntfs-packed', d.ntfs(LONG, marks=1), CLOSED
    yield 'ntfs-locked', d.ntfs(LONG, marks=0x4000), CLOSED
    yield 'ntfs-no-table', patched(d.ntfs(LONG), (4 * 4096, b'BAAD')), CLOSED
    yield 'partition', d.mbr(d.ntfs(LONG)), FOUND
    yield 'partition-in-partition', d.mbr_extended(d.ntfs(LONG)), FOUND
    yield 'gpt', d.gpt(d.fat(LONG, 16)), FOUND
    yield 'partition-of-kind-0', d.mbr(d.ntfs(LONG), 0), FOUND
    yield 'partition-behind-volume', patched(d.mbr(d.ntfs(LONG)), (0, d.fat(b'harmless', 12)[:62])), FOUND
    yield 'gpt-gone', patched(d.gpt(d.ntfs(LONG)), (512, bytes(8))), CLOSED
    yield 'gpt-of-odd-entries', patched(d.gpt(d.ntfs(LONG)), (512 + 84, b'\1')), CLOSED
    yield 'vhd-without-partitions', d.vhd_fixed(bytes(510) + b'\x55\xaa' + bytes(5000)), CLOSED
    yield 'partition-of-another-system', d.mbr(b'something else' * 400), CLOSED
    yield 'vhd', d.vhd_fixed(d.mbr(d.ntfs(LONG))), FOUND
    yield 'vhd-sparse', d.vhd_dynamic(d.gpt(d.ntfs(LONG))), FOUND
    yield 'vhd-sparse-no-end', d.vhd_dynamic(d.mbr(d.fat(LONG, 12)))[:-512], FOUND
    yield 'vhd-of-another', patched(d.vhd_dynamic(d.mbr(d.ntfs(LONG))), (60, b'\0\0\0\4'), (-452, b'\0\0\0\4')), CLOSED
    yield 'vhdx', d.vhdx(d.gpt(d.ntfs(LONG))), FOUND
    yield 'vhdx-no-regions', patched(d.vhdx(d.gpt(d.ntfs(LONG))), (192 << 10, b'gone')), CLOSED
    ring = bytearray(d.fat(LONG, 16))
    at = 512 + 2 * 3                                        # the folder's own chain leads back to it
    ring[at:at + 2] = b'\3\0'
    yield 'folder-in-a-ring', bytes(ring), FOUND
    ring = bytearray(d.exfat(LONG))
    at = 24 * 512 + 4 * 6
    ring[at:at + 4] = b'\4\0\0\0'
    yield 'exfat-folder-in-a-ring', bytes(ring), FOUND
