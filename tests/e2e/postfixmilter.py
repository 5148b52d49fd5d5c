"""A real Postfix with convmilter as docs/GATEWAY.md sets it up: an outer smtpd takes every message and hands it to a second one that has
the filter, so what is refused for now is tried again by a real queue. Clean mail stays as it was, infected mail comes with the notice,
verdicts do what they say, and while convmilter is killed and reloaded nothing is lost, doubled or let through."""
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import filterkit as kit
import milterclient
from postfix import Postfix

MESSAGES = int(os.environ.get('MILTER_MESSAGES', 60))


class Gateway(Postfix):
    def __init__(self, room):
        super().__init__(room)
        shutil.copy(f'{kit.kit.BIN}/convmilter', self.path('bin'))
        for name in ('run', 'spool', 'held'):
            os.mkdir(self.path(name))
            shutil.chown(self.path(name), 'nobody')
        self.filter = None
        self.start_filter()

    def write_config(self):
        main = kit.put(kit.blocks('docs/GATEWAY.md', 'main.cf'), ('unix:/run/convmilter/socket', f'unix:{self.path("socket")}'))
        outer = f'127.0.0.1:{self.inward} inet n - n - - smtpd -o smtpd_milters= -o content_filter=smtp:[127.0.0.1]:{self.back}'
        self.write_files(main + '\nsmtpd_client_connection_rate_limit = 0\nsmtpd_error_sleep_time = 0\n',
                         f'{outer}\n127.0.0.1:{self.back} inet n - n - - smtpd -o content_filter=\n')

    def start_filter(self, *options):
        self.options = options
        self.filter = milterclient.Filter(self.room, self.path('bin', 'convmilter'), '--socket-group', 'postfix', '--user', 'nobody',
                                          '--conversions', self.path('etc', 'conversions'), '--mappings', self.path('etc', 'mappings'),
                                          '--log', self.path('filter', 'convmilter.log'), *options).start()

    def kill_filter(self):
        """The parent and its children, with -9, at the same time."""
        for pid in [self.filter.process.pid, *self.filter.children()]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.filter.process.wait()

    def __exit__(self, *what):
        super().__exit__(*what)
        self.filter.stop()

    def held(self):
        return sum(len(files) for _, _, files in os.walk(self.path('queue', 'hold')))


def attached(name, kind='octet-stream', content=None):
    return kit.kit.message(kit.kit.multipart('mixed', kit.kit.text_part('Text.\n'),
                                             kit.kit.b64_part(f'application/{kind}', 'f', content or b'x' * 99)), subject=name)


def unchanged_fields(s, c):
    got = s.arrived('clean')
    head = got[0][2].replace(b'\r\n', b'\n').split(b'\n\n', 1)[0] if got else b''
    wanted = b'Subject: clean\nDate: Mon, 01 Jul 2024 10:00:00 +0000\n'
    c.that('clean: the header is as it was', wanted in head and b'X-Convscan' not in head, head)
    with open(s.path('filter', 'convmilter.log')) as f:
        lines = f.read()
    c.that('a line a message', 'answer=accept' in lines and 'answer=change' in lines and 'client=127.0.0.1' in lines, lines)


def verdicts(s, c):
    for name in ('hold', 'refuse', 'discard'):
        s.send(attached(name, f'x-{name}'))
    c.that('they leave the queue', s.settle(), s.log()[-3000:])
    c.that('held: in the hold queue, not delivered', s.held() == 1 and not s.arrived('hold'), s.held())
    c.that('discarded: gone', not s.arrived('discard') and 'milter-discard' in s.log(), s.log()[-3000:])
    told = s.returned()
    c.that('refused: the sender is told why', len(told) == 1 and told[0][1] == [b'<sender@example.org>']
           and b'not wanted here' in told[0][2] and not s.arrived('refuse'), told)


def own_hold(s, c):
    """Held mail in a spool of ours, where convhold finds it."""
    c.that('the filter ends', s.filter.stop() == 0, s.filter.said())
    s.start_filter('--hold', s.path('held'))
    s.send(attached('ours', 'x-hold'))
    c.that('it leaves the queue', s.settle(), s.log()[-3000:])
    held = os.listdir(s.path('held', 'queue'))
    c.that('held by us', len(held) == 1 and held[0].endswith('.HELD') and s.held() == 1 and not s.arrived('ours'), held)
    listed = subprocess.run([s.path('bin', 'convhold'), 'list', '-d', s.path('held')], capture_output=True, text=True)
    c.that('convhold lists it', 'sender@example.org' in listed.stdout, listed)


def nobody_listens(s, c):
    s.kill_filter()
    s.send(kit.kit.message(kit.kit.text_part('waits\n'), subject='waits'))
    kit.until(lambda: s.deferred in s.log())
    c.that('without the filter mail waits', s.waiting() and not s.arrived('waits'), s.log()[-3000:])
    s.start_filter()
    c.that('and goes on afterwards', s.settle() and len(s.arrived('waits')) == 1, s.log()[-3000:])


def trouble(s, done):
    """One injury after the other: a child killed, a reload, everything killed, a reload of a file that is broken."""
    counts = {'child': 0, 'reload': 0, 'all': 0, 'broken': 0}
    conversions = s.path('etc', 'conversions')
    with open(conversions, 'rb') as f:
        good = f.read()

    def child():
        for pid in s.filter.children()[-1:]:
            os.kill(pid, signal.SIGKILL)

    def reload():
        s.filter.process.send_signal(signal.SIGHUP)

    def everything():
        s.kill_filter()
        time.sleep(0.3)
        s.start_filter()

    def write(text):
        with open(conversions + '.new', 'wb') as f:
            f.write(text)
        os.rename(conversions + '.new', conversions)

    def broken():
        said = s.filter.said().count('the old one stays')
        write(b'in-type="text\n')
        reload()
        s.filter.until(lambda: s.filter.said().count('the old one stays') > said)
        write(good)

    while not done.is_set() or not all(counts.values()):
        for name, act in ('child', child), ('reload', reload), ('all', everything), ('broken', broken):
            try:
                act()
                counts[name] += 1
            except ProcessLookupError:
                pass
            done.wait(0.4)
    return counts


def in_the_middle(s, c):
    raws = kit.batch('storm', MESSAGES)
    done = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        injuries = pool.submit(trouble, s, done)
        try:
            for raw in raws.values():
                s.send(raw)
        finally:
            done.set()
        counts = injuries.result()
    c.that('the queue runs empty', s.settle(900), s.log()[-3000:])
    kit.until(lambda: len(os.listdir(s.path('dump'))) >= MESSAGES)
    everything = {}
    for name in os.listdir(s.path('dump')):
        with open(s.path('dump', name), 'rb') as f:
            text = f.read()
        subject = text.split(b'\nSubject: ', 1)[-1].split(b'\n', 1)[0].decode('latin-1').strip()
        everything.setdefault(subject, []).append(text)
    copies = {name: everything.get(name, []) for name in raws}
    c.that('nothing is lost', all(copies.values()), [n for n, got in copies.items() if not got])
    c.that('nothing is doubled', all(len(got) < 2 for got in copies.values()), [n for n, got in copies.items() if len(got) > 1])
    wrong = [name for i, (name, got) in enumerate(copies.items()) for text in got
             if (kit.kit.EICAR in kit.payloads(text)[-1] or b'EICAR-Test-File' not in text if i % 2 else kit.body(text) != kit.body(raws[name]))]
    c.that('nothing is infected, or changed', not wrong, wrong)
    c.that('nobody is told of a failure', len(s.returned()) == 1, len(s.returned()))
    left = [n for n in os.listdir(s.path('run')) + os.listdir(s.path('spool'))]
    c.that('killed filters leave no folders beside the last', len(left) <= 2, left)
    print(f'{MESSAGES} messages; {counts}')


STEPS = kit.clean_mail, kit.infected_mail, unchanged_fields, verdicts, own_hold, nobody_listens, in_the_middle

if __name__ == '__main__':
    sys.exit(kit.main(Gateway, [p for p in ('postfix', 'smtp-sink', 'smtp-source') if not kit.which(p)], STEPS))
