"""The test matrix of a conversion channel: every row under every value of every switch, and under mixes in which any two values of
two switches meet, in channel mode or, where a queue is part of the row, in queue mode. What a switch changes stands in the row.
Prints how many runs each row had."""
import itertools
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import mailkit as kit
import matrix
from mailkit import b64_part, message, multipart, part, text_part

HOLD, REFUSE, AGAIN, DELETE = 178030250, 178029946, 178028698, 178030178
FULL = ('in-type=*; in-subtype=*; parameter-symbol-0=NAME; parameter-copy-0=*; dparameter-symbol-0=FILENAME; dparameter-copy-0=*;\n'
        '  message-header-file=%d; original-header-file=1; override-header-file=1; override-option-file=1;\n  command="/bin/sh %s/cmd"\n')
COPY = 'cp "$INPUT_FILE" "$OUTPUT_FILE" && cp "$INPUT_HEADERS" "$OUTPUT_HEADERS"\n'
TWO = message(multipart('mixed', text_part('one\n'), b64_part('application/x', 'two.dat', b'two')))


def say(status):
    return f'echo STATUS={status} >"$OUTPUT_OPTIONS"\n'


class Case:
    """One run's folder, its command and its switches, by name."""

    def __init__(self, switches):
        self.switches = dict(s.split('=') for s in switches)
        self.options = [x for s in switches for x in ('-S', s)]
        self.tmp = tempfile.TemporaryDirectory()
        self.dir = self.tmp.name
        os.mkdir(f'{self.dir}/tmp')
        self.write('mappings', 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n')
        self.command(COPY)

    def write(self, name, text):
        with open(f'{self.dir}/{name}', 'w') as f:
            f.write(text)

    def command(self, text, headers=2):
        self.write('cmd', text)
        self.write('conversions', FULL % (headers, self.dir))

    def convchan(self, *options, raw=b''):
        r = subprocess.run([f'{kit.BIN}/convchan', '--conversions', f'{self.dir}/conversions', '--mappings', f'{self.dir}/mappings',
                            *self.options, *options], input=raw, capture_output=True, timeout=120, cwd=self.dir,
                           env={**os.environ, 'TMPDIR': f'{self.dir}/tmp'})
        if os.listdir(f'{self.dir}/tmp'):
            raise AssertionError(f'left behind: {os.listdir(f"{self.dir}/tmp")}')
        return r.returncode, r.stdout

    def outcome(self, raw, *options):
        """'same', 'held', 'refused', 'again', 'other': what became of it."""
        status, out = self.convchan(*options, raw=raw)
        return {kit.HELD: 'held', kit.RETURNED: 'refused', kit.RETRY: 'again'}.get(status, 'same' if self.is_same(raw, out) else 'other')

    def is_same(self, raw, out):
        """The same bytes; where labels are to be written anew in any case, the same parts."""
        if self.switches.get('on-same-output') == 'relabel':
            return [x.payload for x in kit.leaves(kit.parse(raw))] == [x.payload for x in kit.leaves(kit.parse(out))]
        return out == raw

    def by(self, name, default, **others):
        """What is due, by the value of one switch."""
        return others.get(self.switches.get(name, '').replace('-', '_'), default)

    # ---- queue mode ----

    def submit(self, raw, *options, sender='a@example.org'):
        return self.convchan('--queue', 'spool', '--submit', '--no-sync', '--from', sender, '--to', 'b@example.com', *options,
                             raw=raw)[1].decode().strip()

    def drain(self, hours=0, *options):
        self.convchan('--queue', 'spool', '--no-sync', '--drain', '--clock-offset', str(hours * 3600 + hours * 60), *options)

    def spool(self):
        return {f: sorted(os.listdir(f'{self.dir}/spool/{f}')) for f in ('queue', 'work', 'ready', 'out')}

    def out(self):
        for name in self.spool()['out']:
            with open(f'{self.dir}/spool/out/{name}', 'rb') as f:
                yield f.read().partition(b'\n\n')[2]

    def delivered(self, raw):
        found = list(self.out())
        due('delivered', (len(found), [self.is_same(raw, m) for m in found], self.spool()['queue']), (1, [True], []))


def due(what, got, want):
    assert got == want, f'{what}: {got}, due {want}'


# ---- the rows ----

def clean(c, *, raw):
    due('outcome', c.outcome(raw), 'same')


def names(c):
    for raw in (v for k, v in matrix.CLEAN.items() if 'name' in k or 'word' in k or '2231' in k):
        due('outcome', c.outcome(raw), 'same')
    assert not os.path.exists(f'{c.dir}/owned'), 'a name was run'


def nested_headers(c):
    """MESSAGE_HEADERS: 1 of the message around the part, 2 of the outermost."""
    for levels in 2, 5:
        raw = matrix.nested(levels, text_part('deep\n'))
        for clause, subject in (1, 'deepest'), (2, f'level {levels - 1}'):
            c.command(f'grep -q deep "$INPUT_FILE" && cp "$MESSAGE_HEADERS" {c.dir}/seen\n{COPY}', headers=clause)
            due('outcome', c.outcome(raw), 'same')
            with open(f'{c.dir}/seen') as f:
                due(f'{levels} levels, {clause}', re.search('Subject: (.*)', f.read())[1], subject)


def deleted_middle(c):
    c.command(f'if grep -q two "$INPUT_FILE"; then {say(DELETE)} exit 0; fi\n{COPY}')
    status, out = c.convchan(raw=message(multipart('mixed', text_part('one\n'), text_part('two\n'), text_part('three\n'))))
    due('parts', (status, [x.payload.strip() for x in kit.leaves(kit.parse(out))]), (kit.DELIVERED, [b'one', b'three']))


def deleted_only(c):
    c.command(say(DELETE))
    status, out = c.convchan(raw=message(b64_part('application/x', 'a', b'x')))
    due('parts', (status, [x.payload.strip() for x in kit.leaves(kit.parse(out))], kit.defects(kit.parse(out))), (kit.DELIVERED, [b''], []))


def security(c):
    """Not shown by default; shown, and the same bytes when nothing changed, with process and conditional."""
    raw = message(multipart('signed', text_part('signed\n'), part('Content-Type: application/pgp-signature\n', b'sig\n')))
    c.command(f'echo x >>{c.dir}/seen\n{COPY}')
    due('outcome', c.outcome(raw), 'same')
    due('shown', os.path.exists(f'{c.dir}/seen'), c.by('security-multiparts', False, process=True, conditional=True))
    c.command('echo other >"$OUTPUT_FILE"\n')
    due('replaced', c.outcome(raw), c.by('security-multiparts', 'same', process='other', conditional='other'))


def encoded_container(c):
    """base64 on a multipart: what is inside is shown decoded, in one piece; as readers differ, so is the message as it stands."""
    raw = message(part('Content-Type: multipart/mixed; boundary=q\nContent-Transfer-Encoding: base64\n',
                       kit.encodebytes(b'--q\nContent-Type: text/plain\n\nhidden\n--q--\n')))
    c.command(f'cat "$INPUT_FILE" >>{c.dir}/seen; echo "$INPUT_TYPE" >>{c.dir}/types\n{COPY}')
    due('outcome', c.outcome(raw), 'same')
    with open(f'{c.dir}/seen') as seen, open(f'{c.dir}/types') as types:
        due('shown decoded', 'hidden' in seen.read(), True)
        due('shown as it stands', 'message' in types.read(), c.by('ambiguous', True, ignore=False))


def many(c):
    raw = message(multipart('mixed', *(text_part(f'{n}\n') for n in range(30))))
    due('within', c.outcome(raw, '-S', 'max-mime-parts=40'), 'same')
    due('beyond', c.outcome(raw, '-S', 'max-mime-parts=20'), c.by('on-mime-limit', 'held', process='same'))
    raw = matrix.nested(4, text_part('x\n'))
    due('deep', c.outcome(raw, '-S', 'max-mime-levels=6'), c.by('on-mime-limit', 'held', process='same'))


def scanner_down(c):
    c.command('exec /nowhere/scanner\n')
    due('down', c.outcome(TWO), c.by('on-signal-or-timeout', 'again', unchanged='same'))


def scanner_killed(c):
    c.command(COPY + 'kill -9 $$\n')
    due('killed', c.outcome(TWO), c.by('on-signal-or-timeout', 'again', unchanged='same'))


def scanner_slow(c):
    c.command('sleep 60\n')
    due('slow', c.outcome(TWO, '-S', 'timeout=1'), c.by('on-signal-or-timeout', 'again', unchanged='same'))


def scanner_fails(c):
    """A full disk, say: the copy is cut off and cp says so."""
    c.command('head -c 1 "$INPUT_FILE" >"$OUTPUT_FILE"; exit 1\n')
    due('fails', c.outcome(TWO), c.by('on-nonzero-exit', 'same', retry='again', hold='held'))


def no_options_file(c):
    """A verdict that cannot be read is no pass."""
    c.command(COPY + 'mkdir "$OUTPUT_OPTIONS"\n')
    due('unreadable', c.outcome(TWO), 'again')
    c.command(COPY + 'echo STATUS=178030 25 >"$OUTPUT_OPTIONS"\n')
    due('half a number', c.outcome(TWO), 'again')


def no_output(c):
    c.command('exit 0\n')
    due('no output', c.outcome(TWO), c.by('on-missing-output', c.by('on-nonzero-exit', 'same', retry='again', hold='held'),
                                          original='same', empty='other'))


def two_verdicts(c):
    c.command(f'if grep -q one "$INPUT_FILE"; then {say(REFUSE)} else {say(HOLD)} fi\n')
    due('refuse, then hold', c.outcome(TWO), c.by('multi-verdict', 'refused', most_severe='held'))
    c.command(f'if grep -q one "$INPUT_FILE"; then {say(HOLD)} else {say(REFUSE)} fi\n')
    due('hold, then refuse', c.outcome(TWO), 'held')


def again_then_clean(c):
    c.command(say(AGAIN))
    name = c.submit(TWO)
    c.drain()
    # 6.0 and PMDF do not know AGN: an even number, a command that failed, and queue mode tries that again too, unless told otherwise.
    fails = c.by('version', '', **{'6.0_2005Q4': 'on-nonzero-exit', 'pmdf6': 'on-nonzero-exit'})
    due('waits', c.spool()['queue'], c.by(fails, [f'{name}.01'], unchanged=[], hold=[f'{name}.HELD']))
    if c.by(fails, False, unchanged=True, hold=True):
        return
    c.command(COPY)
    c.drain(2)
    c.delivered(TWO)


def held_and_released(c):
    c.command(say(HOLD))
    name = c.submit(TWO)
    c.drain()
    due('held', c.spool()['queue'], [f'{name}.HELD'])
    c.convchan('--queue', 'spool', '--release', 'all')
    c.drain()
    due('held again', c.spool()['queue'], [f'{name}.HELD'])
    c.command(COPY)
    c.convchan('--queue', 'spool', '--release', name)
    c.drain()
    c.delivered(TWO)


def no_more_than_n(c):
    c.command(f'mkdir -p {c.dir}/run/$$; ls {c.dir}/run | wc -l >>{c.dir}/seen; sleep 0.02; rmdir {c.dir}/run/$$\n{COPY}')
    for _ in range(5):
        c.submit(message(text_part('x\n')))
    c.drain(0, '--jobs', '3')
    with open(f'{c.dir}/seen') as f:
        most = max(map(int, f.read().split()))
    assert most <= 3 and len(c.spool()['out']) == 5, (most, c.spool())


def null_sender(c):
    c.command(say(REFUSE))
    c.submit(TWO, sender='')
    c.drain()
    due('no notification', c.spool(), {'queue': [], 'work': [], 'ready': [], 'out': []})
    c.submit(TWO)
    c.drain()
    due('one notification', len(c.spool()['out']), 1)


ROWS = {
    'text, 7bit, quoted-printable, base64': lambda c: [clean(c, raw=matrix.CLEAN[k]) for k in ('7bit', 'quoted-printable', 'base64')],
    'alternative in related in mixed': lambda c: clean(c, raw=matrix.CLEAN['alternative in related in mixed']),
    'a part deleted, order kept': deleted_middle,
    'the only part deleted': deleted_only,
    'forwarded 2 to 5 levels, inner and outer headers': nested_headers,
    'signed: opaque, seen, unchanged': security,
    'base64 on a multipart': encoded_container,
    'file names': names,
    'empty, bare CR, NUL, no final newline': lambda c: [clean(c, raw=matrix.CLEAN[k]) for k in
                                                      ('zero length', 'bare CR', 'NUL bytes', 'no final newline', 'mixed line ends')],
    'parts and levels beyond the limits': many,
    'scanner down': scanner_down, 'scanner slow': scanner_slow, 'scanner killed': scanner_killed, 'disk full': scanner_fails,
    'options that cannot be read': no_options_file, 'no output': no_output,
    'AGN, then clean': again_then_clean,
    'HOLD, released, held, released, delivered': held_and_released,
    'never more than N commands': no_more_than_n,
    'null sender and RETURN': null_sender,
    'HOLD and RETURN in one message': two_verdicts,
}
SWITCHES = [*matrix.SWITCHES, 'on-same-output=relabel', 'probe-tags=yes']


def mixes():
    """Settings of all switches at once, until any two values (None: what stands without it) of any two switches have met."""
    values = {}
    for name, value in (s.split('=') for s in SWITCHES):
        values.setdefault(name, [None]).append(value)
    rng, made = random.Random(1), []
    left = {frozenset([(a, x), (b, y)]) for a, b in itertools.combinations(values, 2) for x in values[a] for y in values[b]}

    def pairs(row):
        return {frozenset(p) for p in itertools.combinations(row.items(), 2)}
    while left:
        best = max(({name: rng.choice(v) for name, v in values.items()} for _ in range(50)), key=lambda row: len(pairs(row) & left))
        left -= pairs(best)
        made.append([f'{name}={value}' for name, value in best.items() if value])
    return made


def large(c):
    raw = message(b64_part('application/x', 'large', bytes(range(256)) * (100 << 12)))
    due('outcome', c.outcome(raw), 'same')


def judge(job):
    row, switches, test = job
    c = Case(switches)
    try:
        test(c)
        return None
    except Exception as e:              # a case that cannot be judged has failed
        return f'{row}, {" ".join(switches) or "defaults"}: {type(e).__name__}: {str(e)[:600]}'
    finally:
        c.tmp.cleanup()


def main():
    settings = [[], *([s] for s in SWITCHES), *mixes()]
    jobs = [(row, switches, test) for row, test in ROWS.items() for switches in settings] + [('100 MB', [], large)]
    good, bad = Counter(), []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for (row, _, _), wrong in zip(jobs, pool.map(judge, jobs)):
            good[row] += not wrong
            bad += [wrong] if wrong else []
    for row in {j[0]: 0 for j in jobs}:
        print(f'{good[row]:4} of {sum(j[0] == row for j in jobs):3}  {row}')
    print(*(f'FAIL {b}' for b in bad), sep='\n')
    print(f'{len(jobs) - len(bad)} passed, {len(bad)} failed, 0 skipped')
    return bool(bad)


if __name__ == '__main__':
    sys.exit(main())
