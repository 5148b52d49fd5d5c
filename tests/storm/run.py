"""One run: a spool full of messages, a controller, somebody who disturbs, and the proof that nothing went wrong."""
import bisect
import os
import random
import shutil
import signal
import statistics
import subprocess
import threading
import time

import messages as ms
from commands import BIN, SCANNING

FOLDERS = ('queue', 'work', 'ready')
PATIENCE = 1800
HEAD = b'convchan-envelope 1\nfrom sender@example.org\nto reader@example.com\nin tcp_local\nout ims-ms\narrived %016d\npriority normal\n\n'
ARRIVED = HEAD.index(b'%')


def file_name(i):
    return f'ZZstorm{i:07d}'


def fill(spool, storm, n, folder):
    for name in ('tmp', 'out', *FOLDERS, folder):
        os.makedirs(f'{spool}/{name}', exist_ok=True)
    for i in range(n):
        with open(f'{spool}/{folder}/{file_name(i)}.00', 'wb') as f:
            f.write(HEAD % int(time.time() * 1e6) + storm.message(i))
    os.sync()


def waiting(spool):
    """Messages that are not through; one in two folders at once counts once."""
    return {name.rsplit('.', 1)[0] for f in FOLDERS for name in os.listdir(f'{spool}/{f}')}


def children(pid):
    try:
        with open(f'/proc/{pid}/task/{pid}/children') as f:
            return [int(x) for x in f.read().split()]
    except OSError:
        return []


def read_log(path):
    """(time, us, cpu_us, outcome) of every line, by message; the last line of a message counts."""
    found = {}
    with open(path) as f:
        for line in f:
            v = dict(w.split('=', 1) for w in line.split(' reason=')[0].split() if '=' in w)
            if 'cpu_us' in v:
                found[v['id']] = (float(v['time']), int(v['us']), int(v['cpu_us']), v['outcome'])
    return found


def percentiles(values):
    v = sorted(values)
    return {f'p{p}': round(v[min(len(v) - 1, len(v) * p // 100)], 4) for p in (50, 95, 99)}


class Feeder(threading.Thread):
    """Moves messages from stage/ to queue/ as a Poisson stream."""

    streams = 0                                     # each stream is another one

    def __init__(self, spool, n, rate):
        super().__init__(daemon=True)
        self.spool, self.n, self.rate, self.arrivals = spool, n, rate, {}
        Feeder.streams += 1
        self.seed = Feeder.streams

    def run(self):
        rng, due = random.Random(self.seed), time.time()
        for i in range(self.n):
            due += rng.expovariate(self.rate)
            time.sleep(max(0, due - time.time()))
            path = f'{self.spool}/stage/{file_name(i)}.00'
            self.arrivals[file_name(i)] = time.time()
            with open(path, 'r+b') as f:                # it has come now, not when it was staged
                f.seek(ARRIVED)
                f.write(b'%016d' % int(self.arrivals[file_name(i)] * 1e6))
            os.rename(path, f'{self.spool}/queue/{file_name(i)}.00')


class Disturber(threading.Thread):
    """Calls act() every so often until told to stop."""

    def __init__(self, act, every):
        super().__init__(daemon=True)
        self.act, self.every, self.done, self.count = act, every, threading.Event(), 0

    def run(self):
        while not self.done.wait(self.every):
            self.count += bool(self.act())

    def stop(self):
        self.done.set()
        self.join()


class Clock:
    """Seconds during which a run was at work: storms take turns, see storm.py."""

    def __init__(self):
        self.turns, self.total = [], 0.0            # (when it began, seconds before)

    def begin(self):
        self.turns.append((time.time(), self.total))

    def end(self):
        self.total = self.at(time.time())

    def at(self, moment):
        begun, before = self.turns[max(0, bisect.bisect(self.turns, (moment, float('inf'))) - 1)]
        return before + moment - begun


class Run:
    """prepare(), turn() until it says that all is done, finish(); go() is all of it."""

    def __init__(self, tools, storm, n, command, jobs, rate=0.0, act=None, every=1.0, clamd=None, is_synced=False, place=None):
        self.tools, self.storm, self.n, self.command, self.jobs = tools, storm, n, command, jobs
        self.rate, self.clamd, self.sync = rate, clamd, [] if is_synced else ['--no-sync']
        self.spool = f'{place or tools.room}/spool.{command}.{jobs}'
        self.log = f'{tools.room}/log.{command}.{n}.{jobs}{f".paced.{rate:.0f}" if rate else ".act" if act else ""}'
        self.disturber = Disturber(lambda: act(self), every) if act else None
        self.feeder = Feeder(self.spool, n, rate) if rate else None
        self.clock, self.is_done = Clock(), False
        self.samples, self.wrong, self.speeds = [], [], []
        self.pid, self.cpu = 0, 0.0

    # ---- while it runs ----

    def start(self, *options):
        argv = [*self.tools.argv(self.command), '--queue', self.spool, '--jobs', str(self.jobs), '--log', self.log, *self.sync,
                *options]
        with open(f'{self.tools.room}/errors', 'ab') as err:
            self.pid = subprocess.Popen(argv, stderr=err, stdin=subprocess.DEVNULL).pid

    def look(self):
        """The depth between two moments: what had come by the second, and not gone by the first."""
        before = time.time()
        depth = len(waiting(self.spool))
        self.samples.append((before, time.time(), depth))
        return depth

    def wait(self, seconds):
        """Until the controller ends; it is told to when its time is over or, with a feeder, when all are through."""
        pause, deadline, is_told = 0.05, time.time() + min(seconds, PATIENCE), False
        while True:
            done, status, usage = os.wait4(self.pid, os.WNOHANG)
            if done:
                self.cpu += usage.ru_utime + usage.ru_stime
                return status
            depth = self.look() if seconds >= PATIENCE else None
            is_over = time.time() >= deadline
            if not is_told and (is_over or self.feeder and not self.feeder.is_alive() and depth == 0):
                if is_over and seconds >= PATIENCE:
                    self.wrong.append('the storm did not end')
                os.kill(self.pid, signal.SIGTERM)
                is_told = True
            time.sleep(max(0.001, min(pause, deadline - time.time())))
            pause = min(0.5, pause * 1.1)

    def drain_rest(self):
        """What waits for another try is tried at a later clock."""
        for hour in range(1, 6):
            if not waiting(self.spool):
                return hour - 1
            self.start('--drain', '--clock-offset', str(hour * 7200))
            os.waitpid(self.pid, 0)
        return 5

    def prepare(self):
        shutil.rmtree(self.spool, ignore_errors=True)
        for path in (self.log, self.tools.log):
            if os.path.exists(path):
                os.unlink(path)
        fill(self.spool, self.storm, self.n, 'stage' if self.feeder else 'queue')

    def turn(self, seconds=PATIENCE):
        """At work for so long, or until all is done. What a stop interrupts is back in the queue."""
        clamd = self.clamd.cpu() if self.clamd else 0
        gone, before = self.gone(), self.clock.total
        self.clock.begin()
        self.start(*([] if self.feeder else ['--drain']))
        for thread in filter(None, (self.feeder, self.disturber)):
            thread.start()
        status = self.wait(seconds)
        self.clock.end()
        self.cpu += self.clamd.cpu() - clamd if self.clamd else 0
        self.look()
        if status != 0:
            self.wrong.append(f'convchan ended with {os.waitstatus_to_exitcode(status)}')
        self.is_done = self.feeder or self.samples[-1][2] == 0 or self.clock.total - before < seconds
        self.speeds.append((self.gone() - gone) / (self.clock.total - before))
        return self.is_done

    def gone(self):
        return len(os.listdir(f'{self.spool}/out'))

    def finish(self):
        if self.disturber:
            self.disturber.stop()
        retries = self.drain_rest()
        begun = self.clock.turns[0][0]
        return self.result(self.feeder.arrivals if self.feeder else dict.fromkeys(map(file_name, range(self.n)), begun), retries)

    def go(self):
        self.prepare()
        self.turn()
        return self.finish()

    # ---- afterwards ----

    def result(self, arrivals, retries):
        log, at = read_log(self.log), self.clock.at
        ends = sorted(v[0] for v in log.values())
        self.check_out()
        self.check_depth(sorted(arrivals.values()), ends)
        missing = set(arrivals) - set(log)
        if missing and not self.disturber:          # a worker may be killed between handing on and its line
            self.wrong.append(f'{len(missing)} messages without a line in the log')
        seconds = max(at(ends[-1]), 1e-6) if ends else 0
        spread = self.samples[::max(1, len(self.samples) // 120)]
        return {
            'command': self.command, 'messages': self.n, 'jobs': self.jobs, 'rate': round(self.rate, 2),
            'seconds': round(seconds, 3), 'per_second': round(self.n / seconds, 2) if seconds else 0,
            'speeds': [round(x, 2) for x in self.speeds],
            'delay_s': percentiles([at(log[k][0]) - at(arrivals[k]) for k in log]) if log else {},
            'service_ms': round(statistics.mean(v[1] for v in log.values()) / 1e3, 3) if log else 0,
            'cpu_ms': round(self.cpu * 1e3 / self.n, 3), 'processors': round(self.cpu / seconds, 3) if seconds else 0,
            'depth': [(round(at(t), 2), d) for t, _, d in spread],
            'retries': retries, 'disturbed': self.disturber.count if self.disturber else 0, 'wrong': self.wrong,
        }

    def check_depth(self, arrivals, ends):
        """At every look: no more in the spool than had come and had not gone."""
        come = gone = 0
        for first, second, depth in self.samples:
            while come < len(arrivals) and arrivals[come] <= second:
                come += 1
            while gone < len(ends) and ends[gone] < first:
                gone += 1
            if depth > come - gone:
                self.wrong.append(f'depth {depth} with {come} come and {gone} gone')
                return

    def check_out(self):
        seen = [0] * self.n
        bad = {'strange': 0, 'changed': 0, 'infected': 0}
        for name in os.listdir(f'{self.spool}/out'):
            with open(f'{self.spool}/out/{name}', 'rb') as f:
                message = f.read().partition(b'\n\n')[2]
            line = message.partition(b'\n')[0].strip()
            number = line[12:] if line.startswith(b'X-Storm-Id: ') else b''
            if not number.isdigit() or int(number) >= self.n:
                bad['strange'] += 1
                continue
            i = int(number)
            seen[i] += 1
            if self.storm.is_infected(i) and self.command in SCANNING:
                bad['infected'] += ms.holds_test_file(message)
            else:
                bad['changed'] += message != self.storm.message(i)
        bad['lost'] = seen.count(0)
        bad['duplicated'] = sum(c > 1 for c in seen)
        self.wrong += [f'{count} {what}' for what, count in bad.items() if count]


def kill_worker(run):
    """kill -9 of one worker, whichever."""
    workers = children(run.pid)
    if not workers:
        return False
    try:
        os.kill(random.choice(workers), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def convstat_plan(logs, n, jobs, cpus, rate=0.0):
    """The median delay that convstat expects."""
    how = ['--rate', str(rate)] if rate else ['--batch', str(n)]
    r = subprocess.run([f'{BIN}/convstat', 'plan', *how, '--jobs', str(jobs), '--cpus', str(cpus), *logs],
                       capture_output=True, text=True)
    words = r.stdout.split('delay 50% ')
    return float(words[1].split()[0]) if len(words) > 1 else None
