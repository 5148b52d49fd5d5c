"""Documents made by hand, each around some bytes: what the tests of nested documents are built of."""
import base64
import io
import struct
import zipfile
import zlib


def pad(data, to, fill=b'\0'):
    return data + fill * (-len(data) % to)


def cfb(streams, clsid=b''):
    """A compound file; streams: {'Storage/name': bytes}. Names are text; the root's class may be set."""
    nodes = [{'name': 'Root Entry', 'kids': [], 'kind': 5, 'data': b''}]
    where = {'': 0}
    for path, data in streams.items():
        parts = path.split('/')
        for i in range(len(parts)):
            here = '/'.join(parts[:i + 1])
            if here not in where:
                where[here] = len(nodes)
                last = i == len(parts) - 1
                nodes[where['/'.join(parts[:i])]]['kids'].append(len(nodes))
                nodes.append({'name': parts[i], 'kids': [], 'kind': 2 if last else 1, 'data': data if last else b''})
    body, fat, mini, minifat = b'', [], b'', []

    def chain(data):
        nonlocal body
        if not data:
            return 0xfffffffe
        first = len(fat)
        n = (len(data) + 511) // 512
        fat.extend(range(first + 1, first + n))
        fat.append(0xfffffffe)
        body += pad(data, 512)
        return first

    for node in nodes:
        node['start'] = 0xfffffffe if node['kind'] == 2 else 0
        if len(node['data']) >= 4096:
            node['start'] = chain(node['data'])
        elif node['data']:
            node['start'] = len(minifat)
            n = (len(node['data']) + 63) // 64
            minifat.extend(range(node['start'] + 1, node['start'] + n))
            minifat.append(0xfffffffe)
            mini += pad(node['data'], 64)
    nodes[0]['start'] = chain(mini)
    minifat_at = chain(struct.pack(f'<{len(minifat)}I', *minifat))
    directory = b''
    for node in nodes:
        node['right'] = 0xffffffff
    for node in nodes:
        for a, b in zip(node['kids'], node['kids'][1:]):
            nodes[a]['right'] = b
    for i, node in enumerate(nodes):
        name = node['name'].encode('utf-16-le')
        directory += (name.ljust(64, b'\0') + struct.pack('<HBB', len(name) + 2, node['kind'], 1) +
                      struct.pack('<III', 0xffffffff, node['right'], node['kids'][0] if node['kids'] else 0xffffffff) +
                      (clsid if i == 0 else b'').ljust(16, b'\0') + bytes(20) +
                      struct.pack('<IQ', node['start'], len(mini) if i == 0 else len(node['data'])))
    directory_at = chain(pad(directory, 512))
    n_fat = 1
    while (len(fat) + n_fat + 127) // 128 > n_fat:
        n_fat += 1
    fat_at = len(fat)
    fat += [0xfffffffd] * n_fat
    fat += [0xffffffff] * (-len(fat) % 128)
    if n_fat > 109:
        raise ValueError('too large for the header')
    head = (b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' + bytes(16) + struct.pack('<HHHHH6x', 0x3e, 3, 0xfffe, 9, 6) +
            struct.pack('<IIIIIIIII', 0, n_fat, directory_at, 0, 4096, minifat_at, 1, 0xfffffffe, 0) +
            struct.pack('<109I', *[fat_at + i if i < n_fat else 0xffffffff for i in range(109)]))
    return head + body + struct.pack(f'<{len(fat)}I', *fat)


def package(data, name=b'file.bin'):
    """An OLE 1 package, as behind the length of an Ole10Native stream."""
    path = b'C:\\Temp\\' + name + b'\0'
    return (b'\2\0' + name + b'\0' + path + b'\0\0\3\0' + struct.pack('<I', len(path)) + path +
            struct.pack('<I', len(data)) + data)


def ole_package(data):
    native = package(data)
    return cfb({'ObjectPool/_1/\1Ole10Native': struct.pack('<I', len(native)) + native, 'WordDocument': bytes(512)})


def ole_stream(data):
    return cfb({'MBD001/CONTENTS': data})


def ovba(text):
    """MS-OVBA, all literal."""
    out = b'\1'
    for at in range(0, len(text), 3600):
        piece = text[at:at + 3600]
        chunk = b''.join(b'\0' + piece[i:i + 8] for i in range(0, len(piece), 8))
        out += struct.pack('<H', 0xb000 | (len(chunk) - 1)) + chunk
    return out


VBA_HEAD = b"Attribute VB_Name\r\n'"
VBA_TEXT_AT = len(VBA_HEAD)


def vba(text):
    """The text as the source of a macro: only text can stand there."""
    listing = (struct.pack('<HIIH', 9, 4, 0, 0) + struct.pack('<HI', 0x1a, 7) + b'Module1' + struct.pack('<HII', 0x31, 4, 9))
    return cfb({'Macros/VBA/dir': ovba(listing), 'Macros/VBA/Module1': b'compiled.' + ovba(VBA_HEAD + text)})


def outlook(data):
    return cfb({'__attach_version1.0_#00000000/__substg1.0_37010102': data,
                '__attach_version1.0_#00000000/__substg1.0_3707001F': 'file.bin'.encode('utf-16-le'),
                '__properties_version1.0': bytes(32)})


def installer(data):
    return cfb({'\u4840\u3b3f\u43f2': data}, bytes.fromhex('84100c0000000000c000000000000046'))


def powerpoint(data):
    inner = zlib.compress(data)
    atom = struct.pack('<HHII', 0x10, 0x1011, len(inner) + 4, len(data)) + inner
    return cfb({'PowerPoint Document': struct.pack('<HHI', 0x0f, 1000, len(atom)) + atom})


def rtf(data):
    inner = package(data)
    ole1 = struct.pack('<III', 0x501, 2, 8) + b'Package\0' + struct.pack('<III', 0, 0, len(inner)) + inner
    digits = ole1.hex()
    lines = '\r\n'.join(digits[i:i + 63] for i in range(0, len(digits), 63))
    return ('{\\rtf1\\ansi{\\object\\objemb\\objupdate{\\*\\objclass Package}{\\*\\objdata {\\*\\x 12}' + lines + '}}}').encode()


def tnef(data):
    def attribute(level, number, value):
        return struct.pack('<BII', level, number, len(value)) + value + struct.pack('<H', sum(value) & 0xffff)
    return (struct.pack('<IH', 0x223e9f78, 1) + attribute(2, 0x69002, bytes(14)) + attribute(2, 0x18010, b'file.bin\0') +
            attribute(2, 0x6800f, data))


def onenote(data):
    return (bytes.fromhex('e4525c7b8cd8a74daeb15378d02996d3') + bytes(64) + bytes.fromhex('e716e3bd65261145a4c48d4d0b7a9eac') +
            struct.pack('<QIQ', len(data), 0, 0) + data)


def shortcut(data):
    return bytes.fromhex('4c0000000114020000000000c000000000000046') + bytes(56) + bytes(4) + data


def word_xml(data):
    text = base64.encodebytes(data).decode()
    return f'<?xml version="1.0"?>\n<w:wordDocument><w:binData w:name="a.bin">\n{text}</w:binData></w:wordDocument>'.encode()


def activemime(data):
    """Around a compound file: that is all that ActiveMime holds."""
    return b'ActiveMime'.ljust(0x32, b'\0') + zlib.compress(ole_stream(data))


def macbinary(data):
    head = bytearray(128)
    head[1:5] = b'\3abc'
    head[83:87] = struct.pack('>I', len(data))
    return bytes(head) + pad(data, 128)


def ooxml(data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
        z.writestr('[Content_Types].xml', '<Types/>')
        z.writestr('word/embeddings/oleObject1.bin', data)
    return out.getvalue()


def mail(data):
    return (b'From: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name="a.bin"\r\n'
            b'Content-Transfer-Encoding: base64\r\n\r\n' + base64.encodebytes(data))


def der(tag, *parts):
    body = b''.join(parts)
    n = len(body)
    return bytes([tag]) + (bytes([n]) if n < 128 else b'\x84' + struct.pack('>I', n)) + body


def endless(tag, *parts):
    return bytes([tag, 0x80]) + b''.join(parts) + b'\0\0'


def pieces(data, size):
    return [data[i:i + size] for i in range(0, len(data), size)]


PKCS7 = bytes.fromhex('06092a864886f70d0107')


def signed(data):
    """As S/MIME's signed-data carries a mail, in one piece."""
    content = der(0x30, PKCS7 + b'\1', der(0xa0, der(4, data)))
    return der(0x30, PKCS7 + b'\2', der(0xa0, der(0x30, b'\2\1\1', der(0x31), content, der(0x31))))


def signed_in_pieces(data):
    """The same as a program writes it that does not know the length yet."""
    content = endless(0x30, PKCS7 + b'\1', endless(0xa0, endless(0x24, *[der(4, p) for p in pieces(data, 50)])))
    return endless(0x30, PKCS7 + b'\2', endless(0xa0, endless(0x30, b'\2\1\1', endless(0x31), content, endless(0x31))))


def smime_compressed(data):
    algorithm = der(0x30, der(6, bytes.fromhex('2a864886f70d0109100308')))
    content = der(0x30, PKCS7 + b'\1', der(0xa0, der(0x24, *[der(4, p) for p in pieces(zlib.compress(data), 50)])))
    return der(0x30, der(6, bytes.fromhex('2a864886f70d0109100109')), der(0xa0, der(0x30, b'\2\1\0', algorithm, content)))


def pgp(data):
    """A literal packet, in pieces of 512 bytes and a rest."""
    body = b'b\5a.bin' + bytes(4) + data
    out = b'\xcb'
    while len(body) >= 1024:
        out, body = out + b'\xe9' + body[:512], body[512:]
    return out + b'\xff' + struct.pack('>I', len(body)) + body


def pgp_compressed(data):
    """As gpg writes a signed message: without a length."""
    return b'\xa3\2' + zlib.compress(pgp(data))


def pgp_armour(data):
    return (b'Hello,\n\n-----BEGIN PGP MESSAGE-----\nVersion: 1\n\n' + base64.encodebytes(pgp(data)) + b'=abcd\n-----END PGP MESSAGE-----\n')


def vcard(data):
    text = base64.b64encode(data).decode()
    return ('BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nPHOTO;ENCODING=b;TYPE="x:y":' + '\r\n '.join(pieces(text, 70)) +
            '\r\nEND:VCARD\r\n').encode()


def appointment(data):
    return (b'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nATTACH;FILENAME=a.bin;FMTTYPE=a/b;ENCODING=BASE64;VALUE=BINARY:' + base64.b64encode(data) +
            b'\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n')


# Around any bytes.
MAKERS = [ole_package, ole_stream, outlook, installer, powerpoint, rtf, tnef, onenote, shortcut, word_xml, activemime, macbinary,
          ooxml, mail, signed, signed_in_pieces, smime_compressed, pgp, pgp_compressed, pgp_armour, vcard, appointment]
# Around text only.
TEXT_MAKERS = [vba]
