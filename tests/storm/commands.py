"""What the channel starts for each part: nothing, cp, convscan, and scripts around scanners."""
import os
import shutil
import signal
import socket
import subprocess
import time

import messages as ms

ROOT = ms.kit.ROOT
BIN = ms.kit.BIN
COMMANDS = ('none', 'cp', 'convscan', 'clamdscan', 'script')
SCANNING = ('convscan', 'clamdscan', 'script')
TITLES = {'none': 'no command', 'cp': 'cp', 'convscan': 'convscan', 'clamdscan': 'sh + clamdscan', 'script': 'sh + convscan'}

CLAMD_SCRIPT = '''#!/bin/sh
clamdscan --config-file={room}/clamd.conf --fdpass --no-summary --infected "$INPUT_FILE" >/dev/null 2>&1
case $? in
0) cp "$INPUT_FILE" "$OUTPUT_FILE" ;;
1) echo 'A virus was found here and taken away.' >"$OUTPUT_FILE" ;;
*) exit 75 ;;
esac
'''


def write(path, text, mode=0o644):
    with open(path, 'w') as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def cpu_of(pid):
    """Processor seconds of a running process."""
    try:
        with open(f'/proc/{pid}/stat') as f:
            words = f.read().rsplit(')', 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf('SC_CLK_TCK')
    except OSError:
        return 0.0


class Clamd:
    """A clamd of our own, warm, that knows one signature."""

    def __init__(self, room):
        self.room, self.process = room, None

    def why_not(self):
        for program in ('clamd', 'clamdscan'):
            if not shutil.which(program, path=os.environ['PATH'] + ':/usr/sbin'):
                return f'{program} is not installed (make bench-deps)'
        return ''

    def start(self):
        os.makedirs(f'{self.room}/clamdb', exist_ok=True)
        write(f'{self.room}/clamdb/storm.ndb', f'Storm.Test:0:*:{ms.kit.EICAR.hex()}\n')
        self.socket = os.path.relpath(f'{self.room}/clamd.sock')
        if len(os.path.abspath(self.socket)) > 100:
            raise SystemExit('storm: the path of the build folder is too long for a socket')
        write(f'{self.room}/clamd.conf', f'LocalSocket {os.path.abspath(self.socket)}\nDatabaseDirectory {self.room}/clamdb\n'
              f'Foreground yes\nLogFile {self.room}/clamd.log\nLogTime yes\nTemporaryDirectory {self.room}\n')
        self.process = subprocess.Popen([shutil.which('clamd', path=os.environ['PATH'] + ':/usr/sbin'), '-c',
                                         f'{self.room}/clamd.conf'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            with socket.socket(socket.AF_UNIX) as s:
                if s.connect_ex(os.path.abspath(self.socket)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit(f'storm: clamd does not start; see {self.room}/clamd.log')

    def cpu(self):
        return cpu_of(self.process.pid) if self.process else 0.0

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
            self.process = None


class Set:
    """The channel's files for every command, in one folder. The scanner's images lie in ROOM/db. No script writes into the
    files of a part, so the scanner may hand over clean ones by link."""

    def __init__(self, room, link='yes'):
        self.room, self.log = room, f'{room}/convscan.log'
        os.makedirs(f'{room}/db', exist_ok=True)
        config = write(f'{room}/convscan.conf', f'[log]\nfile = {self.log}\n[scan]\ndatabase = {room}/db\n[channel]\nlink = {link}\n')
        scan = f'{BIN}/convscan --config {config}'
        write(f'{room}/clamd-script', CLAMD_SCRIPT.format(room=room), 0o755)
        write(f'{room}/scan-script', f'#!/bin/sh\n{scan}\nexit $?\n', 0o755)
        lines = {'none': None, 'cp': "/bin/cp 'INPUT_FILE' 'OUTPUT_FILE'", 'convscan': scan,
                 'clamdscan': f'{room}/clamd-script', 'script': f'{room}/scan-script'}
        with open(os.path.join(ROOT, 'imta', 'conversions.sample')) as f:
            sample = f.read()
        for name, line in lines.items():
            text = sample.replace('IMTA_PROGRAM:convscan', line) if line else 'in-type=none; in-subtype=none; delete=1\n'
            write(f'{room}/conversions.{name}', text)

    def argv(self, name):
        return [f'{BIN}/convchan', '--conversions', f'{self.room}/conversions.{name}', '--mappings',
                os.path.join(ROOT, 'imta', 'mappings.sample'), '-S', 'on-nonzero-exit=retry']
