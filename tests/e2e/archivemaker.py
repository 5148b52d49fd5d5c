"""Archives, PDF files, pages and films around some bytes: made by the tools themselves where there is one."""
import base64
import functools
import io
import os
import shutil
import struct
import subprocess
import tempfile
import zipfile
import zlib


def run(*command, data=None):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


def with_tool(name):
    """Only where the tool is there."""
    def mark(maker):
        maker.is_there = shutil.which(name) is not None
        maker.tool = name
        return maker
    return mark


def in_folder(data, *command, made):
    """Runs the command in a fresh folder that holds the bytes as the file "inner"; gives the file it makes."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'inner'), 'wb') as f:
            f.write(data)
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        with open(os.path.join(folder, made), 'rb') as f:
            return f.read()


def zip_by_python(data, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', method) as z:
        z.writestr('first.txt', 'the first')
        z.writestr('inner', data)
    return out.getvalue()


def zip_stored(data):
    return zip_by_python(data, zipfile.ZIP_STORED)


def zip_deflated(data):
    return zip_by_python(data, zipfile.ZIP_DEFLATED)


def zip_bzip2(data):
    return zip_by_python(data, zipfile.ZIP_BZIP2)


def zip_lzma(data):
    return zip_by_python(data, zipfile.ZIP_LZMA)


def zip_behind_stub(data):
    return b'MZ' + bytes(510) + zip_deflated(data)


def zip_without_directory(data):
    z = zip_deflated(data)
    return z[:z.index(b'PK\1\2')]


@with_tool('zip')
def zip_streamed(data):
    return run('zip', '-q', '-', '-', data=data)


def seven_zip(data, method):
    return in_folder(data, '7z', 'a', '-tzip', '-mm=' + method, 'out.zip', 'inner', made='out.zip')


@with_tool('7z')
def zip_deflate64(data):
    return seven_zip(data, 'Deflate64')


@with_tool('7z')
def zip_ppmd(data):
    return seven_zip(data, 'PPMd')


@with_tool('bsdtar')
def xar(data):
    return in_folder(data, 'bsdtar', '--format', 'xar', '-cf', 'out.xar', 'inner', made='out.xar')


@with_tool('qpdf')
def pdf_attached(data):
    return in_folder(data, 'qpdf', '--empty', '--add-attachment', 'inner', '--', 'out.pdf', made='out.pdf')


@with_tool('qpdf')
def pdf_locked(data):
    return in_folder(data, 'qpdf', '--empty', '--object-streams=generate', '--add-attachment', 'inner', '--',
                     '--encrypt', '', 'owner', '256', '--', 'out.pdf', made='out.pdf')


def pdf_chain(data):
    coded = base64.a85encode(zlib.compress(data)) + b'~>'
    return (b'%PDF-1.4\n4 0 obj <</Type/Filespec/UF(inner)/EF<</F 7 0 R>> >>\nendobj\n7 0 obj <</Type/Embedded#46ile'
            b'/Filter[/ASCII85Decode/Fl]>>\nstream\n' + coded + b'\nendstream endobj\ntrailer<<>>\n%%EOF\n')


def page(body):
    return b'<!DOCTYPE html><html><body>' + body + b'</body></html>\n'


def html_address(data):
    return page(b'<a href="data&colon;application/octet-stream;base64,' + base64.b64encode(data) + b'">x</a>')


def html_pieces(data):
    text = base64.b64encode(data).decode()
    pieces = '"+\n"'.join(text[i:i + 60] for i in range(0, len(text), 60))
    return page(f'<script>save(atob("{pieces}"))</script>'.encode())


def html_numbers(data):
    return page(b'<script>save(new Uint8Array([' + ','.join(map(str, data)).encode() + b']))</script>')


def flash(data):
    body = b'\x08\0\0\0\1\0' + struct.pack('<HIHI', 87 << 6 | 63, 6 + len(data), 1, 0) + data + b'\0\0'
    return b'CWS\x0a' + struct.pack('<I', 8 + len(body)) + zlib.compress(body)


def xml_data(data):
    return b'<?xml version="1.0"?><pkg:package><pkg:binaryData>' + base64.encodebytes(data) + b'</pkg:binaryData></pkg:package>'


MAKERS = [functools.lru_cache(maxsize=None)(m) for m in (
    zip_stored, zip_deflated, zip_bzip2, zip_lzma, zip_behind_stub, zip_without_directory, zip_streamed, zip_deflate64, zip_ppmd,
    xar, pdf_attached, pdf_locked, pdf_chain, html_address, html_pieces, html_numbers, flash, xml_data)]
