"""Mail and text around some bytes, in every encoding that mail carries; and text in other charsets."""
import base64
import binascii
import email.message
import email.mime.application
import email.mime.message
import email.mime.multipart
import email.mime.text
import struct
import zlib

from archivemaker import in_folder, page, with_tool, zip_deflated

HEAD = b'From: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n'


def part(encoding, body, kind=b'application/octet-stream; name="inner.bin"'):
    return HEAD + b'Content-Type: ' + kind + b'\r\nContent-Transfer-Encoding: ' + encoding + b'\r\n\r\n' + body


def wrapped(text, width, end=b'\r\n'):
    return b''.join(text[i:i + width] + end for i in range(0, len(text), width))


# ---- transfer encodings

def mail_binary(data):
    return part(b'binary', data)


def mail_base64(data):
    return part(b'base64', base64.encodebytes(data))


def mail_base64_one_line(data):
    return part(b'BASE64 (as it is)', base64.b64encode(data).rstrip(b'='))


def mail_base64_junk(data):
    """What is not in the alphabet between the digits."""
    text = base64.b64encode(data)
    return part(b'base64', wrapped(b'.'.join(text[i:i + 3] for i in range(0, len(text), 3)), 77, b' !\r\n'))


def mail_base64_doubled(data):
    """Two labels; the first one is right."""
    return part(b'base64\r\nContent-Transfer-Encoding: 8bit', base64.encodebytes(data))


def mail_base64_doubled_late(data):
    """Two labels; the last one is right."""
    return part(b'quoted-printable\r\nContent-Transfer-Encoding: base64', base64.encodebytes(data))


def mail_quoted(data):
    return part(b'quoted-printable', b''.join(b'=%02X' % c if not 48 <= c < 58 else bytes([c]) for c in data).join((b'', b'\r\n')))


def mail_quoted_python(data):
    return part(b'quoted-printable', binascii.b2a_qp(data, quotetabs=True, istext=False))


def mail_quoted_soft(data):
    return part(b'quoted-printable', wrapped(b''.join(b'=%02x' % c for c in data), 72, b'= \t\r\n'))


def uu(data, end=b'\n'):
    lines = (binascii.b2a_uu(data[i:i + 45])[:-1] for i in range(0, len(data), 45))
    return b'begin 644 inner.bin' + end + end.join(lines) + end + b'`' + end + b'end' + end


def mail_uu(data):
    return part(b'x-uuencode', uu(data))


def xx(data):
    """uuencode with an alphabet that survives every charset."""
    table = bytes.maketrans(b'`' + bytes(range(32, 96)), b'+' + b'+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')
    return b'begin 644 inner.bin\n' + b''.join(
        binascii.b2a_uu(data[i:i + 45])[:-1].translate(table) + b'\n' for i in range(0, len(data), 45)) + b'+\nend\n'


def yenc(data, line=128):
    out, row = b'=ybegin line=%d size=%d name=inner.bin\r\n' % (line, len(data)), b''
    for c in data:
        c = (c + 42) & 255
        row += bytes([ord('='), (c + 64) & 255]) if c in (0, 10, 13, 61) or (c == 46 and not row) else bytes([c])
        if len(row) >= line:
            out, row = out + row + b'\r\n', b''
    return out + (row + b'\r\n' if row else b'') + b'=yend size=%d crc32=%08x\r\n' % (len(data), zlib.crc32(data))


def mail_yenc(data):
    return part(b'x-yenc', yenc(data))


def binhex(data):
    alphabet = b'!"#$%&\'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr'

    def sealed(b):
        return b + struct.pack('>H', binascii.crc_hqx(b, 0))
    whole = sealed(b'\5inner\0BINAhDmp\0\0' + struct.pack('>II', len(data), 0)) + sealed(data) + sealed(b'')
    text = base64.b64encode(whole.replace(b'\x90', b'\x90\0')).rstrip(b'=')
    table = bytes.maketrans(b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', alphabet)
    return b'(This file must be converted with BinHex 4.0)\r\n\r\n' + wrapped(b':' + text.translate(table) + b':', 64)


def mail_binhex(data):
    return part(b'mac-binhex40', binhex(data), b'application/mac-binhex40; name="inner.hqx"')


# ---- files in running text

def text_around(coded):
    return b'Hello,\n\nhere it is:\n\n' + coded + b'\nGoodbye\n'


def text_uu(data):
    return text_around(uu(data))


def text_uu_crlf(data):
    return text_around(uu(data, b'\r\n')).replace(b'\n\n', b'\r\n\r\n')


@with_tool('uuencode')
def text_uu_tool(data):
    return text_around(in_folder(data, 'sh', '-c', 'uuencode inner inner >out', made='out'))


@with_tool('uuencode')
def text_uu_base64(data):
    return text_around(in_folder(data, 'sh', '-c', 'uuencode -m inner inner >out', made='out'))


def text_xx(data):
    return text_around(xx(data))


def text_yenc(data):
    return text_around(yenc(data))


def text_binhex(data):
    return text_around(binhex(data))


# ---- mail as programs build it

def python_attachment(data):
    m = email.message.EmailMessage()
    m['From'], m['Subject'] = 'a@example.com', 'x'
    m.set_content('see below')
    m.add_alternative('<p>see below', subtype='html')
    m.add_attachment(data, maintype='application', subtype='octet-stream', filename='Rechnung März.bin')
    return m.as_bytes()


def python_forwarded(data):
    """A message in a message in a multipart."""
    inner = email.mime.multipart.MIMEMultipart('mixed')
    inner.attach(email.mime.text.MIMEText('inner'))
    inner.attach(email.mime.application.MIMEApplication(data))
    outer = email.mime.multipart.MIMEMultipart('related')
    outer['From'], outer['Subject'] = 'a@example.com', 'x'
    outer.attach(email.mime.message.MIMEMessage(inner))
    return outer.as_bytes()


def message_encoded(data):
    """A message as a base64 part, which no standard allows."""
    return part(b'base64', base64.encodebytes(mail_base64(data)), b'message/rfc822')


def multipart_without_end(data):
    return (HEAD + b'Content-Type: multipart/mixed; boundary="=_a"\r\n\r\n--=_a\r\nContent-Type: text/plain\r\n\r\nx\r\n--=_a\r\n'
            b'Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n' + base64.encodebytes(data))


def mail_of_mac_lines(data):
    return mail_base64(data).replace(b'\r\n', b'\n').replace(b'\n', b'\r')


def only_a_subject(data):
    return b'Subject: x\n\n' + text_uu(data)


def mbox(data):
    one = b'From a@example.com Thu Nov 26 12:00:00 2026\n' + mail_base64(data).replace(b'\r\n', b'\n')
    return b'From a@example.com Thu Nov 26 11:00:00 2026\nFrom: a@example.com\nSubject: one\n\nfirst\n\n' + one + b'\n'


def mbox_of_mac_lines(data):
    return mbox(data).replace(b'\n', b'\r')


def mbox_with_bytes(data):
    """The second of two messages, behind one with an attachment as it is."""
    return b'From a@example.com Thu Nov 26 11:00:00 2026\n' + part(b'binary', bytes(range(256)) * 4) + b'\n' + mbox(data)


def mail_before_zip(data):
    """A message with bytes as they are that ends in a zip: it is both."""
    return (HEAD + b'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n'
            b'Content-Transfer-Encoding: base64\r\n\r\n' + base64.encodebytes(data) + b'\r\n--b\r\nContent-Transfer-Encoding: binary\r\n'
            b'Content-Type: application/zip\r\n\r\n' + bytes(range(256)) + zip_deflated(b'harmless'))


def emlx(data):
    m = mail_base64(data).replace(b'\r\n', b'\n')
    return b'%-10d\n' % len(m) + m + b'<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0"><dict/></plist>\n'


def emlx_wrong_length(data):
    return b'12\n' + mail_base64(data)


# ---- text alone, in other charsets: the innermost

def mail_text(charset, data):
    return part(b'base64', base64.encodebytes(data), b'text/plain; charset=' + charset)


def utf16(data):
    return data.decode('latin-1').encode('utf-16')


def utf16_be(data):
    return data.decode('latin-1').encode('utf-16-be')


def utf16_le(data):
    return data.decode('latin-1').encode('utf-16-le')


def utf32(data):
    return data.decode('latin-1').encode('utf-32')


def utf32_be(data):
    return data.decode('latin-1').encode('utf-32-be')


def utf32_le(data):
    return data.decode('latin-1').encode('utf-32-le')


def utf32_be_mark(data):
    return b'\0\0\xfe\xff' + utf32_be(data)


def utf7(data):
    """Every character in an escape."""
    text = base64.b64encode(data.decode('latin-1').encode('utf-16-be')).rstrip(b'=')
    return mail_text(b'utf-7', b'+' + text + b'-')


def ebcdic(data):
    return mail_text(b'ibm037', data.decode('latin-1').encode('cp037'))


def iso_2022_kr(data):
    return mail_text(b'iso-2022-kr', b'\x1b$)C' + data)


def declared_otherwise(data):
    """UTF-16 that calls itself Latin-1."""
    return mail_text(b'iso-8859-1', utf16(data))


def html_entities(data):
    return page(b'<a href="data:application/octet-stream;base64,' +
                b''.join(b'&#%d;' % c for c in base64.b64encode(data)) + b'">x</a>')


MAKERS = [mail_binary, mail_base64, mail_base64_one_line, mail_base64_junk, mail_base64_doubled, mail_base64_doubled_late, mail_quoted,
          mail_quoted_python, mail_quoted_soft, mail_uu, mail_yenc, mail_binhex, text_uu, text_uu_crlf, text_uu_tool, text_uu_base64, text_xx,
          text_yenc, text_binhex, python_attachment, python_forwarded, message_encoded, multipart_without_end,
          mail_of_mac_lines, only_a_subject, mbox, mbox_of_mac_lines, mbox_with_bytes, mail_before_zip, emlx, emlx_wrong_length, html_entities]
# Around text only.
TEXT_MAKERS = [utf16, utf16_be, utf16_le, utf32, utf32_be, utf32_le, utf32_be_mark, utf7, ebcdic, iso_2022_kr, declared_otherwise]
