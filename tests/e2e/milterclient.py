"""What a mail server says to a filter, for tests: the milter protocol (version 6), well or badly spoken, and a private convmilter."""
import os
import signal
import socket
import struct
import subprocess
import time

ALL_ACTIONS, ALL_STEPS = 0x1ff, 0x1fffff
NR = {'M': 0x4000, 'R': 0x8000, 'L': 0x80, 'N': 0x40000, 'B': 0x80000}
ANSWERS = {'a': 'accept', 'd': 'discard', 'r': 'reject', 't': 'tempfail', 'y': 'reply', 'c': 'continue'}


class Answer:
    def __init__(self):
        self.kind, self.reply, self.quarantine = None, '', None
        self.body, self.fields, self.added, self.removed = None, [], [], []

    def __repr__(self):
        return f'<{self.kind} {self.reply!r} quarantine={self.quarantine} fields={self.fields} body={self.body and len(self.body)}>'


class Client:
    def __init__(self, address, actions=ALL_ACTIONS, steps=ALL_STEPS, timeout=60):
        self.sock = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.sock.settimeout(timeout)
        self.sock.connect(address)
        self.send('O', struct.pack('!III', 6, actions, steps))
        kind, data = self.read()
        assert kind == 'O', kind
        _, self.actions, self.steps = struct.unpack('!III', data[:12])

    def send(self, cmd, data=b''):
        self.sock.sendall(struct.pack('!I', len(data) + 1) + cmd.encode() + data)

    def read(self):
        head = self.exactly(5)
        return chr(head[4]), self.exactly(struct.unpack('!I', head[:4])[0] - 1)

    def exactly(self, n):
        out = b''
        while len(out) < n:
            got = self.sock.recv(n - len(out))
            if not got:
                raise ConnectionError('the filter hung up')
            out += got
        return out

    def step(self, cmd, data=b''):
        """A command and, where one was agreed upon, its answer."""
        self.send(cmd, data)
        if not self.steps & NR.get(cmd, 0):
            kind, text = self.read()
            return ANSWERS[kind] if kind != 'y' else text.decode()
        return 'continue'

    def macros(self, cmd, **values):
        text = b''.join((k if len(k) == 1 else '{' + k + '}').encode() + b'\0' + v.encode() + b'\0' for k, v in values.items())
        self.send('D', cmd.encode() + text)

    def hello(self, name='client.example', address='192.0.2.1'):
        return self.step('C', name.encode() + b'\0' + b'4' + struct.pack('!H', 25) + address.encode() + b'\0')

    def head(self, raw, sender='<s@example.org>', to=('<r@example.com>',), queue_id='QID1', **macros):
        """Everything up to the body, which comes back. raw has CRLF."""
        self.macros('M', i=queue_id, **macros)
        self.step('M', sender.encode() + b'\0')
        for rcpt in to:
            self.step('R', rcpt.encode() + b'\0')
        header, _, body = (b'\r\n' + raw).partition(b'\r\n\r\n')
        for field in header.replace(b'\r\n ', b'\n ').replace(b'\r\n\t', b'\n\t').split(b'\r\n')[1:]:
            name, _, value = field.partition(b':')
            self.step('L', name + b'\0' + value + b'\0')
        self.step('N')
        return body

    def message(self, raw, **how):
        body = self.head(raw, **how)
        for at in range(0, len(body), 65535):
            self.step('B', body[at:at + 65535])
        return self.end()

    def end(self):
        self.send('E')
        a = Answer()
        while a.kind is None:
            kind, data = self.read()
            if kind == 'b':
                a.body = (a.body or b'') + data
            elif kind in 'mh':
                number = struct.unpack('!I', data[:4])[0] if kind == 'm' else 0
                name, value = data[4 if kind == 'm' else 0:].split(b'\0')[:2]
                a.fields.append((number, name.decode(), value))
            elif kind == 'q':
                a.quarantine = data.rstrip(b'\0').decode()
            elif kind == '+':
                a.added.append(data.rstrip(b'\0').decode())
            elif kind == '-':
                a.removed.append(data.rstrip(b'\0').decode())
            elif kind == 'y':
                a.kind, a.reply = 'reply', data.rstrip(b'\0').decode()
            elif kind != 'p':
                a.kind = ANSWERS[kind]
        return a

    def close(self):
        try:
            self.send('Q')
        except OSError:
            pass
        self.sock.close()


def applied(raw, a):
    """The message as a server writes it after the answer; raw has CRLF."""
    header, _, body = raw.partition(b'\r\n\r\n')
    fields = [f.partition(b':') for f in header.replace(b'\r\n ', b'\n ').replace(b'\r\n\t', b'\n\t').split(b'\r\n')]
    fields = [[n, v] for n, _, v in fields]
    for number, name, value in a.fields:
        same = [f for f in fields if f[0].lower() == name.encode().lower()]
        if not number:
            fields.append([name.encode(), value])
        elif value:
            same[number - 1][1] = value
        else:
            fields.remove(same[number - 1])
    header = b'\r\n'.join(n + b':' + v.replace(b'\n', b'\r\n') for n, v in fields)
    return header + b'\r\n\r\n' + (body if a.body is None else a.body)


class Filter:
    """A convmilter of our own, in a folder of its own."""

    def __init__(self, room, program, *options):
        self.room, self.program, self.options = room, program, options
        self.address = os.path.join(room, 'socket')
        self.process = None

    def start(self):
        for name in ('run', 'spool'):
            os.makedirs(os.path.join(self.room, name), exist_ok=True)
        before = self.said().count('serves at')
        with open(os.path.join(self.room, 'stderr'), 'ab') as err:
            self.process = subprocess.Popen(
                [self.program, '--socket', self.address, '--work-dir', os.path.join(self.room, 'run'),
                 '--spool-dir', os.path.join(self.room, 'spool'), *self.options], stderr=err, stdin=subprocess.DEVNULL)
        self.until(lambda: self.said().count('serves at') > before)
        return self

    def said(self):
        try:
            with open(os.path.join(self.room, 'stderr'), errors='replace') as f:
                return f.read()
        except OSError:
            return ''

    def until(self, is_so, seconds=60):
        end = time.time() + seconds
        while not is_so():
            if time.time() > end or self.process.poll() is not None:
                raise RuntimeError(f'convmilter: {self.process.poll()}: {self.said()}')
            time.sleep(0.02)

    def children(self):
        path = f'/proc/{self.process.pid}/task/{self.process.pid}/children'
        try:
            with open(path) as f:
                return [int(p) for p in f.read().split()]
        except OSError:
            return []

    def stop(self, sig=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
        return self.process.wait(120) if self.process else None
