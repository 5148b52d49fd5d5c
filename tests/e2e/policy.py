"""class × action × (options file wanted, not wanted, unwritable) × (headers file wanted or not), with convscan run by convchan: every case
with convchan's defaults and with one row of a table that holds every pair of values of the switches that could matter (POLICY=all: with
all rows; POLICY=triples: with all rows of a table of every three values). What was found never comes out unless the settings say so, what is clean always does, byte for byte, and the message stays
valid MIME."""
import gzip
import itertools
import os
import random
import subprocess
import sys
import tempfile

import mailkit as kit
from mailkit import b64_part, message, multipart, text_part

NEEDLE = b'the needle of the '
STATUSES = {'hold': kit.HELD, 'return': kit.RETURNED, 'discard': kit.DISCARDED, 'postmaster': kit.POSTMASTER, 'retry': kit.RETRY}
ACTIONS = ['pass', 'tag', 'clean', 'replace', 'delete', *STATUSES]
CLASSES = {     # name of the part, content
    'clean': ('part.txt', b'nothing at all\n'),
    'virus': ('part.txt', NEEDLE + b'virus\n'),
    'ext': ('evil.exe', b'harmless\n'),
    'spam': ('part.txt', NEEDLE + b'spam\n'),
    'encrypted': ('part.zip', kit.locked_zip('a.txt', b'secret' * 50)),
    'limit': ('part.gz', gzip.compress(random.Random(1).randbytes(1 << 17), mtime=0)),
    'error': ('part.txt', b'nothing to be said about it\n'),
}
SWITCHES = {
    'on-nonzero-exit': ['unchanged', 'retry', 'hold'],
    'on-signal-or-timeout': ['retry', 'unchanged'],
    'on-missing-output': ['fail', 'original', 'empty'],
    'on-missing-output-headers': ['original', 'none'],
    'unknown-status': ['odd-even', 'failure'],
    'status-syntax': ['decimal', 'decimal+0x'],
    'duplicate-option': ['last', 'first'],
    'multi-verdict': ['first', 'most-severe'],
    'parameter-symbol': ['by-name', 'by-position'],
    'absent-header-variable': ['unset', 'empty'],
    'text-line-ends': ['LF', 'CRLF'],
    'security-multiparts': ['retain', 'process', 'conditional'],
    'version': ['6.3+', '6.0-2005Q4', 'pmdf6'],
}
UNKNOWN = {'6.3+': [], '6.0-2005Q4': ['retry', 'discard', 'postmaster'], 'pmdf6': ['retry', 'postmaster']}      # the setting channel.avoid
ENTRY = '''in-type={kind}; in-subtype=*; parameter-symbol-0=NAME; parameter-copy-0=*; dparameter-symbol-0=FILENAME; dparameter-copy-0=*;
  message-header-file=2; original-header-file=1; {more}command="{command}"
'''


def table_of(strength):
    """Rows so that any two (three …) values of as many switches stand together in one of them: the usual greedy choice."""
    names, noise = list(SWITCHES), random.Random(5)

    def groups(row):
        return set(itertools.combinations(row.items(), strength))
    left = {tuple(zip(some, values)) for some in itertools.combinations(names, strength)
            for values in itertools.product(*(SWITCHES[n] for n in some))}
    rows = []
    while left:
        tries = [{n: noise.choice(SWITCHES[n]) for n in names} for _ in range(60)]
        row = max(tries, key=lambda r: len(left & groups(r)))
        left -= groups(row)
        rows.append(row)
    return rows


class Room:
    def __init__(self, path):
        self.path = path
        for name, cls in (('virus', 'virus'), ('spam', 'spam')):
            with open(f'{path}/{name}.vdl', 'w') as f:
                f.write(f':Test.{name}, "{NEEDLE.decode()}{name}" #\n')
            subprocess.run([f'{kit.BIN}/vdlc', '-q', '--class', cls, '-o', f'{path}/{name}.vdb', f'{path}/{name}.vdl'], check=True)
        with open(f'{path}/bad.vdb', 'wb') as f:
            f.write(b'this is no database')
        with open(f'{path}/mappings', 'w') as f:
            f.write('CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n')
        for (version, avoid), cls, action in itertools.product(UNKNOWN.items(), CLASSES, ACTIONS):
            with open(f'{path}/{cls}-{action}-{version}.conf', 'w') as f:
                f.write(f'[limits]\nobject_bytes = 64K\n[channel]\navoid = {" ".join(avoid)}\n' + (f'[{cls}]\naction = {action}\n' if cls != 'clean' else ''))

    def conversions(self, version, cls, action, options, headers):
        path = f'{self.path}/{cls}-{action}-{options}-{headers}-{version}'
        command = f'exec {kit.BIN}/convscan --config {self.path}/{cls}-{action}-{version}.conf --db {self.path}/virus.vdb --db {self.path}/spam.vdb'
        if options == 'unwritable':
            command = f'OUTPUT_OPTIONS={self.path}/nowhere/x {command}'
        more = ('' if options == 'missing' else 'override-option-file=1; ') + ('override-header-file=1; ' if headers else '')
        with open(path, 'w') as f:
            if cls == 'error':      # for the part in the middle alone
                f.write(ENTRY.format(kind='application', more=more, command=f'{command} --db {self.path}/bad.vdb') + '\n')
            f.write(ENTRY.format(kind='*', more=more, command=command))
        return path

    def run(self, conversions, raw, switches):
        args = [x for name, value in switches.items() if value != SWITCHES[name][0] for x in ('-S', f'{name}={value}')]
        p = subprocess.run([f'{kit.BIN}/convchan', '--conversions', conversions, '--mappings', f'{self.path}/mappings', *args], input=raw,
                           capture_output=True, timeout=120)
        return p.returncode, p.stdout, p.stderr.decode(errors='replace')


def unix(payload):
    return payload.replace(b'\r\n', b'\n')


def judge_delivered(cls, action, headers, is_notice, old, out):
    """What is wrong with a message that came out; None where all is well."""
    new = kit.leaves(kit.parse(out))
    if kit.defects(kit.parse(out)):
        return f'defects {kit.defects(kit.parse(out))}'
    if action == 'delete' and not is_notice:
        return None if [x.payload for x in new] == [old[0].payload, old[2].payload] else f'{[x.payload for x in new]}'
    if len(new) != 3 or (new[0].payload, new[2].payload) != (old[0].payload, old[2].payload):
        return f'the other parts changed: {[x.payload for x in new]}'
    if is_notice:
        if b'removed by the mail server' not in new[1].payload or new[1].payload == old[1].payload:
            return f'no notice: {new[1].payload[:80]}'
        return None if not headers or (new[1].type, new[1].name) == ('text/plain', old[1].name + '.removed.txt') else f'labels: {new[1].part.items()}'
    if new[1].payload != old[1].payload or (new[1].type, new[1].name) != (old[1].type, old[1].name):
        return f'the part is another: {new[1].payload[:80]}'
    tag = new[1].part['X-Convscan-Class']
    return None if tag == (cls if action == 'tag' and headers else None) else f'tagged {tag}'


def judge(room, cls, action, options, headers, conversions, switches):
    name, content = CLASSES[cls]
    raw = message(multipart('mixed', text_part('one\n'), b64_part('application/octet-stream', name, content), text_part('three\n')))
    status, out, err = room.run(conversions, raw, switches)
    is_passed = cls == 'clean' or action in ('pass', 'tag')
    if cls == 'error' and action == 'clean':        # its else is retry
        action = 'retry'
    is_notice = not is_passed and (action in ('clean', 'replace') or options != 'file')
    if cls == 'clean':
        return None if (status, out) == (kit.DELIVERED, raw) else f'exit status {status}, {out == raw}: {err[-200:]}'
    if not is_passed and content in b''.join(x.payload for x in kit.leaves(kit.parse(out))):
        return 'what was found came out'
    if action in UNKNOWN[switches['version']]:
        action = 'hold'
    due = kit.DELIVERED if is_passed or is_notice or action == 'delete' else STATUSES[action]
    if status != due or bool(out) != (due == kit.DELIVERED):
        return f'exit status {status}, due {due}: {err[-300:]}'
    return judge_delivered(cls, action, headers, is_notice, kit.leaves(kit.parse(raw)), out) if out else None


def jobs(room):
    strength = {'all': 2, 'triples': 3}.get(os.environ.get('POLICY'))
    rows = table_of(strength or 2)
    standard = {name: values[0] for name, values in SWITCHES.items()}
    cases = itertools.product(CLASSES, ACTIONS, ['file', 'missing', 'unwritable'], [True, False])
    for n, case in enumerate(c for c in cases if c[0] != 'clean' or c[1] == 'pass'):
        for switches in [standard, *(rows if strength else [rows[n % len(rows)]])]:
            label = f'{case} {({k: v for k, v in switches.items() if v != SWITCHES[k][0]})}'
            conversions = room.conversions(switches['version'], *case)
            yield label, lambda case=case, c=conversions, s=switches: judge(room, *case, c, s)


def main():
    with tempfile.TemporaryDirectory() as path:
        return kit.run_cases(jobs(Room(path)))


if __name__ == '__main__':
    sys.exit(main())
