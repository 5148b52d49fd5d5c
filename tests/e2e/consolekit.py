"""A console over a made quarantine, and a browser without a browser: for the tests and the bench of convweb."""
import email.utils
import html
import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.parse

BIN = os.environ.get('BIN', 'build/bin')
PASSWORD = 'correct horse battery'


def record(**fields):
    names = ('id', 'class', 'name', 'member', 'file', 'type', 'sender', 'recipients', 'subject', 'date', 'in', 'out', 'action')
    return json.dumps({n: fields.get(n if n != 'class' else 'cls', '') for n in names})


def put(folder, ident, body=b'the needle of the virus\n', when=None, where='new', headers='Content-Type: application/octet-stream\n', **fields):
    """A part as the scanner leaves it in a quarantine."""
    for name in ('tmp', 'new', 'cur', where):
        os.makedirs(f'{folder}/{name}', mode=0o700, exist_ok=True)
    path = f'{folder}/{where}/{ident}'
    with open(path, 'wb') as f:
        f.write(f'X-Convscan-Record: {record(id=ident, **fields)}\n'.encode() + headers.encode('utf-8', 'surrogateescape') +
                b'Content-Transfer-Encoding: binary\n\n' + body)
    if when:
        os.utime(path, (when, when))
    return path


class Console:
    """convweb, running on a port of its own choice."""

    def __init__(self, folder, *options, users=()):
        self.users = f'{folder}/users'
        self.folder = folder
        for name, rights, domains in users:
            add_user(self.users, name, rights, domains)
        self.process = subprocess.Popen(
            [f'{BIN}/convweb', '--listen', '127.0.0.1:0', '--quarantine', f'{folder}/keep', '--users', self.users, '--index', f'{folder}/index.db',
             '--audit', f'{folder}/audit.log', '--held-archive', f'{folder}/held', *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.errors = []
        for line in self.process.stderr:
            self.errors.append(line)
            port = re.search(r'serving port (\d+)', line)
            if port:
                self.port = int(port[1])
                break
        else:
            raise SystemExit('convweb did not start: ' + ''.join(self.errors))
        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True).start()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def audit(self):
        with open(f'{self.folder}/audit.log', encoding='utf-8') as f:
            return f.read()


def add_user(users, name, rights='rw', domains='*', password=PASSWORD):
    subprocess.run([f'{BIN}/convweb', '--add-user', name, '--rights', rights, '--domains', domains, '--users', users], input=password + '\n',
                   text=True, check=True)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()
        self.text = self.body.decode('utf-8', 'replace')

    def hidden(self, name):
        found = re.search(f'name="{name}" value="([^"]*)"', self.text)
        return html.unescape(found[1]) if found else None


class Browser:
    """Keeps cookies; a request a connection."""

    def __init__(self, console):
        self.port = console.port
        self.cookies = {}
        self.token = None

    def ask(self, method, path, body=None, headers=None, **more):
        c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        headers = dict(headers or {})
        if self.cookies:
            headers.setdefault('Cookie', '; '.join(f'{k}={v}' for k, v in self.cookies.items()))
        if isinstance(body, (dict, list)):
            body = urllib.parse.urlencode(body)
            headers.setdefault('Content-Type', 'application/x-www-form-urlencoded')
        c.request(method, path, body, headers, **more)
        a = Answer(c.getresponse())
        c.close()
        for line in a.headers.get_all('Set-Cookie') or []:
            name, value = line.split(';')[0].split('=', 1)
            if 'Max-Age=0' in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return a

    def get(self, path, **more):
        a = self.ask('GET', path, **more)
        self.token = a.hidden('token') or self.token
        return a

    def post(self, path, fields, **more):
        """As a form of the last page would."""
        fields = list(fields.items()) if isinstance(fields, dict) else list(fields)
        return self.ask('POST', path, [('token', self.token or '')] + fields, **more)

    def sign_in(self, name, password=PASSWORD):
        self.get('/sign-in')
        a = self.post('/sign-in', {'name': name, 'password': password})
        if a.status == 303:
            self.get('/help')
        return a


def wait_for(what, seconds=60):
    """Until it is true; the machine may be busy."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = what()
        if got:
            return got
        time.sleep(0.1)
    return what()


def ids_of(answer):
    return re.findall(r'href="/item\?id=([^"]+)"', answer.text)
