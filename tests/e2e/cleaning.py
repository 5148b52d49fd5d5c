"""convscan --clean on archives, documents and pages: the result is clean on a second look, opens in other programs, no longer holds what was
found for any of them, and what was not infected has the same bytes as before. A reader that is not installed counts as skipped."""
import bz2
import gzip
import html.parser
import importlib
import io
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

import archivemaker as make
import docmaker
import mailkit as kit

NEEDLE = b'here is the needle of the test'
GOOD = {'first.txt': b'the first ' * 90, 'folder/second.bin': bytes(range(256)) * 40, 'empty': b''}
BAD = 'folder/bad.bin'


class Skip(Exception):
    pass


def tool(*names):
    found = next((n for n in names if shutil.which(n)), None)
    if not found:
        raise Skip(names[0])
    return found


def module(name):
    try:
        return importlib.import_module(name)
    except ImportError as e:
        raise Skip(name) from e


def run(*command, cwd=None):
    p = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True)
    assert p.returncode == 0, f'{command[0]}: {p.stdout[-200:]} {p.stderr[-200:]}'
    return p.stdout


def write(path, data):
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data)
    return path


def read(path):
    with open(path, 'rb') as f:
        return f.read()


# ---- archives: makers take the infected bytes, readers give {name: bytes} ----

def among_good(data):
    return {'first.txt': GOOD['first.txt'], BAD: data, **GOOD}


def zip_of(names, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', method) as z:
        for name, data in names.items():
            z.writestr(name, data)
    return out.getvalue()


def zip_by(method):
    return lambda data: zip_of(among_good(data), method)


def zip_in_zip(data):
    return zip_of({**GOOD, 'inner.zip': zip_of(among_good(data))}, zipfile.ZIP_STORED)


def tar_of(data, kind=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=kind) as t:
        for name, content in among_good(data).items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(content), 1700000000, 0o640
            t.addfile(info, io.BytesIO(content))
    return out.getvalue()


def cpio_of(data):
    out = b''
    for n, (name, content) in enumerate([*among_good(data).items(), ('TRAILER!!!', b'')]):
        fields = [n + 1, 0o100640 if content or name == 'empty' else 0, 0, 0, 1, 1700000000, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        out += docmaker.pad(b'070701' + b''.join(b'%08X' % f for f in fields) + name.encode() + b'\0', 4) + docmaker.pad(content, 4)
    return out


def packed_by_tool(*command, out):
    def maker(data):
        tool(command[0])
        with tempfile.TemporaryDirectory() as room:
            for name, content in among_good(data).items():
                write(f'{room}/{name}', content)
            run(*command, out, *among_good(b''), cwd=room)
            return read(f'{room}/{out}')
    return maker


def by_zipfile(path):
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        return {n: z.read(n) for n in z.namelist()}


def by_tarfile(path):
    with tarfile.open(path) as t:
        assert all((m.mode, m.mtime) == (0o640, 1700000000) for m in t if not m.name.endswith('.removed.txt')), 'modes or times changed'
        return {m.name: t.extractfile(m).read() for m in t}


def unpacked_by(*command):
    """{name: bytes} as the tool unpacks the file into a fresh folder."""
    def reader(path):
        program = tool(*command[0])
        with tempfile.TemporaryDirectory() as room:
            run(program, *(a.replace('FILE', os.path.abspath(path)) for a in command[1:]), cwd=room)
            names = [os.path.join(d, f) for d, _, files in os.walk(room) for f in files]
            return {os.path.relpath(n, room): read(n) for n in names}
    return reader


SEVEN = ('7z', '7zz')
by_unzip = unpacked_by(['unzip'], '-q', 'FILE')
by_7z = unpacked_by(SEVEN, 'x', '-bd', '-y', 'FILE')
by_tar = unpacked_by(['tar'], '-xf', 'FILE')
by_cpio = unpacked_by(['cpio'], '-idm', '--quiet', '-F', 'FILE')


def is_whole(command, *args):
    return lambda before, path: run(tool(*command), *(a.replace('FILE', path) for a in args)) and None


unzip_t, seven_t = is_whole(['unzip'], '-tq', 'FILE'), is_whole(SEVEN, 't', '-bd', 'FILE')


def members(reader):
    """The good ones have the bytes they had, the bad one is gone, and a text stands in its place."""
    def check(before, path):
        after = reader(path)
        assert {n: after.get(n) for n in GOOD} == GOOD, 'other members changed'
        assert set(after) == set(GOOD) | {BAD + '.removed.txt'}, sorted(after)
        assert b'Test.Needle' in after[BAD + '.removed.txt'] and not any(NEEDLE in x for x in after.values())
    return check


def inner_members(before, path):
    after = by_zipfile(path)
    assert {n: after.get(n) for n in GOOD} == GOOD and not any(NEEDLE in x for x in after.values())
    assert set(after) == set(GOOD) | {'inner.zip.removed.txt'}, sorted(after)


# ---- Office documents ----

def is_same_but(path, before, gone=(), changed=()):
    """Members of the package: those gone are gone, those changed may differ, the others are the same byte for byte."""
    old, new = by_zipfile(io.BytesIO(before)), by_zipfile(path)
    assert set(new) == {n for n in old if n not in gone}, f'{sorted(set(old) ^ set(new))}'
    assert all(new[n] == old[n] for n in new if n not in changed), [n for n in new if new[n] != old[n] and n not in changed]
    assert not any(NEEDLE in x for x in new.values())
    return new


def with_project(package, main, kind, data):
    """The package of a library with a macro project put in, as the Office programs do it."""
    parts = by_zipfile(io.BytesIO(package))
    folder, name = os.path.split(main)
    types = parts['[Content_Types].xml'].decode()
    at = types.index('<Override')
    ordinary = next(t for t in types.split('"') if t.endswith('.main+xml'))
    types = types[:at] + '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>' + types[at:]
    parts['[Content_Types].xml'] = types.replace(ordinary, f'application/vnd.ms-{kind}.macroEnabled.main+xml').encode()
    relations = f'{folder}/_rels/{name}.rels'
    parts[relations] = parts[relations].replace(
        b'</Relationships>', b'<Relationship Id="rId99" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" '
        b'Target="vbaProject.bin"/></Relationships>')
    parts[f'{folder}/vbaProject.bin'] = docmaker.vba(data)
    return zip_of(parts)


def word(data=None):
    docx = module('docx')
    doc, out = docx.Document(), io.BytesIO()
    doc.add_heading('A heading')
    doc.add_paragraph('The text of the document.')
    doc.add_table(2, 2).cell(1, 1).text = 'in a table'
    doc.save(out)
    return out.getvalue()


def docm(data):
    return with_project(word(), 'word/document.xml', 'word.document', data)


def docx_with_object(data):
    parts = by_zipfile(io.BytesIO(word()))
    parts['[Content_Types].xml'] = parts['[Content_Types].xml'].replace(
        b'<Override', b'<Default Extension="bin" ContentType="application/vnd.openxmlformats-officedocument.oleObject"/><Override', 1)
    parts['word/_rels/document.xml.rels'] = parts['word/_rels/document.xml.rels'].replace(
        b'</Relationships>', b'<Relationship Id="rId98" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/oleObject" '
        b'Target="embeddings/oleObject1.bin"/></Relationships>')
    parts['word/embeddings/oleObject1.bin'] = docmaker.ole_stream(data)
    return zip_of(parts)


def xlsm(data):
    book, out = module('openpyxl').Workbook(), io.BytesIO()
    for row in range(1, 20):
        book.active.append([row, row * row, f'row {row}'])
    book.save(out)
    return with_project(out.getvalue(), 'xl/workbook.xml', 'excel.sheet', data)


def by_docx(before, path):
    """Word's macro document is a document to this library when it is told so."""
    docx = module('docx')
    module('docx.opc.part').PartFactory.part_type_for['application/vnd.ms-word.document.macroEnabled.main+xml'] = \
        module('docx.parts.document').DocumentPart
    doc = module('docx.package').Package.open(path).main_document_part.document
    assert [p.text for p in doc.paragraphs][:2] == ['A heading', 'The text of the document.'] and doc.tables[0].cell(1, 1).text == 'in a table'
    assert docx


def by_openpyxl(before, path):
    book = module('openpyxl').load_workbook(path, keep_vba=True)
    assert [[c.value for c in r] for r in book.active.rows] == [[n, n * n, f'row {n}'] for n in range(1, 20)]


def macro_parts(main):
    folder, name = os.path.split(main)

    def check(before, path):
        changed = ['[Content_Types].xml', f'{folder}/_rels/{name}.rels']
        new = is_same_but(path, before, [f'{folder}/vbaProject.bin'], changed)
        assert not any(b'vba' in new[n].lower() for n in changed), 'still mentioned'
        assert all(as_xml(new[n]) is not None for n in changed)
    return check


def as_xml(data):
    return module('xml.etree.ElementTree').fromstring(data)


def object_part(before, path):
    """The object's part stays, for the text speaks of it; what was in it does not."""
    new = is_same_but(path, before, changed=['word/embeddings/oleObject1.bin'])
    assert b'Test.Needle' in new['word/embeddings/oleObject1.bin']


def odt(data):
    def entry(name):
        return f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="text/xml"/>'
    names = ['content.xml', 'Basic/script-lc.xml', 'Basic/Standard/Module1.xml', 'Basic/Standard/script-lb.xml']
    xml = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">' + ''.join(map(entry, names)) + '</manifest:manifest>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
        z.writestr('mimetype', 'application/vnd.oasis.opendocument.text', zipfile.ZIP_STORED)
        for name in names:
            z.writestr(name, b'<a>text</a>' if name != names[2] else b'<m>' + data + b'</m>')
        z.writestr('META-INF/manifest.xml', xml)
    return out.getvalue()


def odf_parts(before, path):
    gone = [n for n in by_zipfile(io.BytesIO(before)) if n.startswith('Basic/')]
    new = is_same_but(path, before, gone, ['META-INF/manifest.xml'])
    listed = [e.get('{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}full-path') for e in as_xml(new['META-INF/manifest.xml'])]
    assert listed == ['content.xml'], listed
    assert next(iter(new)) == 'mimetype' and read(path)[30:38] == b'mimetype'


def doc(data):
    return docmaker.cfb({**macro_streams(data), 'WordDocument': bytes(32) + bytes(range(256)) * 20, '1Table': b'table' * 200})


def macro_streams(data):
    olefile = module('olefile')
    with olefile.OleFileIO(docmaker.vba(data)) as f:
        return {'/'.join(n): f.openstream(n).read() for n in f.listdir()}


def by_olefile(*kept):
    def check(before, path):
        olefile = module('olefile')
        with olefile.OleFileIO(before) as old, olefile.OleFileIO(path) as new:
            assert old.listdir(storages=True) == new.listdir(storages=True)
            assert not new.parsing_issues, new.parsing_issues
            for name in old.listdir():
                data = new.openstream(name).read()
                assert NEEDLE not in data and (name[-1] not in kept or data == old.openstream(name).read()), name
    return check


# ---- PDF, rich text, pages ----

def pdf(*objects):
    out, at = b'%PDF-1.7\n', []
    for n, body in enumerate(objects, 1):
        at.append(len(out))
        out += b'%d 0 obj\n' % n + body + b'\nendobj\n'
    table = b'xref\n0 %d\n0000000000 65535 f \n' % (len(at) + 1) + b''.join(b'%010d 00000 n \n' % a for a in at)
    return out + table + b'trailer <</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n' % (len(at) + 1, len(out))


def stream(data, extra=b''):
    return b'<<%s/Length %d>>\nstream\n' % (extra, len(data)) + data + b'\nendstream'


PAGE_TEXT = b'BT /F1 12 Tf 72 720 Td (The text of the page) Tj ET'
PAGES = [b'<</Type/Pages/Kids[3 0 R]/Count 1>>', b'<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<<>> >>', stream(PAGE_TEXT)]


def pdf_script(data):
    return pdf(b'<</Type/Catalog/Pages 2 0 R/OpenAction 5 0 R>>', *PAGES, b'<</S/JavaScript/JS(app.alert\\("' + data + b'"\\))>>')


def pdf_script_stream(data):
    return pdf(b'<</Type/Catalog/Pages 2 0 R/OpenAction 5 0 R>>', *PAGES, b'<</S/JavaScript/JS 6 0 R>>',
               stream(zlib.compress(b'app.alert("' + data + b'")'), b'/Filter/FlateDecode'))


def pdf_file(data):
    return pdf(b'<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a.txt) 5 0 R]>> >> >>', *PAGES,
               b'<</Type/Filespec/F(a.txt)/EF<</F 6 0 R>> >>', stream(zlib.compress(data), b'/Type/EmbeddedFile/Filter/FlateDecode'))


def packed_pdf(data):
    """The same, its dictionaries in an object stream."""
    tool('qpdf')
    with tempfile.TemporaryDirectory() as room:
        write(f'{room}/in.pdf', pdf_script(data))
        run('qpdf', '--object-streams=generate', f'{room}/in.pdf', f'{room}/out.pdf')
        return read(f'{room}/out.pdf')


def qpdf_check(before, path):
    assert b'No syntax or stream encoding errors' in run(tool('qpdf'), '--check', path)


def qpdf_text(before, path):
    """Every stream unpacked by qpdf: the needle is in none, the page is what it was."""
    plain = run(tool('qpdf'), '--qdf', '--object-streams=disable', path, '-')
    assert NEEDLE not in plain and PAGE_TEXT in plain


def rtf(data):
    return docmaker.rtf(data)[:-1] + b'\\pard The text of the letter.\\par}'


def by_unrtf(before, path):
    text = run(tool('unrtf'), '--text', path)
    assert b'The text of the letter.' in text, text


def no_object(before, path):
    data = read(path)
    assert b'\\objdata' not in data and NEEDLE.hex().encode() not in data and data.count(b'{') == data.count(b'}')


def busy_page(data):
    return make.page(b'<h1 onclick="go()">A head</h1><p>Some text &amp; more</p>') + make.html_address(data) + make.html_pieces(data)


class Reader(html.parser.HTMLParser):
    def __init__(self, data):
        super().__init__()
        self.text, self.tags, self.wrong = '', [], []
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.wrong += [tag] if tag in ('script', 'object', 'embed') else []
        self.wrong += [k for k, v in attrs if k.startswith('on') or (v or '').startswith(('data:', 'javascript:'))]

    def handle_data(self, data):
        self.text += data if not self.tags or self.tags[-1] != 'script' else ''


def by_html_parser(before, path):
    old, new = Reader(before), Reader(read(path))
    assert not new.wrong, new.wrong
    assert new.text.split() == old.text.split(), new.text


# ---- the table: ending, maker, what must hold after ----

ZIP = [members(by_zipfile), members(by_unzip), members(by_7z), unzip_t, seven_t]
TAR = [members(by_tarfile), members(by_tar)]
OFFICE = [unzip_t, seven_t]
PDF = [qpdf_check, qpdf_text]
CASES = [
    ('stored.zip', zip_by(zipfile.ZIP_STORED), ZIP),
    ('deflated.zip', zip_by(zipfile.ZIP_DEFLATED), ZIP),
    ('bzip2.zip', zip_by(zipfile.ZIP_BZIP2), [members(by_zipfile), members(by_7z), seven_t]),
    ('lzma.zip', zip_by(zipfile.ZIP_LZMA), [members(by_zipfile), members(by_7z), seven_t]),
    ('by-zip.zip', packed_by_tool('zip', '-q', out='out.zip'), ZIP),
    ('by-7z.zip', packed_by_tool('7z', 'a', '-bd', '-tzip', out='out.zip'), ZIP),
    ('zip-in.zip', zip_in_zip, [inner_members, unzip_t, seven_t]),
    ('plain.tar', tar_of, [*TAR, seven_t]),
    ('gnu.tar', lambda data: tar_of(data, tarfile.GNU_FORMAT), TAR),
    ('ustar.tar', lambda data: tar_of(data, tarfile.USTAR_FORMAT), TAR),
    ('plain.tar.gz', lambda data: gzip.compress(tar_of(data)), [*TAR, seven_t]),
    ('plain.tar.bz2', lambda data: bz2.compress(tar_of(data)), [*TAR, seven_t]),
    ('plain.tar.xz', lambda data: lzma.compress(tar_of(data)), [*TAR, seven_t]),
    ('plain.cpio', cpio_of, [members(by_cpio), members(by_7z), seven_t]),
    ('solid.7z', packed_by_tool('7z', 'a', '-bd', out='out.7z'), [members(by_7z), seven_t]),
    ('plain.docm', docm, [macro_parts('word/document.xml'), by_docx, *OFFICE]),
    ('object.docx', docx_with_object, [object_part, by_docx, *OFFICE]),
    ('plain.xlsm', xlsm, [macro_parts('xl/workbook.xml'), by_openpyxl, *OFFICE]),
    ('plain.odt', odt, [odf_parts, *OFFICE]),
    ('macro.doc', doc, [by_olefile('WordDocument', '1Table')]),
    ('package.doc', docmaker.ole_package, [by_olefile('WordDocument')]),
    ('script.pdf', pdf_script, PDF),
    ('script-stream.pdf', pdf_script_stream, PDF),
    ('file.pdf', pdf_file, PDF),
    ('packed.pdf', packed_pdf, PDF),
    ('attached.pdf', make.pdf_attached, [qpdf_check]),
    ('object.rtf', rtf, [by_unrtf, no_object]),
    ('address.html', make.html_address, [by_html_parser]),
    ('pieces.html', make.html_pieces, [by_html_parser]),
    ('numbers.html', make.html_numbers, [by_html_parser]),
    ('busy.html', busy_page, [by_html_parser]),
]


# What cannot be cleaned, and stays as it was: text of a document itself, files that could be read in more than one way.
def docx_text(data):
    parts = by_zipfile(io.BytesIO(word()))
    parts['word/document.xml'] = parts['word/document.xml'].replace(b'The text of', b'The text ' + data)
    return zip_of(parts)


def zip_cut(data):
    return zip_by(zipfile.ZIP_STORED)(data)[:-30]


def zip_twice(data):
    """The directory names another member than the local header does."""
    return zip_by(zipfile.ZIP_STORED)(data).replace(b'first.txt', b'firsT.txt', 1)


def tar_cut(data):
    return tar_of(data)[:3000]


def pdf_page(data):
    return pdf(b'<</Type/Catalog/Pages 2 0 R>>', PAGES[0], PAGES[1], stream(PAGE_TEXT.replace(b'The text', data)))


LEFT = [docx_text, zip_cut, zip_twice, tar_cut, pdf_page, lambda data: b'only text, and ' + data]


def verdict(path):
    return subprocess.run([f'{kit.BIN}/convscan', '--db', 'r.vdb', path], capture_output=True).returncode


def cleaned(name, maker):
    """The file before, when it was found and is clean now."""
    before = maker(NEEDLE)
    write(name, before)
    assert verdict(name) == 1, 'not found before'
    subprocess.run([f'{kit.BIN}/convscan', '--db', 'r.vdb', '--clean', name], capture_output=True)
    assert read(name) != before, 'not cleaned'
    assert verdict(name) == 0, 'not clean after'
    return before


def left_alone(maker):
    before = maker(NEEDLE)
    write('left', before)
    p = subprocess.run([f'{kit.BIN}/convscan', '--db', 'r.vdb', '--clean', 'left'], capture_output=True)
    assert p.returncode == 1 and b'FOUND' in p.stdout and read('left') == before and verdict('left') == 1, p.stdout


def main():
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    write('r.vdl', b':Test.Needle, "' + NEEDLE + b'" #\n')
    run(f'{kit.BIN}/vdlc', '-q', '-o', 'r.vdb', 'r.vdl')
    jobs = [(name, maker, [None, *checks]) for name, maker, checks in CASES] + [('left alone', None, [m]) for m in LEFT]
    for name, maker, checks in jobs:
        before = None
        for check in checks:
            try:
                if maker is None:
                    left_alone(check)
                elif check:
                    check(before, name)
                else:
                    before = cleaned(name, maker)
                how = 'passed'
            except Skip as e:
                how = 'skipped'
                print(f'SKIP {name}: no {e}')
            except Exception as e:      # a reader's complaint is a failure, whatever its kind
                how = 'failed'
                print(f'FAIL {name}: {getattr(check, "__qualname__", "cleaning")}: {type(e).__name__}: {str(e)[:300]}')
            counts[how] += 1
            if before is None:
                break
    print(', '.join(f'{n} {how}' for how, n in counts.items()))
    return counts['failed'] > 0


if __name__ == '__main__':
    sys.exit(main())
