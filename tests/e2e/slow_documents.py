"""Documents made to be slow: each has its verdict within two seconds of processor time and 64 MB."""
import os
import resource
import struct
import subprocess
import sys

import docmaker

SIZE = 8_000_000
SECONDS, MEMORY_KB = 2.0, 64 * 1024
ONE_MARK = bytes.fromhex('e716e3bd65261145a4c48d4d0b7a9eac')


def repeat(head, piece):
    return head + piece * (SIZE // len(piece))


def shared_sectors():
    """Thousands of streams that are one and the same chain of sectors."""
    streams = {f's{i}': b'' for i in range(8000)}
    streams['all'] = bytes(3_000_000)
    raw = bytearray(docmaker.cfb(streams))
    entry = raw.find('all'.encode('utf-16-le') + bytes(58))
    place = bytes(raw[entry + 116:entry + 128])
    at = raw.find('s0'.encode('utf-16-le') + bytes(60))
    while at < entry:
        raw[at + 116:at + 128] = place
        at += 128
    return bytes(raw)


def properties():
    one = struct.pack('<HHII', 0x1f, 0x1000, 1, 4) + b'a\0b\0'
    data = struct.pack('<I', 0xffffffff) + one * (SIZE // len(one))
    return struct.pack('<IH', 0x223e9f78, 1) + struct.pack('<BII', 1, 0x69003, len(data)) + data


def macros():
    """Each packed chunk of a few bytes unpacks to 4096."""
    chunk = b'\x02a' + struct.pack('<H', 4092)
    packed = b'\1' + (struct.pack('<H', 0xb000 | (len(chunk) - 1)) + chunk) * 200_000
    return docmaker.cfb({'VBA/dir': docmaker.ovba(b'nothing'), **{f'VBA/m{i}': packed for i in range(4)}})


CASES = {
    'rtf-groups': lambda: repeat(b'{\\rtf1', b'{'),
    'rtf-objects-nested': lambda: repeat(b'{\\rtf1', b'{\\objdata 01'),
    'rtf-objects': lambda: repeat(b'{\\rtf1', b'{\\objdata 01}'),
    'rtf-readings': lambda: repeat(b'{\\rtf1{\\objdata ', b"{\\'41}4"),
    'rtf-bin': lambda: repeat(b'{\\rtf1', b'\\bin7 objdata'),
    'rtf-pictures': lambda: repeat(b'{\\rtf1', b'{\\pict 41}'),
    'tnef-attributes': lambda: repeat(struct.pack('<IH', 0x223e9f78, 1), struct.pack('<BIIH', 2, 0x69002, 0, 0)),
    'tnef-properties': properties,
    'onenote-marks': lambda: repeat(bytes.fromhex('e4525c7b8cd8a74daeb15378d02996d3'), ONE_MARK + struct.pack('<QIQ', 1 << 63, 0, 0)),
    'xml-parts': lambda: repeat(b'<?xml version="1.0"?>', b'<binData>aGVs</binData>'),
    'xml-words': lambda: repeat(b'<?xml version="1.0"?>', b'Data'),
    'ole2-shared-sectors': shared_sectors,
    'vba-bomb': macros,
}


def main():
    failed = 0
    for name, make in CASES.items():
        with open(name, 'wb') as f:
            f.write(make())
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = subprocess.run([os.path.join(os.environ['BIN'], 'convscan'), name], capture_output=True, timeout=120)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if run.returncode not in (0, 2) or seconds > SECONDS or after.ru_maxrss > MEMORY_KB:
            failed += 1
            print(f'FAIL {name}: exit {run.returncode}, {seconds:.1f} s, {after.ru_maxrss} KB at most so far')
    print(f'{len(CASES) - failed} passed, {failed} failed, 0 skipped')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
