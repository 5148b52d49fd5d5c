"""The sample for nginx as an administrator would use it: only names, certificate and ports are changed. Then a browser on the other side of TLS."""
import html
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.parse
import warnings

import consolekit as kit

ROOT = os.environ.get('ROOT', '.')
NAME = 'console.example.org'
passed, failed = 0, []


def check(name, good, seen=''):
    global passed
    if good:
        passed += 1
    else:
        failed.append(name)
        print(f'FAIL {name}: {str(seen)[:600]}')


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as s:
        return s.getsockname()[1]


def make_certificate(room):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', f'/CN={NAME}',
                    '-addext', f'subjectAltName=DNS:{NAME}', '-keyout', f'{room}/key.pem', '-out', f'{room}/cert.pem'], check=True, capture_output=True)


class Proxy:
    """An nginx of our own that reads the sample."""

    def __init__(self, room, console_port):
        self.room, self.port = room, free_port()
        with open(os.path.join(ROOT, 'console', 'nginx.sample'), encoding='utf-8') as f:
            sample = f.read()
        for old, new in (('listen 443 ssl http2;', f'listen 127.0.0.1:{self.port} ssl http2;'), ('    listen [::]:443 ssl http2;\n', ''),
                         (f'/etc/ssl/certs/{NAME}.pem', f'{room}/cert.pem'), (f'/etc/ssl/private/{NAME}.key', f'{room}/key.pem'),
                         ('http://127.0.0.1:8025', f'http://127.0.0.1:{console_port}')):
            assert sample.count(old) == 1, f'{old!r} is not once in the sample'
            sample = sample.replace(old, new)
        temps = ''.join(f'{t}_temp_path {room}/{t};\n' for t in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        with open(f'{room}/nginx.conf', 'w', encoding='utf-8') as f:
            f.write(f'pid {room}/nginx.pid;\nerror_log {room}/error.log;\nworker_processes 1;\ndaemon off;\nevents {{}}\n'
                    f'http {{\n{temps}access_log {room}/access.log;\n{sample}}}\n')
        self.process = None

    def command(self, *words):
        return ['nginx', '-c', f'{self.room}/nginx.conf', '-p', self.room, '-e', f'{self.room}/error.log', *words]

    def start(self):
        tried = subprocess.run(self.command('-t'), capture_output=True, text=True)
        check('nginx takes the sample', tried.returncode == 0, tried.stderr)
        said = [line for line in tried.stderr.splitlines() if re.search(r'\[(warn|error|emerg)\]', line) and 'the "user" directive' not in line]
        check('without a word', not said, said)
        with open(f'{self.room}/out', 'wb') as out:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        kit.wait_for(self.is_up)

    def is_up(self):
        try:
            socket.create_connection(('127.0.0.1', self.port), timeout=5).close()
            return True
        except OSError:
            return self.process.poll() is not None

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)

    def reaches(self, version):
        """Does a client that speaks this version of TLS alone get through?"""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(f'{self.room}/cert.pem')
        context.set_ciphers('ALL:@SECLEVEL=0')
        warnings.simplefilter('ignore', DeprecationWarning)
        context.minimum_version = context.maximum_version = version
        try:
            with socket.create_connection(('127.0.0.1', self.port), timeout=20) as s, context.wrap_socket(s, server_hostname=NAME):
                return True
        except (ssl.SSLError, OSError):
            return False


class Browser(kit.Browser):
    """On the other side of the proxy: checks its certificate, and keeps a cookie only under the rules of its name."""

    def __init__(self, proxy):
        super().__init__(proxy)
        self.context = ssl.create_default_context(cafile=f'{proxy.room}/cert.pem')
        self.set_cookies = []

    def ask(self, method, path, body=None, headers=None, **more):
        c = http.client.HTTPSConnection('127.0.0.1', self.port, timeout=60, context=self.context)
        c.sock = self.context.wrap_socket(socket.create_connection(('127.0.0.1', self.port), timeout=60), server_hostname=NAME)
        headers = {'Host': NAME, 'Sec-Fetch-Site': 'same-origin', **(headers or {})}
        if self.cookies:
            headers.setdefault('Cookie', '; '.join(f'{k}={v}' for k, v in self.cookies.items()))
        if isinstance(body, (dict, list)):
            body = urllib.parse.urlencode(body)
            headers['Content-Type'] = 'application/x-www-form-urlencoded'
        c.request(method, path, body, headers, **more)
        a = kit.Answer(c.getresponse())
        c.close()
        for line in a.headers.get_all('Set-Cookie') or []:
            name, value = line.split(';')[0].split('=', 1)
            flags = {f.strip() for f in line.split(';')[1:]}
            self.set_cookies.append((name, flags))
            if name.startswith('__Host-') and {'Secure', 'Path=/'} <= flags and not any(f.startswith('Domain') for f in flags):
                self.cookies[name] = value
        return a


HEADERS = {'Strict-Transport-Security': 'max-age=31536000', 'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY', 'Cache-Control': 'no-store',
           'Referrer-Policy': 'same-origin', 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Resource-Policy': 'same-origin'}


def sign_in(b, console):
    a = b.get('/')
    check('without a session: the sign-in alone', a.status == 401 and 'name="password"' in a.text, (a.status, a.text))
    a = b.get('/sign-in')
    check('the page comes', a.status == 200 and 'name="password"' in a.text, a.text)
    for name, value in HEADERS.items():
        check(f'{name} comes through, once', a.headers.get_all(name) == [value], a.headers)
    policy = a.headers.get_all('Content-Security-Policy') or []
    check('the policy comes through', len(policy) == 1 and "default-src 'none'" in policy[0], policy)
    a = b.post('/sign-in', {'name': 'kim', 'password': 'wrong'}, headers={'X-Forwarded-For': '203.0.113.9, 198.51.100.7'})
    check('a wrong password', a.status in (401, 403) and not any(n == '__Host-convweb' for n in b.cookies), (a.status, b.cookies))
    b.get('/sign-in')
    a = b.post('/sign-in', {'name': 'kim', 'password': kit.PASSWORD}, headers={'X-Forwarded-For': '203.0.113.9'})
    check('the right one', a.status == 303, (a.status, a.text))
    flags = [f for n, f in b.set_cookies if n == '__Host-convweb']
    check('the session\'s cookie', flags and all({'Path=/', 'HttpOnly', 'SameSite=Strict', 'Secure'} <= f for f in flags), b.set_cookies)
    check('each cookie is bound to this host', all(n.startswith('__Host-') for n, _ in b.set_cookies), b.set_cookies)
    check('nothing without a lock', all('Secure' in f and 'HttpOnly' in f for _, f in b.set_cookies), b.set_cookies)
    a = b.get('/')
    check('and the session holds', a.status == 200 and 'kim' in a.text, (a.status, a.text))
    audit = console.audit()
    check('the address is the client\'s as the proxy saw it, whatever it said of itself', 'user="kim" from="127.0.0.1" act=sign-in' in audit
          and '203.0.113' not in audit and '198.51.100' not in audit, audit)


def work(b):
    a = b.get('/list?queue=q')
    check('a list', a.status == 200 and 'Invoice' in a.text, (a.status, a.text))
    item = re.search(r'href="(/item\?id=[^"]+)"', a.text)
    a = b.get(html.unescape(item[1])) if item else a
    check('an item', item and a.status == 200 and 'Test.Virus' in a.text, (a.status, a.text))
    a = b.ask('POST', '/sign-out', {'token': 'forged'})
    check('a form without its token', a.status == 403, a.status)
    a = b.ask('GET', '/', headers={'Cookie': ''})
    check('without the cookie: nothing', a.status == 401, a.status)
    a = b.ask('POST', '/sign-in', 'x' * 70000)
    check('more than the sample allows', a.status == 413, a.status)


def hammer(proxy):
    """The brake on wrong passwords counts the client, not what it calls itself."""
    b = Browser(proxy)
    seen = []
    for i in range(24):        # an address has 20
        b.get('/sign-in')
        seen.append(b.post('/sign-in', {'name': f'guest{i}', 'password': 'x'}, headers={'X-Forwarded-For': f'192.0.2.{i}'}).status)
    check('too many tries', 429 in seen, seen)


def main():
    room = tempfile.mkdtemp(prefix='px.')
    os.chmod(room, 0o755)
    os.makedirs(f'{room}/held')
    kit.put(f'{room}/keep', 'one', cls='virus', name='Test.Virus', file='report.exe', sender='a@evil.example', recipients='b@one.example', subject='Invoice')
    make_certificate(room)
    console = kit.Console(room, '--behind-proxy', users=[('kim', 'rw', '*')])
    proxy = Proxy(room, console.port)
    try:
        proxy.start()
        b = Browser(proxy)
        sign_in(b, console)
        work(b)
        check('TLS 1.2 and 1.3', proxy.reaches(ssl.TLSVersion.TLSv1_2) and proxy.reaches(ssl.TLSVersion.TLSv1_3))
        check('nothing older', not proxy.reaches(ssl.TLSVersion.TLSv1_1))
        plain = subprocess.run(['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', f'http://127.0.0.1:{proxy.port}/sign-in'], capture_output=True, text=True).stdout
        check('nothing without TLS', plain == '400', plain)
        two = subprocess.run(['curl', '-s', '-o', '/dev/null', '-w', '%{http_version} %{http_code}', '--http2', '--cacert', f'{room}/cert.pem', '--resolve',
                              f'{NAME}:{proxy.port}:127.0.0.1', f'https://{NAME}:{proxy.port}/sign-in'], capture_output=True, text=True).stdout
        check('HTTP/2', two == '2 200', two)
        hammer(proxy)
        check('the console ends', console.stop() == 0)
        check('without it: a bad gateway, no page', b.ask('GET', '/').status == 502)
    finally:
        proxy.stop()
        if console.process.poll() is None:
            console.stop()
        shutil.rmtree(room, ignore_errors=True)
    print(f'{passed} passed, {len(failed)} failed, 0 skipped')
    return bool(failed)


if __name__ == '__main__':
    sys.exit(main())
