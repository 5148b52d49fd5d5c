"""What is known and not opened is class encrypted and says its name: alone, and at the end of a chain of archives."""
import codecs
import json
import os
import re
import subprocess
import sys

import archivemaker
import packmaker
from archivemaker import in_folder, with_tool

EICAR = codecs.decode('K5B!C%@NC[4\\CMK54(C^)7PP)7}$RVPNE-FGNAQNEQ-NAGVIVEHF-GRFG-SVYR!$U+U*', 'rot13').encode()
FILL = bytes(range(7, 200)) * 6


@with_tool('arj')
def arj(data):
    return in_folder(data, 'arj', 'a', 'out.arj', 'inner', made='out.arj')


@with_tool('lzop')
def lzop(data):
    return in_folder(data, 'lzop', '-o', 'out.lzo', 'inner', made='out.lzo')


@with_tool('lrzip')
def lrzip(data):
    return in_folder(data, 'lrzip', '-q', '-o', 'out.lrz', 'inner', made='out.lrz')


# Where no tool of Debian writes it: what it is known by, and filling.
HEADS = {
    'ACE': bytes(7) + b'**ACE**', 'WIM': b'MSWIM\0\0\0', 'EGG': b'EGGA', 'StuffIt': b'SIT!\0\1\0\0\0\0rLau', 'ZOO': b'ZOO 2.10 Archive.\x1a\0\0\xdc\xa7\xc4\xfd',
    'JAR-ARJ': bytes(14) + b'\x1aJar\x1b\0', 'FreeArc': b'ArC\1', 'UHARC': b'UHA\6', 'BlakHole': b'BH\5\7', 'GCA': b'GCAX', 'ZPAQ': b'zPQ\1',
    'AESCrypt': b'AES\2', 'AxCrypt': bytes.fromhex('c0b9072e4f93f146a015792ca1d9e821'),
    'SIS': bytes.fromhex('7a1a2010'), 'AutoIt': bytes.fromhex('a3484bbe986c4aa9994c530a86d6487d') + b'AU3!EA06',
    'InstallShield': bytes.fromhex('135d658c'), 'SquashFS': b'hsqs', 'rzip': b'RZIP\2', 'APFS': bytes(32) + b'NXSB',
    'VMDK': b'KDMV\1\0\0\0', 'QCOW': b'QFI\xfb',
}
TOOLS = {'ARJ': arj, 'lzop': lzop, 'lrzip': lrzip}


def samples():
    for kind, maker in TOOLS.items():
        if maker.is_there:
            yield kind, maker(EICAR)
    for kind, head in HEADS.items():
        yield kind, head + FILL


def listed():
    """The list of the program itself: none of it may be missing here."""
    with open(os.path.join(os.environ['ROOT'], 'convscan/formats.h')) as f:
        text = f.read()
    return set(re.findall(r'X\("([^"]+)"\)', text[text.index('#define CLOSED'):text.index('#define X(')]))


def main():
    failed, due = 0, {}
    for kind in listed() - {*TOOLS, *HEADS}:
        failed += 1
        print(f'FAIL {kind}: is in the list CLOSED and not tried here')
    for kind, data in samples():
        for how, path in ((data, kind), (packmaker.cab_stored(archivemaker.zip_deflated(data)), 'in-' + kind)):
            due[path] = kind
            with open(path, 'wb') as f:
                f.write(how)
    run = subprocess.run([os.path.join(os.environ['BIN'], 'convscan'), '--json', '--all', *due], capture_output=True, text=True, timeout=250)
    found = {r['path']: r for r in map(json.loads, run.stdout.splitlines())}
    for path, kind in due.items():
        r = found[path]
        if r['class'] != 'encrypted' or not any(hit['name'] == f'Unopened {kind}' for hit in r['hits']):
            failed += 1
            print(f'FAIL {path}: {r}')
    missing = [m.tool for m in TOOLS.values() if not m.is_there]
    print(f'{len(due) - failed} passed, {failed} failed, {len(missing)} skipped')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
