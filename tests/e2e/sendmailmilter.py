"""A real sendmail (Debian's, unpacked by tests/fetch-peers) with convmilter as docs/GATEWAY.md sets it up: clean mail, infected mail, the
verdicts, and nobody at the socket."""
import os
import smtplib
import shutil
import subprocess
import sys

import filterkit as kit
import milterclient
import sendmail

MC = """OSTYPE(`linux')dnl
undefine(`ALIAS_FILE')dnl
define(`QUEUE_DIR', `{room}/mqueue')dnl
define(`confPID_FILE', `{room}/pid')dnl
define(`STATUS_FILE', `{room}/statistics')dnl
define(`confEIGHT_BIT_HANDLING', `pass8')dnl
define(`SMART_HOST', `smtp:[127.0.0.1]')dnl
define(`SMTP_MAILER_ARGS', `TCP $h {outward}')dnl
define(`confDEF_USER_ID', `65534:65534')dnl
DAEMON_OPTIONS(`Name=MTA, Port={inward}, Addr=127.0.0.1')dnl
{filter}{added}MAILER(`smtp')dnl
"""


class Gateway(sendmail.Sendmail):
    def write_config(self):
        shutil.copy(f'{kit.kit.BIN}/convmilter', self.path('bin'))
        for name in ('run', 'spool'):
            os.mkdir(self.path(name))
            shutil.chown(self.path(name), 'nobody')
        # sendmail refuses a socket file below a folder like /tmp, which everybody may write.
        self.socket = f'inet:{self.back}@127.0.0.1'
        lines = kit.put(kit.blocks('docs/GATEWAY.md', 'sendmail.mc'), ('local:/run/convmilter/socket', self.socket))
        with open(self.path('rx.mc'), 'w') as f:
            f.write(MC.format(room=self.room, outward=self.outward, inward=self.inward, filter=lines,
                              added=sendmail.ADDED.format(room=self.room)))
        with open(self.path('switch'), 'w') as f:
            f.write('hosts files\naliases files\npasswd files\n')
        with open(self.path('rx.cf'), 'w') as f:
            subprocess.run(['m4', f'-D_CF_DIR_={sendmail.CF}', f'{sendmail.CF}m4/cf.m4', self.path('rx.mc')], stdout=f, check=True)
        self.start_filter()

    def start_filter(self):
        self.filter = milterclient.Filter(self.room, self.path('bin', 'convmilter'), '--socket', self.socket, '--user', 'nobody', '--conversions',
                                          self.path('etc', 'conversions'), '--mappings', self.path('etc', 'mappings')).start()

    def __exit__(self, *what):
        super().__exit__(*what)
        self.filter.stop()

    def submit(self, raw, to=('reader@example.com',)):
        """The answer to the message itself."""
        with smtplib.SMTP('127.0.0.1', self.inward, timeout=60) as c:
            try:
                c.sendmail('sender@example.org', list(to), raw.replace(b'\n', b'\r\n'))
            except smtplib.SMTPResponseException as e:
                return e.smtp_code
            except smtplib.SMTPRecipientsRefused as e:
                return list(e.recipients.values())[0][0]
        return 250


def attached(name):
    return kit.kit.message(kit.kit.multipart('mixed', kit.kit.text_part('Text.\n'), kit.kit.b64_part(f'application/x-{name}', 'f', b'x' * 99)),
                           subject=name)


def verdicts(s, c):
    for name, code in ('hold', 250), ('refuse', 550), ('discard', 250):
        got = s.submit(attached(name))
        c.that(f'{name}: {code}', got == code, got)
    kit.until(lambda: any(n.startswith('hf') for n in os.listdir(s.path('mqueue'))), 20)
    held = [n for n in os.listdir(s.path('mqueue')) if n.startswith('hf')]
    c.that('held: in quarantine', len(held) == 1 and not s.arrived('hold'), os.listdir(s.path('mqueue')))
    c.that('refused and discarded: gone', not s.arrived('refuse') and not s.arrived('discard'))


def single_part(s, c):
    """The notice takes the whole message's place: header fields change."""
    c.that('taken', s.submit(kit.kit.message(kit.kit.b64_part('application/octet-stream', 'm.dat', kit.kit.EICAR), subject='single')) == 250)
    kit.until(lambda: s.arrived('single'))
    got = s.arrived('single')
    head = got[0][2].split(b'\n\n', 1)[0] if got else b''
    c.that('the header fits the notice', got and b'EICAR-Test-File' in got[0][2] and b'Content-Type: text/plain' in head
           and b'base64' not in head and head.count(b'Content-Type') == 1, got)


def nobody_listens(s, c):
    s.filter.stop()
    got = s.submit(attached('none'))
    c.that('without the filter: later', 400 <= got < 500, got)
    s.start_filter()
    c.that('and goes on afterwards', s.submit(kit.kit.message(kit.kit.text_part('x\n'), subject='again')) == 250)


def clean_and_infected(s, c):
    raw = kit.kit.message(kit.kit.multipart('mixed', kit.kit.text_part('A line\n.\n.dot\n\n\n'), kit.kit.b64_part('image/png', 'p.png', kit.kit.png())),
                          subject='clean')
    c.that('clean: taken', s.submit(raw) == 250)
    kit.until(lambda: s.arrived('clean'))
    got = s.arrived('clean')
    c.that('clean: the same bytes', len(got) == 1 and kit.body(got[0][2]) == kit.body(raw), (got, s.log()))


def main():
    lacking = [] if os.path.exists(sendmail.PROGRAM) else ['sendmail (tests/fetch-peers unpacks it)']
    lacking += [p for p in ('m4', 'smtp-sink') if not kit.which(p)]
    return kit.main(Gateway, lacking, (clean_and_infected, single_part, verdicts, nobody_listens))


if __name__ == '__main__':
    sys.exit(main())
