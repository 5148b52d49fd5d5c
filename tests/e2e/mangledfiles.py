"""Archives with the test file in them, damaged at random places (the same ones every time). Where convscan calls such a file clean, the
programs that people open it with are asked: none of them may still take the test file out of it. MANGLED=5000 MANGLED_SEED=2 for others."""
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

import diskmaker
import docmaker
import mailkit as kit

TRIES = int(os.environ.get('MANGLED', 300))
FILES = {'a.txt': b'the first\n' * 5, 'e.com': kit.EICAR, 'deep/b.txt': b'the last\n' * 30}

PDF = 'qpdf --empty --static-id --add-attachment e.com --creationdate=D:20200101000000Z --moddate=D:20200101000000Z'

# The file's name and the command that makes it of the files above, in their folder.
MADE = {
    'deflated.zip': 'zip -qr9 OUT .', 'stored.zip': 'zip -qr0 OUT .', 'streamed.zip': 'zip -qr - . >OUT', 'bzip2.zip': 'zip -qrZ bzip2 OUT .',
    'lzma.zip': '7z a -tzip -mm=lzma OUT . >&2', 'deflate64.zip': '7z a -tzip -mm=deflate64 OUT . >&2', 'by-bsdtar.zip': 'bsdtar -c --format zip -f OUT .',
    'a.7z': '7z a OUT . >&2', 'stored.7z': '7z a -mx=0 OUT . >&2', 'by-bsdtar.7z': 'bsdtar -c --format 7zip -f OUT .',
    'gnu.tar': 'tar -c --format gnu -f OUT *', 'ustar.tar': 'tar -c --format ustar -f OUT *',
    'pax.tar': 'tar -c --format pax --pax-option=exthdr.name=%d/PaxHeaders/%f,atime:=1,ctime:=1 -f OUT *', 'v7.tar': 'tar -c --format v7 -f OUT *',
    'a.tar.gz': 'tar -czf OUT *', 'a.tar.bz2': 'tar -cjf OUT *', 'a.tar.xz': 'tar -cJf OUT *', 'a.tar.zst': 'tar -c --zstd -f OUT *',
    'odc.cpio': 'bsdtar -c --format odc --uid 0 --gid 0 -f OUT *',
    'newc.cpio': 'find * | sort | cpio -o --quiet --reproducible -R 0:0 -H newc >OUT', 'a.a': 'ar rc OUT a.txt e.com',
    'a.xar': 'bsdtar -c --format xar -f OUT *', 'a.iso': 'bsdtar -c --format iso9660 -f OUT *', 'a.cab': 'lcab -r . OUT >&2', 'mszip.cab': 'gcab -cz OUT a.txt e.com',
    'a.lzh': 'lha c OUT a.txt e.com >&2', 'e.com.gz': 'gzip -c e.com >OUT', 'e.com.bz2': 'bzip2 -c e.com >OUT', 'e.com.xz': 'xz -c e.com >OUT',
    'e.com.lzma': 'xz --format=lzma -c e.com >OUT', 'e.com.zst': 'zstd -qc e.com >OUT', 'e.com.lz4': 'lz4 -qc e.com >OUT', 'e.com.Z': 'compress -c e.com >OUT',
    'a.pdf': f'{PDF} -- OUT', 'streams.pdf': f'{PDF} -- --object-streams=generate OUT',
    'locked.pdf': f"{PDF} -- --allow-weak-crypto --encrypt '' x 128 --use-aes=n -- OUT",
}
# The same of what is made of the file's bytes.
BY_HAND = {'fat.img': diskmaker.disk_fat, 'ntfs.img': diskmaker.disk_ntfs,
           'fixed.vhd': diskmaker.disk_vhd, 'sparse.vhd': diskmaker.disk_vhd_sparse, 'stream.doc': docmaker.ole_stream, 'a.msi': docmaker.installer,
           'winmail.dat': docmaker.tnef}
# Who opens a file with such a name, with FILE in a folder of its own; what goes to standard output is a file too.
READERS = [
    (('.zip',), ['unzip', '-o', '-q', 'FILE']), (('.zip',), ['python3', '-c', 'import sys,zipfile;zipfile.ZipFile(sys.argv[1]).extractall()', 'FILE']),
    (('.tar', '.gz', '.bz2', '.xz', '.zst', '.a', '.cpio', '.7z', '.zip', '.xar', '.iso', '.cab', '.lzh', '.lzma', '.Z', '.lz4'), ['bsdtar', '-xf', 'FILE']),
    (('',), ['7z', 'x', '-y', 'FILE']), (('.tar', '.tar.gz', '.tar.bz2', '.tar.xz', '.tar.zst'), ['tar', '-xf', 'FILE']), (('.a',), ['ar', 'x', 'FILE']),
    (('.cpio',), ['cpio', '-id', '--quiet', '-F', 'FILE']), (('.cab',), ['cabextract', '-q', 'FILE']), (('.lzh',), ['lha', 'xqf', 'FILE']),
    (('.com.gz', '.com.Z'), ['gzip', '-dc', 'FILE']), (('.com.bz2',), ['bzip2', '-dc', 'FILE']), (('.com.xz', '.com.lzma'), ['xz', '-dc', 'FILE']),
    (('.com.zst',), ['zstd', '-dc', 'FILE']), (('.com.lz4',), ['lz4', '-dc', 'FILE']), (('.pdf',), ['pdfdetach', '-saveall', 'FILE']),
    (('.pdf',), ['qpdf', '--warning-exit-0', '--show-attachment=e.com', 'FILE']), (('.dat',), ['tnef', '--overwrite', '--number-backups', '-f', 'FILE']),
]
NUMBERS = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff]


def seeds():
    """Name and bytes of each archive whose maker is there."""
    owned = {**os.environ, 'TAR_OPTIONS': '--owner=root:0 --group=root:0'}
    with tempfile.TemporaryDirectory() as room:
        for name, content in FILES.items():
            os.makedirs(os.path.dirname(f'{room}/in/{name}'), exist_ok=True)
            with open(f'{room}/in/{name}', 'wb') as f:
                f.write(content)
        for where, _, names in os.walk(f'{room}/in'):
            for name in (where, *(os.path.join(where, n) for n in names)):
                os.chmod(name, 0o755)
                os.utime(name, (1 << 30, 1 << 30))
        for name, command in MADE.items():
            out = f'{room}/{name}'
            if shutil.which(command.split()[0]):
                subprocess.run(command.replace('OUT', out), shell=True, cwd=f'{room}/in', env=owned, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, check=False)
            if os.path.exists(out) and os.path.getsize(out):
                with open(out, 'rb') as f:
                    yield name, f.read()
    for name, make in BY_HAND.items():
        yield name, make(kit.EICAR)


def number(rng, b, at):
    size, order = rng.choice('HIQ'), rng.choice('<>')
    b[at:at + struct.calcsize(size)] = struct.pack(order + size, rng.choice(NUMBERS) & (0xffff if size == 'H' else 0xffffffff))


def bit(rng, b, at):
    b[at] ^= 1 << rng.randrange(8)


def byte(rng, b, at):
    b[at] = rng.randrange(256)


def gone(rng, b, at):
    del b[at:at + rng.choice([1, 2, 4, 16, 512])]


def more(rng, b, at):
    b[at:at] = rng.choice([bytes, rng.randbytes])(rng.choice([1, 2, 4, 16, 512]))


def again(rng, b, at):
    b[at:at] = b[max(0, at - rng.choice([4, 30, 46, 512])):at]


def blank(rng, b, at):
    n = rng.choice([1, 2, 4, 8, 32])
    b[at:at + n] = bytes(n)


def short(rng, b, at):
    del b[at:]


def mangled(rng, raw):
    b, full = bytearray(raw), [i for i, c in enumerate(raw) if c]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        rng.choice([number, number, bit, byte, byte, gone, more, again, blank, short])(rng, b, min(len(b) - 1, rng.choice(full)))
        if not b:
            return raw
    return bytes(b)


def holds_it(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if os.path.isfile(path) and not os.path.islink(path):
                os.chmod(path, 0o600)
                with open(path, 'rb') as f:
                    if f.read(len(kit.EICAR)) == kit.EICAR:
                        return name
    return None


def who_opens(room, path, name):
    """The command that gives the test file, or None."""
    for n, (endings, command) in enumerate(READERS):
        if name.endswith(endings) and shutil.which(command[0]):
            folder = f'{room}/{n}'
            os.mkdir(folder)
            with open(f'{folder}/printed', 'wb') as out:
                try:
                    subprocess.run([path if w == 'FILE' else w for w in command], cwd=folder, stdout=out, stderr=subprocess.DEVNULL,
                                   stdin=subprocess.DEVNULL, timeout=60, check=False)
                except subprocess.TimeoutExpired:
                    continue
            subprocess.run(['chmod', '-R', 'u+rwX', folder], check=False)
            if holds_it(folder):
                return command[0]
    return None


def judge(name, raw, keep):
    with tempfile.TemporaryDirectory() as room:
        path = f'{room}/{name}'
        with open(path, 'wb') as f:
            f.write(raw)
        run = subprocess.run([f'{kit.BIN}/convscan', path], capture_output=True, text=True, timeout=120, check=False)
        if run.returncode not in (0, 1, 2):
            return f'exit {run.returncode}: {run.stderr[-200:]}'
        who = who_opens(room, path, name) if run.returncode == 0 else None
        if not who:
            return None
        with open(keep, 'wb') as f:
            f.write(raw)
        return f'clean, and {who} takes the test file out of it; kept as {keep}'


def main():
    seed, made = os.environ.get('MANGLED_SEED', '4'), dict(seeds())
    names = random.Random(seed).choices(sorted(made), k=TRIES)
    # Each with chances of its own: an archive that holds the time of day changes nothing for the others.
    cases = [*made.items(), *((name, mangled(random.Random(f'{seed} {n}'), made[name])) for n, name in enumerate(names))]
    return kit.run_cases((f'{name} {n}', lambda n=n, name=name, raw=raw: judge(name, raw, f'{n}.{name}')) for n, (name, raw) in enumerate(cases))


if __name__ == '__main__':
    sys.exit(main())
