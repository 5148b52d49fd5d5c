"""What the tests of real servers share: folders, ports, a sink that takes what comes out, the channel's files, looks at messages."""
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import mailkit as kit

HOLD, REFUSE, DISCARD = 178030250, 178029946, 178030259


def free_ports(n):
    socks = [socket.create_server(('127.0.0.1', 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in socks]
    for s in socks:
        s.close()
    return ports


def until(is_so, seconds=60):
    end = time.time() + seconds
    while not is_so() and time.time() < end:
        time.sleep(0.2)


def blocks(readme, kind):
    """The configuration that a README tells an administrator to write."""
    with open(os.path.join(kit.ROOT, readme)) as f:
        return '\n'.join(re.findall(rf'```{kind}\n(.*?)```', f.read(), re.S))


def put(text, *changes):
    """The README's lines with the places of a test."""
    for old, new in changes:
        assert old in text, f'{old} is not in the README'
        text = text.replace(old, new)
    return text


class Server:
    """A folder with our programs and the channel's files, and a sink for what comes out. A mail server's own part is the subclass's:
    parts (names of processes to kill), deferred and discarded (what its log says), return_subject, log(), waiting(), result (where the filter
    hands on to), and being a context."""

    def __init__(self, room, *folders):
        self.room = room
        self.inward, self.back, self.outward = free_ports(3)
        for name in ('dump', 'etc', 'filter', *folders):
            os.mkdir(self.path(name))
        for name in ('convchan', 'convscan', 'convhold'):
            os.makedirs(self.path('bin'), exist_ok=True)
            shutil.copy(f'{kit.BIN}/{name}', self.path('bin'))
        shutil.copytree(os.path.join(os.path.dirname(kit.BIN), 'share'), self.path('share'))
        shutil.copy(os.path.join(kit.ROOT, 'imta', 'postfix', 'convchan-filter'), self.path('bin'))
        for name in ('dump', 'filter'):
            shutil.chown(self.path(name), 'nobody')
        self.write_channel()
        self.sink = None

    def start_sink(self, port):
        self.sink = subprocess.Popen(['/usr/sbin/smtp-sink', '-u', 'nobody', '-d', self.path('dump', 'm.'), f'127.0.0.1:{port}', '100'])

    def stop_sink(self):
        self.sink.terminate()
        self.sink.wait()

    def path(self, *names):
        return os.path.join(self.room, *names)

    def write_channel(self):
        with open(self.path('etc', 'convscan.conf'), 'w') as f:
            f.write(f'[log]\nfile = {self.path("filter", "convscan.log")}\n')
        with open(self.path('etc', 'verdict'), 'w') as f:
            f.write('#!/bin/sh\necho "STATUS=$1" >"$OUTPUT_OPTIONS"\necho "OUTPUT_DIAGNOSTIC=\\"not wanted here\\"" >>"$OUTPUT_OPTIONS"\n')
        common = 'in-chan=*; out-chan=*; parameter-symbol-0=NAME; parameter-copy-0=*; dparameter-copy-0=*; ' \
                 'message-header-file=2; original-header-file=1; override-header-file=1; override-option-file=1;\n  '
        with open(self.path('etc', 'conversions'), 'w') as f:
            for name, status in ('hold', HOLD), ('refuse', REFUSE), ('discard', DISCARD):
                f.write(f'in-type=application; in-subtype=x-{name}; {common}'
                        f'command="/bin/sh {self.path("etc", "verdict")} {status}"\n\n')
            f.write(f'in-type=*; in-subtype=*; dparameter-symbol-0=FILENAME; {common}'
                    f'command="{self.path("bin", "convscan")} --config {self.path("etc", "convscan.conf")}"\n')
        shutil.copy(os.path.join(kit.ROOT, 'imta', 'mappings.sample'), self.path('etc', 'mappings'))

    def send(self, raw, to=('reader@example.com',), sender='sender@example.org', number=1):
        name = self.path('message')
        with open(name, 'wb') as f:
            f.write(raw)
        for rcpt in to:
            subprocess.run(['/usr/sbin/smtp-source', '-F', name, '-f', sender, '-t', rcpt, '-m', str(number), '-s', '4',
                            f'127.0.0.1:{self.inward}'], check=True, timeout=300)

    def settle(self, seconds=300):
        end = time.time() + seconds
        quiet = 0
        while quiet < 3 and time.time() < end:
            quiet = 0 if self.waiting() else quiet + 1
            time.sleep(0.2)
        return quiet == 3

    def arrived(self, subject):
        """(sender, recipients, the message) of what the sink has got under this subject."""
        found = []
        for name in sorted(os.listdir(self.path('dump'))):
            with open(self.path('dump', name), 'rb') as f:
                text = f.read()
            if f'\nSubject: {subject}\n'.encode() in text.split(b'\n\n', 1)[0]:
                args = re.findall(rb'^X-(Mail|Rcpt)-Args: (\S*)', text, re.M)
                found.append((dict(args).get(b'Mail', b''), [a for k, a in args if k == b'Rcpt'], text))
        return found

    def returned(self):
        return self.arrived(self.return_subject)

    def filters(self):
        """Process ids of the filter's parts: those that have to do with our folder, nobody else's."""
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{pid}/cmdline', 'rb') as f:
                    words = f.read().decode('utf-8', 'replace').split('\0')
                cwd = os.readlink(f'/proc/{pid}/cwd')
            except OSError:
                continue
            names = {os.path.basename(w) for w in words[:2]}
            if names & self.parts and (cwd.startswith(self.room) or any(self.room in w for w in words)):
                yield int(pid)


def body(raw):
    return raw.replace(b'\r\n', b'\n').split(b'\n\n', 1)[1].rstrip(b'\n')


def payloads(raw):
    return [leaf.payload for leaf in kit.leaves(kit.parse(raw.replace(b'\r\n', b'\n')))]


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def that(self, what, is_so, why=''):
        self.passed += bool(is_so)
        self.failed += not is_so
        if not is_so:
            print(f'FAIL {what}: {why}')


# ---- the steps: each takes the server and the checks ----

def clean_mail(s, c):
    signed = kit.multipart('signed', kit.text_part('Signed, with  two blanks \n.and a dot\n..\n'),
                           kit.part('Content-Type: application/pgp-signature\n', b'not a signature\n'))
    raw = kit.message(kit.multipart('mixed', kit.text_part('A line\n.\n.dot\n' + 'x' * 900 + '\n\n\n'),
                                    kit.part('Content-Type: text/plain; charset=latin1\nContent-Transfer-Encoding: 8bit\n',
                                             b'\xe4\xf6\xfc \t\n'),
                                    kit.b64_part('image/png', 'chart.png', kit.png()), signed), subject='clean')
    s.send(raw, to=('a@example.com', '"b c"@example.com'))
    s.send(kit.message(kit.text_part('a notification\n'), subject='null'), sender='')
    c.that('clean mail leaves the queue', s.settle(), s.log()[-3000:])
    got = s.arrived('clean')
    c.that('clean: once for each recipient', sorted(r for g in got for r in g[1]) == [b'<"b', b'<a@example.com>'], got)
    c.that('clean: the same bytes', got and all(body(g[2]) == body(raw) for g in got), got)
    got = s.arrived('null')
    c.that('the null sender stays so', len(got) == 1 and got[0][0] == b'<>', got)


def infected_mail(s, c):
    s.send(kit.message(kit.multipart('mixed', kit.text_part('With a file.\n'),
                                     kit.b64_part('application/octet-stream', 'minutes.dat', kit.EICAR)), subject='infected'))
    c.that('infected mail leaves the queue', s.settle(), s.log()[-3000:])
    got = s.arrived('infected')
    c.that('infected: arrives once', len(got) == 1, s.log()[-3000:])
    parts = payloads(got[0][2]) if got else []
    c.that('infected: the text is there, the file is not', len(parts) == 2 and b'With a file.' in parts[0]
           and kit.EICAR not in parts[1], parts)
    c.that('infected: a notice names the file', len(parts) == 2 and b'minutes.dat' in parts[1], parts)


def verdicts(s, c):
    for name in ('hold', 'refuse', 'discard'):
        s.send(kit.message(kit.multipart('mixed', kit.text_part('Text.\n'), kit.b64_part(f'application/x-{name}', 'f', b'x' * 99)),
                           subject=name))
    c.that('they leave the queue', s.settle(), s.log()[-3000:])
    held = os.listdir(s.path('filter', 'held', 'queue'))
    c.that('held: not delivered, kept', not s.arrived('hold') and len(held) == 1 and held[0].endswith('.HELD'), held)
    c.that('discarded: gone', not s.arrived('discard') and s.discarded in s.log(), s.log()[-3000:])
    told = s.returned()
    c.that('refused: the sender is told why, and gets no body', len(told) == 1 and told[0][1] == [b'<sender@example.org>']
           and b'not wanted here' in told[0][2] and b'eHh4' not in told[0][2] and not s.arrived('refuse'), told)

    with open(s.path('etc', 'verdict'), 'w') as f:
        f.write('cp "$INPUT_FILE" "$OUTPUT_FILE"\n')
    queue = [s.path('bin', 'convchan'), '--queue', s.path('filter', 'held'), '--no-sync']
    subprocess.run([*queue, '--release', 'all'], check=True, stdout=subprocess.DEVNULL)
    deliver = f'curl -sS --crlf --mail-from "$SENDER" --mail-rcpt "$RECIPIENTS" -T - {s.result}'
    subprocess.run([*queue, '--conversions', s.path('etc', 'conversions'), '--mappings', s.path('etc', 'mappings'),
                    '--drain', '--deliver', deliver], check=True)
    s.settle()
    got = s.arrived('hold')
    c.that('released and clean now: delivered', len(got) == 1 and got[0][1] == [b'<reader@example.com>'], got)


def broken_filter(s, c):
    """Without its program the filter lets nothing through and returns nothing."""
    away = s.path('bin', 'away')
    os.rename(s.path('bin', 'convchan'), away)
    s.send(kit.message(kit.text_part('waits\n'), subject='waits'))
    until(lambda: s.deferred in s.log())
    c.that('without convchan mail waits', s.waiting() and s.deferred in s.log() and not s.arrived('waits'), s.log()[-3000:])
    os.rename(away, s.path('bin', 'convchan'))
    c.that('and goes on afterwards', s.settle() and len(s.arrived('waits')) == 1, s.log()[-3000:])


def kill_some(s, done):
    dice, kills = random.Random(6), 0
    while not done.wait(0.02):
        for victim in list(s.filters())[:8]:
            if dice.random() < 0.4:
                try:
                    os.kill(victim, signal.SIGKILL)
                    kills += 1
                except ProcessLookupError:
                    pass
    return kills


def batch(name, count):
    """So many messages by their subjects; every second one is infected in its last part."""
    filler = kit.b64_part('image/png', 'p.png', kit.png(300, 300))
    raws = {}
    for i in range(count):
        last = kit.b64_part('application/octet-stream', 'm.dat', kit.EICAR if i % 2 else b'clean %d ' % i * 1000)
        raws[f'{name}-{i}'] = kit.message(kit.multipart('mixed', kit.text_part(f'{i}\n'), filler, last), subject=f'{name}-{i}')
    return raws


def killed_filters(s, c, count=40):
    raws = batch('kill', count)
    done = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        killer = pool.submit(kill_some, s, done)
        try:
            for raw in raws.values():
                s.send(raw)
            time.sleep(2)
        finally:
            done.set()
        kills = killer.result()
    c.that('the queue runs empty', s.settle(), s.log()[-3000:])
    c.that('something was killed', kills > 5, kills)
    until(lambda: all(s.arrived(name) for name in raws))
    copies = {name: s.arrived(name) for name in raws}
    lost = [name for name, got in copies.items() if not got]
    c.that('nothing is lost', not lost, (lost, s.log()[-3000:]))
    wrong = [name for i, (name, got) in enumerate(copies.items()) for g in got
             if (kit.EICAR in payloads(g[2])[-1] if i % 2 else body(g[2]) != body(raws[name]))]
    c.that('nothing arrives infected, or changed, or cut off', not wrong, wrong)
    again = sum(len(got) - 1 for got in copies.values() if got)
    c.that('a kill makes one copy more at most', again <= kills, (again, kills))
    c.that('nobody is told of a failure', len(s.returned()) == 1, s.log()[-3000:])
    print(f'{kills} processes killed, {again} messages arrived twice')


def which(program):
    return shutil.which(program, path=os.defpath + ':/usr/sbin')


STEPS = clean_mail, infected_mail, verdicts, broken_filter, killed_filters


def main(server, missing, steps=STEPS):
    if os.geteuid() != 0 or missing:
        print('skipped: a real mail server needs root' if not missing else f'skipped: there is no {missing[0]} here')
        return 77
    c = Checks()
    room = tempfile.mkdtemp(prefix='cf.', dir='/tmp')
    os.chmod(room, 0o755)
    try:
        with server(room) as s:
            for step in steps:
                step(s, c)
    finally:
        if not os.environ.get('KEEP'):
            shutil.rmtree(room, ignore_errors=True)
    print(f'{c.passed} passed, {c.failed} failed, 0 skipped')
    return c.failed > 0
