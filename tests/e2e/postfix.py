"""A private Postfix whose mail goes through imta/postfix/convchan-filter: clean mail arrives as it was, infected mail with the
notice, held mail is kept and released, refused mail is told of, and filters that are killed lose nothing."""
import os
import shutil
import subprocess
import sys

import filterkit as kit

README = os.path.join('imta', 'postfix', 'README.md')


class Postfix(kit.Server):
    parts = {'convchan-filter', 'convchan', 'convscan', 'pipe'}
    deferred, discarded = 'status=deferred', '(discarded)'
    return_subject = 'Undelivered Mail Returned to Sender'

    def __init__(self, room):
        super().__init__(room, 'conf', 'data', 'queue')
        self.result = f'smtp://127.0.0.1:{self.back}'
        self.write_config()

    def write_config(self):
        main = kit.blocks(README, 'main.cf')
        master = kit.put(kit.blocks(README, 'master.cf'),
                         ('/usr/lib/convscan/convchan-filter', self.path('bin', 'convchan-filter')
                          + f' -p {self.path("bin", "convchan")} -c {self.path("etc")}'),
                         ('/var/spool/convscan/held', self.path('filter', 'held')),
                         ('/var/spool/convscan/work', self.path('filter')),
                         ('user=convscan', 'user=nobody'), ('127.0.0.1:10026', f'127.0.0.1:{self.back}'),
                         ('smtp      inet', f'127.0.0.1:{self.inward} inet'))
        self.write_files(main, master)

    def write_files(self, main, master):
        """main.cf and master.cf: these lines, and what every private Postfix needs."""
        with open(self.path('conf', 'main.cf'), 'w') as f:
            f.write(f"""{main}
compatibility_level = 3.6
queue_directory = {self.path('queue')}
data_directory = {self.path('data')}
maillog_file = {self.path('data', 'log')}
maillog_file_prefixes = {self.room}
myhostname = mx.example.com
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
local_recipient_maps =
inet_protocols = ipv4
relayhost = [127.0.0.1]:{self.outward}
smtp_dns_support_level = disabled
minimal_backoff_time = 1s
maximal_backoff_time = 3s
queue_run_delay = 1s
transport_retry_time = 1s
service_throttle_time = 1s
""")
        shutil.chown(self.path('data'), 'postfix')
        with open(self.path('conf', 'master.cf'), 'w') as f:
            f.write(master + '\npostlog unix-dgram n - n - 1 postlogd\n')
            # qmgr wakes up every second: a message that it meets while the last agent still has it goes back to incoming/, which it
            # looks into only then.
            for line in ('pickup unix n - n 60 1 pickup', 'cleanup unix n - n - 0 cleanup', 'qmgr unix n - n 1 1 qmgr',
                         'rewrite unix - - n - - trivial-rewrite', 'bounce unix - - n - 0 bounce', 'defer unix - - n - 0 bounce',
                         'trace unix - - n - 0 bounce', 'verify unix - - n - 1 verify', 'flush unix n - n 1000? 0 flush',
                         'proxymap unix - - n - - proxymap', 'smtp unix - - n - - smtp', 'relay unix - - n - - smtp',
                         'error unix - - n - - error', 'retry unix - - n - - error', 'discard unix - - n - - discard',
                         'anvil unix - - n - 1 anvil', 'scache unix - - n - 1 scache'):
                f.write(line + '\n')

    def __enter__(self):
        self.start_sink(self.outward)
        done = subprocess.run(['postfix', '-c', self.path('conf'), 'start'], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f'postfix does not start: {done.stdout}{done.stderr}{self.log()}')
        return self

    def __exit__(self, *_):
        subprocess.run(['postfix', '-c', self.path('conf'), 'stop'], capture_output=True)
        self.stop_sink()

    def log(self):
        try:
            with open(self.path('data', 'log'), errors='replace') as f:
                return f.read()
        except OSError:
            return ''

    def waiting(self):
        """Messages that Postfix has not done with."""
        names = ('maildrop', 'incoming', 'active', 'deferred')
        return sum(len(files) for n in names for _, _, files in os.walk(self.path('queue', n)))


if __name__ == '__main__':
    sys.exit(kit.main(Postfix, [p for p in ('postfix', 'smtp-sink', 'smtp-source', 'curl') if not kit.which(p)]))
