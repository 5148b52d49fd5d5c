"""The storm's messages: made from real ones, every second infected, each with a number of its own."""
import glob
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
import mailkit as kit  # noqa: E402

LARGEST = 48 << 10
FIELD = re.compile(rb'[!-9;-~]+:')


def split(raw):
    """(fields, body, line end) of a message that has a plain header, else None."""
    end = b'\r\n' if b'\r\n' in raw[:2000] else b'\n'
    head, gap, body = raw.partition(end + end)
    fields = re.split(end + rb'(?![ \t])', head)
    return (fields, body, end) if gap and all(FIELD.match(f) for f in fields) else None


def numbered(raw, number):
    return b'X-Storm-Id: %d' % number + split(raw)[2] + raw


def infected(raw):
    """The same message as the first part of a multipart, the test file as the second."""
    fields, body, end = split(raw)
    mime = [f for f in fields if re.match(rb'(?i)content-', f)]
    rest = [f for f in fields if not re.match(rb'(?i)content-|mime-version:', f)]
    boundary = b'=_storm_0d5a7c31'
    part = kit.b64_part('application/octet-stream', 'report.com', kit.EICAR).replace(b'\n', end)
    return (end.join(rest + [b'MIME-Version: 1.0', b'Content-Type: multipart/mixed; boundary="%s"' % boundary]) + end + end
            + b'--' + boundary + end + end.join(mime) + (end if mime else b'') + end + body + end
            + b'--' + boundary + end + part + end + b'--' + boundary + b'--' + end)


def made():
    """Messages from the tree alone."""
    yield kit.message(kit.text_part('One line.\n'), subject='short')
    yield kit.message(kit.text_part('The quick brown fox jumps over the lazy dog.\n' * 120), subject='longer')
    yield kit.message(kit.multipart('alternative', kit.text_part('Hello\n'), kit.text_part('<p>Hello</p>\n', 'html')),
                      subject='alternative')
    yield kit.message(kit.multipart('mixed', kit.text_part('See the chart.\n'),
                                    kit.b64_part('image/png', 'chart.png', kit.png()),
                                    kit.b64_part('application/pdf', 'terms.pdf', kit.data('terms.pdf'))), subject='mixed')
    yield kit.message(kit.multipart('mixed', kit.text_part('Forwarded.\n'),
                                    kit.forwarded(kit.message(kit.text_part('Inner\n')))), subject='forwarded')


def candidates(corpus):
    for path in sorted(glob.glob(os.path.join(corpus, 'mail', '**', '*'), recursive=True)):
        if os.path.isfile(path) and path.endswith(('.eml', '.msg', '.raw', '.txt')) and os.path.getsize(path) <= LARGEST:
            with open(path, 'rb') as f:
                yield f.read()


def is_clean(raw, argv):
    """Is this one that the scanner returns as it is? Some of the collection are hostile on purpose."""
    r = subprocess.run(argv, input=raw, capture_output=True, timeout=60)
    return r.returncode == kit.DELIVERED and r.stdout == raw


def pool(corpus, limit, argv):
    """Clean base messages, and where they come from. argv: convchan with the scanner as its command."""
    real = [m for m in candidates(corpus) if split(m) and not holds_test_file(m)] if corpus and os.path.isdir(os.path.join(corpus, 'mail')) else []
    step = max(1, len(real) // limit)
    chosen = [m for m in real[::step] if is_clean(numbered(m, 0), argv)]
    if chosen:
        return chosen, f'{len(chosen)} messages of the corpus'
    return list(made()), 'messages made in the tree'


class Storm:
    """Message number i: odd ones are infected."""

    def __init__(self, base):
        self.clean = base
        self.bad = [infected(m) for m in base]

    def message(self, i):
        return numbered((self.bad if i % 2 else self.clean)[i // 2 % len(self.clean)], i)

    def is_infected(self, i):
        return bool(i % 2)


def holds_test_file(raw):
    return kit.EICAR in raw or any(kit.EICAR in leaf.payload for leaf in kit.leaves(kit.parse(raw)))
