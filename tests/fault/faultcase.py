"""What every case of faults.py shares: a command in a room of its own."""
import os
import subprocess

BIN, FAULT = (os.path.abspath(os.environ[name]) for name in ('BIN', 'FAULT'))
NEEDLE = b'needle in a haystack'
KILLED = 128 + 9


class Case:
    """One command in one room, and how its outcome is judged. Subclasses: files(), command(), judge()."""
    env = {}
    program = 'convscan'
    refused = 75            # the status for a failure of ours
    skips_equal = False     # no kill at the second of two equal calls that cannot fail: nothing has changed between them
    always = ()             # (call, fault) that a sample does not leave out: mistakes were found there
    rarely = 1              # a sample takes one fault in so many of this case

    def files(self):
        return {}

    def prepare(self, room):
        for name, content in self.files().items():
            with open(f'{room}/{name}', 'wb') as f:
                f.write(content)

    def learn(self, room):
        pass

    def run(self, room, before, env=None):
        e = {'PATH': '/usr/bin:/bin', 'TMPDIR': f'{room}/tmp', **self.env, **(env or {})}
        os.mkdir(f'{room}/tmp')
        with open(f'{room}/stdin', 'rb') as i, open(f'{room}/stdout', 'wb') as o, open(f'{room}/stderr', 'wb') as err:
            return subprocess.run(before + self.command(), cwd=room, env=e, stdin=i, stdout=o, stderr=err, timeout=120).returncode


def read(room, name):
    try:
        with open(f'{room}/{name}', 'rb') as f:
            return f.read()
    except FileNotFoundError:
        return None
