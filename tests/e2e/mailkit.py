"""What the end-to-end drivers share: the test file, messages, and a second opinion on MIME (Python's email)."""
import binascii
import email
import email.policy
import gzip
import io
import json
import os
import re
import struct
import subprocess
import tarfile
import zipfile
import zlib
from base64 import encodebytes
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get('BIN', os.path.join(ROOT, 'build', 'bin'))
# What convchan's exit status means.
DELIVERED, HELD, RETURNED, DISCARDED, POSTMASTER, RETRY = 0, 10, 11, 12, 13, 75


def turned(text):
    """Letters moved by 13, so that no file of ours holds what scanners look for."""
    return re.sub('[A-Za-z]', lambda m: chr((ord(m[0]) - (a := 65 if m[0] < 'a' else 97) + 13) % 26 + a), text)


EICAR = turned(r'K5B!C%@NC[4\CMK54(C^)7PP)7}$RVPNE-FGNAQNEQ-NAGVIVEHF-GRFG-SVYR!$U+U*').encode()
GTUBE = turned('KWF*P4WQODNQA1.AFOA3*2VQARA*TGHOR-FGNAQNEQ-NAGV-HOR-GRFG-RZNVY*P.34K').encode()


def data(name):
    with open(os.path.join(ROOT, 'tests', 'data', name), 'rb') as f:
        return f.read()


def zipped(members, when=(2024, 1, 2, 3, 4, 6)):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
        for name, content in members.items():
            z.writestr(zipfile.ZipInfo(name, when), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def crc32_step(crc, byte):
    return zlib.crc32(bytes([byte]), crc ^ 0xffffffff) ^ 0xffffffff


def zip_encrypted(content, password, check):
    """The old encryption of zip, with a fixed head: three keys that every byte moves on."""
    keys = [0x12345678, 0x23456789, 0x34567890]
    out = bytearray()

    def move(byte):
        keys[0] = crc32_step(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xff)) * 134775813 + 1) & 0xffffffff
        keys[2] = crc32_step(keys[2], keys[1] >> 24)

    for byte in password:
        move(byte)
    for byte in bytes(11) + bytes([check]) + content:
        t = keys[2] | 2
        out.append(byte ^ (t * (t ^ 1) >> 8 & 0xff))
        move(byte)
    return bytes(out)


def locked_zip(name, content, password=b'a word that is on no list'):
    crc = zlib.crc32(content)
    sealed = zip_encrypted(content, password, crc >> 24)
    head = struct.pack('<HHHHHIIIHH', 20, 1, 0, 0x1884, 0x5822, crc, len(sealed), len(content), len(name), 0)
    local = b'PK\3\4' + head + name.encode() + sealed
    central = b'PK\1\2' + struct.pack('<H', 20) + head + struct.pack('<HHHII', 0, 0, 0, 0, 0) + name.encode()
    return local + central + b'PK\5\6' + struct.pack('<HHHHIIH', 0, 0, 1, 1, len(central), len(local), 0)


def tarred(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz') as t:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            t.addfile(info, io.BytesIO(content))
    return out.getvalue()


def members(content, name='', depth=0):
    """Every file inside zip and tar.gz archives, however deep, as (path, bytes); '!' stands between archives."""
    if depth < 5 and content[:2] == b'PK':
        with zipfile.ZipFile(io.BytesIO(content)) as z:
            found = [(n, z.read(n)) for n in z.namelist()]
    elif depth < 5 and content[:2] == b'\x1f\x8b':
        with tarfile.open(fileobj=io.BytesIO(content)) as t:
            found = [(i.name, t.extractfile(i).read()) for i in t if i.isfile()]
    else:
        return [(name, content)]
    return [x for n, c in found for x in members(c, f'{name}!{n}' if name else n, depth + 1)]


def bomb(size):
    return gzip.compress(bytes(size), mtime=0)


def uuencoded(name, content):
    lines = [b'begin 644 %s\n' % name]
    for at in range(0, len(content), 45):
        lines.append(binascii.b2a_uu(content[at:at + 45]))
    return b''.join(lines) + b'`\nend\n'


def png(width=24, height=24):
    """A small picture, made here."""
    def chunk(kind, body):
        return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))
    rows = b''.join(b'\0' + bytes(v for x in range(width) for v in (x * 10 % 256, y * 10 % 256, 128))
                    for y in range(height))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0))
            + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


# ---- messages, written out by hand so that every byte is ours ----

def part(head, body):
    return head.encode('latin-1') + b'\n' + body


def b64_part(kind, name, content, how='attachment'):
    return part(f'Content-Type: {kind}; name="{name}"\nContent-Transfer-Encoding: base64\n'
                f'Content-Disposition: {how}; filename="{name}"\n', encodebytes(content))


def text_part(text, subtype='plain', extra=''):
    return part(f'Content-Type: text/{subtype}; charset=us-ascii\n{extra}', text if isinstance(text, bytes) else text.encode())


def multipart(kind, *parts, boundary=None, extra=''):
    b = boundary or f'=_{kind}_{zlib.crc32(b"".join(parts)):08x}'
    body = b''.join(b'--' + b.encode() + b'\n' + p + b'\n' for p in parts) + b'--' + b.encode() + b'--\n'
    return part(f'Content-Type: multipart/{kind}; boundary="{b}"\n{extra}', body)


def message(entity, subject='A test', extra=''):
    return (f'From: Sender <sender@example.org>\nTo: reader@example.com\nSubject: {subject}\n'
            f'Date: Mon, 01 Jul 2024 10:00:00 +0000\nMessage-ID: <e2e-1@example.org>\n{extra}'
            'MIME-Version: 1.0\n').encode() + entity


def forwarded(inner):
    return part('Content-Type: message/rfc822\nContent-Description: a forwarded message\n', inner)


def demo_message():
    """Text, HTML, an image, a zip that holds the test file, a forwarded message with it in base64, a clean PDF."""
    return message(multipart(
        'mixed',
        multipart('alternative',
                  part('Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n',
                       data('demo-text.qp')),
                  part('Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 7bit\n', data('demo.html'))),
        b64_part('image/png', 'chart.png', png(), 'inline'),
        b64_part('application/zip', 'invoices.zip',
                 zipped({'readme.txt': b'Two invoices of June.\r\n', 'june/invoice-17.txt': EICAR})),
        forwarded(message(multipart('mixed', text_part('As promised, the minutes.\n'),
                                    b64_part('application/octet-stream', 'minutes.dat', EICAR)),
                          subject='Fwd: minutes')),
        b64_part('application/pdf', 'terms.pdf', data('terms.pdf'))),
        subject='Report for June')


# ---- the second opinion ----

class Leaf:
    def __init__(self, number, part):
        self.number, self.part = number, part
        self.type = part.get_content_type()
        self.name = part.get_filename() or ''
        self.payload = part.get_payload(decode=True)
        if self.payload is None:
            self.payload = (part.get_payload() if isinstance(part.get_payload(), str) else '').encode('utf-8', 'replace')


def parse(raw):
    return email.message_from_bytes(raw, policy=email.policy.compat32)


def leaves(msg, number=''):
    """Leaf parts in order, numbered as IMAP does."""
    content = msg.get_payload()
    if not isinstance(content, list):
        return [Leaf(number or '1', msg)]
    if msg.get_content_maintype() == 'message' and len(content) == 1:
        inner = content[0]
        return leaves(inner, number) if inner.is_multipart() else leaves(inner, f'{number}.1' if number else '1')
    return [leaf for n, p in enumerate(content, 1) for leaf in leaves(p, f'{number}.{n}' if number else str(n))]


def defects(msg):
    return [type(d).__name__ for p in msg.walk() for d in p.defects]


# ---- running the channel ----

class Channel:
    """convchan with the sample files and convscan, in a folder of its own. The database is the shipped one."""

    def __init__(self, room, config='', command=None):
        self.log = os.path.join(room, 'convscan.log')
        self.config = os.path.join(room, 'convscan.conf')
        self.report = os.path.join(room, 'report.json')
        with open(self.config, 'w') as f:
            f.write(f'[log]\nfile = {self.log}\n{config}')
        sample = os.path.join(ROOT, 'imta', 'conversions.sample')
        self.conversions = os.path.join(room, 'conversions')
        command = command or f'{BIN}/convscan --config {self.config}'
        with open(sample) as f, open(self.conversions, 'w') as out:
            text, n = re.subn(r'(?m)^([^!\n]*command=")[^"]*"', lambda m: m[1] + command + '"', f.read())
            assert n, 'no command in conversions.sample'
            out.write(text)

    def run(self, raw, *options, timeout=120, env=None):
        """Exit status, the message after, what stood on standard error."""
        if os.path.exists(self.report):
            os.unlink(self.report)
        r = subprocess.run([f'{BIN}/convchan', '--conversions', self.conversions,
                            '--mappings', os.path.join(ROOT, 'imta', 'mappings.sample'),
                            '--in-chan', 'tcp_local', '--out-chan', 'ims-ms', '--report', self.report, *options],
                           input=raw, capture_output=True, timeout=timeout, env=env)
        return r.returncode, r.stdout, r.stderr.decode('utf-8', 'replace')

    def parts(self):
        """The report's objects, one a part."""
        if not os.path.exists(self.report):
            return []
        with open(self.report) as f:
            return [json.loads(line) for line in f if line.strip()]

    def log_lines(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log, errors='replace') as f:
            return f.read().splitlines()


def log_fields(line):
    """key=value pairs, values quoted where needed."""
    return {k: re.sub(r'\\(.)', r'\1', v[1:-1]) if v[:1] == '"' else v
            for k, v in re.findall(r'([A-Za-z_]+)=("(?:[^"\\]|\\.)*"|\S*)', line)}


# ---- running cases ----

def run_cases(cases):
    """cases: (label, function that tells what is wrong, None where all is well). One a processor; the exit status of the test."""
    cases, counts = list(cases), [0, 0]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for (label, _), wrong in zip(cases, pool.map(lambda case: case[1](), cases)):
            counts[bool(wrong)] += 1
            if wrong:
                print(f'FAIL {label}: {wrong}')
    print(f'{counts[0]} passed, {counts[1]} failed, 0 skipped')
    return counts[1] > 0
