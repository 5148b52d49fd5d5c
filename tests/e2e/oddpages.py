"""Pages, scripts, pictures and texts that carry a file in a roundabout way; mail behind junk."""
import base64
import codecs
import gzip
import struct
import textwrap

import docmaker
import textmaker
from oddkit import CLEAN, CODED, EICAR, FOUND, PACKED

TEXT = CODED.decode()
HEX = PACKED.hex()
ADDRESS = 'data:a/b;base64,' + TEXT
LINK = f'<a href="{ADDRESS}">x</a>'


def split(text, n):
    return [text[i:i + n] for i in range(0, len(text), n)]


def quoted(pieces, mark='"'):
    return ','.join(mark + p + mark for p in pieces)


def numbers(data, form='{}', between=','):
    return between.join(form.format(c) for c in data)


def encoded(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def percents(text):
    return ''.join(f'%{c:02x}' for c in text.encode())


# What stands in a script, of a page or alone.
def scripts():
    whole = TEXT
    a, b, c = whole[:40], whole[40:80], whole[80:]
    yield 'base64', f'save(new Blob([Uint8Array.from(atob("{whole}"),c=>c.charCodeAt(0))]))'
    yield 'joined', f'x="{a}"+\'{b}\'+`{c}`'
    yield 'joined-with-remarks', f'x="{a}"/*x*/+//y\n"{b}"+("{c}")'
    yield 'variables', f'a="{a}";b="{b}";c="{c}";save(atob(a+b+c))'
    yield 'short-variables', ''.join(f'var v{i}="{p}";' for i, p in enumerate(split(whole, 10)))
    yield 'added-to', 'a="";' + ''.join(f'a+="{p}";' for p in split(whole, 8))
    yield 'object', f'o={{a:"{a}",b:"{b}",c:"{c}"}};save(o.a+o.b+o.c)'
    yield 'list', f'save([{quoted(split(whole, 30))}].join(""))'
    yield 'list-short', f'type="application/zip";save([{quoted(split(whole, 10))}].join(""))'
    yield 'list-of-letters', f'save([{quoted(whole)}].join(""))'
    yield 'concat', f'save("".concat({quoted(split(whole, 30))}))'
    yield 'turned', f'save("{whole[::-1]}".split("").reverse().join(""))'
    yield 'strewn', 'save("' + '@'.join(split(whole, 7)) + '".replace(/@/g,""))'
    yield 'strewn-twice', 'save("' + '!!'.join(split(whole, 7)) + '".split("!!").join(""))'
    yield 'lines', 'save("' + '\\n'.join(split(whole, 60)) + '")'
    yield 'lines-that-go-on', 'save("' + '\\\n'.join(split(whole, 60)) + '")'
    yield 'back-quotes', 'save(`\n' + '\n'.join(split(whole, 60)) + '`)'
    yield 'remark', f'function f(){{/*{whole}*/}}'
    yield 'twice', f'atob(atob("{encoded(whole)}"))'
    yield 'three-times', f'atob(atob(atob("{encoded(encoded(whole))}")))'
    yield 'of-hex', f'atob("{encoded(HEX)}")'
    yield 'of-packed-base64', f'atob("{encoded(gzip.compress(CODED))}")'
    yield 'address-joined', f'x="data:application/zip;base64,{a}"+"{b}{c}"'
    yield 'hex', f'save("{HEX}")'
    yield 'hex-joined', f'save("{HEX[:80]}"+"{HEX[80:]}")'
    yield 'hex-turned', f'save("{HEX[::-1]}".split("").reverse().join(""))'
    yield 'hex-between-dashes', f'save("{PACKED.hex("-")}".split("-"))'
    yield 'hex-between-commas', f'save("{PACKED.hex(",")}")'
    yield 'hex-list', f'save([{quoted(split(HEX, 2))}])'
    yield 'hex-list-0x', 'save([' + numbers(PACKED, "'0x{:02x}'") + '])'
    yield 'escapes-x', 'save("' + numbers(PACKED, '\\x{:02x}', '') + '")'
    yield 'escapes-u', 'save("' + numbers(PACKED, '\\u{:04x}', '') + '")'
    yield 'escapes-octal', 'save("' + numbers(PACKED, '\\{:03o}', '') + '")'
    yield 'decimals', f'save("{numbers(PACKED)}".split(","))'
    yield 'decimals-between-blanks', f'save("{numbers(PACKED, between=" ")}".split(" "))'
    yield 'decimals-between-dashes', f'save("{numbers(PACKED, between="-")}".split("-"))'
    yield 'numbers', f'save(new Uint8Array([{numbers(PACKED)}]))'
    yield 'numbers-hex', f'save([{numbers(PACKED, "0x{:02x}")}])'
    yield 'numbers-below-zero', 'save(new Int8Array([' + ','.join(str(c - 256 if c > 127 else c) for c in PACKED) + ']))'
    yield 'numbers-of-16-bits', 'save(new Uint16Array([' + ','.join(map(str, struct.unpack(f'<{len(PACKED) // 2}H', PACKED))) + ']))'
    n = len(PACKED) // 4
    yield 'numbers-of-32-bits', 'save(new Uint32Array([' + ','.join(map(str, struct.unpack(f'<{n}I', PACKED[:n * 4]))) + ']))'
    yield 'lists-in-list', 'save([' + ','.join(f'[{numbers(PACKED[i:i + 30])}]' for i in range(0, len(PACKED), 30)) + '])'
    yield 'pushed', 'a=[];' + ''.join(f'a.push({c});' for c in PACKED)
    yield 'pushed-in-parts', 'a=[];' + ''.join(f'a.push({numbers(PACKED[i:i + 20])});' for i in range(0, len(PACKED), 20))
    yield 'characters', f'save(String.fromCharCode({numbers(PACKED)}))'
    yield 'characters-one-by-one', 'save(' + numbers(PACKED, 'String.fromCharCode({})', '+') + ')'
    yield 'unescape', f'document.write(unescape("{percents(LINK)}"))'
    yield 'unescape-wide', 'document.write(unescape("' + ''.join(f'%u{ord(c):04x}' for c in LINK) + '"))'
    yield 'unescape-bytes', 'save(unescape("' + numbers(PACKED, '%{:02X}', '') + '"))'
    yield 'written-page', f'document.write(atob("{encoded(LINK)}"))'
    yield 'written-script', f'eval(atob("{encoded(f"document.write(atob({encoded(LINK)!r}))")}"))'


def pages():
    yield 'json', f'<script type="application/json">{{"d":"{TEXT}"}}</script>'
    yield 'hidden-field', f'<input type=hidden value="{TEXT}">'
    yield 'hidden-block', f'<div style="display:none">{TEXT}</div>'
    yield 'hidden-hex', f'<div hidden>{HEX}</div>'
    yield 'hidden-blanks', f'<div hidden>{" ".join(split(TEXT, 20))}</div>'
    yield 'hidden-pieces', '<p>Please wait</p>' + ''.join(f'<span hidden>{t}</span>\n' for t in split(TEXT, 20)) + '<p>Thank you'
    yield 'hidden-lines', f'<div hidden>{"<br>".join(split(HEX, 20))}</div>'
    yield 'text-area', f'<textarea>{TEXT}</textarea>'
    yield 'remark', f'<!--{TEXT}-->'
    yield 'remark-with-address', f'<!-- {LINK} -->'
    yield 'remark-never-closed', f'<!-- {LINK}'
    yield 'behind-odd-remark', f'<!-- --!>{LINK}'
    yield 'remark-for-some', f'<!--[if IE]>{LINK}<![endif]-->'
    yield 'attribute', f'<p data-x="{TEXT}">'
    yield 'meta', f'<meta name=x content="{TEXT}">'
    yield 'style', f'<style>.a{{background:url({ADDRESS})}}</style>'
    yield 'no-script', f'<noscript>{LINK}</noscript>'
    yield 'template', f'<template><script>x="{TEXT}"</script></template>'
    yield 'address-parameters', f'<a href="data:a/b;charset=x;name=y.zip;base64,{TEXT}">'
    yield 'address-broken', f'<a href=" \n d\tata:a/b;bas\ne64,{TEXT}">'
    yield 'address-bare', f'<a href={ADDRESS}>'
    yield 'address-escaped', '<a href="data:a/b,' + numbers(PACKED, '%{:02x}', '') + '">'
    yield 'address-escaped-base64', f'<a href="data:a/b;base64,{percents(TEXT)}">'
    yield 'address-capitals', f'<a href="DATA:A/B;BASE64,{TEXT}">'
    yield 'refresh', f'<meta http-equiv=refresh content="0;url={ADDRESS}">'
    yield 'frame', '<iframe srcdoc="' + LINK.replace('<', '&lt;').replace('"', '&quot;') + '"></iframe>'
    yield 'frame-address', '<iframe src="data:text/html,' + percents(LINK) + '"></iframe>'
    yield 'handler', f'<img src=x onerror="eval(atob(\'{encoded(f"save({TEXT!r})")}\'))">'
    yield 'script-address', f'<a href="javascript:save(\'{TEXT}\')">'
    yield 'script-address-escaped', f'<a href="javascript:{percents(f"save({TEXT!r})")}">'
    yield 'script-source', f'<script src="data:text/javascript;base64,{encoded(f"save({TEXT!r})")}"></script>'
    yield 'script-never-closed', f'<script>save("{TEXT}")'


def pictures():
    yield 'svg', f'<script><![CDATA[save("{TEXT}")]]></script>'
    yield 'svg-entities', '<script>' + ''.join(f'&#{ord(c)};' for c in f'save("{TEXT}")') + '</script>'
    yield 'svg-address', f'<a xlink:href="{ADDRESS}"/>'
    yield 'svg-page', f'<foreignObject><body>{LINK}</body></foreignObject>'
    yield 'svg-script-address', f'<script href="data:text/javascript;base64,{encoded(f"save({TEXT!r})")}"/>'


def texts():
    yield 'base64', TEXT
    yield 'base64-lines', '\r\n'.join(split(TEXT, 76))
    yield 'certificate', '-----BEGIN CERTIFICATE-----\r\n' + '\r\n'.join(split(TEXT, 64)) + '\r\n-----END CERTIFICATE-----\r\n'
    yield 'hex', HEX
    yield 'hex-blanks', PACKED.hex(' ')
    yield 'hex-0x', numbers(PACKED, '0x{:02x}')
    yield 'hex-escapes', numbers(PACKED, '\\x{:02x}', '')
    yield 'argument.ps1', f'$b=[Convert]::FromBase64String("{TEXT}")'
    yield 'bytes.ps1', '[byte[]] $b = ' + numbers(PACKED, '0x{:02x}')
    yield 'here-string.ps1', "$b=@'\r\n" + '\r\n'.join(split(TEXT, 60)) + "\r\n'@\r\n"
    yield 'array.vbs', f'a = Array({numbers(PACKED)})\r\n'
    yield 'pieces.vbs', ''.join(f's = s & "{p}"\r\n' for p in split(HEX, 40))
    yield 'echo.bat', '@echo off\r\n' + ''.join(f'echo {p}>>a.b64\r\n' for p in split(TEXT, 60)) + 'certutil -decode a.b64 a.exe\r\n'
    yield 'here-document.sh', '#!/bin/sh\nbase64 -d <<E >x\n' + '\n'.join(split(TEXT, 76)) + '\nE\n'
    yield 'job.wsf', f'<job><script language="VBScript"><![CDATA[\r\nx="{TEXT}"\r\n]]></script></job>'
    yield 'scriptlet', f'<?XML version="1.0"?><scriptlet><script language="JScript"><![CDATA[ x="{TEXT}";]]></script></scriptlet>'
    yield 'application.hta', f'<html><head><HTA:APPLICATION/><script>x="{TEXT}"</script>'


def bytes_in_texts():
    zeros = bytes(1500)
    yield 'padded-uuencode', textmaker.text_uu(PACKED) + zeros
    yield 'padded-mail', docmaker.mail(PACKED) + zeros
    yield 'padded-page', f'<html>{LINK}'.encode() + zeros
    yield 'padded-script.js', f'save("{TEXT}")'.encode() + zeros
    yield 'padded-base64', CODED + zeros
    yield 'shell-archive', b'#!/bin/sh\ntail -n +3 $0 | zcat\nexit\n' + PACKED
    yield 'shell-archive-long', b'#!/bin/sh\n' + b'# x\n' * 3000 + b'exit\n' + PACKED


def quotations():
    label, lines = b'Content-Transfer-Encoding: ', b'\n'.join(CODED[i:i + 60] for i in range(0, len(CODED), 60))
    rest = b'\n\n' + base64.encodebytes(EICAR) + b'\n--never a delimiter--\n'
    yield 'part.txt', b'words\n\nContent-Type: a/b\n' + label + b'base64' + rest
    yield 'part-in-capitals.txt', b'words\n\n' + label.upper() + b'Base64\nContent-Type: a/b' + rest
    yield 'part-behind-marks.txt', b'words\n> \t' + label + b'base64' + rest
    yield 'part-of-old-lines.txt', (b'words\n' + label + b'base64' + rest).replace(b'\n', b'\r')
    yield 'second-part.txt', b'words\n' + label + b'7bit\n\nmore\n' + label + b'base64' + rest
    yield 'part-by-quotation.txt', b'words\n' + label + b'quoted-printable\n\n' + EICAR[:30] + b'=\n' + EICAR[30:] + b'\n\t--x\nmore'
    yield 'lines.txt', b'words\n' + lines + b'\nmore words\n'
    yield 'lines-of-two-files.txt', b'words\n' + base64.encodebytes(bytes(200)) + b'more\n' + lines


def registry():
    """As regedit writes it: 25 bytes a line."""
    value = 'hex:' + ',\\\r\n  '.join(numbers(PACKED[i:i + 25], '{:02x}') for i in range(0, len(PACKED), 25))
    text = 'Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\x]\r\n"y"="hex:"\r\n"a=b"={}\r\n"z"=dword:1\r\n'
    yield 'values.reg', b'\xff\xfe' + text.format(value).encode('utf-16le')
    yield 'kind-3.reg', text.format(value.replace('hex:', 'hex(3):')).encode()
    yield 'old.reg', ('REGEDIT4\n@=' + value).encode()


def mails():
    inner = (b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Location: file:///C:/a/x.mso\r\n'
             b'Content-Transfer-Encoding: base64\r\nContent-Type: application/x-mso\r\n\r\n' + textwrap.fill(TEXT, 76).encode() + b'\r\n--b--\r\n')
    yield 'page', inner
    yield 'page-behind-lines', b'\r\n\r\n' + inner
    yield 'page-wide', codecs.decode(inner, 'ascii').encode('utf-16')
    yield 'page-behind-junk.doc', b'junk of one line\r\n' + inner
    yield 'page-behind-long-junk.doc', b'a' * 5000 + b'\r\n' + inner
    yield 'page-behind-bytes', b'\1\2\3\4' * 40 + b'\r\n' + inner
    yield 'page-behind-pdf', b'%PDF-1.7\n1 0 obj\n<</Type/Catalog>>endobj\n' + inner
    head = b'From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'
    yield 'preamble', head + textmaker.uu(PACKED) + b'\r\n--b\r\n\r\nx\r\n--b--\r\n'
    yield 'epilogue', head + b'--b\r\n\r\nx\r\n--b--\r\n' + textmaker.uu(PACKED)
    yield 'body-of-base64', b'From: a@example.com\r\nSubject: x\r\n\r\n' + textwrap.fill(TEXT, 76).encode() + b'\r\n'


def cases(_missing):
    for name, text in scripts():
        yield 'script-' + name, f'<html><body><script>{text}</script></body></html>'.encode(), FOUND
        yield 'alone-' + name + '.js', text.encode(), FOUND
    for name, text in pages():
        yield 'page-' + name, f'<html><body>{text}</body></html>'.encode(), FOUND
    for name, text in pictures():
        yield name, f'<svg xmlns="http://www.w3.org/2000/svg">{text}</svg>'.encode(), FOUND
    yield 'svg-prefix', f'<svg:svg xmlns:svg="x"><svg:script>x="{TEXT}"</svg:script></svg:svg>'.encode(), FOUND
    yield 'svg-of-an-entity', f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "{TEXT}">]><svg><script>x="&a;"</script></svg>'.encode(), FOUND
    for name, text in texts():
        yield 'text-' + name, text.encode(), FOUND
    for part in (bytes_in_texts, quotations, registry, mails):
        for name, data in part():
            yield f'{part.__name__}-{name}', data, FOUND
    yield 'words-about-encodings.txt', b'words\n- Content-Transfer-Encoding is written\n  Content-Transfer-Encodings are many\nmore words\n', CLEAN
    # Each conversion would give a longer text with the same escapes in it: the ratio would be crossed.
    yield 'escapes-in-other-bytes', b'words \x1b(\xff\xfe\xfd\xfc\xfb\n' * 60000, CLEAN
    yield 'document-with-escapes', b'%PDF-1.5\n%\xd0\xd4\n' + b'1 0 obj (\x1b$B\xff) endobj\n' * 2000, CLEAN
    # A mail as its sender signed it has fields behind a line that is none: it could be read as a mail without a header, and that again.
    inner = b'Content-Type: text/plain\r\n' + b''.join(b'%s: x@example.com\r\n' % f for f in (b'From', b'To', b'Subject', b'Message-ID'))
    yield 'signed.p7m', docmaker.signed(inner + b'\r\nwords of a mail\r\n' * 20), CLEAN
    # Eight escapes make a text one of escapes, and what comes out of more than 32 MB would be a limit.
    yield 'long-table.tsv', b'name\tversion\tmonth\tsummary\t%41%42%43%44%45%46%47%48\n' * 700000, CLEAN
    yield 'secret', f'<script>x="{encoded(bytes(c ^ 0x5a for c in EICAR))}"</script>'.encode(), CLEAN
