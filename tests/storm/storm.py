#!/usr/bin/env python3
"""make storm: thousands of messages at once, half of them infected, through the conversion channel's queue.

Every run proves that no message was lost, duplicated, changed or delivered infected; then come messages a second, delay,
depth of the queue and processor time for: no command, cp, convscan, a script around clamdscan, a script around convscan.
Two more storms: one whose workers are killed, one whose signature images are replaced all the while. At last convstat plan's
predictions are held against what was measured, in storms of their own, in memory. Writes build/storm.json and build/storm.html. Exit 0, or 1 when a run was wrong."""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import messages as ms
import report
from commands import BIN, COMMANDS, ROOT, TITLES, Clamd, Set, write
from run import Run, convstat_plan, kill_worker

BUILD = os.path.abspath(os.environ.get('BUILD', 'build'))
QUICK = bool(os.environ.get('QUICK'))
IMAGES = 4
LARGE = 5000


def numbers(text):
    return [int(x) for x in text.split(',') if x]


def options():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument('--sizes', type=numbers, default=[200] if QUICK else [1000, 5000, 10000, 20000], help='messages of a storm')
    p.add_argument('--jobs', type=numbers, default=[1, 2, 4], help='worker processes')
    p.add_argument('--commands', type=lambda t: t.split(','), default=list(COMMANDS), help='of ' + ','.join(COMMANDS))
    p.add_argument('--turn', type=float, default=1.0, help='seconds; the storms of one size take turns, so that all have the same weather')
    p.add_argument('--largest', type=lambda t: t.split(','), default=['none', 'cp', 'convscan'], help='commands for more than 5,000 messages')
    p.add_argument('--kill', type=int, default=300 if QUICK else 10000, help='messages of the storm with kill -9; 0 for none')
    p.add_argument('--kill-every', type=float, default=0.2 if QUICK else 1.0, help='seconds')
    p.add_argument('--switch', type=int, default=300 if QUICK else 10000, help='messages of the storm with new images; 0 for none')
    p.add_argument('--switches', type=int, default=50 if QUICK else 1000, help='that many images at least')
    p.add_argument('--rounds', type=int, default=1 if QUICK else 5, help='of the storms that convstat plan is held against; 0 for none')
    p.add_argument('--plan', type=int, default=200 if QUICK else 800, help='messages of each of them')
    p.add_argument('--paced', type=int, default=200 if QUICK else 400, help='messages of each that come one by one; 0 for none')
    p.add_argument('--link', choices=['yes', 'no'], default='yes', help="convscan's setting channel.link")
    p.add_argument('--sync', action='store_true', help='with convchan waiting for the disk, which hides what commands cost')
    p.add_argument('--pool', type=int, default=40 if QUICK else 200, help='different messages')
    p.add_argument('--work', default=f'{BUILD}/storm', help='folder for the spool')
    p.add_argument('--out', default=f'{BUILD}/storm', help='where the .json and the .html go')
    return p.parse_args()


def compile_images(room):
    """Images that differ in what else they know, as those of an update do."""
    made = []
    for k in range(IMAGES):
        rng = random.Random(k)
        extra = write(f'{room}/extra.ndb', ''.join(f'Storm.Extra-{k}-{i}:0:*:{rng.randbytes(16).hex()}\n' for i in range(500 * k)))
        sources = [f'{ROOT}/vdl/rules'] + ([extra] if k else [])
        subprocess.run([f'{BIN}/vdlc', '-q', '-o', f'{room}/image{k}.vdb', *sources], check=True)
        made.append(f'{room}/image{k}.vdb')
    return made


class Switcher:
    """Puts one image after the other in place as vdl-update does: written beside, then renamed over the old one."""

    def __init__(self, room, images):
        self.room, self.images, self.at = room, images, 0
        os.makedirs(f'{room}/db/.update', exist_ok=True)

    def __call__(self, _run=None):
        self.at += 1
        new = f'{self.room}/db/.update/new.vdb'
        shutil.copyfile(self.images[self.at % len(self.images)], new)
        os.rename(new, f'{self.room}/db/main.vdb')
        return True


def in_memory(room):
    """A folder that costs the same from the first file to the last, which that of a disk may not; else the room itself."""
    if os.access('/dev/shm', os.W_OK) and shutil.disk_usage('/dev/shm').free > 1 << 30:
        return tempfile.mkdtemp(prefix='storm.', dir='/dev/shm')
    return room


def scanner_log(path):
    """Verdicts by class, and how many different images gave them."""
    classes, images = {}, set()
    with open(path, errors='replace') as f:
        for line in f:
            v = ms.kit.log_fields(line)
            classes[v['class']] = classes.get(v['class'], 0) + 1
            images.add(v['db'])
    return classes, len(images)


class Series:
    def __init__(self, o):
        self.o, self.results, self.plans, self.missing = o, [], [], []
        self.room = os.path.abspath(o.work)
        self.cpus = len(os.sched_getaffinity(0))
        shutil.rmtree(self.room, ignore_errors=True)
        os.makedirs(self.room)
        self.tools = Set(self.room, o.link)
        self.switch = Switcher(self.room, compile_images(self.room))
        self.switch()
        base, self.source = ms.pool(os.environ.get('CORPUS', f'{ROOT}/../shared/corpus'), o.pool, self.tools.argv('convscan'))
        self.storm = ms.Storm(base)
        self.clamd = Clamd(self.room)
        why = self.clamd.why_not() if 'clamdscan' in o.commands else ''
        self.commands = [c for c in COMMANDS if c in o.commands and not (why and c == 'clamdscan')]
        self.missing += [why] if why else []

    def make(self, *args, **kw):
        return Run(self.tools, self.storm, *args, is_synced=self.o.sync, **kw)

    def one(self, kind, *args, **kw):
        run = self.make(*args, **kw)
        r = self.note(kind, run.go())
        shutil.rmtree(run.spool, ignore_errors=True)
        return r

    def note(self, kind, result):
        r = {'kind': kind, **result}
        self.results.append(r)
        d = r['delay_s']
        print(f"{kind:8} {r['messages']:6} {TITLES[r['command']]:15} {r['jobs']} jobs {r['per_second']:8.1f}/s  "
              f"delay {d.get('p50', 0):8.3f} {d.get('p95', 0):8.3f} {d.get('p99', 0):8.3f} s  cpu {r['cpu_ms']:6.2f} ms  "
              f"{'; '.join(r['wrong']) or 'all there, none infected' if r['command'] not in ('none', 'cp') else '; '.join(r['wrong']) or 'all there'}",
              flush=True)
        return r

    def storms(self):
        """A host's speed changes from minute to minute, more than commands differ: all storms of one size take turns."""
        for n in self.o.sizes:
            commands = [c for c in self.commands if n <= LARGE or c in self.o.largest]
            runs = [self.make(n, c, j, clamd=self.clamd if c == 'clamdscan' else None) for j in self.o.jobs for c in commands]
            for run in runs:
                run.prepare()
            left = runs
            while left:
                left = [run for run in left if not run.turn(self.o.turn)][::-1]
            for run in runs:
                self.note('storm', run.finish())
                shutil.rmtree(run.spool, ignore_errors=True)

    def kills(self):
        r = self.one('kills', self.o.kill, 'convscan', max(self.o.jobs), act=kill_worker, every=self.o.kill_every)
        print(f"         {r['disturbed']} workers killed")

    def switches(self):
        """Paced so that all the switches fall into the storm."""
        before = self.switch.at
        rate = self.speed('convscan', 2) or 100
        every = min(0.05, self.o.switch / rate / self.o.switches * 0.3)
        r = self.one('switches', self.o.switch, 'convscan', 2, act=self.switch, every=every)
        r['switches'] = self.switch.at - before
        r['classes'], r['images'] = scanner_log(self.tools.log)
        due = sum(map(self.storm.is_infected, range(self.o.switch)))
        found = r['classes'].get('virus', 0)
        if r['classes'].get('error') or found != due or r['images'] < 2:
            r['wrong'].append(f"verdicts {r['classes']}, {due} infected parts, {r['images']} images")
        if r['switches'] < self.o.switches:
            r['wrong'].append(f"only {r['switches']} switches of {self.o.switches}")
        print(f"         {r['switches']} switches, {r['images']} images at work; {found} of {due} infected parts found, "
              f"{r['classes'].get('error', 0)} error verdicts{'; ' + '; '.join(r['wrong']) if r['wrong'] else ''}")

    # ---- what convstat expects ----

    def speed(self, command, jobs):
        found = [r['per_second'] for r in self.results
                 if r['kind'] == 'storm' and r['command'] == command and r['jobs'] == jobs]
        return report.median(found)

    def round(self, place, order):
        """A storm in one go and two streams, at four and six tenths of its speed, for each number of jobs. What plan expects of a storm
        from the logs of this round's storms, and of the second stream from its own log and that of the first: they had the same weather."""
        n, measured = self.o.plan, {}
        for jobs in order:
            r = self.one('whole', n, 'convscan', jobs, place=place)
            measured[jobs] = r['delay_s'].get('p50')
            if self.o.paced and r['per_second']:
                yield from self.streams(place, jobs, r['per_second'])
        sources = [(k,) for k in self.o.jobs] + [others for j in self.o.jobs if len(others := tuple(k for k in self.o.jobs if k != j)) > 1]
        for jobs, seconds in measured.items():
            for source in sources:
                if len(source) == 1 or jobs not in source:
                    logs = [f'{self.room}/log.convscan.{n}.{k}' for k in source]
                    yield ('batch', source, jobs), (convstat_plan(logs, n, jobs, self.cpus), seconds)

    def streams(self, place, jobs, speed):
        """Messages that come one by one cost more than the same in a heap, so their own log is what plan is to learn from."""
        one, two = (self.make(self.o.paced, 'convscan', jobs, rate=share * speed, place=place) for share in (0.4, 0.6))
        for run in one, two:
            last = self.note('paced', run.go())
            shutil.rmtree(run.spool, ignore_errors=True)
        for what, log in ('own', two.log), ('paced', one.log):
            yield (what, (jobs,), jobs), (convstat_plan([log], self.o.paced, jobs, self.cpus, last['rate']), last['delay_s'].get('p50'))

    def plan(self):
        """Each prediction is judged by its median over the rounds."""
        place, rng, found = in_memory(self.room), random.Random(1), {}
        try:
            for _ in range(self.o.rounds):
                for key, pair in self.round(place, rng.sample(self.o.jobs, len(self.o.jobs))):
                    found.setdefault(key, []).append(pair)
        finally:
            if place != self.room:
                shutil.rmtree(place)
        for (what, source, jobs), pairs in sorted(found.items()):
            self.note_plan(what, '+'.join(map(str, source)) if len(source) > 1 else source[0], jobs, pairs)

    def note_plan(self, what, learned, jobs, pairs):
        offs = sorted(e / m - 1 for e, m in pairs if e is not None and m)
        off = report.median(offs) if len(offs) == len(pairs) else None
        self.plans.append(dict(what=what, learned=learned, jobs=jobs, messages=self.o.plan, off=off, offs=[round(x, 3) for x in offs],
                               expected=report.median([e for e, _ in pairs if e is not None]), measured=report.median([m for _, m in pairs if m])))
        print(f"plan     {what:6} from {learned} jobs for {jobs}: expected {pairs[0][0]} s, measured {pairs[0][1]} s, … "
              f"{'no answer' if off is None else f'{off:+.0%} ({offs[0]:+.0%} to {offs[-1]:+.0%})'}")

    def go(self):
        print(f'storm: {self.source}, half of them infected; {self.cpus} processors', *self.missing, sep='\n       ')
        if 'clamdscan' in self.commands:
            self.clamd.start()
        try:
            self.storms()
        finally:
            self.clamd.stop()
        if self.o.kill:
            self.kills()
        if self.o.switch:
            self.switches()
        if 'convscan' in self.commands and self.o.rounds:
            self.plan()


def main():
    o = options()
    s = Series(o)
    s.go()
    data = {'source': s.source, 'processors': s.cpus, 'missing': s.missing, 'ratios': report.ratios(s.results),
            'plan': s.plans, 'runs': s.results}
    for line in report.verdicts(data):
        print(line)
    with open(o.out + '.json', 'w') as f:
        json.dump(data, f, indent=1)
    with open(o.out + '.html', 'w') as f:
        f.write(report.page(data))
    print(f'storm: {o.out}.json, {o.out}.html')
    wrong = sum(bool(r['wrong']) for r in s.results)
    print(f'storm: {len(s.results)} runs, {wrong} of them wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
