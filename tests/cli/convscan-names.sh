#!/bin/sh
# Blocked names, however they are written in the part's header lines or stand in an archive; programs behind harmless names.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
command -v python3 >/dev/null || exit 77
printf ':Test.Virus, "the needle" #\n' >r.vdl
"$BIN/vdlc" -q -o r.vdb r.vdl || exit 1
cat >names.py <<'P'
import base64, gzip, io, os, re, subprocess, tarfile, zipfile
BIN = os.environ['BIN']
counts = [0, 0]

def verdict(content, headers='', config='', **variables):
    for path, data in (('part', content), ('headers', headers.encode('utf-8', 'surrogateescape')), ('c.conf', f'[log]\nfile = log\n{config}'.encode())):
        with open(path, 'wb') as f:
            f.write(data)
    if os.path.exists('log'):
        os.unlink('log')
    env = {'INPUT_FILE': 'part', 'OUTPUT_FILE': 'out', 'OUTPUT_OPTIONS': 'options', 'INPUT_HEADERS': 'headers', **variables}
    subprocess.run([f'{BIN}/convscan', '--config', 'c.conf', '--db', 'r.vdb'], env=env, check=True)
    with open('log') as f:
        line = f.read()
    return re.search(r' class=(\S+)', line)[1], re.search(r' sig=("[^"]*"|\S+)', line)[1].strip('"')

def due(label, got, want):
    good = got == want if isinstance(want, tuple) else got[0] == want
    counts[not good] += 1
    if not good:
        print(f'FAIL {label}: {got}, due {want}')

def word(text, kind='B', charset='utf-8'):
    data = text.encode(charset)
    body = base64.b64encode(data).decode() if kind == 'B' else ''.join(f'={b:02X}' for b in data)
    return f'=?{charset}?{kind}?{body}?='

EXE, CLEAN = ('ext', 'Blocked.Name exe'), 'clean'
for header, want in [
        ('filename=evil.exe', EXE), ('filename="evil.exe"', EXE), ('filename="evil.exe."', EXE), ('filename="evil.exe  "', EXE),
        ('filename=evil.txt', CLEAN), ('filename="evil.exe.txt"', CLEAN), ('FileName="EVIL.EXE"', EXE), ('filename="evil.\\e\\x\\e"', EXE),
        ("filename*=utf-8''evil%2Eexe", EXE), ("filename*=utf-8''evil.e%78e", EXE), ("filename*0=evil.; filename*1=exe", EXE),
        ("filename*0*=us-ascii''evil%2E; filename*1*=e; filename*2=xe", EXE), ("filename*1=exe; filename*0=evil.", EXE),
        ("filename*=utf-8''evil.exe%E2%80%8B", EXE), ("filename*=utf-8''%E2%80%AEtxt.exe", EXE), ("filename*=utf-8''evil%EF%BC%8Eexe", EXE),
        ("filename*=utf-16''%FE%FF%00e%00.%00e%00x%00e", EXE), ("filename*=utf-8''evil.exe%00.txt", EXE),
        ('filename="evil%2Eexe"', EXE), ('filename="evil%252Eexe"', EXE), ("filename*=utf-8''evil%252Eexe", EXE),
        (f'filename="{word("evil.exe")}"', EXE), (f'filename={word("evil.exe", "Q")}', EXE), (f'filename="evil.{word("exe")}"', EXE),
        (f'filename="{word("evil.e")} {word("xe")}"', EXE), (f'filename="{word(word("evil.exe"))}"', EXE),
        (f'filename="{word("evil.exe", "B", "utf-16")}"', EXE), (f"filename*=utf-8''{word('evil.exe').replace('=', '%3D').replace('?', '%3F')}", EXE),
        ('filename=evil.txt; filename=evil.exe', EXE), ('filename=evil.exe; filename=evil.txt', EXE),
        ("filename=evil.txt; filename*=utf-8''evil.exe", EXE), ("filename=evil.exe; filename*=utf-8''evil.txt", EXE),
        ('filename=evil.exe\\', EXE), ('filename="evil.exe', EXE), ('filename=evil.exe;;;', EXE), ('filename = "evil.exe"', EXE),
        ('filename="evil\n .exe"', EXE), ('filename=(evil.txt)evil.exe', EXE), ('filename="evil.exe::$DATA"', EXE)]:
    due(f'disposition {header!r}', verdict(b'harmless\n', f'Content-Disposition: attachment; {header}\n'), want)
    header = header.replace('filename', 'name').replace('FileName', 'Name')
    due(f'type {header!r}', verdict(b'harmless\n', f'Content-Type: application/octet-stream; {header}\n'), want)
due('both differ', verdict(b'x\n', 'Content-Type: text/plain; name=evil.exe\nContent-Disposition: attachment; filename=evil.txt\n'), EXE)
due('8 bit', verdict(b'x\n', 'Content-Disposition: attachment; filename="grün.exe"\n'), EXE)
due('no UTF-8', verdict(b'x\n', 'Content-Disposition: attachment; filename="gr\udcfcn.exe"\n'), EXE)
due('any', verdict(b'x\n', 'Content-Disposition: attachment; filename="evil.exe.txt"\n', '[names]\nany = yes\n'), EXE)
due('allowed', verdict(b'x\n', 'Content-Disposition: attachment; filename="evil.exe"\n', '[names]\nallow = dll exe\n'), CLEAN)
for variable in 'NAME', 'FILENAME':
    due(variable, verdict(b'x\n', **{variable: 'a.exe'}), EXE)
    due(f'{variable}, an encoded word', verdict(b'x\n', **{variable: word('a.exe')}), EXE)

# ---- in archives ----
def zipped(name, content=b'harmless\n'):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
        z.writestr('first.txt', 'the first')
        z.writestr('NAMEHOLDER' if '\0' in name else name, content)
    return out.getvalue().replace(b'NAMEHOLDER', name.encode()[:10]) if '\0' in name else out.getvalue()

def tarred(name, content=b'harmless\n'):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz') as t:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        t.addfile(info, io.BytesIO(content))
    return out.getvalue()

def gzipped(name, content=b'harmless\n'):
    return b'\x1f\x8b\x08\x08' + bytes(6) + name.encode('latin-1', 'replace') + b'\0' + gzip.compress(content)[10:]

for name, want in [
        ('evil.exe', EXE), ('dir/evil.exe', EXE), ('dir.exe/evil.txt', CLEAN), ('evil.exe.', EXE), ('evil.exe . .', EXE), ('evil.exe.txt', CLEAN),
        ('\u202etxt.exe', EXE), ('evil.e\u200bxe', EXE), ('evil\uff0eexe', EXE), ('evil\u3002exe', EXE), ('evil\u2024exe', EXE),
        ('evil.\uff45\uff58\uff45', EXE), ('evil.exe\u00a0', EXE), ('evil.exe:x', EXE), ('a\\b\\evil.exe', EXE), ('EVIL.EXE', EXE),
        ('evil%2eexe', EXE), ('invoice.lnk', ('ext', 'Blocked.Name lnk')), ('disk.iso', ('ext', 'Blocked.Name iso')), ('a.txt', CLEAN)]:
    due(f'zip {name!r}', verdict(zipped(name), NAME='a.zip'), want)
    due(f'tar {name!r}', verdict(tarred(name), NAME='a.tgz'), want)
due('zip, NUL', verdict(zipped('e.exe\0.txt'), NAME='a.zip'), EXE)
due('zip in zip', verdict(zipped('b.zip', zipped('evil.exe')), NAME='a.zip'), EXE)
due('gzip', verdict(gzipped('evil.exe'), NAME='a.gz'), EXE)
due('gzip, harmless', verdict(gzipped('evil.txt'), NAME='a.gz'), CLEAN)
mail = b'From: a@example.org\nMIME-Version: 1.0\nContent-Type: application/x; name=evil.exe\n\nharmless\n'
due('a forwarded message', verdict(mail, INPUT_TYPE='MESSAGE', INPUT_SUBTYPE='RFC822'), EXE)

# ---- programs behind harmless names; programs that may come in ----
PE = b'MZ' + bytes(58) + b'\x40\0\0\0PE\0\0' + bytes(200)
HIDDEN = ('ext', 'Blocked.HiddenProgram PE')
for name, want in [('holiday.jpg', HIDDEN), ('paper.pdf.', HIDDEN), ('paper.docx\u200b', HIDDEN), ('film.mkv', HIDDEN), ('table.xlsm', HIDDEN),
                   ('tool.exe', EXE), ('tool.bin', CLEAN), ('tool', CLEAN)]:
    due(f'program {name!r}', verdict(PE, NAME=name), want)
    due(f'program {name!r} in a zip', verdict(zipped(name, PE), NAME='a.zip'), want)
due('a program of Linux', verdict(b'\x7fELF\2\1\1' + bytes(100), NAME='a.jpg'), ('ext', 'Blocked.HiddenProgram ELF'))
due('off', verdict(PE, '', '[names]\nhidden = no\n', NAME='a.jpg'), CLEAN)
due('the type itself', verdict(PE, '', '[names]\nblock_types = PE\n', NAME='tool'), ('ext', 'Blocked.Type PE'))
due('a text that says MZ', verdict(b'MZ is how it begins\n', NAME='a.txt'), CLEAN)
print(f'{counts[0]} passed, {counts[1]} failed, 0 skipped')
raise SystemExit(counts[1] > 0)
P
exec python3 names.py
