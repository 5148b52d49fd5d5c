"""What convmilter adds to Postfix's own time for a message, against a filter that only accepts: one private Postfix with two smtpd ports, the
same but for their filter, rounds in turn; elapsed time from connect to the answer for the data, and processor time of all that runs."""
import os
import re
import shutil
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
import filterkit as kit                 # noqa: E402
import milterclient                     # noqa: E402
from postfix import Postfix             # noqa: E402

BOUND = 1.15
ROUNDS = int(os.environ.get('ROUNDS', 7 if os.environ.get('QUICK') else 21))
COUNT = int(os.environ.get('COUNT', 20))


class Bench(Postfix):
    def write_config(self):
        self.accept, self.scan = self.back, self.inward
        self.write_files('smtpd_client_connection_rate_limit = 0\nmilter_default_action = tempfail\n', '\n'.join(
            f'127.0.0.1:{port} inet n - n - - smtpd -o smtpd_milters=unix:{self.path(name)}'
            for port, name in ((self.accept, 'accept'), (self.scan, 'socket'))) + '\n')


def messages():
    text = kit.kit.text_part('A line of a letter, as people write them.\n' * 90)
    picture = kit.kit.b64_part('image/png', 'p.png', os.urandom(40000))
    return {'4 KB of text, one part': kit.kit.message(text), 'text and a picture, 2 parts': kit.kit.message(kit.kit.multipart('mixed', text, picture))}


def own_times(log, since):
    """Of convmilter, by its own log from there on: microseconds a message, and those of the commands' processor time among them."""
    with open(log) as f:
        f.seek(since)
        found = re.findall(r' us=(\d+) cpu_us=(\d+)', f.read())
    return tuple(statistics.median(int(x[i]) for x in found) for i in (0, 1))


def ticks():
    """Processor time of everything on this machine but idling: says nothing where others work too."""
    with open('/proc/stat') as f:
        n = [int(w) for w in f.readline().split()[1:8]]
    return sum(n) - n[3] - n[4]


def send(port, raw):
    with smtplib.SMTP('127.0.0.1', port, timeout=60) as s:
        s.sendmail('a@example.org', ['b@example.com'], raw)


def round_of(port, raw):
    begin, cpu = time.perf_counter(), ticks()
    for _ in range(COUNT):
        send(port, raw)
    return (time.perf_counter() - begin) / COUNT, (ticks() - cpu) / COUNT


def measure(s, name, raw):
    pairs = {s.accept: [], s.scan: []}
    log = s.path('filter', 'bench.log')
    since = os.path.getsize(log) if os.path.exists(log) else 0
    for port in pairs:
        round_of(port, raw)
    for i in range(ROUNDS):
        for port in sorted(pairs, reverse=i % 2):
            pairs[port].append(round_of(port, raw))
            s.settle(30)
    floor, ours = ([t for t, _ in pairs[p]] for p in (s.accept, s.scan))
    ratios = sorted(b / a for a, b in zip(floor, ours))
    ratio = statistics.median(ratios)
    cpu = sum(c for _, c in pairs[s.scan]) / max(1, sum(c for _, c in pairs[s.accept]))
    print(f'{name:30} accept {statistics.median(floor) * 1e3:6.2f} ms, convmilter {statistics.median(ours) * 1e3:6.2f} ms, ratio {ratio:.3f} '
          f'(quartiles {ratios[len(ratios) // 4]:.3f} to {ratios[3 * len(ratios) // 4]:.3f}), processor {cpu:.2f}; '
          f'bound {BOUND}: {"met" if ratio <= BOUND else "NOT met"}; '
          'by convmilter\'s log %d us a message, %d us of them processor time of convscan' % own_times(log, since))
    return ratio <= BOUND


def main():
    if os.geteuid() != 0 or not kit.which('postfix'):
        print('bench-milter needs root and a Postfix (scripts/install-deps test)')
        return 75
    room = tempfile.mkdtemp(prefix='bm.', dir='/tmp')
    os.chmod(room, 0o755)
    os.umask(0)                         # the plain filter's socket is for everybody
    floor = subprocess.Popen([os.path.abspath(sys.argv[1]), f'unix:{room}/accept'])
    os.umask(0o22)
    try:
        with Bench(room) as s:
            shutil.copy(f'{kit.kit.BIN}/convmilter', s.path('bin'))
            for name in ('run', 'spool'):
                os.mkdir(s.path(name))
                shutil.chown(s.path(name), 'nobody')
            work = tempfile.mkdtemp(prefix='bm.', dir='/dev/shm' if os.path.isdir('/dev/shm') else '/tmp')
            shutil.chown(work, 'nobody')
            f = milterclient.Filter(room, s.path('bin', 'convmilter'), '--socket-group', 'postfix', '--user', 'nobody', '--conversions',
                                    s.path('etc', 'conversions'), '--mappings', s.path('etc', 'mappings'), '--work-dir', work,
                                    '--log', s.path('filter', 'bench.log')).start()
            print(f'{ROUNDS} rounds of {COUNT} messages each, in turn; elapsed time of one SMTP session, medians')
            met = [measure(s, name, raw) for name, raw in messages().items()]
            f.stop()
            shutil.rmtree(work, ignore_errors=True)
    finally:
        floor.terminate()
        floor.wait()
        shutil.rmtree(room, ignore_errors=True)
    return not all(met)


if __name__ == '__main__':
    sys.exit(main())
