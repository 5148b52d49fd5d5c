"""Bombs: each ends in its verdict within two seconds of processor time and 64 MB."""
import gzip
import io
import os
import resource
import subprocess
import sys
import zipfile
import zlib

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


def pdf_loop():
    objects = ''.join(f'{i} 0 obj<</Type/Pages/Parent {(i + 1) % 5000} 0 R/Kids[{(i + 7) % 5000} 0 R {i} 0 R]>>endobj\n' for i in range(5000))
    return ('%PDF-1.7\n' + objects + 'trailer<</Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF\n').encode()


def entities(root):
    rows = ''.join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">\n' for i in range(1, 10))
    return f'<!DOCTYPE {root} [\n<!ENTITY a0 "lol">\n{rows}]>\n<{root}>{"&a9;" * 1000}</{root}>\n'.encode()


# What must be said: "limit", or anything, where there is nothing to blow up in a program that does not follow.
CASES = {
    'zip of zeros.zip': (zip_of_zeros, True), 'nested.zip': (nested, True), 'overlapping.zip': (overlapping, True),
    'deep.gz': (deep_gzip, True), 'quine.gz': (quine, True), 'multiparts nested.eml': (multiparts_nested, True), 'multiparts many.eml': (multiparts_many, True),
    'loop.pdf': (pdf_loop, False), 'entities.html': (lambda: entities('html'), True), 'entities.xml': (lambda: entities('x'), True),
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
        if ('Limit' not in run.stdout if is_limit else run.returncode not in (0, 2)) or seconds > SECONDS or after.ru_maxrss > MEMORY_KB:
            failed += 1
            print(f'FAIL {name}: exit {run.returncode}, {seconds:.1f} s, {after.ru_maxrss} KB at most so far: {run.stdout.strip()}')
        os.unlink(name)
    print(f'{len(CASES) - failed} passed, {failed} failed, 0 skipped')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
