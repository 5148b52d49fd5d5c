#!/usr/bin/env python3
"""make bench: start-up, throughput, growth, memory and compiling, each beside a peer or a floor in the same run.

Prints one table of ratios and writes build/bench.json. QUICK=1 takes small data and small sets and stays under a minute;
a full run takes the sizes of the reference sets and draws the curves into docs/bench/ (gnuplot).
ONLY=start,match,… in the environment runs some groups alone. A peer that is not installed is reported as missing."""
import io
import json
import os
import platform
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get('BUILD', 'build'))
BIN, TOOLS = f'{BUILD}/bin', f'{BUILD}/bench'
WORK = f'{BUILD}/bench/data'
MATERIAL = os.path.join(ROOT, '..', 'shared', 'bench')
QUICK = bool(os.environ.get('QUICK'))
ONLY = [x for x in os.environ.get('ONLY', '').split(',') if x]
DATA_BYTES = 16_000_000 if QUICK else 64_000_000
SETS = [1000, 10_000, 100_000] if QUICK else [1000, 10_000, 100_000, 1_000_000]
SLOW = 10_000 if QUICK else 100_000  # the set for peers that take long to load it
LARGEST = 8_700_000                 # the size of the largest public set
PAIRS = 200 if QUICK else 2000
SCANS = 3 if QUICK else 5
SEED = 42

rows, missing = [], []
peer_compile = {}                   # seconds that Vectorscan took, by size of the set


def note_missing(peer, why):
    if (peer, why) not in missing:
        missing.append((peer, why))


def have(command, package):
    if shutil.which(command):
        return True
    note_missing(command, f'install {package}')
    return False


def run(*argv, **kw):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **kw)


def json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith('{')]


def quartiles(v):
    v = sorted(v)
    return v[len(v) // 4], statistics.median(v), v[min(len(v) - 1, len(v) * 3 // 4)]


def row(group, what, peer, ratio, low, high, runs, want='', **more):
    """One line of the table. ratio: ours to the peer; low and high: its quartiles."""
    rows.append(dict(group=group, what=what, peer=peer, ratio=round(ratio, 4), low=round(low, 4), high=round(high, 4),
                     runs=runs, want=want, met=meets(ratio, want), **more))
    r = rows[-1]
    print(f"{group:9} {what:44} {'/ ' + peer:26} {ratio:9.3f}  {low:9.3f} – {high:<9.3f} {runs:5}  "
          f"{want:9} {'' if r['met'] is None else 'met' if r['met'] else 'NOT MET'}", flush=True)


def meets(ratio, want):
    if not want:
        return None
    bound = float(want.split()[1])
    return ratio <= bound if want.startswith('≤') else ratio >= bound


# ---- data and sets ----

def data_file(name):
    path = f'{WORK}/{name}.{DATA_BYTES}'
    if os.path.exists(path) and os.path.getsize(path) == DATA_BYTES:
        return path
    source = {'text': ('/usr/share/doc', '/usr/share/perl'), 'binaries': ('/usr/lib/x86_64-linux-gnu',)}.get(name)
    with open(path, 'wb') as f:
        if source:
            tar = subprocess.Popen(['tar', '-cf', '-', '--ignore-failed-read', '--sort=name', *filter(os.path.isdir, source)],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            block = b''
            while f.tell() < DATA_BYTES and (block := tar.stdout.read(min(1 << 20, DATA_BYTES - f.tell()))):
                f.write(block)
            tar.kill()
            tar.wait()
        if f.tell() < DATA_BYTES:
            f.write(random.Random(SEED).randbytes(DATA_BYTES - f.tell()))
    return path


def files_in(*folders):
    return [os.path.join(d, f) for d in folders for f in sorted(os.listdir(d)) if os.path.isfile(os.path.join(d, f))]


def python_sources():
    folder = os.path.dirname(os.__file__)
    found = (os.path.join(d, f) for d, _, fs in os.walk(folder) for f in fs if f.endswith('.py'))
    return sorted(p for p in found if os.path.getsize(p) > 4096)[:1500]


def signature_set(n):
    """An .ndb of n signatures of which none occurs in the data."""
    path = f'{WORK}/m{n}.{DATA_BYTES}.ndb'
    if os.path.exists(path):
        return path
    sources = files_in('/usr/bin', '/usr/sbin') + python_sources()
    data = [data_file(x) for x in ('text', 'binaries', 'random')]
    if os.path.exists(f'{MATERIAL}/mksigs.c'):
        if not os.path.exists(f'{TOOLS}/mksigs'):
            run('cc', '-O2', '-w', '-o', f'{TOOLS}/mksigs', f'{MATERIAL}/mksigs.c')
        argv = [f'{TOOLS}/mksigs', str(n), str(SEED), *(x for d in data for x in ('-x', d)), *sources]
    else:
        argv = [f'{TOOLS}/cutsigs_bench', str(n), str(SEED), *data, '--', *sources]
    with open(path + '.new', 'w') as out:
        subprocess.run(argv, stdout=out, stderr=subprocess.DEVNULL, check=True)
    os.rename(path + '.new', path)
    return path


def public_set(n):
    """n signatures in the proportion of the largest public set: a quarter pieces of files, the rest hashes with sizes."""
    body = n // 4
    kinds = (('hdb', 'md5', 16, (n - body) // 2), ('hsb', 'sha256', 32, n - body - (n - body) // 2))
    for ending, name, size, count in kinds:
        path = f'{WORK}/public{n}.{ending}'
        if os.path.exists(path):
            continue
        rng = random.Random(SEED)
        with open(path + '.new', 'w') as out:
            for k in range(count):
                out.write(f'{rng.randbytes(size).hex()}:{int(rng.lognormvariate(11.5, 1.8)) + 64}:{name}.{k}\n')
        os.rename(path + '.new', path)
    return [signature_set(body), *(f'{WORK}/public{n}.{ending}' for ending, *_ in kinds)]


def image(n, name='m', sources=lambda n: [signature_set(n)]):
    """The set compiled; what compiling cost stands beside it."""
    path = f'{WORK}/{name}{n}.{DATA_BYTES}.vdb'
    vdlc = f'{BIN}/vdlc'
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(vdlc):
        child = subprocess.Popen([vdlc, '-o', path, *sources(n)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        err = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = status
        if status:
            raise RuntimeError(f'vdlc: {err[-300:]!r}')
        with open(path + '.cost', 'w') as f:
            json.dump({'seconds': usage.ru_utime + usage.ru_stime, 'kb': usage.ru_maxrss}, f)
    return path


def plain_text(size):
    with open(data_file('text'), 'rb') as f:
        f.seek(1_000_000)
        return bytes(c if 32 <= c < 127 or c in (9, 10) else 46 for c in f.read(size))


def part_file():
    """The 4 KB text part."""
    path = f'{WORK}/part'
    with open(path, 'wb') as f:
        f.write(plain_text(4096))
    return path


def zip_file():
    """A zip part of 4 KB: as much text as fills it."""
    text = plain_text(1 << 16)

    def packed(size):
        out = io.BytesIO()
        with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
            z.writestr('notes.txt', text[:size])
        return out.getvalue()

    path = f'{WORK}/part.zip'
    with open(path, 'wb') as f:
        f.write(next(p for p in map(packed, range(len(text), 0, -64)) if len(p) <= 4096))
    return path


# ---- start-up ----

def channel_environment(part):
    return [x for k, v in (('INPUT_FILE', part), ('OUTPUT_FILE', f'{WORK}/part.out'), ('OUTPUT_OPTIONS', f'{WORK}/part.options'),
                           ('INPUT_TYPE', 'text'), ('INPUT_SUBTYPE', 'plain')) for x in ('-e', f'{k}={v}')]


def channel_headers():
    """The part's and the message's header lines, and where the new ones go."""
    with open(f'{WORK}/part.headers', 'w') as f:
        f.write('Content-Type: text/plain; charset=us-ascii\nContent-Disposition: attachment; filename="notes.txt"\n')
    with open(f'{WORK}/message.headers', 'w') as f:
        f.write('From: a@example.org\nTo: b@example.com\nSubject: notes\nAccept-Language: de\n')
    return [x for k, v in (('INPUT_HEADERS', f'{WORK}/part.headers'), ('OUTPUT_HEADERS', f'{WORK}/part.newheaders'),
                           ('MESSAGE_HEADERS', f'{WORK}/message.headers'), ('INPUT_CHANNEL', 'tcp_local'), ('OUTPUT_CHANNEL', 'ims-ms'))
            for x in ('-e', f'{k}={v}')]


def pair(a, b, runs=PAIRS, env=()):
    out = run(f'{TOOLS}/pairs_bench', str(runs), *env, '--', *a, '--vs', *b).stdout
    j = json.loads(out)
    if j['odd']:
        print(f"bench: {a[0]} against {b[0]}: {j['odd']} runs ended otherwise than the first", file=sys.stderr)
    return j


def start_row(what, ours, name, peer, runs, want='', env=(), **more):
    j = pair(ours, peer, runs, env)
    row('start', what, name, j['ratio'], j['pairs'][0], j['pairs'][2], j['runs'], want, a_us=j['a'], b_us=j['b'], **more)


def floors():
    """Programs that do nothing, and the least a script can do."""
    source = f'{WORK}/nothing.c'
    with open(source, 'w') as f:
        f.write('int main(void)\n{\n    return 0;\n}\n')
    run('cc', '-O2', '-o', f'{WORK}/nothing', source)
    return [f'{WORK}/nothing']


def full_settings():
    """A configuration with everything in it and on: overrides, lists, logging, flood control, quarantine, notices."""
    path = f'{WORK}/full.conf'
    overrides = ''.join(f'[override number{n}]\nin = tcp_{n}*\nrecipient = *@site{n}.example.org\nsignature = Name{n}.*\naction = hold\n'
                        for n in range(20))
    with open(path, 'w') as f:
        f.write(f'[log]\nfile = {WORK}/full.log\n[flood]\non = yes\nfile = {WORK}/full.flood\n'
                f'[quarantine]\nfolder = {WORK}/full.quarantine\n[virus]\nquarantine = yes\n[notice]\nhtml = yes\n'
                f'domains = *.de:de *.fr:fr\n[names]\nallow = {" ".join(f"x{n}" for n in range(30))}\n{overrides}')
    return path


def bench_start():
    part = part_file()
    env = channel_environment(part)
    shipped = [f'{BIN}/convscan']
    cp = ['/bin/cp', part, f'{WORK}/part.copy']
    start_row('channel, 4 KB text, shipped rules', shipped, 'cp of the file', cp, PAIRS, '≤ 1', env)
    full, headers = [*shipped, '--config', full_settings()], channel_headers()
    cp_both = ['/bin/cp', part, f'{WORK}/part.headers', f'{WORK}/copies']
    os.makedirs(cp_both[-1], exist_ok=True)
    start_row('channel, 4 KB text, full configuration', full, 'cp of the file', cp, PAIRS, '≤ 1', env)
    start_row('the same with header lines', full, 'cp of both files', cp_both, PAIRS, '', env + headers)
    start_row('channel, 4 KB text, shipped rules', shipped, 'empty program', floors(), PAIRS, '', env)
    start_row('channel, 4 KB text, shipped rules', shipped, 'sh -c cp', ['sh', '-c', ' '.join(cp)], PAIRS, '', env)
    if QUICK:
        first, largest = SETS[0], SETS[-1]
    else:
        first, largest = SETS[0], 1_000_000
    ours = {n: [f'{BIN}/convscan', '--db', image(n)] for n in (first, largest)}
    start_row(f'channel, {largest:,} signatures', ours[largest], 'cp of the file', cp, PAIRS, '≤ 0.85', env)
    start_row(f'channel, {largest:,} signatures', ours[largest], f'{first:,} signatures', ours[first], PAIRS, '≤ 1.05', env)
    zipped = [*shipped, zip_file(), f'{WORK}/part.out']
    start_row('channel, 4 KB zip, shipped rules', zipped, 'the 4 KB text', [*shipped, part, f'{WORK}/part.out'], PAIRS, '≤ 1.25', env)
    start_peers(part, env, cp)
    if not QUICK:
        ours[LARGEST] = [f'{BIN}/convscan', '--db', image(LARGEST)]
        start_row(f'channel, {LARGEST:,} signatures', ours[LARGEST], f'{first:,} signatures', ours[first], PAIRS, '≤ 1.1', env)
    bench_cage(env)
    bench_memory(ours[largest], env, largest)


def start_peers(part, env, cp):
    n = SLOW
    ours = [f'{BIN}/convscan', '--db', image(n)]
    few = 10 if QUICK else 40
    if have('yara', 'yara'):
        start_row(f'channel, {n:,} signatures', ours, 'yara -C', ['yara', '-C', yara_rules(n), part], few, '', env)
    if QUICK:
        return
    if have('clamscan', 'clamav'):
        start_row(f'channel, {n:,} signatures', ours, 'clamscan', ['clamscan', '--no-summary', '-d', signature_set(n), part], 5, '', env)
    with Clamd(n) as daemon:
        if daemon.client:
            start_row(f'channel, {n:,} signatures', ours, 'clamdscan, daemon warm', [*daemon.client, part], PAIRS // 10, '', env)


def bench_cage(env):
    """What closing and leaving the cage adds to a start."""
    pairs = dict(x.split('=', 1) for x in env if x != '-e')
    j = json.loads(run(f'{TOOLS}/cage_bench', str(PAIRS), env={**os.environ, **pairs}).stdout)
    low, mid, high = j['cage_us']
    row('start', 'the cage of a part: µs', '1 µs', mid, low, high, j['runs'], '≤ 60', closing_us=j['closing_us'])


def bench_memory(command, env, n):
    pairs = dict(x.split('=', 1) for x in env if x != '-e')
    for name, argv in ((f'channel, {n:,} signatures', command), ('cp of the file', ['/bin/cp', pairs['INPUT_FILE'], f'{WORK}/part.copy'])):
        got = [json_lines(run(f'{TOOLS}/memory_bench', *argv, env={**os.environ, **pairs}).stdout)[0] for _ in range(5)]
        own = statistics.median(g['anonymous_kb'] for g in got) / 1024
        row('memory', f'{name}: private MB', '1 MB', own, own, own, len(got), '≤ 2' if 'channel' in name else '', **got[0])


# ---- peers ----

def yara_rules(n):
    out = f'{WORK}/m{n}.{DATA_BYTES}.yarc'
    if not os.path.exists(out):
        source = f'{WORK}/m{n}.yar'
        with open(signature_set(n)) as f, open(source, 'w') as o:
            for k, line in enumerate(f):
                o.write(f'rule s{k} {{ strings: $a = {{ {line.strip().rpartition(":")[2]} }} condition: $a }}\n')
        run('yarac', source, out)
        os.unlink(source)
    return out


class Clamd:
    """clamd on a private socket with one set, warm."""

    def __init__(self, n):
        self.n, self.client, self.child = n, None, None

    def __enter__(self):
        if not (have('clamd', 'clamav-daemon') and have('clamdscan', 'clamdscan')):
            return self
        room = f'{WORK}/clamd{self.n}'
        os.makedirs(f'{room}/db', exist_ok=True)
        shutil.copy(signature_set(self.n), f'{room}/db/set.ndb')
        conf = f'{room}/clamd.conf'
        with open(conf, 'w') as f:
            f.write(f'LocalSocket {room}/socket\nDatabaseDirectory {room}/db\nForeground yes\nLogFile {room}/log\n'
                    'MaxScanSize 4000M\nMaxFileSize 2000M\nStreamMaxLength 2000M\nMaxScanTime 600000\n')
        self.child = subprocess.Popen(['clamd', '-c', conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            if os.path.exists(f'{room}/socket') or self.child.poll() is not None:
                break
            time.sleep(0.1)
        if self.child.poll() is not None or not os.path.exists(f'{room}/socket'):
            note_missing('clamd', 'it did not start with a private configuration')
            return self
        self.client = ['clamdscan', '-c', conf, '--fdpass', '--no-summary']
        return self

    def cpu(self):
        with open(f'/proc/{self.child.pid}/stat') as f:
            ticks = f.read().rpartition(')')[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf('SC_CLK_TCK')

    def __exit__(self, *_):
        if self.child and self.child.poll() is None:
            self.child.terminate()
            self.child.wait()


def vectorscan():
    out = f'{TOOLS}/vectorscan_peer'
    if os.path.exists(out):
        return out
    r = subprocess.run(['cc', '-O2', '-o', out, f'{ROOT}/tests/bench/vectorscan_peer.c', '-lhs'], capture_output=True)
    if r.returncode:
        note_missing('vectorscan', 'install libvectorscan-dev')
        return None
    return out


# ---- throughput ----

def ours_mb_s(n, path):
    out = run(f'{TOOLS}/match_bench', image(n), path, str(SCANS)).stdout
    return [float(x) for x in re.search(r'^runs (.*)$', out, re.M)[1].split()]


def cpu_of_children():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime


def timed_mb_s(argv, path, empty, runs, spent=cpu_of_children):
    """Speed of a program from the processor time it takes for a file, less what it takes for next to nothing."""
    def once(p):
        begin = spent()
        subprocess.run([*argv, p], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return spent() - begin
    base = statistics.median(once(empty) for _ in range(3))
    return [os.path.getsize(path) / max(once(path) - base, 1e-6) / 1e6 for _ in range(runs)]


def match_row(n, name, ours, peer, speeds, want=''):
    lo, mid, hi = quartiles(ours)
    plo, pmid, phi = quartiles(speeds)
    row('match', f'{name}, {n:,} signatures', peer, mid / pmid, lo / phi, hi / plo, min(len(ours), len(speeds)), want,
        ours_mb_s=ours, peer_mb_s=speeds, data=name, signatures=n)


def bench_match():
    names = ['text', 'binaries', 'random']
    data = {x: data_file(x) for x in names}
    want = {1000: '≥ 1', 10_000: '≥ 5', 100_000: '≥ 5', 1_000_000: '≥ 5'}
    peer = vectorscan()
    for n in SETS:
        ours = {x: ours_mb_s(n, data[x]) for x in names}
        if peer:
            theirs = json_lines(run(peer, str(SCANS), signature_set(n), *data.values()).stdout)
            for x, their in zip(names, theirs[1:]):
                ours[x] = sorted(ours[x] + ours_mb_s(n, data[x]))       # before and after the peer
                match_row(n, x, ours[x], 'vectorscan', their['mb_s'], '≥ 1' if x == 'random' else want[n])
            peer_compile[n] = theirs[0]['seconds']
        if n == SLOW:
            match_slow_peers(n, data, ours)


def match_slow_peers(n, data, ours):
    tiny = f'{WORK}/tiny'
    with open(tiny, 'w') as f:
        f.write('nothing\n')
    runs = 1 if QUICK else 3
    if have('yara', 'yara'):
        for x, path in data.items():
            match_row(n, x, ours[x], 'yara', timed_mb_s(['yara', '-C', yara_rules(n)], path, tiny, runs))
    if QUICK:
        return
    with Clamd(n) as daemon:
        if daemon.client:
            for x, path in data.items():
                match_row(n, x, ours[x], 'clamd', timed_mb_s(daemon.client, path, tiny, 1, daemon.cpu))


# ---- compiling, unpacking, decoding ----

def bench_compile():
    for n in SETS if QUICK else [*SETS, LARGEST]:
        path = image(n)
        with open(path + '.cost') as f:
            cost = json.load(f)
        million = n == 1_000_000
        for what, unit, value, want in (('seconds', '1 s', cost['seconds'], '≤ 5'), ('memory', '1 GB', cost['kb'] / 1e6, '≤ 1'),
                                        ('image', '1 MB', os.path.getsize(path) / 1e6, '≤ 80')):
            row('compile', f'{n:,} signatures: {what}', unit, value, value, value, 1, want if million else '')


def bench_huge():
    """As many signatures as the largest public set, in its proportion: compiling, and starting against few."""
    path = image(LARGEST, 'public', public_set)
    with open(path + '.cost') as f:
        cost = json.load(f)
    for what, unit, value, want in (('seconds', '1 s', cost['seconds'], '≤ 60'), ('memory', '1 GB', cost['kb'] / 1e6, '≤ 3'),
                                    ('image', '1 MB', os.path.getsize(path) / 1e6, '≤ 500')):
        row('huge', f'{LARGEST:,}, three quarters hashes: {what}', unit, value, value, value, 1, want)
    start_row(f'channel, {LARGEST:,}, three quarters hashes', [f'{BIN}/convscan', '--db', path], f'{SETS[0]:,} signatures',
              [f'{BIN}/convscan', '--db', image(SETS[0])], PAIRS, '≤ 1.1', channel_environment(part_file()))


def sources(path, size):
    """A list of source and text files of this machine, size bytes together."""
    with open(path, 'w') as f:
        for top in ('/usr/share/perl', '/usr/share/perl5', '/usr/lib/python3', '/usr/include', '/usr/lib'):
            for folder, subfolders, names in os.walk(top):
                subfolders.sort()
                for name in sorted(names):
                    file = os.path.join(folder, name)
                    if size <= 0:
                        return
                    if name.endswith(('.pm', '.pod', '.py', '.h', '.txt')) and not os.path.islink(file):
                        size -= os.path.getsize(file)
                        f.write(file + '\n')


def bench_unpack():
    """Archives of 64 MB of text: taking them apart and matching all members with the shipped rules, against taking them apart."""
    if not have('bsdtar', 'libarchive-tools'):
        return
    files = f'{WORK}/text.list'
    for ending, how in (('tar.gz', ['--format', 'pax', '-z']), ('zip', ['--format', 'zip']), ('7z', ['--format', '7zip'])):
        path = f'{WORK}/text64.{ending}'
        if not os.path.exists(path):
            sources(files, 64 << 20)
            run('bsdtar', *how, '-cf', path, '-T', files)
        j = pair([f'{BIN}/convscan', '--all', path], ['bsdtar', '-xOf', path], 3)
        row('unpack', f'{ending} of 64 MB of text, all members matched', 'bsdtar -xO', j['ratio'], j['pairs'][0], j['pairs'][2], j['runs'],
            '≤ 1.25')


def bench_decode():
    """The decoders of mail, against copying the same bytes."""
    tool = f'{TOOLS}/decode_bench'
    if not os.path.exists(tool):
        return
    speeds = [(m[1].strip(), *(float(x) for x in m.groups()[1:]))
              for m in re.finditer(r'^(.*?)\s+(\d+) MB/s\s+\((\d+) to (\d+), (\d+) runs\)', run(tool).stdout, re.M)]
    floor = next(s for s in speeds if 'memcpy' in s[0])
    for what, mid, low, high, runs in speeds:
        if 'memcpy' not in what:
            row('decode', what, 'memcpy', mid / floor[1], low / floor[3], high / floor[2], int(runs), '')


# ---- curves ----

def draw():
    if not have('gnuplot', 'gnuplot-nox'):
        return
    folder = os.path.join(ROOT, 'docs', 'bench')
    os.makedirs(folder, exist_ok=True)
    speeds = {x: [(r['signatures'], r['ratio']) for r in rows if r['group'] == 'match' and r['peer'] == 'vectorscan' and r['data'] == x]
              for x in ('text', 'binaries', 'random')}
    if any(speeds.values()):
        plot(f'{folder}/match.svg', 'Matching speed, as a multiple of Vectorscan on the same data', 'signatures', 'times as fast', speeds)
    starts = {f"to {r['peer']}": r['ratio'] for r in rows if r['group'] == 'start'}
    growth = start_growth()
    if starts and growth:
        plot(f'{folder}/start.svg', 'A 4 KB part in channel mode, start to exit, as a multiple of cp', 'signatures', 'times cp', growth)


def start_growth():
    part = part_file()
    env = channel_environment(part)
    cp = ['/bin/cp', part, f'{WORK}/part.copy']
    points = []
    for n in [*SETS, LARGEST]:
        j = pair([f'{BIN}/convscan', '--db', image(n)], cp, PAIRS // 4, env)
        points.append((n, j['ratio']))
        row('growth', f'channel, {n:,} signatures', 'cp of the file', j['ratio'], j['pairs'][0], j['pairs'][2], j['runs'])
    return {'convscan': points}


def plot(path, title, x, y, curves):
    script = [f'set terminal svg size 720,420 font "sans,12"; set output "{path}"', 'set logscale x; set grid; set key top right',
              f'set title "{title}"; set xlabel "{x}"; set ylabel "{y}"; set yrange [0:*]; set format x "10^{{%L}}"']
    for k, (name, points) in enumerate(curves.items()):
        script.append(f'$d{k} << E\n' + '\n'.join(f'{a} {b}' for a, b in points) + '\nE')
    script.append('plot ' + ', '.join(f'$d{k} with linespoints lw 2 title "{name}"' for k, name in enumerate(curves)))
    subprocess.run(['gnuplot'], input='\n'.join(script), text=True, check=True)


def machine():
    with open('/proc/cpuinfo') as f:
        model = next((line.partition(':')[2].strip() for line in f if line.startswith('model name')), '')
    return {'cpu': model, 'processors': os.cpu_count(), 'kernel': platform.release(), 'load': os.getloadavg()[0]}


GROUPS = {'compile': bench_compile, 'start': bench_start, 'huge': bench_huge, 'match': bench_match, 'unpack': bench_unpack, 'decode': bench_decode}


def main():
    os.makedirs(WORK, exist_ok=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    begin = time.monotonic()
    print(f"{'group':9} {'what':44} {'against':26} {'ratio':>9}  {'quartiles':^21} {'runs':>5}  wanted")
    failed = []
    for name, group in GROUPS.items():
        if name not in ONLY if ONLY else QUICK and name == 'huge':
            continue
        try:
            group()
        except (OSError, subprocess.SubprocessError, RuntimeError) as e:
            failed.append(name)
            print(f'bench: {name}: {e} {getattr(e, "stderr", "") or ""}', file=sys.stderr)
    if not QUICK and not ONLY:
        draw()
    for peer, why in missing:
        print(f'missing   {peer}: {why}')
    result = {'quick': QUICK, 'seconds': round(time.monotonic() - begin, 1), 'machine': machine(), 'data_bytes': DATA_BYTES,
              'rows': rows, 'vectorscan_compile_seconds': peer_compile, 'missing': [{'peer': p, 'why': w} for p, w in missing], 'failed': failed}
    with open(f'{BUILD}/bench.json', 'w') as f:
        json.dump(result, f, indent=1)
    short = [r for r in rows if r['met'] is False]
    print(f"{len(rows)} figures, {len(short)} short of what is wanted, {len(missing)} peers missing, "
          f"{result['seconds']} s; written to {os.path.relpath(BUILD)}/bench.json")
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
