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
    yield 'ntfs', d.ntfs(LONG), FOUND
    yield 'ntfs-small', d.ntfs(PACKED, True), FOUND
    yield 'ntfs-packed', d.ntfs(LONG, marks=1), CLOSED
    yield 'ntfs-locked', d.ntfs(LONG, marks=0x4000), CLOSED
    yield 'ntfs-no-table', patched(d.ntfs(LONG), (4 * 4096, b'BAAD')), CLOSED
    yield 'partition', d.mbr(d.ntfs(LONG)), FOUND
    yield 'partition-in-partition', d.mbr_extended(d.ntfs(LONG)), FOUND
    yield 'gpt', d.gpt(d.fat(LONG, 16)), FOUND
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
