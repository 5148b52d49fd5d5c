"""hardening.py [PAIRS]: convscan as it is against builds that lack one of the hardening flags each, a start of each in turn.

Prints a table: the ratio of the medians (above 1: the flag costs that much), the quartiles within a pair, and the size of the program's
code. Debian's static libraries are linked as they come and stay the same in every row.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

BUILD = os.environ.get('BUILD', 'build')
PAIRS = sys.argv[1] if len(sys.argv) > 1 else '1000'
COMPILE, LINK = os.environ['HARDEN'], os.environ['HARDEN_LINK']
WITHOUT = [     # name, flags behind those of the compiler, and of the linker
    ('position independent (-fPIE, -pie)', '-fno-pie', '-no-pie'),
    ('read-only relocations, bound at once (RELRO, now)', '', '-Wl,-z,norelro,-z,lazy'),
    ('guarded stack (-fstack-protector-strong)', '-fno-stack-protector', ''),
    ('stack clash protection', '-fno-stack-clash-protection', ''),
    ('checked library calls (_FORTIFY_SOURCE=3)', '-U_FORTIFY_SOURCE', ''),
    ('control-flow marks (CET)', '-fcf-protection=none', ''),
]
ALL = ('all of these', ' '.join(c for _, c, _ in WITHOUT), ' '.join(x for _, _, x in WITHOUT))


def build(n, compile_flags, link_flags):
    where = f'{BUILD}/hardening/{n}'
    subprocess.run(['make', '-s', '--no-print-directory', f'-j{os.cpu_count()}', f'BUILD={where}', f'HARDEN={COMPILE} {compile_flags}',
                    f'HARDEN_LINK={LINK} {link_flags}', f'{where}/bin/convscan'], check=True, stdout=subprocess.DEVNULL)
    return f'{where}/bin/convscan'


def code_bytes(program):
    sections = subprocess.run(['readelf', '-SW', program], capture_output=True, text=True, check=True).stdout
    return int(re.search(r'\s\.text\s+PROGBITS\s+\S+\s+\S+\s+(\S+)', sections).group(1), 16)


def main():
    ours = f'{BUILD}/bin/convscan'
    if '-fcf-protection=full' not in COMPILE:
        WITHOUT.pop()
    builds = [(name, build(n, c, link)) for n, (name, c, link) in enumerate([*WITHOUT, ALL])]
    print(f'A start of convscan, 4 KB of text, {PAIRS} pairs: with the flag / without it')
    print(f'{"flag":52} {"ratio":>6} {"quartiles of a pair":>20} {"code, bytes":>14}')
    with tempfile.TemporaryDirectory() as room:
        with open(f'{room}/part', 'w') as f:
            f.write('a line of plain text, and the next\n' * 117)
        env = [x for k, v in (('INPUT_FILE', 'part'), ('OUTPUT_FILE', 'out'), ('OUTPUT_OPTIONS', 'options')) for x in ('-e', f'{k}={room}/{v}')]
        for name, without in builds:
            rules = ['--db', f'{BUILD}/share/convscan/rules.vdb']
            out = subprocess.run([f'{BUILD}/bench/pairs_bench', PAIRS, *env, '--', ours, *rules, '--vs', without, *rules],
                                 capture_output=True, text=True, check=True).stdout
            j = json.loads(out)
            assert j['odd'] == 0 and j['a_status'] == j['b_status'] == 0, out
            print(f'{name:52} {j["ratio"]:6.3f} {j["pairs"][0]:11.3f} – {j["pairs"][2]:.3f} {code_bytes(ours) - code_bytes(without):+14}', flush=True)


main()
