"""convscan --clean on what the makers of archives make: the result is clean on a second look, opens in other programs, and what
was not infected has the same bytes as before."""
import codecs
import io
import os
import shutil
import subprocess
import sys
import zipfile

import archivemaker as make

EICAR = codecs.decode('K5B!C%@NC[4\\CMK54(C^)7PP)7}$RVPNE-FGNAQNEQ-NAGVIVEHF-GRFG-SVYR!$U+U*', 'rot13').encode()
CONVSCAN = os.path.join(os.environ['BIN'], 'convscan')
GOOD = {'first.txt': b'the first', 'folder/second.bin': bytes(range(256)) * 40}


def zip_with(names, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', method) as z:
        for name, data in names.items():
            z.writestr(name, data)
    return out.getvalue()


def zip_among_good(data):
    return zip_with({'first.txt': GOOD['first.txt'], 'evil.bin': data, 'folder/second.bin': GOOD['folder/second.bin']},
                    zipfile.ZIP_DEFLATED)


def zip_in_zip(data):
    return zip_with({**GOOD, 'inner.zip': zip_among_good(data)}, zipfile.ZIP_STORED)


def office(data):
    override = '<Override PartName="/word/vbaProject.bin" ContentType="application/vnd.ms-office.vbaProject"/>'
    relation = '<Relationship Id="r1" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" Target="vbaProject.bin"/>'
    return zip_with({**GOOD, '[Content_Types].xml': f'<Types>{override}<Default Extension="xml" ContentType="a"/></Types>',
                     'word/_rels/document.xml.rels': f'<Relationships>{relation}</Relationships>',
                     'word/vbaProject.bin': data}, zipfile.ZIP_DEFLATED)


def is_good_zip(data):
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        return z.testzip() is None and all(z.read(name) == want for name, want in GOOD.items())


def is_good_office(data):
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        texts = z.read('[Content_Types].xml') + z.read('word/_rels/document.xml.rels')
        return is_good_zip(data) and b'vba' not in texts.lower() and 'word/vbaProject.bin' not in z.namelist()


def has_notice(data):
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        return is_good_zip(data) and [n for n in z.namelist() if n.endswith('.removed.txt')]


def is_good_pdf(data):
    if not shutil.which('qpdf'):
        return True
    with open('check.pdf', 'wb') as f:
        f.write(data)
    return subprocess.run(['qpdf', '--check', 'check.pdf'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def is_page(data):
    return data.startswith(b'<!DOCTYPE html>') and data.endswith(b'</body></html>\n') and b'<script' not in data


CASES = [(zip_among_good, has_notice), (zip_in_zip, has_notice), (office, is_good_office), (make.pdf_attached, is_good_pdf),
         (make.html_address, is_page), (make.html_pieces, is_page), (make.html_numbers, is_page)]


def verdict(path):
    return subprocess.run([CONVSCAN, path], stdout=subprocess.DEVNULL).returncode


def complaint(maker, is_good):
    path = maker.__name__
    with open(path, 'wb') as f:
        f.write(maker(EICAR))
    if verdict(path) != 1:
        return 'not found before'
    subprocess.run([CONVSCAN, '--clean', path], stdout=subprocess.DEVNULL)
    if verdict(path) != 0:
        return 'not clean after'
    with open(path, 'rb') as f:
        return None if is_good(f.read()) else 'not whole after'


def main():
    cases = [c for c in CASES if getattr(c[0], 'is_there', True)]
    failed = 0
    for maker, is_good in cases:
        why = complaint(maker, is_good)
        if why:
            failed += 1
            print(f'FAIL {maker.__name__}: {why}')
    print(f'{len(cases) - failed} passed, {failed} failed, {len(CASES) - len(cases)} skipped')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
