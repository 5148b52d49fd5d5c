"""A private sendmail with a queue in front, as imta/sendmail/README.md sets it up, and the steps of the Postfix test. sendmail is Debian's,
unpacked by tests/fetch-peers, as it cannot be installed beside Postfix."""
import glob
import os
import socket
import subprocess
import sys

import filterkit as kit

README = os.path.join('imta', 'sendmail', 'README.md')
PEERS = os.environ.get('PEERS', os.path.join(os.environ.get('BUILD', 'build'), 'peers'))
CF = os.path.join(PEERS, 'usr', 'share', 'sendmail', 'cf', '')
PROGRAM = os.path.join(PEERS, 'usr', 'libexec', 'sendmail', 'sendmail')
# For a test: relays for everybody, asks no name server, delivers however loaded the machine is.
ADDED = """FEATURE(`promiscuous_relay')dnl
FEATURE(`accept_unresolvable_domains')dnl
define(`confDOMAIN_NAME', `mx.example.com')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe')dnl
define(`confSERVICE_SWITCH_FILE', `{room}/switch')dnl
define(`confQUEUE_LA', `10000')dnl
define(`confREFUSE_LA', `10000')dnl
"""


class Sendmail(kit.Server):
    parts = {'convchan-filter', 'convchan', 'convscan'}
    deferred, discarded = 'MDeferred', ''
    return_subject = 'Returned mail: see transcript for details'

    def __init__(self, room):
        super().__init__(room, 'mqueue')
        self.result = f'smtp://127.0.0.1:{self.outward}'    # the sink stands where the site's own sendmail would
        self.env = {**os.environ, 'LD_LIBRARY_PATH': glob.glob(f'{PEERS}/usr/lib/*-linux-gnu*')[0]}
        self.write_config()

    def write_config(self):
        text = kit.put(kit.blocks(README, 'sendmail-rx.mc'),
                       ('P=/usr/lib/convscan/convchan-filter', f'P={self.path("bin", "convchan-filter")}'),
                       ('-s sendmail-mta', f'-s sendmail -p {self.path("bin", "convchan")} -c {self.path("etc")}'),
                       ('smtp://127.0.0.1:10026', self.result), ('/var/spool/convscan/held', self.path('filter', 'held')),
                       ('/var/spool/convscan/work', self.path('filter')), ('U=convscan', 'U=nobody'),
                       ('/var/spool/mqueue-rx', self.path('mqueue')), ('/run/sendmail-rx.pid', self.path('pid')),
                       ('/var/lib/sendmail/statistics-rx', self.path('statistics')), ('hash -T<TMPF> /etc/mail/access', 'hash -o /nowhere'),
                       ('Port=smtp', f'Port={self.inward}, Addr=127.0.0.1'))
        head, mailer, rest = text.partition("MAILER(`smtp')dnl\n")
        with open(self.path('rx.mc'), 'w') as f:
            f.write(head + ADDED.format(room=self.room) + mailer + rest)
        with open(self.path('switch'), 'w') as f:
            f.write('hosts files\naliases files\npasswd files\n')
        with open(self.path('rx.cf'), 'w') as f:
            subprocess.run(['m4', f'-D_CF_DIR_={CF}', f'{CF}m4/cf.m4', self.path('rx.mc')], stdout=f, check=True)

    def __enter__(self):
        self.start_sink(self.outward)
        with open(self.path('log'), 'wb') as log:
            # A host without a full name would keep it waiting for a minute.
            self.daemon = subprocess.Popen(['unshare', '-u', 'sh', '-c', 'hostname mx.example.com; exec "$@"', 'sh', PROGRAM, '-C', self.path('rx.cf'), '-bD', '-q1s'], env=self.env,
                                           stdout=log, stderr=log)
        kit.until(self.is_up)
        return self

    def is_up(self):
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', self.inward)) == 0

    def __exit__(self, *_):
        self.daemon.terminate()
        self.daemon.wait()
        self.stop_sink()

    def log(self):
        """What it says, and what it says of the messages that wait: its own log goes to syslog."""
        found = ''
        for name in self.path('log'), *glob.glob(self.path('mqueue', 'qf*')):
            try:
                with open(name, errors='replace') as f:
                    found += f.read()
            except OSError:         # gone by now
                continue
        return found

    def waiting(self):
        return len(glob.glob(self.path('mqueue', '[qQth]f*')))


if __name__ == '__main__':
    lacking = [] if os.path.exists(PROGRAM) else ['sendmail (tests/fetch-peers unpacks it)']
    sys.exit(kit.main(Sendmail, lacking + [p for p in ('m4', 'smtp-sink', 'smtp-source', 'curl') if not kit.which(p)]))
