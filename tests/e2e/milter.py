"""convmilter by its protocol, without a mail server: answers, bytes, limits, signals, and clients that speak badly or not at all."""
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import mailkit as kit
import milterclient
from milterclient import Client, Filter, applied

LEADSPC = 0x100000
FAILED = []
PASSED = 0


def that(what, is_so, why=''):
    global PASSED
    PASSED += bool(is_so)
    if not is_so:
        FAILED.append(what)
        print(f'FAIL {what}: {str(why)[:2000]}')


def crlf(raw):
    return raw.replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')


INFECTED = crlf(kit.message(kit.multipart('mixed', kit.text_part('Text.\n'), kit.b64_part('application/octet-stream', 'm.dat', kit.EICAR)),
                            subject='infected'))
CLEAN = crlf(kit.message(kit.multipart('mixed', kit.text_part('Text.\n'), kit.b64_part('image/png', 'p.png', kit.png())), subject='clean'))
SCRIPT = """in-type=application; in-subtype=x-*; message-header-file=2; override-option-file=1; override-header-file=1;
  command="/bin/sh {room}/verdict"

"""
# hold, return, discard, postmaster, retry; what leaves without a word; what is killed; what takes too long
VERDICT = """case $INPUT_SUBTYPE in
x-slow) sleep 60 ;;
x-killed) kill -9 $$ ;;
x-bad) exit 3 ;;
x-mute) exit 0 ;;
x-say) { echo "OUTPUT_DIAGNOSTIC=\\"$ENVELOPE_FROM $ENVELOPE_TO $QUEUE_ID $CLIENT_ADDRESS $AUTH_USER $INPUT_CHANNEL\\""
         echo STATUS=178029946; } >"$OUTPUT_OPTIONS" ;;
x-busy) sleep 1; cp "$INPUT_FILE" "$OUTPUT_FILE" ;;
*) echo "STATUS=${INPUT_SUBTYPE#x-}" >"$OUTPUT_OPTIONS" ;;
esac
"""


def typed(kind, size=99):
    return crlf(kit.message(kit.multipart('mixed', kit.text_part('Text.\n'), kit.b64_part(f'application/{kind}', 'f', b'y' * size))))


def verdicts(f):
    c = Client(f.address)
    that('greeted', c.hello() == 'continue')
    a = c.message(CLEAN)
    that('a clean message gets no change', (a.kind, a.fields, a.body) == ('accept', [], None), a)
    a = c.message(INFECTED)
    out = applied(INFECTED, a)
    that('an infected one does', a.kind == 'accept' and a.body and b'EICAR-Test-File' in out, a)
    that('only its body', a.fields == [], a.fields)
    single = crlf(kit.message(kit.b64_part('application/octet-stream', 'm.dat', kit.EICAR), subject='single'))
    a = c.message(single)
    leaf, = kit.leaves(kit.parse(applied(single, a).replace(b'\r\n', b'\n')))
    that('a message that is one part', a.kind == 'accept' and b'EICAR-Test-File' in leaf.payload, a)
    for kind, want in (('178030250', 'hold'), ('178029946', '550 5.7.1'), ('178030259', 'discard'), ('178028698', '451 4.7.1'),
                       ('178030098', 'redirect'), ('bad', '451 4.7.1'), ('killed', '451 4.7.1'), ('mute', '451 4.7.1'), ('slow', '451 4.7.1')):
        begin = time.time()
        a = c.message(typed(f'x-{kind}'), to=('<r@example.com>', '<q@example.com>'))
        got = ('hold' if a.quarantine else 'redirect' if a.added == ['boss@example.com'] and a.removed == ['<r@example.com>', '<q@example.com>']
               else a.reply or a.kind)
        that(f'{kind} is {want}', got.startswith(want), a)
        that(f'{kind} in time', time.time() - begin < 40)
    a = c.message(typed('x-say'), sender='<a@b.example>', to=('<r@example.com>', '<"x y"@example.com>'), queue_id='Q9', auth_authen='kim')
    that('macros and envelope', 'a@b.example r@example.com "x_y"@example.com Q9 192.0.2.1 kim tcp_auth'.replace('"', '') in a.reply.replace("'", '').replace('"', ''), a)
    a = c.message(typed('x-say'), sender='<>')
    that('the null sender', ' <> r@' in ' ' + a.reply.split(' ', 2)[2] and 'tcp_local' in a.reply, a)
    big = crlf(kit.message(kit.b64_part('application/octet-stream', 'b', bytes(700000)), subject='big'))
    a = c.message(big)
    that('a large message, by way of the spool folder', (a.kind, a.body) == ('accept', None), a)
    a = c.message(big + b'x' * 11500000)
    that('one that is too large', a.reply.startswith('552 5.3.4'), a)
    c.close()
    plain = Client(f.address, steps=0)
    plain.hello()
    a = plain.message(single)
    that('a server without the newer steps', not plain.steps & (LEADSPC | sum(milterclient.NR.values())) and a.kind == 'accept' and a.body, a)
    plain.close()


def classes(f):
    """Large messages fill their places; a small one goes past them."""
    large = [Client(f.address) for _ in range(6)]
    for c in large:
        c.hello()
        body = c.head(typed('x-busy', 9000))
        c.step('B', body)
        c.send('E')
    small = Client(f.address)
    small.hello()
    time.sleep(0.5)
    begin = time.time()
    a = small.message(crlf(kit.message(kit.text_part('small\n'))))
    took = time.time() - begin
    for c in large:
        that('the large ones come through', c.read()[0] == 'a')
    waited = time.time() - begin
    that('small is not behind large', a.kind == 'accept' and took < waited, (took, waited))
    for c in [small, *large]:
        c.close()


def alive(f, what):
    try:
        c = Client(f.address)
        c.hello()
        a = c.message(INFECTED)
        that(f'alive after {what}', a.kind == 'accept' and a.body, a)
        c.close()
    except (OSError, AssertionError) as e:
        that(f'alive after {what}', False, (e, f.said()))


def raw_socket(f):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(30)
    s.connect(f.address)
    return s


def peak_memory(pid):
    with open(f'/proc/{pid}/status') as h:
        return int(re.search(r'VmHWM:\s+(\d+)', h.read())[1])


def hostile(f):
    dice = random.Random(10)
    for i in range(60):
        s = raw_socket(f)
        try:
            s.sendall(dice.randbytes(dice.choice((0, 1, 5, 100, 5000))))
        except OSError:
            pass
        s.close()
    alive(f, 'noise')
    for head in (b'\0\0\0\0', b'\xff\xff\xff\xffO', struct.pack('!I', 13) + b'O' + bytes(12), struct.pack('!I', 2) + b'Ox',
                 b'\x7f\xff\xff\xffB', struct.pack('!I', 1) + b'E', struct.pack('!I', 1) + b'B'):
        s = raw_socket(f)
        try:
            s.sendall(head)
            s.shutdown(socket.SHUT_WR)
            s.recv(100)
        except OSError:
            pass
        s.close()
    alive(f, 'wrong lengths')
    commands = 'MRLNBEADCTHUQK'
    for i in range(80):
        try:
            c = Client(f.address, timeout=3)
            for _ in range(dice.randrange(1, 25)):
                cmd = dice.choice(commands)
                c.send(cmd, dice.choice((b'', b'\0', b'a\0', b'<a@b>\0', b'X\0y\0', b'X\0\n\n\r\n\0', b'\0\0\0', dice.randbytes(50), b'M')))
            c.sock.settimeout(0.05)
            try:
                c.sock.recv(1000)
            except OSError:
                pass
            c.sock.close()
        except (OSError, AssertionError):
            pass
    alive(f, 'commands in any order')
    c = Client(f.address)
    c.hello()
    body = c.head(INFECTED)
    c.step('B', body)
    c.send('E')
    c.sock.close()
    alive(f, 'a server that goes away before the answer')
    c = Client(f.address)
    c.hello()
    c.head(CLEAN)
    c.send('A')
    a = c.message(INFECTED)
    that('after an abort the next message', a.kind == 'accept' and a.body, a)
    head = b''.join(b'X-%d: %s\r\n' % (i, b'v' * 60) for i in range(3000)) + b'X-Long: ' + b'w' * 60000 + b'\r\n'
    a = c.message(head + INFECTED)
    that('a huge header', a.kind == 'accept' and a.body and a.fields == [], a)
    a = c.message(b'Subject: a\n\nContent-Type: text/plain\r\n' + INFECTED)
    that('a field with an empty line in it: never through', a.quarantine or (a.kind != 'accept' or (a.body or b'').count(b'EICAR-Test-File')), a)
    many = (b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'
            + b'--b\r\n\r\nx\r\n' * 1000000 + b'--b\r\n\r\n' + kit.EICAR + b'\r\n--b--\r\n')
    begin = time.time()
    a = c.message(many)
    that('a million parts: held, refused or later, not through', a.quarantine or a.kind != 'accept', a)
    that('and within the time limit', time.time() - begin < 60, time.time() - begin)
    c.close()
    alive(f, 'a million parts')
    peak = max(peak_memory(p) for p in f.children())
    that('and little memory', 0 < peak < 100000, f'{peak} KB')


def status(f):
    """Rows of the status file: name to the number of messages and their bytes."""
    try:
        with open(f'{f.room}/status') as h:
            lines = h.read().split('\n')
    except OSError:
        return {}
    return {w[1]: (int(w[2]), int(w[3])) for w in map(str.split, lines) if w and w[0] in ('queue', 'class')}


def shown(f):
    """What convtop makes of a busy filter's status."""
    busy = [Client(f.address) for _ in range(2)]
    for c in busy:
        c.hello()
        c.step('B', c.head(typed('x-busy')))
    f.until(lambda: status(f).get('receiving') == (2, 0))
    for c in busy:
        c.send('E')
    f.until(lambda: status(f)['working'][0] > 0)
    with open(f'{f.room}/status') as h:
        now = h.read()
    with open(f'{f.room}/seen', 'w') as h:
        h.write(now)
    out = subprocess.run([f'{kit.BIN}/convtop', '--once', '--log', f'{f.room}/none', '--databases', f'{f.room}/none', f'{f.room}/seen'],
                         capture_output=True, text=True).stdout
    that('convtop shows who is being worked on', re.search(r'/convmilter .*connections +[0-9]+.*working +[12] +[1-9]', out, re.S), out)
    that('and the answers', re.search(r'accept +[1-9][0-9]* ', out) and out.count('database: none seen') == 1, out)
    for c in busy:
        that('it comes through', c.read()[0] == 'a')
        c.close()
    f.until(lambda: status(f)['connections'] == (0, 0) and status(f)['working'] == (0, 0))


def crowded(f, limit):
    """More connections than are allowed: later, and not for good."""
    f.until(lambda: status(f)['connections'][0] == 0)
    all_of_them = [Client(f.address) for _ in range(limit + 3)]
    answers = [c.hello() for c in all_of_them]
    that('no more connections than allowed', answers.count('continue') == limit and all('451' in a for a in answers if a != 'continue'), answers)
    for c in all_of_them:
        c.close()
    f.until(lambda: reconnect(f))
    alive(f, 'a crowd')


def reconnect(f):
    c = Client(f.address)
    answer = c.hello()
    c.close()
    return answer == 'continue'


def signals(f, room):
    old = Client(f.address)
    old.hello()
    with open(f'{room}/conversions') as h:
        good = h.read()
    with open(f'{room}/conversions', 'w') as h:
        h.write('in-type="x\n')
    f.process.send_signal(signal.SIGHUP)
    f.until(lambda: 'the old one stays' in f.said())
    alive(f, 'a broken configuration')
    with open(f'{room}/conversions', 'w') as h:
        h.write(good.replace('178029946', '178030259'))
    f.process.send_signal(signal.SIGHUP)
    f.until(lambda: 'was read again' in f.said())

    def is_new():
        c = Client(f.address)
        c.hello()
        a = c.message(typed('x-say'))
        c.close()
        return a.kind == 'reply'
    f.until(is_new)
    a = old.message(INFECTED)
    that('a connection from before the reload is served', a.kind == 'accept' and a.body, a)
    old.close()
    f.until(lambda: len(f.children()) == 1)
    child = f.children()[0]
    os.kill(child, signal.SIGKILL)
    f.until(lambda: f.children() and f.children()[0] != child)
    alive(f, 'a killed child')
    c = Client(f.address)
    c.hello()
    c.step('B', c.head(typed('x-busy')))
    c.send('E')
    time.sleep(0.3)
    f.process.send_signal(signal.SIGTERM)
    that('what runs is finished after SIGTERM', c.read()[0] == 'a')
    that('and then it ends', f.process.wait(60) == 0, f.said())
    that('its status, its folders and its socket are gone', not status(f) and not os.listdir(f'{room}/run') and not os.listdir(f'{room}/spool')
         and not os.path.exists(f.address), (os.listdir(f'{room}/run'), os.listdir(f'{room}/spool')))


def handed_over(room, program, options):
    """The socket that systemd would hand over."""
    path = f'{room}/handed'
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen(10)
    fd = s.fileno()

    env = {**os.environ, 'LISTEN_FDS': '1'}
    p = subprocess.Popen(['/bin/sh', '-c', f'exec 3<&{fd}; LISTEN_PID=$$ exec "$@"', 'sh', program, *options], pass_fds=[fd], env=env,
                         stderr=subprocess.DEVNULL)
    c = Client(path)
    c.hello()
    that('a socket that was handed over', c.message(CLEAN).kind == 'accept')
    c.close()
    p.terminate()
    that('and the end', p.wait(60) == 0)
    that('its file stays', os.path.exists(path))


def state_of(pid):
    """A letter, see proc(5); Z where there is no such process any more."""
    try:
        with open(f'/proc/{pid}/stat') as s:
            return s.read().rpartition(')')[2].split()[0]
    except OSError:
        return 'Z'


def is_waiting(pid):
    """Asleep, that is, it has said that it is ready: before that the filter does not hand it a part."""
    with open(f'/proc/{pid}/cmdline', 'rb') as c:
        return b'\0--wait\0' in c.read() + b'\0' and state_of(pid) == 'S'


def waiting(f):
    """Process ids of the scanners of this filter that wait for a part."""
    found = set()
    for child in f.children():
        for task in os.listdir(f'/proc/{child}/task'):
            try:
                with open(f'/proc/{child}/task/{task}/children') as h:
                    found.update(p for p in map(int, h.read().split()) if is_waiting(p))
            except OSError:
                pass
    return found


def verdict_of(f, raw):
    c = Client(f.address)
    c.hello()
    a = c.message(raw)
    c.close()
    return 'held' if a.quarantine else 'infected' if a.body and b'EICAR-Test-File' in a.body else 'marked' if a.body else a.kind


def have_ended(pids):
    """Gone, or wait to be waited for: their files are closed."""
    return all(state_of(p) == 'Z' for p in pids)


def are_gone(pids):
    return not any(os.path.exists(f'/proc/{p}') for p in pids)


def standing_by(room, options):
    """Scanners that were started beforehand: used once each, replaced, never older than program, settings and databases."""
    os.makedirs(f'{room}/bin')
    os.makedirs(f'{room}/dbs')
    shutil.copy(f'{kit.BIN}/convscan', f'{room}/bin')
    for name in os.listdir(f'{kit.BIN}/../share/convscan'):
        shutil.copy(f'{kit.BIN}/../share/convscan/{name}', f'{room}/dbs')
    for name, text in (('conf', f'[scan]\ndatabase = {room}/dbs\n'), ('mark.vdl', ':Test.Mark, "a very special mark" #\n'),
                       ('hold', '#!/bin/sh\necho STATUS=178030250 >"$OUTPUT_OPTIONS"\n'), ('mappings', ''),
                       ('conversions', 'in-type=*; in-subtype=*; parameter-symbol-0=NAME; parameter-copy-0=*; override-header-file=1; '
                                       f'override-option-file=1; command="{room}/bin/convscan --config {room}/conf"\n')):
        with open(f'{room}/{name}', 'w') as h:
            h.write(text)
    subprocess.run([f'{kit.BIN}/vdlc', '-o', f'{room}/mark.vdb', f'{room}/mark.vdl'], check=True, stdout=subprocess.DEVNULL)
    marked = crlf(kit.message(kit.text_part('a very special mark\n')))
    f = Filter(room, f'{kit.BIN}/convmilter', *options, '--conversions', f'{room}/conversions', '--standby', '3').start()
    f.until(lambda: len(waiting(f)) == 3)
    seen = waiting(f)
    that('infected by one that stood by', verdict_of(f, INFECTED) == 'infected')
    f.until(lambda: len(waiting(f)) == 3)
    that('two parts, two of them, and they are gone', len(waiting(f) & seen) == 1, (seen, waiting(f)))
    for i in range(8):
        that(f'one after the other {i}', (verdict_of(f, CLEAN), verdict_of(f, INFECTED)) == ('accept', 'infected'))
    f.until(lambda: len(waiting(f)) == 3)
    killed = waiting(f)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    f.until(lambda: have_ended(killed))                 # one that dies with its part in hand is a killed command
    that('with all of them killed', verdict_of(f, INFECTED) == 'infected')
    f.until(lambda: len(waiting(f)) == 3)
    that('a mark that no database knows', verdict_of(f, marked) == 'accept')
    f.until(lambda: len(waiting(f)) == 3)
    os.rename(f'{room}/mark.vdb', f'{room}/dbs/mark.vdb')
    that('a database that came while they waited', verdict_of(f, marked) == 'marked')
    f.until(lambda: len(waiting(f)) == 3)
    with open(f'{room}/next', 'w') as h:
        h.write(f'[scan]\ndatabase = {room}/dbs\n[virus]\naction = hold\n')
    os.rename(f'{room}/next', f'{room}/conf')
    that('settings that came while they waited', verdict_of(f, marked) == 'held')
    f.until(lambda: len(waiting(f)) == 3)
    old = waiting(f)
    os.chmod(f'{room}/hold', 0o755)
    os.rename(f'{room}/hold', f'{room}/bin/convscan')
    that('a program that came while they waited', verdict_of(f, CLEAN) == 'held')
    f.until(lambda: are_gone(old))
    that('a program that cannot wait is started as ever', verdict_of(f, CLEAN) == 'held')
    shutil.copy(f'{kit.BIN}/convscan', f'{room}/bin/new')
    os.rename(f'{room}/bin/new', f'{room}/bin/convscan')
    f.until(lambda: verdict_of(f, CLEAN) == 'accept')
    f.until(lambda: len(waiting(f)) == 3)               # each of those verdicts took one
    old = waiting(f)
    os.kill(f.children()[0], signal.SIGKILL)
    f.until(lambda: are_gone(old))
    f.until(lambda: len(waiting(f)) == 3)
    old = waiting(f)
    that('the end', f.stop() == 0)
    end = time.time() + 20
    while not are_gone(old) and time.time() < end:
        time.sleep(0.05)
    that('none is left behind', are_gone(old))


def little_memory(room, options, kilobytes, size):
    """A large message that is shown to the command once more as it would be delivered, and then held in a spool of ours: neither copy is in memory."""
    with open(f'{room}/conversions', 'w') as h:
        h.write('in-type=message; in-subtype=rfc822; override-option-file=1; command="/bin/sh -c \'echo STATUS=178030250 >$OUTPUT_OPTIONS\'"\n')
    with open(f'{room}/mappings', 'w') as h:
        h.write('')
    with open(f'{room}/bounded', 'w') as h:
        h.write(f'#!/bin/sh\nulimit -d {kilobytes}\nexec {kit.BIN}/convmilter "$@"\n')
    os.chmod(f'{room}/bounded', 0o755)
    f = Filter(room, f'{room}/bounded', *options, '--conversions', f'{room}/conversions', '--hold', f'{room}/held', '-S', 'max-message=500000000', '--timeout', '100').start()
    doubtful = crlf(kit.message(kit.multipart('mixed', kit.text_part(('x' * 76 + '\n') * (size // 77)), kit.part(
        'Content-Type: text/plain\nContent-Transfer-Encoding: base64\n', b'QUJD*REV\n=GQUJDREVG\n')), subject='doubtful'))
    c = Client(f.address)
    c.hello()
    a = c.message(doubtful)
    c.close()
    that('a large doubtful message is held, in our spool', a.kind == 'discard', (a, f.said()))
    held = [f'{room}/held/queue/{n}' for n in os.listdir(f'{room}/held/queue')] if os.path.isdir(f'{room}/held') else []
    that('whole', len(held) == 1 and open(held[0], 'rb').read().endswith(doubtful.replace(b'\r\n', b'\n')), held)
    f.stop()


def main():
    program = f'{kit.BIN}/convmilter'
    with tempfile.TemporaryDirectory(prefix='cm.') as room:
        with open(f'{room}/verdict', 'w') as f:
            f.write(VERDICT)
        with open(f'{kit.ROOT}/imta/conversions.sample') as f:
            sample = f.read()
        with open(f'{room}/conversions', 'w') as f:
            f.write(SCRIPT.format(room=room) + sample)
        options = ['--conversions', f'{room}/conversions', '--mappings', f'{kit.ROOT}/imta/mappings.sample', '--program-dir', kit.BIN,
                   '--user', 'root', '--postmaster', 'boss@example.com', '--memory', '20000', '--timeout', '12',
                   '--size-classes', '3000,9000', '--jobs', '3', '--max-connections', '12', '-S', 'max-message=12000000', '--log', f'{room}/log', '--status', f'{room}/status']
        f = Filter(room, program, *options).start()
        verdicts(f)
        classes(f)
        hostile(f)
        shown(f)
        crowded(f, 12)
        signals(f, room)
        with tempfile.TemporaryDirectory(prefix='cs.') as other:
            standing_by(other, options[2:])
        with open(program, 'rb') as h:
            is_plain = not re.search(rb'__[at]san_init', h.read())       # sanitizers set aside more addresses than there is memory
        if is_plain:
            with tempfile.TemporaryDirectory(prefix='cl.', dir='/var/tmp') as other:
                little_memory(other, options[2:-2], 110000, 80000000)
        os.makedirs(f'{room}/run2')
        handed_over(room, program, [*options, '--work-dir', f'{room}/run2', '--spool-dir', f'{room}/run2'])
    print(f'{PASSED} passed, {len(FAILED)} failed, 0 skipped')
    return bool(FAILED)


if __name__ == '__main__':
    sys.exit(main())
