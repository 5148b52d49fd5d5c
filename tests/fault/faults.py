#!/usr/bin/env python3
"""faults.py [STEP [WORD]]: every system call fails in turn, the process is killed at it, every allocation fails; what comes out is judged.

Needs BIN (the programs) and FAULT (inject and shim.so). STEP tries one fault in so many (fewer of slow cases); 1, the default, all. WORD: only cases with it
in their names. After each fault the outputs are absent or whole, the exit status is one that the manual names, the verdict is `error` or right,
and an infected part never passes; what a queue owes is said in spoolcases.py.
Prints a matrix of counts. Exit 1 when something was not as it should be, 77 where processes cannot be traced.
"""
import base64
import bz2
import collections
import concurrent.futures
import gzip
import io
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

from faultcase import BIN, FAULT, KILLED, NEEDLE, Case, read
from spoolcases import spool_cases

STEP = int(sys.argv[1]) if len(sys.argv) > 1 else 1
WORD = sys.argv[2] if len(sys.argv) > 2 else ''
RULES = b':Test.Needle, "needle in a haystack" #\n'
RETRY, HOLD = b'STATUS=178028698\n', b'STATUS=178030250\n'
LOADER = 127, 128 + 11              # what a program ends with that the loader could not start; it crashes without memory
COLUMNS = ['EINTR', 'EIO', 'ENOSPC', 'ENOMEM', 'EMFILE', 'EAGAIN', 'kill', 'alloc']


def archive(*members):
    b = io.BytesIO()
    with zipfile.ZipFile(b, 'w', zipfile.ZIP_DEFLATED) as z:
        for name, content in members:
            z.writestr(zipfile.ZipInfo(name), content)
    return b.getvalue()


CLEAN = b'a clean part, which stays as it is\n' * 40
INFECTED = CLEAN + NEEDLE + b'\n'
ZIPPED = archive(('good.txt', CLEAN), ('bad.txt', INFECTED))
ENTITY = b'Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n' + base64.encodebytes(INFECTED)


def der(tag, *parts):
    b = b''.join(parts)
    n = len(b).to_bytes(2, 'big')
    return bytes([tag, 0x82]) + n + b


def signed(entity):
    """S/MIME: a message with its signature in one piece; nobody has signed it."""
    data, signed_data = b'\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01', b'\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02'
    inner = der(0x30, data, der(0xa0, der(4, entity)))
    return der(0x30, signed_data, der(0xa0, der(0x30, b'\x02\x01\x01', b'\x31\x00', inner, b'\x31\x00')))


def openpgp(content):
    """A compressed packet with a literal one in it."""
    literal = b't\x01x\0\0\0\0' + content
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b'\x01' + z.compress(b'\xae' + len(literal).to_bytes(4, 'big') + literal) + z.flush()
    return b'\xa2' + len(packed).to_bytes(4, 'big') + packed


def armour(packets):
    return b'-----BEGIN PGP MESSAGE-----\n\n' + base64.encodebytes(packets) + b'-----END PGP MESSAGE-----\n'


def card(content):
    return b'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:X\r\nPHOTO;ENCODING=b;TYPE=JPEG:' + base64.b64encode(content) + b'\r\nEND:VCARD\r\n'


def tar(content):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode='w') as t:
        member = tarfile.TarInfo('bad.txt')
        member.size = len(content)
        t.addfile(member, io.BytesIO(content))
    return b.getvalue()


def pdf(content):
    z = zlib.compress(content)
    return b'%%PDF-1.4\n1 0 obj\n<< /Type /EmbeddedFile /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n' \
           b'trailer\n<< /Root 1 0 R >>\n%%%%EOF\n' % (len(z), z)


# An infected text behind each kind of decoder; none of these shows the needle by itself.
PACKED = {'gzip': gzip.compress(INFECTED, mtime=0), 'bzip2': bz2.compress(INFECTED), 'tar.xz': lzma.compress(tar(INFECTED)), 'pdf': pdf(INFECTED),
          's/mime': signed(ENTITY), 'openpgp': openpgp(INFECTED), 'armour': armour(openpgp(INFECTED)), 'vcard': card(INFECTED)}
HEADERS = b'Content-Type: text/plain; charset=utf-8; name=part.txt\nContent-Disposition: attachment; filename=part.txt\n\n'
MAIL = b'''From: a@example.org
To: b@example.org
Subject: two parts
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

first, and clean
--x
Content-Type: text/plain; name=two.txt
Content-Disposition: attachment; filename=two.txt

%s
--x--
'''


def litter(room):
    return [n for _, _, names in os.walk(room) for n in names if n.endswith('.new')]


class Channel(Case):
    """convscan for the server. conf: more settings; answer: whether OUTPUT_OPTIONS is given."""

    def __init__(self, name, part, conf=b'', answer=True):
        self.name, self.part, self.conf = name, part, conf
        self.env = {'INPUT_FILE': 'part', 'OUTPUT_FILE': 'out', 'INPUT_HEADERS': 'headers', 'OUTPUT_HEADERS': 'outheaders',
                    'INPUT_TYPE': 'text', 'INPUT_SUBTYPE': 'plain', 'PART_NUMBER': '1', 'NAME': 'part.txt'}
        if answer:
            self.env['OUTPUT_OPTIONS'] = 'options'

    def files(self):
        return {'part': self.part, 'headers': HEADERS, 'conf': b'[log]\nfile = log\n' + self.conf, 'db': DB, 'stdin': b''}

    def command(self):
        return [f'{BIN}/convscan', '--config', 'conf', '--db', 'db']

    def learn(self, room):
        self.good = {name: mask(read(room, name)) for name in ('out', 'options', 'outheaders')}

    def judge(self, room, rc, kind):
        out, options = read(room, 'out'), read(room, 'options')
        infected = self.part is not CLEAN
        if rc not in (0, 75) and not (rc == KILLED and kind == 'kill'):
            return f'exit {rc}'
        if infected and out is not None and out == self.part:
            return 'the infected part was handed over'
        if infected and out is not None and unzipped(out):
            return 'the needle was handed over'
        if options is not None and not (options.endswith(b'\n') and all(b'=' in x for x in options.splitlines())):
            return f'options cut: {options!r}'
        whole = [self.good['out']] if infected else [CLEAN]
        if out is not None and mask(out) not in whole and not (out.startswith(b'An attachment of this message') and out.endswith(b'\n')):
            return f'output neither whole nor a notice: {out[:80]!r} ({len(out)} bytes)'
        keeps = options and (RETRY in options or HOLD in options)       # nothing is lost, nothing passes
        if rc == 0 and out is None and not keeps:
            return 'exit 0 without an answer'
        if rc == 75 and options and RETRY not in options and out is None:
            return 'exit 75 with half an answer'
        if kind != 'kill' and litter(room):
            return f'left behind {litter(room)}'
        return None


class Waiting(Channel):
    """convscan that was started beforehand: its variables come on standard input."""

    def __init__(self, name, part):
        super().__init__(name, part)
        self.variables, self.env = self.env, {}

    def files(self):
        return {**super().files(), 'stdin': b''.join(f'{k}={v}\0'.encode() for k, v in self.variables.items()) + b'\0'}

    def command(self):
        return [*super().command(), '--wait']


class Files(Case):
    """convscan with file names."""
    refused = 2

    def __init__(self, name, part):
        self.name, self.part = name, part

    def files(self):
        return {'part': self.part, 'db': DB, 'stdin': b''}

    def command(self):
        return [f'{BIN}/convscan', '--db', 'db', 'part']

    def judge(self, room, rc, kind):
        infected = self.part is not CLEAN
        if rc == KILLED and kind == 'kill' or rc == 2:
            return None
        return None if rc == (1 if infected else 0) else f'exit {rc}: {read(room, "stderr")!r}'


class Compile(Case):
    """vdlc over an image that stands: the old one or the new one, whole; the new one whenever it says so."""
    name, program, refused = 'vdlc', 'vdlc', 1

    def files(self):
        return {'rules.vdl': RULES + b':Test.Two, "another text to look for" #\n', 'image.vdb': DB, 'stdin': b''}

    def command(self):
        return [f'{BIN}/vdlc', '-q', '-o', 'image.vdb', 'rules.vdl']

    def learn(self, room):
        self.made = read(room, 'image.vdb')

    def judge(self, room, rc, kind):
        image = read(room, 'image.vdb')
        if not (rc == KILLED and kind == 'kill') and rc not in (0, 1):
            return f'exit {rc}'
        if image not in (DB, self.made):
            return 'neither the old nor the new image'
        if rc == 0 and image != self.made:
            return 'exit 0 and the old image'
        if rc == 1 and image == self.made:
            return 'exit 1 and the new image'
        return f'left behind {litter(room)}' if kind != 'kill' and litter(room) else None


class Message(Case):
    """convchan with convscan as its command: the message whole, or nothing but the status."""
    program = 'convchan'

    def __init__(self, name, part):
        self.name, self.part = name, part

    def files(self):
        entry = f'in-type=*; in-subtype=*; parameter-copy-0=*; dparameter-copy-0=*; override-header-file=1; override-option-file=1;\n' \
                f'  command="{BIN}/convscan --db $HERE/db --config $HERE/conf"\n'
        return {'stdin': MAIL % self.part, 'conversions.in': entry.encode(), 'conf': b'', 'db': DB,
                'mappings': b'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n'}

    def prepare(self, room):
        super().prepare(room)
        with open(f'{room}/conversions', 'wb') as f:
            f.write(read(room, 'conversions.in').replace(b'$HERE', room.encode()))

    def command(self):
        return [f'{BIN}/convchan', '--conversions', 'conversions', '--mappings', 'mappings', '-S', 'on-nonzero-exit=retry']

    def learn(self, room):
        self.good = mask(read(room, 'stdout'))

    def judge(self, room, rc, kind):
        out = read(room, 'stdout')
        if not (rc == KILLED and kind == 'kill') and rc not in (0, 75):
            return f'exit {rc}: {read(room, "stderr")!r}'
        if NEEDLE in out:
            return 'the infected part was handed over'
        if rc == 0 and mask(out) != self.good:
            return f'exit 0 and another message than due: {out!r}'
        if rc != 0 and not self.good.startswith(mask(out)) and not out.startswith(self.good[:200]):
            return 'what was written is no beginning of the message'
        left = os.listdir(f'{room}/tmp')
        return f'left behind {left}' if kind not in ('kill', 'unlink') and left else None


def mask(b):
    """Without what differs from run to run: the reference, which holds time and process."""
    return b and re.sub(rb'(?<![0-9a-f])[0-9a-f]{10,16}\.[0-9a-f]+', b'ID', b)


def unzipped(b):
    try:
        with zipfile.ZipFile(io.BytesIO(b)) as z:
            return any(NEEDLE in z.read(n) for n in z.namelist())
    except (zipfile.BadZipFile, OSError):
        return NEEDLE in b


def cases():
    keep = b'[quarantine]\nfolder = kept\n[virus]\naction = replace\nquarantine = yes\n[flood]\non = yes\nfile = flood\n'
    return [Channel('clean part', CLEAN), Channel('infected part', INFECTED), Channel('infected, no options', INFECTED, answer=False),
            Channel('infected, cleaned zip', ZIPPED, b'[virus]\naction = clean\n'), Channel('infected, quarantine', INFECTED, keep),
            Waiting('infected, stood by', INFECTED), Waiting('clean, stood by', CLEAN),
            Files('clean file', CLEAN), Files('infected zip file', ZIPPED), *(Files(f'infected {what}', part) for what, part in PACKED.items()),
            Compile(), Message('clean message', b'all is well'), Message('infected message', NEEDLE), *spool_cases()]


class Room:
    """A fresh folder for one run."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(dir=WORK)
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def attempt(case, row, column, before, env=None, is_loading=False):
    with Room() as room:
        case.prepare(room)
        try:
            rc = case.run(room, [before[0], '-w', f'{room}/met', *before[1:]] if before else [], env)
        except subprocess.TimeoutExpired:
            return row, column, 'hangs', None
        rc = 128 - rc if rc < 0 else rc
        if is_loading and rc in LOADER:
            rc = case.refused
        wrong = case.judge(room, rc, column)
        verdict = 'violated' if wrong else {0: 'exit 0', KILLED: 'killed'}.get(rc, 'failed')
        if not wrong and rc == 0 and RETRY in (read(room, 'options') or b''):
            verdict = 'retry'
        return row, column, verdict, wrong


def calls(case):
    """The system calls of an unharmed run, each with what can befall it; also learns the outcome that is due."""
    with Room() as room:
        case.prepare(room)
        rc = case.run(room, [f'{FAULT}/inject', '-l', f'{room}/calls'])
        if rc == 125:
            print('faults: processes cannot be traced here', file=sys.stderr)
            sys.exit(77)
        case.learn(room)
        wrong = case.judge(room, rc, 'none')
        if wrong:
            sys.exit(f'faults: {case.name}: not even unharmed: {wrong}')
        return [line.split() for line in read(room, 'calls').decode().splitlines()]


def allocations(case):
    """How many there are; 0 where nothing can be preloaded (a build with sanitizers)."""
    with Room() as room:
        case.prepare(room)
        with open(f'{room}/count', 'wb') as f:
            f.write(bytes(8))
        case.run(room, [], shim(case, f'{room}/count', 0))
        return int.from_bytes(read(room, 'count'), sys.byteorder)


def shim(case, count, n):
    return {'LD_PRELOAD': f'{FAULT}/shim.so', 'FAULT_PROGRAM': case.program, 'FAULT_COUNT': count, 'FAULT_ALLOC': str(n)}


def trials(case):
    """(label, column, arguments of inject or number of the allocation, is the loader still at work) for every fault of a case."""
    is_loading, before = True, None
    for n, (name, *errors) in enumerate(calls(case), 1):
        for error in errors:
            yield f'{name} #{n}', error, ['-n', str(n), '-e', error], is_loading
        if errors or name != before or not case.skips_equal:
            yield f'{name} #{n}', 'kill', ['-n', str(n), '-k'], is_loading
        is_loading, before = is_loading and name != 'munmap', name       # of its cache, the loader's last call
    for n in range(1, allocations(case) + 1):
        yield f'allocation #{n}', 'alloc', n, False


def run_case(case, pool):
    """Runs the chosen faults of a case; gives back counts by column and the violations."""
    jobs = []
    step = STEP if STEP == 1 else STEP * case.rarely
    for i, trial in enumerate(trials(case)):
        if i % step == 0 or (trial[0].split()[0], trial[1]) in case.always:
            jobs.append(pool.submit(one, case, *trial))
    counts, wrongs, verdicts = collections.Counter(), [], collections.Counter()
    for job in jobs:
        label, column, verdict, wrong = job.result()
        counts[column] += 1
        verdicts[verdict] += 1
        if verdict in ('violated', 'hangs'):
            wrongs.append(f'{case.name}: {label} {column}: {wrong or verdict}')
    return counts, verdicts, wrongs


def one(case, label, column, fault, is_loading):
    if column != 'alloc':
        return attempt(case, label, column, [f'{FAULT}/inject', *fault], None, is_loading)
    with tempfile.NamedTemporaryFile(dir=WORK) as f:
        f.write(bytes(8))
        f.flush()
        return attempt(case, label, column, [], shim(case, f.name, fault))


def main():
    shown = [what for what, part in PACKED.items() if NEEDLE in part]
    if shown:
        sys.exit(f'faults: the needle can be seen in {shown}')
    total, outcome, wrongs = collections.Counter(), collections.Counter(), []
    print(f'{"":22}' + ''.join(f'{c:>8}' for c in COLUMNS) + f'{"wrong":>8}')
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for case in (c for c in cases() if WORD in c.name):
            counts, verdicts, wrong = run_case(case, pool)
            print(f'{case.name:22}' + ''.join(f'{counts[c]:8}' for c in COLUMNS) + f'{len(wrong):8}', flush=True)
            total += counts
            outcome += verdicts
            wrongs += wrong
    print(f'{"all":22}' + ''.join(f'{total[c]:8}' for c in COLUMNS) + f'{len(wrongs):8}')
    print('outcomes: ' + ', '.join(f'{n} {what}' for what, n in outcome.most_common()))
    for wrong in wrongs:
        print('FAIL', wrong)
    n = sum(total.values())
    print(f'{n - len(wrongs)} passed, {len(wrongs)} failed, 0 skipped')
    return 1 if wrongs else 0


def image():
    with Room() as room:
        with open(f'{room}/r.vdl', 'wb') as f:
            f.write(RULES)
        subprocess.run([f'{BIN}/vdlc', '-q', '-o', f'{room}/r.vdb', f'{room}/r.vdl'], check=True)
        return read(room, 'r.vdb')


os.umask(0o022)         # a database that others may write is refused
with tempfile.TemporaryDirectory() as WORK:
    DB = image()
    sys.exit(main())
