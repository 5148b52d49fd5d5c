#!/bin/sh
# Exceptions: each takes away findings of its own class alone, in the object it matches and below, is named in the log and counted.
# Overrides: which of them counts for a part, by class, channel, recipient, sender and signature.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ] && [ -x "$BIN/convstat" ]; } || exit 77
command -v python3 >/dev/null || exit 77
cat >run.py <<'P'
import gzip, hashlib, io, os, re, subprocess, zipfile
BIN = os.environ['BIN']
BAD = b'one virus here, and one spam\n'
counts = [0, 0]

def compiled(name, text, *options, ending='vdl'):
    with open(f'{name}.{ending}', 'w') as f:
        f.write(text)
    subprocess.run([f'{BIN}/vdlc', '-q', *options, '-o', f'{name}.vdb', f'{name}.{ending}'], check=True)
    return f'{name}.vdb'

def zipped(how=zipfile.ZIP_STORED, **members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', how) as z:
        for name, data in members.items():
            z.writestr(name.replace('_', '.'), data)
    return out.getvalue()

RULES = [compiled('virus', ':Test.Virus, "one virus" #\n'), compiled('spam', ':Test.Spam, "one spam" #\n', '--class', 'spam')]

def scan(content, exceptions=(), config='', name='evil.exe', message=b'From: a@example.org\n\n', **variables):
    """What the log line says of the part, and the status that was answered."""
    for path in ('log', 'options'):
        if os.path.exists(path):
            os.unlink(path)
    for path, data in (('part', content), ('message', message), ('c.conf', f'[log]\nfile = log\n{config}'.encode())):
        with open(path, 'wb') as f:
            f.write(data)
    env = {'INPUT_FILE': 'part', 'OUTPUT_FILE': 'out', 'OUTPUT_OPTIONS': 'options', 'MESSAGE_HEADERS': 'message', 'NAME': name, **variables}
    dbs = [x for db in [*RULES, *exceptions] for x in ('--db', db)]
    subprocess.run([f'{BIN}/convscan', '--config', 'c.conf', *dbs], env=env, check=True)
    with open('log') as f:
        line = f.read()
    with open('all.log', 'a') as f:
        f.write(line)
    status = re.search(r'STATUS=(\d+)', open('options').read()) if os.path.exists('options') else None
    return {**dict(re.findall(r'([a-z_]+)=("[^"]*"|\S+)', line)), 'status': status and status[1]}

def due(label, got, **want):
    bad = {k: got.get(k) for k, v in want.items() if (got.get(k) or '').strip('"') != v}
    counts[bool(bad)] += 1
    if bad:
        print(f'FAIL {label}: {bad}, due {want}')

# ---- exceptions: rules, what they leave, what is named ----
VIR, EXT, SPAM = 'vir-ex:Test.Virus', 'ext-ex:Blocked.Name exe', 'spam-ex:Test.Spam'
ANY = '"one virus"'
for rules, cls, named in [
        ('', 'virus', ''),
        (f':Known, {ANY} #', 'ext', VIR),
        (f':Ext-known, {ANY} #', 'virus', ''),                  # where a virus is found, nothing more is looked at
        (f':spam.known, {ANY} #', 'virus', SPAM),
        (f':Known, {ANY} # :Ext_known, "one v" #', 'spam', f'{VIR},{EXT}'),
        (f':Known, {ANY} # :SPAM known, "one v" #', 'ext', f'{VIR},{SPAM}'),
        (f':Ext, {ANY} # :Spam, "one" #', 'virus', SPAM),
        (f':Known, {ANY} # :Ext, "one" # :Spam, "virus" #', 'clean', f'{VIR},{SPAM},{EXT}'),
        (f':Extra-tool, {ANY} #', 'ext', VIR),                  # whole words alone name a class
        (f':Spammer, {ANY} #', 'ext', VIR),
        (':Known, "not in it" #', 'virus', ''),
        (':Ext-by-name, NAME ~"EVIL.*" # :Known, "one" #', 'spam', f'{VIR},{EXT}'),
        (':Ext-by-name, NAME "other.*" # :Known, "one" #', 'ext', VIR),
        (':By-sender, SENDER ~"*@example.org" #', 'ext', VIR),
        (':By-sender, SENDER ~"*@example.com" #', 'virus', ''),
        (':By-both, NAME "evil.exe" AND SENDER "a@*" #', 'ext', VIR)]:
    got = scan(BAD, [compiled('ex', rules + '\n', '--exceptions')] if rules else [])
    due(rules or 'none', got, **{'class': cls, 'except': named})
by_hash = compiled('hashes', f'{hashlib.md5(BAD).hexdigest()}:{len(BAD)}:Known.File\n', ending='fp')
due('a list of hashes', scan(BAD, [by_hash]), **{'class': 'ext', 'except': VIR})
due('another file', scan(BAD + b'x', [by_hash]), **{'class': 'virus', 'except': ''})

# Inside archives: an exception for a member holds for that member, one for the archive for all of it.
inside = compiled('inside', ':Known, "tool of ours" #\n', '--exceptions')
tool = b'the tool of ours, one virus\n'
due('the only infected member, packed', scan(zipped(a_txt=tool, how=zipfile.ZIP_DEFLATED), [inside], name='a.zip'), **{'class': 'clean', 'except': VIR})
due('the only infected member', scan(zipped(a_txt=tool), [inside], name='a.zip'), **{'class': 'clean', 'except': VIR})
due('one of two', scan(zipped(a_txt=tool, b_txt=b'one virus'), [inside], name='a.zip'), **{'class': 'virus', 'except': VIR})
due('a member below it', scan(gzip.compress(tool), [inside], name='a.gz'), **{'class': 'clean', 'except': VIR})
whole = compiled('whole', ':Known, NAME "ours.zip" #\n', '--exceptions')
due('the archive', scan(zipped(a_txt=BAD, b_txt=b'one virus'), [whole], name='ours.zip'), **{'class': 'spam', 'except': VIR})
# A name that would forge another kind.
forged = compiled('forged', ':Ext, SIZE 1-1000 #\n', '--exceptions')
due('a forged kind', scan(b'x', [forged], '[names]\nblock_media = *\n', name='x', INPUT_TYPE='a,vir-ex:b', INPUT_SUBTYPE='c'),
    **{'class': 'clean', 'except': 'ext-ex:Blocked.Media a.vir-ex:b/c'})
with open('all.log') as f:
    lines = f.read().splitlines()
kinds = [set(re.findall('(?:^|[",])([a-z]+-ex):', log_line.split(' except=')[1].split(' action=')[0])) for log_line in lines if ' except=' in log_line]
want = ' '.join(f'{k}:{sum(k in some for some in kinds)}' for k in ('vir-ex', 'ext-ex', 'spam-ex'))
stats = subprocess.run([f'{BIN}/convstat', 'summary', 'all.log'], capture_output=True, text=True).stdout
due('counts', {'stats': re.search('vir-ex:.*spam-ex:[0-9]+', stats)[0]}, stats=want)
due('every kind', {'none': str('ex:0' in want)}, none='False')

# ---- overrides: sections, what the part has, the action ----
MAIL = b'From: Boss <boss@corp.example>\nTo: one@students.example.com, two@staff.example.com\nCc: three@example.net\n\n'
def section(**rows):
    return '[override x]\n' + ''.join(f'{k.rstrip("_")} = {v}\n' for k, v in rows.items())

HOLD, DISCARD, RETURN = '178030250', '178030259', '178029946'
for rows, status in [
        (dict(in_='tcp_*', action='hold'), HOLD), (dict(in_='tcp_intranet', action='hold'), None), (dict(in_='TCP_LOCAL', action='hold'), HOLD),
        (dict(out='ims-*', action='hold'), HOLD), (dict(out='tcp_*', action='hold'), None),
        (dict(in_='tcp_*', out='ims-ms', action='hold'), HOLD), (dict(in_='tcp_*', out='l', action='hold'), None),
        (dict(recipient='*@students.example.com', action='discard'), DISCARD), (dict(recipient='*@STAFF.example.com', action='discard'), DISCARD),
        (dict(recipient='three@example.net', action='discard'), DISCARD), (dict(recipient='*@example.com', action='discard'), None),
        (dict(recipient='*.example.com', action='discard'), DISCARD), (dict(recipient='????@example.net', action='discard'), None),
        (dict(sender='*@corp.example', action='return'), RETURN), (dict(sender='*@other.example', action='return'), None),
        (dict(signature='Test.*', action='hold'), HOLD), (dict(signature='Test.Spam', action='hold'), None), (dict(signature='*virus', action='hold'), HOLD),
        (dict(class_='virus', action='hold'), HOLD), (dict(class_='ext', action='hold'), None), (dict(class_='*', action='hold'), HOLD),
        (dict(class_='virus', in_='tcp_local', out='ims-ms', recipient='*@staff.*', sender='boss@*', signature='Test.?irus', action='hold'), HOLD),
        (dict(class_='virus', in_='tcp_local', out='ims-ms', recipient='*@staff.*', sender='boss@*', signature='Test.?iru', action='hold'), None)]:
    got = scan(BAD, (), section(**rows), message=MAIL, INPUT_CHANNEL='tcp_local', OUTPUT_CHANNEL='ims-ms')
    due(f'override {rows}', {'status': got['status'] or '', 'action': got['action']}, status=status or '',
        action={HOLD: 'hold', DISCARD: 'discard', RETURN: 'return', None: 'replace'}[status])
both = '[override a]\nin = tcp_*\naction = hold\n[override b]\naction = discard\n'
due('the first that fits', scan(BAD, (), both, INPUT_CHANNEL='tcp_local'), status=HOLD)
due('the second where the first does not fit', scan(BAD, (), both, INPUT_CHANNEL='l'), status=DISCARD)
due('no header file', scan(BAD, (), section(recipient='*', action='hold'), message=b''), action='replace')
due('a clean part knows none', scan(b'x', (), section(action='hold'), name='x'), action='pass')
due('quarantine alone', scan(BAD, (), f'[quarantine]\nfolder = {os.getcwd()}/keep\n' + section(class_='virus', quarantine='yes')), action='replace')
due('a copy is there', {'n': str(len(os.listdir('keep/new')))}, n='1')
due('else alone', scan(BAD, (), section(**{'class_': 'virus', 'else': 'hold'})), status=HOLD)

print(f'{counts[0]} passed, {counts[1]} failed, 0 skipped')
raise SystemExit(counts[1] > 0)
P
exec python3 run.py
