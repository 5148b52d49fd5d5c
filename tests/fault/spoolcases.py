"""Faults of queue mode. Whatever fails or is killed, and wherever: a message is in one place, or in the two that docs/QUEUE.md names, and
when the next controller has been there it has become what it was to become, once. What is infected never goes out."""
import collections
import os
import subprocess
import time

from faultcase import BIN, KILLED, NEEDLE, Case, read

ENVELOPE = b'''convchan-envelope 1
from a@example.org
to b@example.org
in tcp_local
out ims-ms
arrived %d000000
priority normal

''' % time.time()
# The first line of a message's body, which the command reads, and where the message is due in the end.
DUE = {'clean': 'out', 'needle': 'out', 'hold': 'HELD', 'return': 'out', 'discard': None}
COMMAND = b'''read -r word <"$INPUT_FILE"
case $word in
needle*) echo a notice >"$OUTPUT_FILE" ;;
hold) echo STATUS=178030250 >"$OUTPUT_OPTIONS" ;;
return) echo STATUS=178029946 >"$OUTPUT_OPTIONS" ;;
discard) echo STATUS=178030259 >"$OUTPUT_OPTIONS" ;;
*) cat <"$INPUT_FILE" >"$OUTPUT_FILE" ;;
esac
'''


def mail(kind):
    return b'Subject: %s\n\n%s\n' % (kind.encode(), NEEDLE if kind == 'needle' else kind.encode())


def is_right(kind, content):
    """Is this the message that was to come of it?"""
    if kind == 'clean':
        return content == mail(kind)
    if kind == 'needle':
        return content.startswith(b'Subject: needle\n') and content.endswith(b'\n\na notice\n')
    return b'\nTo: a@example.org\n' in content and b'\n\nreturn\n' not in content and content.endswith(b'--\n')


class Spool(Case):
    """A controller and one worker. spool: what lies where before, as path and kind."""
    program = 'convchan'
    skips_equal = True
    always = [('recvfrom', 'kill'), ('renameat', 'ENOSPC')]
    rarely = 10
    more = []
    two_places = [['work', 'ready']]            # allowed until the next controller

    def __init__(self, name, spool):
        self.name, self.spool = name, spool
        self.kinds = {os.path.basename(path).rpartition('.')[0]: kind for path, kind in spool.items()}

    def files(self):
        return {'stdin': b'', 'cmd': COMMAND}

    def prepare(self, room):
        super().prepare(room)
        with open(f'{room}/conversions', 'w') as f:
            f.write(f'in-type=*; in-subtype=*; override-option-file=1; command="/bin/sh {room}/cmd"\n')
        for folder in '', '/tmp', '/queue', '/work', '/ready', '/out':
            os.mkdir(f'{room}/spool{folder}', 0o700)
        os.mkdir(f'{room}/taken')
        for path, kind in self.spool.items():
            with open(f'{room}/spool/{path}', 'wb') as f:
                f.write(ENVELOPE + mail(kind))

    def convchan(self, *options):
        return [f'{BIN}/convchan', '--queue', 'spool', '--conversions', 'conversions', '--host', 'mx.example.org', *self.more, *options]

    def command(self):
        return self.convchan('--drain', '--log', 'log', '--mail-log', 'mail.log', '--size-classes', '10000')

    def unharmed(self, room, *options):
        """None when it went well. What inject has killed may need a moment to be gone, and with it the lock that it held."""
        for _ in range(50):
            wrong = self.unharmed_once(room, *options)
            if not wrong or 'another controller' not in wrong:
                break
            time.sleep(0.1)
        return wrong

    def unharmed_once(self, room, *options):
        r = subprocess.run(self.convchan(*options), cwd=room, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           timeout=60, env={'PATH': '/usr/bin:/bin', 'TMPDIR': f'{room}/tmp'})
        return None if r.returncode == 0 else f'{options}: exit {r.returncode}: {r.stderr!r}'

    def places(self, room):
        """Where each message is: id to a list of folders."""
        found = collections.defaultdict(list)
        for folder in 'queue', 'work', 'ready', 'out':
            for name in os.listdir(f'{room}/spool/{folder}'):
                found[name.rpartition('.')[0]].append('HELD' if name.endswith('.HELD') else folder)
        return found

    def between(self, room):
        """After the fault: gone only when it is done with, and nothing is twice."""
        places = self.places(room)
        for name, kind in self.kinds.items():
            at = places.pop(name, [])
            if len(at) > 1 and at not in self.two_places:
                return f'{kind} is in {at}'
            if not at and DUE[kind]:
                return f'{kind} is lost'
        return f'{dict(places)} came from nowhere' if places else None

    def gone_out(self, room):
        """id and message, for each that was handed on; the envelope must say where to."""
        for name in os.listdir(f'{room}/spool/out'):
            envelope, _, content = read(room, f'spool/out/{name}').partition(b'\n\n')
            name = name.rpartition('.')[0]
            to = b'a@example.org' if self.kinds[name] == 'return' else b'b@example.org'
            yield name, content if b'\nto %s\n' % to in envelope else b'to somebody else'

    def end(self, room):
        due = {name: [DUE[kind]] for name, kind in self.kinds.items() if DUE[kind]}
        places = dict(self.places(room))
        if places != due:
            return f'in the end {places}, due {due}'
        for name, content in self.gone_out(room):
            if not is_right(self.kinds[name], content):
                return f'{self.kinds[name]} went out as {content!r}'
        for name in (n for n, at in due.items() if at == ['HELD']):
            if read(room, f'spool/queue/{name}.HELD') != ENVELOPE + mail('hold'):
                return f'{name} is held as another message'
        return None

    def litter(self, room):
        """What lies in tmp/ behind a controller that was not killed; it may only be what could not be removed."""
        call, _, name = (read(room, 'met') or b'').decode().strip().partition(' ')
        spared = {name} if call in ('unlink', 'unlinkat', 'rmdir') else set()
        return sorted({n for _, folders, files in os.walk(f'{room}/spool/tmp') for n in folders + files} - spared)

    def unswept(self, room, kind):
        """Whatever could not be removed, or belonged to a process that was killed: the next controller removes it. What that
        process had locked may be locked for a moment longer than the spool; then it is the controller after that one."""
        wrong = None
        if kind == 'kill' and os.listdir(f'{room}/spool/tmp'):
            time.sleep(0.1)
            wrong = self.unharmed(room, '--drain', '--clock-offset', '90000')
        left = os.listdir(f'{room}/spool/tmp')
        return wrong or (f'not swept: {left}' if left else None)

    def judge(self, room, rc, kind):
        if rc not in (0, 75) and not (rc == KILLED and kind == 'kill'):
            return f'exit {rc}: {read(room, "stderr")!r}'
        left = self.litter(room) if kind != 'kill' else []
        wrong = f'left behind {left}' if left else self.between(room)
        # A day later, so that what waits is due.
        wrong = wrong or self.unharmed(room, '--drain', '--clock-offset', '90000') or self.end(room) or self.unswept(room, kind)
        return f'exit {rc}, met {read(room, "met")!r}: {wrong}: {read(room, "stderr")!r}' if wrong else None


class Delivery(Spool):
    """With a command that takes what is finished. It may see a message again when its end was not noted; each time under the same name."""
    more = ['--deliver', 'cat >"taken/$QUEUE_ID.$$"']
    two_places = [['work', 'ready'], ['ready', 'taken']]
    always = [('allocation', 'alloc')]

    def places(self, room):
        found = super().places(room)
        for name in {n.partition('.')[0] for n in os.listdir(f'{room}/taken')}:
            found[name].append('taken')
        return found

    def end(self, room):
        places = {name: ['out' if x == 'taken' else x for x in at] for name, at in self.places(room).items()}
        due = {name: [DUE[kind]] for name, kind in self.kinds.items() if DUE[kind]}
        if places != due:
            return f'in the end {places}, due {due}'
        taken = collections.defaultdict(list)
        for name in os.listdir(f'{room}/taken'):
            taken[name.partition('.')[0]].append(read(room, f'taken/{name}'))
        for name, copies in taken.items():
            if not any(is_right(self.kinds[name], c) for c in copies) or any(NEEDLE in c for c in copies):
                return f'{self.kinds[name]} went out as {copies!r}'
        return None


class Submission(Spool):
    """One message more: in the queue, whole, when the caller is told so; not there when he is told to try again."""
    always = [('fsync', 'EIO')]

    def __init__(self, name):
        super().__init__(name, {})

    def files(self):
        return {**super().files(), 'stdin': mail('clean')}

    def command(self):
        return self.convchan('--submit', '--from', 'a@example.org', '--to', 'b@example.org')

    def judge(self, room, rc, kind):
        if rc not in (0, 75) and not (rc == KILLED and kind == 'kill'):
            return f'exit {rc}: {read(room, "stderr")!r}'
        places = dict(self.places(room))
        if any(at != ['queue'] for at in places.values()) or len(places) not in {0: [1], 75: [0], KILLED: [0, 1]}[rc]:
            return f'exit {rc}, and it is in {places}'
        if kind != 'kill' and self.litter(room):
            return f'exit {rc}, met {read(room, "met")!r}, and it is in tmp/ as well'
        self.kinds = {}         # of this run; the id is new each time
        wrong = self.unharmed(room, '--drain')
        out = [read(room, f'spool/out/{n}').partition(b'\n\n')[2] for n in os.listdir(f'{room}/spool/out')]
        return wrong or (f'went out as {out}' if out != [mail('clean')] * len(places) else None) or self.unswept(room, kind)


class Release(Spool):
    """A held message: held or released, and once."""

    def command(self):
        return self.convchan('--release', 'all')

    def judge(self, room, rc, kind):
        if rc not in (0, 1, 75) and not (rc == KILLED and kind == 'kill'):
            return f'exit {rc}: {read(room, "stderr")!r}'
        places = dict(self.places(room))
        if rc == 0 and places != {name: ['queue'] for name in self.kinds}:
            return f'exit 0, and it is in {places}'
        wrong = self.between(room) or (self.unharmed(room, '--release', 'all') if ['HELD'] in places.values() else None)
        return wrong or self.unharmed(room, '--drain') or self.end(room) or self.unswept(room, kind)


def spool_cases():
    all_kinds = {f'queue/{kind}.00': kind for kind in DUE}
    left = {'work/dead.00': 'clean', 'work/both.01': 'clean', 'ready/both.00': 'clean', 'ready/ready.01': 'clean', 'queue/needle.00': 'needle'}
    return [Spool('queue, every verdict', all_kinds), Spool('queue, recovery', left),
            Delivery('queue, delivery', {'queue/clean.00': 'clean', 'queue/needle.00': 'needle', 'ready/ready.00': 'clean'}),
            Submission('queue, submission'), Release('queue, release', {'queue/clean.HELD': 'clean'})]
