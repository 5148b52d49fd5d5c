"""A console with mail for tests/e2e/browser.mjs to walk through, and what must have arrived at an SMTP server afterwards. SHOTS=DIR keeps pictures."""
import atexit
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import consolekit as kit

HERE = os.path.dirname(os.path.abspath(__file__))
ROOM = tempfile.mkdtemp()
atexit.register(shutil.rmtree, ROOM, True)
HOSTILE = '<script>window.owned=1</script><img src=x onerror="window.owned=1">\u202egpj.exe'
MAIL = [
    ('virus', 'Test.Trojan.Agent', 'invoice-4711.exe', 'billing@pay-now.example', 'Your invoice 4711'), ('ext', 'Blocked.Name scr', 'holiday.scr', 'friend@mail.example', 'Photos of the holiday'),
    ('encrypted', 'Encrypted.Zip', 'documents.zip', 'hr@partner.example', 'Contract, password in the next mail'), ('spam', 'GTUBE', 'offer.html', 'deals@cheap.example', 'Only today: everything cheaper'),
    ('limit', 'Limit.Ratio', 'logs.tar.gz', 'ops@partner.example', 'Log files of the week'), ('virus', 'Office.Macro.AutoOpen', 'budget.doc', 'cfo@partner.example', 'Budget for the next year'),
]


def fill():
    noise, now = random.Random(3), time.time()
    for i in range(72):
        cls, name, file, sender, subject = MAIL[i % len(MAIL)]
        to = ['anna@one.example', 'ben@one.example', 'carla@two.example'][i % 3]
        kit.put(f'{ROOM}/keep', f'm{i:03}', cls=cls, name=name, file=file, sender=sender, recipients=to, subject=f'{subject} ({i})', date='Wed, 25 Nov 2026 10:00:00 +0000',
                type='application/octet-stream', when=now - 3600 - i * 700, body=noise.randbytes(200 + 911 * i), headers=f'Content-Type: application/octet-stream; name="{file}"\n')
    kit.put(f'{ROOM}/keep', 'evil', cls='virus', name='Test.Virus', file=HOSTILE, sender=HOSTILE, recipients='anna@one.example', subject=HOSTILE, body=(HOSTILE * 20).encode(),
            headers='Content-Type: text/html\n', when=now - 60)
    kit.put(f'{ROOM}/keep', 'free', cls='ext', name='Blocked.Name', file='report.bat', sender='a@partner.example', recipients='anna@one.example, carla@two.example', subject='Release me',
            body=b'echo harmless\n', when=now - 30)
    with open(f'{ROOM}/log', 'w', encoding='ascii') as f:
        for i in range(20000):
            t = time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(now - 47 * 3600 + i * 47 * 3600 / 20000))
            cls = noise.choices(['clean', 'virus', 'spam', 'ext', 'encrypted'], [90, 3, 4, 2, 1])[0]
            f.write(f'time={t} id=m{i} class={cls} sig=- size={noise.randrange(200, 90000)} us={int(noise.lognormvariate(7, 0.7))} cpu_us=900 in=tcp_local out=ims-ms\n')


def start_sink():
    """smtp-sink writes each message into a file; mta hands over what sendmail would get."""
    sink = shutil.which('smtp-sink', path=os.environ['PATH'] + ':/usr/sbin')
    if not sink:
        return None
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    os.mkdir(f'{ROOM}/sunk')
    p = subprocess.Popen([sink, *(['-u', 'nobody'] if os.getuid() == 0 else []), '-d', f'{ROOM}/sunk/%M.', f'127.0.0.1:{port}', '10'], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.chmod(ROOM, 0o711)
    os.chmod(f'{ROOM}/sunk', 0o777)
    atexit.register(p.kill)
    with open(f'{ROOM}/mta', 'w', encoding='ascii') as f:
        f.write(f'''#!{sys.executable}
import smtplib, sys
with smtplib.SMTP('127.0.0.1', {port}) as s:
    s.sendmail('', sys.argv[sys.argv.index('--') + 1:], sys.stdin.buffer.read())
''')
    os.chmod(f'{ROOM}/mta', 0o755)
    return port


def main():
    fill()
    sink = start_sink()
    c = kit.Console(ROOM, '--mta', f'{ROOM}/mta', '--log', f'{ROOM}/log', '--databases', os.path.join(os.path.dirname(kit.BIN), 'share', 'convscan'), '--allow', f'{ROOM}/allow.vdl',
                    users=[('root', 'rw', '*'), ('one', 'rw', 'one.example'), ('wrong', 'rw', '*')])
    atexit.register(c.process.kill)
    b = kit.Browser(c)
    b.sign_in('root')
    kit.wait_for(lambda: '>74</dd>' in b.get('/').text and '>0</dd>' not in b.get('/').text.split('parts scanned')[1][:60])
    shots = os.environ.get('SHOTS', '')
    done = subprocess.run(['node', f'{HERE}/browser.mjs'], env={**os.environ, 'URL': f'http://127.0.0.1:{c.port}', 'PASSWORD': kit.PASSWORD, 'SHOTS': shots, 'HOSTILE': HOSTILE},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False, timeout=250)
    print(done.stdout, end='')
    lines = done.stdout.splitlines()
    passed, bad, skipped = sum(x.startswith('ok ') for x in lines), sum(x.startswith('FAIL ') for x in lines), 0
    bad += done.returncode != 0 and not bad
    if sink:
        got = kit.wait_for(lambda: [n for n in os.listdir(f'{ROOM}/sunk')], 20)
        text = ''.join(open(f'{ROOM}/sunk/{n}', encoding='utf-8', errors='replace').read() for n in got)
        arrived = 'Released attachment: Release me' in text and 'ZWNobyBoYXJtbGVzcw' in text and 'anna@one.example' in text
        passed += arrived
        bad += not arrived
        if not arrived:
            print('FAIL the released mail did not arrive:', text[:500])
    else:
        skipped += 1
    print(f'{passed} passed, {bad} failed, {skipped} skipped')
    return bool(bad)


sys.exit(main())
