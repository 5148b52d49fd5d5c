#!/bin/sh
# Hostile values in every field that the sender fills, for the actions that write text: no forged line in options, headers, log, record, notice,
# nor in what convhold shows of it.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ] && [ -x "$BIN/convhold" ]; } || exit 77
command -v python3 >/dev/null || exit 77
printf ':Test.Virus, "the needle" #\n' >r.vdl
"$BIN/vdlc" -q -o r.vdb r.vdl || exit 1
echo 'here is the needle' >virus
cat >hostile.py <<'P'
import email, email.policy, itertools, json, os, re, shutil, subprocess
BIN, ROOM = os.environ['BIN'], os.getcwd()
VALUES = {'newline': b'a\nSTATUS=1\nOUTPUT_TYPE=X\n\nb', 'CRLF': b'a\r\nSTATUS=1\r\n\r\nX-Forged: 1', 'quotes': b'a"; STATUS=1; \'`$(touch owned)`\\"',
          '64 KB': b'n' * 65536, 'no UTF-8': b'\xff\xfe\xc3(\x80\xed\xa0\x80', 'escapes': b'\x1b[2J\x1b]0;x\x07\x9b2J\xc2\x9b2J\x08\x7f',
          'bidi': '\u202egnp.exe\u2028\u2029\x85X-Forged: 1'.encode(), 'pairs': b'x class=clean action=pass flood=9', 'braces': b'{virus}{subject}{'}
VARIABLES = ['NAME', 'FILENAME', 'INPUT_TYPE', 'INPUT_SUBTYPE', 'INPUT_DISPOSITION', 'INPUT_DESCRIPTION', 'INPUT_CHANNEL', 'OUTPUT_CHANNEL',
             'PART_NUMBER', 'CONVERSION_TAG']
FIELDS = ['From', 'To', 'Subject', 'Date', 'Accept-Language', 'X-Envelope-From', 'Message-Id']
CONF = f'[log]\nfile = {ROOM}/log\n[quarantine]\nfolder = {ROOM}/keep\n[notice]\nhtml = %s\n[virus]\naction = %s\nelse = replace\nquarantine = yes\n'
counts = [0, 0]

def run(action, html, variables, message, part):
    for name in ('o', 'keep'):
        shutil.rmtree(name, ignore_errors=True)
    os.mkdir('o')
    if os.path.exists('log'):
        os.unlink('log')
    for name, data in (('c.conf', (CONF % (html, action)).encode()), ('message', message), ('part', part)):
        with open(name, 'wb') as f:
            f.write(data)
    env = {'INPUT_FILE': 'virus', 'OUTPUT_FILE': 'o/out', 'OUTPUT_OPTIONS': 'o/options', 'INPUT_HEADERS': 'part', 'OUTPUT_HEADERS': 'o/headers',
           'MESSAGE_HEADERS': 'message', **variables}
    p = subprocess.run([f'{BIN}/convscan', '--config', 'c.conf', '--db', 'r.vdb'], env=env, stderr=subprocess.PIPE, timeout=120)
    assert p.returncode == 0, p.returncode
    assert not re.search(rb'[\0-\x08\x0b-\x1f\x7f]', p.stderr), p.stderr

def read(name):
    with open(name, 'rb') as f:
        return f.read()

def plain(data, what):
    text = data.decode()            # valid UTF-8
    assert not re.search('[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]', text), what
    return text

def check(action):
    log = plain(read('log'), 'log')
    assert log.count('\n') == 1 and re.fullmatch(r'([a-z_]+=("[^"]*"|[^ "]+)( |\n))+', log), log[:300]
    fields = dict(re.findall(r'([a-z_]+)=("[^"]*"|[^ "\n]+)', log))
    assert fields['class'] == 'virus' and fields['action'] == action, log[:300]
    options = plain(read('o/options'), 'options').splitlines() if os.path.exists('o/options') else []
    keys = [x.split('=')[0] for x in options]
    due = {'return': ['OUTPUT_DIAGNOSTIC', 'STATUS'], 'tag': []}.get(action, ['OUTPUT_TYPE', 'OUTPUT_SUBTYPE', 'OUTPUT_MODE', 'OUTPUT_ENCODING',
                                                                              'OUTPUT_DESCRIPTION'])
    assert keys == due and all(re.fullmatch(r'[A-Z_]+=([A-Z0-9-]+|"[^"]*")', x) for x in options), options
    if action == 'replace':
        headers = plain(read('o/headers'), 'headers')
        names = re.findall(r'(?m)^([^ \t:]+):', headers)
        assert set(names) <= {'Content-Type', 'Content-Disposition'} and len(set(names)) == len(names), headers[:400]
        m = email.message_from_bytes(read('o/headers') + b'\n' + read('o/out'), policy=email.policy.compat32)
        assert not m.defects and len(list(m.walk())) in (1, 3), 'the notice is no valid part'
        plain(read('o/out'), 'notice')
    if action == 'tag':
        assert read('o/headers').count(b'X-Convscan-') == 3
    kept, = os.listdir('keep/new')
    record, rest = read(f'keep/new/{kept}').split(b'\n', 1)
    assert record.startswith(b'X-Convscan-Record: ') and json.loads(plain(record[19:], 'record'))['name'] == 'Test.Virus'
    assert rest.endswith(b'\n\nhere is the needle\n') and not re.search(rb'(?m)^(X-Forged|STATUS)', rest)
    for how in ['list'], ['list', '--json'], ['show', kept]:
        shown = subprocess.run([f'{BIN}/convhold', how[0], '--dir', 'keep', *how[1:]], capture_output=True)
        text = plain(shown.stdout + shown.stderr, how)
        assert shown.returncode == 0 and 'Test.Virus' in text, (how, shown)
        assert 'show' in how or len([x for x in text.splitlines() if kept in x]) == len([x for x in text.splitlines() if 'Test.Virus' in x]) == 1, text
    assert not os.path.exists('owned')

for (label, value), action in itertools.product(VALUES.items(), ['replace', 'return', 'tag']):
    value_env = value.replace(b'\0', b'')
    one_line = value.replace(b'\r', b' ').replace(b'\n', b' ')
    message = b''.join(f.encode() + b': ' + one_line + b'\n' for f in FIELDS) + b'\n'
    part = b'Content-Type: application/x\nContent-Disposition: attachment; filename="' + one_line.replace(b'"', b'') + b'"\n'
    cases = [('all', {v: value_env for v in VARIABLES}, message, part)] + [(v, {v: value_env}, b'From: a@example.org\n\n', b'') for v in VARIABLES[:2]]
    for which, variables, m, h in cases:
        for html in ('no', 'yes') if action == 'replace' else ('no',):
            try:
                run(action, html, variables, m, h)
                check(action)
                counts[0] += 1
            except Exception as e:
                counts[1] += 1
                print(f'FAIL {label} in {which}, {action}, html {html}: {type(e).__name__}: {str(e)[:300]}')
print(f'{counts[0]} passed, {counts[1]} failed, 0 skipped')
raise SystemExit(counts[1] > 0)
P
exec python3 hostile.py
