"""The console under load: requests at a fixed rate against a quarantine of many entries; each number with the bound it was set, met or NOT met.

From the environment: ENTRIES (100000), RATE (200 a second), SECONDS (30), FOLDER (a quarantine that is kept for the next run).
A request's time begins when it was due, not when it was sent."""
import collections
import http.client
import os
import random
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'e2e'))
import consolekit as kit  # noqa: E402

ENTRIES = int(os.environ.get('ENTRIES', 100000))
RATE = int(os.environ.get('RATE', 200))
SECONDS = int(os.environ.get('SECONDS', 30))
WORKERS = 24
noise = random.Random(7)
WORDS = 'invoice order report offer meeting budget contract delivery payment summer winter question answer travel photo update account notice'.split()


def fill(folder):
    for name in ('new', 'cur', 'tmp'):
        os.makedirs(f'{folder}/{name}', mode=0o700)
    begin = time.time() - ENTRIES * 60
    for i in range(ENTRIES):
        cls = noise.choice(['virus', 'virus', 'spam', 'ext', 'encrypted', 'limit'])
        kit.put(folder, f'{i:08x}', cls=cls, name=f'Test.{cls}.{noise.randrange(200)}', file=f'{noise.choice(WORDS)}{i}.doc', sender=f'{noise.choice(WORDS)}{noise.randrange(5000)}@d{noise.randrange(900)}.example',
                recipients=f'user{noise.randrange(80000)}@m{noise.randrange(40)}.example', subject=' '.join(noise.choices(WORDS, k=5)) + f' {i}', when=begin + i * 60)


def paths():
    """What managers do: mostly lists and searches, some items."""
    word, n = noise.choice(WORDS), noise.randrange(ENTRIES)
    key = (int(time.time()) - noise.randrange(ENTRIES) * 60) << 20
    return noise.choices(
        [('overview', '/'), ('live', '/live'), ('newest', '/list?queue=q'), ('class', '/list?queue=q&class=spam'), ('deep page', f'/list?queue=q&before={key}'),
         ('subject', f'/list?queue=q&subject={word}'), ('rare subject', f'/list?queue=q&subject={word}+{n}'), ('none', '/list?queue=q&subject=nothing+of+the+kind'),
         ('sender', f'/list?from={word}{noise.randrange(5000)}@'), ('recipient', f'/list?to=user{noise.randrange(80000)}@m3'), ('two letters', '/list?queue=q&subject=zq'),
         ('class and date', '/list?queue=q&class=ext&since=2020-01-01&until=2030-01-01&min=0'), ('item', f'/item?id=0.{n:08x}')],
        [10, 10, 20, 10, 10, 8, 8, 4, 6, 6, 1, 4, 3])[0]


def one_by_one(b, cases, rounds=12):
    """Alone, nothing else going on: the slowest kind of page. A first round warms up."""
    worst = collections.defaultdict(float)
    for i in range(rounds + 1):
        for name, path in cases:
            begin = time.monotonic()
            a = b.get(path)
            if i:
                worst[name] = max(worst[name], time.monotonic() - begin)
            if a.status != 200:
                raise SystemExit(f'{path}: {a.status}')
    return worst


def load(port, cookies, seconds):
    due, times, bad, lock = iter(range(RATE * seconds)), collections.defaultdict(list), [], threading.Lock()
    begin = time.monotonic() + 0.5

    def work():
        c = http.client.HTTPConnection('127.0.0.1', port, timeout=30)
        while True:
            with lock:
                i = next(due, None)
                name, path = paths()
            if i is None:
                return
            at = begin + i / RATE
            time.sleep(max(0, at - time.monotonic()))
            c.request('GET', path, headers={'Cookie': cookies})
            r = c.getresponse()
            r.read()
            with lock:
                times[name].append(time.monotonic() - at)
                if r.status != 200:
                    bad.append((path, r.status))

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    return times, bad, time.monotonic() - begin


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def cpu_of(c):
    """Seconds of processor time that the console has used, and the scanners that it started."""
    with open(f'/proc/{c.process.pid}/stat', encoding='ascii') as f:
        return sum(map(int, f.read().rsplit(')', 1)[1].split()[11:15])) / os.sysconf('SC_CLK_TCK')


def say(name, value, unit, bound):
    good = value <= bound
    print(f'{name:<52} {value:10.1f} {unit:<3} bound {bound:g}: {"met" if good else "NOT met"}')
    return good


def main():
    sys.stdout.reconfigure(line_buffering=True)
    with tempfile.TemporaryDirectory() as room:
        begin = time.monotonic()
        folder = os.environ.get('FOLDER', f'{room}/keep')
        if not os.path.exists(folder):
            fill(folder)
        print(f'{ENTRIES} entries written in {time.monotonic() - begin:.0f} s')
        begin = time.monotonic()
        c = kit.Console(room, '--quarantine', folder, '--index', f'{folder}.db', users=[('root', 'rw', '*'), ('one', 'rw', 'm3.example'), ('some', 'rw', 'm1.example,m2.example,m4.example')])
        b = kit.Browser(c)
        b.sign_in('root')
        kit.wait_for(lambda: f'>{ENTRIES:,}</dd>' in b.get('/').text, 900)
        print(f'indexed in {time.monotonic() - begin:.0f} s; the index has {os.path.getsize(folder + ".db") / 1e6:.0f} MB')
        cases = {name: path for name, path in (paths() for _ in range(2000))}
        good = True
        for user in ('root', 'one', 'some'):
            w = kit.Browser(c)
            w.sign_in(user)
            mine = [(n, p) for n, p in cases.items() if user == 'root' or n not in ('item',)]
            for name, took in sorted(one_by_one(w, mine).items(), key=lambda x: -x[1])[:4]:
                good &= say(f'{user}: {name}, the slowest of 12', took * 1000, 'ms', 100)
        before = cpu_of(c)
        times, bad, took = load(c.port, '; '.join(f'{k}={v}' for k, v in b.cookies.items()), SECONDS)
        every = [t for ts in times.values() for t in ts]
        for name, ts in sorted(times.items()):
            print(f'  {name:<20} {len(ts):6} requests, median {percentile(ts, 0.5) * 1000:7.1f} ms, 95 % {percentile(ts, 0.95) * 1000:7.1f} ms')
        print(f'{len(every) / took:.0f} requests a second for {took:.0f} s; processor time a request: {(cpu_of(c) - before) / max(len(every), 1) * 1000:.2f} ms')
        good &= say(f'95th percentile at {RATE} requests a second', percentile(every, 0.95) * 1000, 'ms', 50)
        good &= say('requests that failed', len(bad), '', 0)
        c.stop()
    return not good


sys.exit(main())
