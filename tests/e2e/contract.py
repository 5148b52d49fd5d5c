#!/usr/bin/env python3
"""The conversion channel's contract, a row a sentence: which entry takes which part, which message is diverted, what the command
is given, what becomes of what it gives back. Each row is one run of convchan, or of its queue."""
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import mailkit as kit
from mailkit import b64_part, forwarded, message, multipart, part, text_part

YES = 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n'
PLAIN = b'Subject: A test\n\nbody\n'


def one(fields, body=b'body\n', subject='A test'):
    """A message of one part with these fields."""
    return f'Subject: {subject}\nMIME-Version: 1.0\n{fields}\n'.encode('latin-1') + body


NAMED = one('Content-Type: text/plain; charset=utf-8; name="a b.txt"\nContent-Disposition: attachment; filename=c.txt; size=5\n'
            'Content-Description: some words\nContent-Transfer-Encoding: 8bit\n')
TWO = message(multipart('mixed', text_part('one\n'), b64_part('application/pdf', 'two.pdf', b'two')))
DEEP = message(multipart('mixed', text_part('one\n'), forwarded(message(multipart('mixed', text_part('in\n'), text_part('in too\n')), subject='inner',
               extra='Message-Context: voice-message\nA1-Type: MEMO\nA1-Format: WPS\n')), forwarded(message(text_part('alone\n'), subject='second'))),
               subject='outer')

# ---- 4.1 to 4.3: the file, and which entry takes which part. The wanted lines are of the entries, one for each part; 0: none. ----
DROP = 'delete=1'
MATCH = [
    ('several clauses a line', 'in-type=text; in-subtype=plain; delete=1', PLAIN, [1]),
    ('a clause a line', 'in-type=text;\n  in-subtype=plain;\n  delete=1\n', PLAIN, [1]),
    ('clauses in column 1', 'in-type=text;\nin-subtype=plain;\ndelete=1\n', PLAIN, [1]),
    ('an entry ends at a line without ;', 'in-type=image; delete=1\nin-type=text; delete=1\n', PLAIN, [2]),
    ('an entry ends at a blank line', 'in-type=image; delete=1;\n\nin-type=text; delete=1;\n', PLAIN, [3]),
    ('an entry ends at blanks alone', 'in-type=image; delete=1;\n \t \nin-type=text; delete=1;\n', PLAIN, [3]),
    ('an entry ends at both', 'in-type=image; delete=1\n\n\n\nin-type=text; delete=1\n', PLAIN, [5]),
    ('a line goes on behind \\', 'in-type=te\\\nxt; delete=1', PLAIN, [1]),
    ('a value goes on behind \\', 'in-type=text; in-subject="A \\\ntest"; delete=1', PLAIN, [1]),
    ('with CRLF', 'in-type=te\\\r\nxt;\r\n  delete=1\r\n', PLAIN, [1]),
    ('! is a comment', '! in-type=text; delete=1\nin-type=text;\n! in-type=image;\n  delete=1\n', PLAIN, [2]),
    ('a comment in front of a blank line', 'in-type=image; delete=1;\n!\n\nin-type=text; delete=1;\n', PLAIN, [4]),
    ('! in a value', 'in-type=text; in-subject="!"; delete=1', one('', subject='!'), [1]),
    ('names in any case', 'IN-TYPE=text; In-SubType=plain; DELETE=1', PLAIN, [1]),
    ('values in any case', 'in-type=TEXT; in-subtype=Plain; delete=1', PLAIN, [1]),
    ('quotes', 'in-type="text"; in-subtype="pl"ain; delete="1"', PLAIN, [1]),
    ('; in quotes', 'in-type=text; in-subject="a; b"; delete=1', one('', subject='a; b'), [1]),
    ('\\" in quotes', 'in-type=text; in-subject="a \\"b\\""; delete=1', one('', subject='a "b"'), [1]),
    ('\\\\ in quotes', 'in-type=text; in-subject="a\\\\b"; delete=1', one('', subject='a\\b'), [1]),
    ('blanks around =', 'in-type = text ; delete = 1 ;', PLAIN, [1]),
    ('unknown parameters', 'in-type=text; nonsense=2; delete=1', PLAIN, [1]),
    ('in-chan', 'in-chan=tcp_a; in-type=*; delete=1\nin-chan=tcp_local; in-type=*; delete=1', PLAIN, [2]),
    ('in-channel is in-chan', 'in-channel=tcp_a; in-type=*; delete=1\nin-channel=tcp_local; in-type=*; delete=1', PLAIN, [2]),
    ('out-chan', 'out-chan=l; in-type=*; delete=1\nout-chan=ims-ms; in-type=*; delete=1', PLAIN, [2]),
    ('out-channel is out-chan', 'out-channel=l; in-type=*; delete=1\nout-channel=ims-ms; in-type=*; delete=1', PLAIN, [2]),
    ('wildcards', 'in-chan=tcp_*; in-type=t*t; in-subtype=*; in-subject=*es*; delete=1', PLAIN, [1]),
    ('a wildcard takes nothing, too', 'in-type=*text*; delete=1', PLAIN, [1]),
    ('no in-type, no match', 'in-subtype=*; delete=1', PLAIN, [0]),
    ('relabel is not for us', 'in-type=*; relabel=1; out-type=image\nin-type=*; delete=1', PLAIN, [2]),
    ('relabel and delete', 'in-type=*; relabel=1; delete=1', PLAIN, [0]),
    ('relabel=0', 'in-type=*; relabel=0; delete=1', PLAIN, [1]),
    ('service-command is not for us', 'in-type=*; service-command="x"\nin-type=*; delete=1', PLAIN, [2]),
    ('nothing to do, no entry', 'in-type=*; out-type=image\nin-type=*; delete=1', PLAIN, [2]),
    ('delete=0 is nothing to do', 'in-type=*; delete=0\nin-type=*; delete=1', PLAIN, [2]),
    ('the first that fits', 'in-type=*; delete=1\nin-type=text; delete=1', PLAIN, [1]),
    ('all clauses must agree', 'in-type=text; in-subtype=html; delete=1\nin-type=text; in-subtype=plain; delete=1', PLAIN, [2]),
    ('each part for itself', 'in-type=text; delete=1\nin-type=application; delete=1', TWO, [1, 2]),
    ('no label is text/plain', 'in-type=text; in-subtype=plain; delete=1', PLAIN, [1]),
    ('a label that is none', 'in-type=text; in-subtype=plain; delete=1\nin-type=*; in-subtype=*; delete=1', one('Content-Type: nonsense\n'), [2]),
    ('in a digest it is a message', 'in-type=text; delete=1', message(multipart('digest', b'\nSubject: x\n\nbody\n')), [1]),
    ('in-parameter-name must be there', 'in-type=*; in-parameter-name-0=charset; delete=1', PLAIN, [0]),
    ('in-parameter-name is there', 'in-type=*; in-parameter-name-0=charset; delete=1', NAMED, [1]),
    ('at any place', 'in-type=*; in-parameter-name-0=name; delete=1', NAMED, [1]),
    ('two of them', 'in-type=*; in-parameter-name-0=name; in-parameter-name-1=charset; delete=1', NAMED, [1]),
    ('two, one is not there', 'in-type=*; in-parameter-name-0=name; in-parameter-name-1=format; delete=1', NAMED, [0]),
    ('its value', 'in-type=*; in-parameter-name-0=charset; in-parameter-value-0=utf-8; delete=1', NAMED, [1]),
    ('another value', 'in-type=*; in-parameter-name-0=charset; in-parameter-value-0=us-ascii; delete=1', NAMED, [0]),
    ('numbers without order', 'in-type=*; in-parameter-value-7="a b.*"; in-parameter-name-7=name; delete=1', NAMED, [1]),
    ('a value in RFC 2231', 'in-type=*; in-parameter-name-0=name; in-parameter-value-0="a b.exe"; delete=1',
     one("Content-Type: a/b; name*0*=utf-8''a%20; name*1=b.exe\n"), [1]),
    ('the default, when it is absent', 'in-type=*; in-parameter-name-0=charset; in-parameter-value-0=us-ascii; in-parameter-default-0=us-ascii; delete=1', PLAIN, [1]),
    ('the default, when it is there', 'in-type=*; in-parameter-name-0=charset; in-parameter-value-0=us-ascii; in-parameter-default-0=us-ascii; delete=1', NAMED, [0]),
    ('another default', 'in-type=*; in-parameter-name-0=charset; in-parameter-value-0=utf-8; in-parameter-default-0=us-ascii; delete=1', PLAIN, [0]),
    ('a name twice: both must be there', 'in-type=*; in-parameter-name-0=format; in-parameter-name-0=name; delete=1', NAMED, [0]),
    ('a value twice: both must hold', 'in-type=*; in-parameter-name-0=charset; in-parameter-value-0=us-ascii; in-parameter-value-0=utf-8; delete=1', NAMED, [0]),
    ('a channel twice: both must hold', 'in-type=*; in-chan=tcp_a; in-chan=tcp_local; delete=1', PLAIN, [0]),
    ('in-disposition', 'in-type=*; in-disposition=attachment; delete=1', NAMED, [1]),
    ('another disposition', 'in-type=*; in-disposition=inline; delete=1', NAMED, [0]),
    ('no disposition', 'in-type=*; in-disposition=attachment; delete=1', PLAIN, [0]),
    ('in-dparameter-name', 'in-type=*; in-dparameter-name-0=filename; delete=1', NAMED, [1]),
    ('in-dparameter-name, another', 'in-type=*; in-dparameter-name-0=name; delete=1', NAMED, [0]),
    ('in-dparameter-value', 'in-type=*; in-dparameter-name-0=filename; in-dparameter-value-0=*.txt; delete=1', NAMED, [1]),
    ('in-dparameter-value, another', 'in-type=*; in-dparameter-name-0=filename; in-dparameter-value-0=*.exe; delete=1', NAMED, [0]),
    ('in-dparameter-default', 'in-type=*; in-dparameter-name-0=filename; in-dparameter-value-0=none; in-dparameter-default-0=none; delete=1', PLAIN, [1]),
    ('in-description', 'in-type=*; in-description="some words"; delete=1', NAMED, [1]),
    ('in-description, absent', 'in-type=*; in-description="some words"; delete=1', PLAIN, [0]),
    ('in-encoding', 'in-type=*; in-encoding=base64; delete=1', TWO, [0, 1]),
    ('in-encoding in any case', 'in-type=*; in-encoding=base64; delete=1', one('Content-Transfer-Encoding: BASE64\n', b'eA==\n'), [1]),
    ('in-subject of the message around it', 'in-type=*; in-subject=inner; delete=1', DEEP, [0, 1, 1, 0]),
    ('in-subject of another', 'in-type=*; in-subject=second; delete=1', DEEP, [0, 0, 0, 1]),
    ('in-subject of the outermost', 'in-type=*; in-subject=outer; delete=1', DEEP, [1, 0, 0, 0]),
    ('in-subject, folded', 'in-type=*; in-subject="two words"; delete=1', one('', subject='two\n words'), [1]),
    ('in-message-context', 'in-type=*; in-message-context=voice-message; delete=1', DEEP, [0, 1, 1, 0]),
    ('in-a1-type', 'in-type=*; in-a1-type=memo; delete=1', DEEP, [0, 1, 1, 0]),
    ('in-a1-format', 'in-type=*; in-a1-format=wps; delete=1', DEEP, [0, 1, 1, 0]),
    ('part-number', 'in-type=*; part-number=2; delete=1', TWO, [0, 1]),
    ('part-number of a single part', 'in-type=*; part-number=1; delete=1', PLAIN, [1]),
    ('part-number in forwarded mail', 'in-type=*; part-number=2.2; delete=1\nin-type=*; part-number=3.1; delete=1', DEEP, [0, 0, 1, 2]),
    ('part-number with a wildcard', 'in-type=*; part-number=2.*; delete=1', DEEP, [0, 1, 1, 0]),
    ('attachment-number', 'in-type=*; attachment-number=1; delete=1', TWO, [0, 1]),
    ('attachment-number, another', 'in-type=*; attachment-number=2; delete=1', TWO, [0, 0]),
    ('tag', 'in-type=*; tag=red; delete=1', PLAIN, [1], '--tag', 'blue', '--tag', 'Red'),
    ('tag, another', 'in-type=*; tag=red; delete=1', PLAIN, [0], '--tag', 'blue'),
    ('tag, none', 'in-type=*; tag=red; delete=1', PLAIN, [0]),
    ('two tags', 'in-type=*; tag=red; tag=blue; delete=1', PLAIN, [1], '--tag', 'blue', '--tag', 'Red'),
    ('containers are not handed over', 'in-type=multipart; delete=1\nin-type=message; delete=1', DEEP, [0, 0, 0, 0]),
    ('an S/MIME blob is a leaf', 'in-type=application; in-subtype=pkcs7-mime; delete=1', one('Content-Type: application/pkcs7-mime\n'), [1]),
    ('signed mail is opaque', 'in-type=*; delete=1', message(multipart('signed', text_part('x\n'), text_part('y\n'))), [0]),
    ('encrypted mail is opaque', 'in-type=*; delete=1', message(multipart('encrypted', text_part('x\n'), text_part('y\n'))), [0]),
    ('signed mail, processed', 'in-type=*; delete=1', message(multipart('signed', text_part('x\n'), text_part('y\n'))), [1, 1], '-S', 'security-multiparts=process'),
    ('signed mail, conditional', 'in-type=*; delete=1', message(multipart('signed', text_part('x\n'), text_part('y\n'))), [1, 1], '-S', 'security-multiparts=conditional'),
    ('a name in CHARSET-CONVERSION case', 'in-type=*; in-parameter-name-0=CHARSET; in-parameter-value-0=UTF-8; delete=1', NAMED, [1]),
    ('a mark of the byte order', '\ufeffin-type=text; delete=1', PLAIN, [1]),
]

# ---- 2.1 to 2.4: mappings; is a message from tcp_local to ims-ms diverted? ----
RULE = '  IN-CHAN=tcp_local;OUT-CHAN=ims-ms;CONVERT '
MAPS = [
    ('yes', 'CONVERSIONS\n\n' + RULE + 'Yes\n', True),
    ('YES', 'CONVERSIONS\n\n' + RULE + 'YES\n', True),
    ('no', 'CONVERSIONS\n\n' + RULE + 'No\n', False),
    ('nothing matches', 'CONVERSIONS\n\n' + RULE.replace('tcp_local', 'l') + 'Yes\n', False),
    ('no such table', 'OTHER\n\n' + RULE + 'Yes\n', False),
    ('an empty file', '', False),
    ('the first rule counts', 'CONVERSIONS\n\n' + RULE + 'No\n' + RULE + 'Yes\n', False),
    ('$C goes on', 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT $CIN-CHAN=$0;OUT-CHAN=x;CONVERT\n  IN-CHAN=tcp_local;OUT-CHAN=x;CONVERT Yes\n', True),
    ('patterns in any case', 'conversions\n\n' + RULE.lower() + 'Yes\n', True),
    ('* takes a run', 'CONVERSIONS\n\n  IN-CHAN=tcp_*;OUT-CHAN=*;CONVERT Yes\n', True),
    ('% takes one character', 'CONVERSIONS\n\n  IN-CHAN=tcp%local;OUT-CHAN=ims%ms;CONVERT Yes\n', True),
    ('% takes one, not two', 'CONVERSIONS\n\n  IN-CHAN=tcp%ocal;OUT-CHAN=*;CONVERT Yes\n', False),
    ('Channel=', 'CONVERSIONS\n\n' + RULE + 'Channel=conversion_2\n', True),
    ('Channel= in any case', 'CONVERSIONS\n\n' + RULE + 'CHANNEL=Conversion_2\n', True),
    ('Preprocess alone', 'CONVERSIONS\n\n' + RULE + 'Preprocess\n', False),
    ('Yes,Preprocess', 'CONVERSIONS\n\n' + RULE + 'Yes,Preprocess\n', True),
    ('Preprocess,Yes', 'CONVERSIONS\n\n' + RULE + 'Preprocess,Yes\n', True),
    ('a word that means nothing', 'CONVERSIONS\n\n' + RULE + 'Maybe\n', False),
    ('! is a comment', '! a\nCONVERSIONS\n! b\n\n! c\n' + RULE + 'Yes\n! d\n', True),
    ('a comment hides a rule', 'CONVERSIONS\n\n!' + RULE + 'Yes\n' + RULE + 'No\n', False),
    ('\\ goes on', 'CONVERSIONS\n\n  IN-CHAN=tcp_local;\\\nOUT-CHAN=*;CONVERT \\\n  Yes\n', True),
    ('CRLF', ('CONVERSIONS\n\n' + RULE + 'Yes\n').replace('\n', '\r\n'), True),
    ('tabs', 'CONVERSIONS\n\n\tIN-CHAN=*;OUT-CHAN=*;CONVERT\tYes\n', True),
    ('blanks quoted with $', 'CONVERSIONS\n\n  IN-CHAN=$ *;OUT-CHAN=*;CONVERT No\n' + RULE + 'Yes\n', True),
    ('another table in front', 'ORIG_SEND_ACCESS\n\n  *|*|*|* $NNo\n\nCONVERSIONS\n\n' + RULE + 'Yes\n', True),
    ('another table behind', 'CONVERSIONS\n\n' + RULE + 'Yes\n\nCHARSET-CONVERSION\n\n' + RULE + 'No\n', True),
    ('CHARSET-CONVERSION alone', 'CHARSET-CONVERSION\n\n' + RULE + 'Yes\n', False),
    ('our own output', YES, False, '--in-chan', 'conversion'),
    ('our own output through another', 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Channel=conversion_2\n', False, '--in-chan', 'CONVERSION_2'),
    ('another channel behind ours', 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Channel=conversion_2\n', True, '--in-chan', 'conversion'),
    ('an address of the channel', 'CONVERSIONS\n\n' + RULE + 'No\n', True, '--to', 'user@conversion'),
    ('an address of the channel here', 'CONVERSIONS\n\n' + RULE + 'No\n', True, '--to', 'user@CONVERSION.example.org'),
    ('an address like the channel', 'CONVERSIONS\n\n' + RULE + 'No\n', False, '--to', 'user@conversions.example.org'),
    ('a local part like the channel', 'CONVERSIONS\n\n' + RULE + 'No\n', False, '--to', 'conversion@example.org'),
    ('@ in quotes', 'CONVERSIONS\n\n' + RULE + 'No\n', True, '--to', '"a@b"@conversion'),
    ('@conversion in quotes', 'CONVERSIONS\n\n' + RULE + 'No\n', False, '--to', '"a@conversion.b"@example.org'),
    ('no tags in the probe', 'CONVERSIONS\n\n  *TAG=* No\n' + RULE + 'Yes\n', True, '--tag', 'red'),
    ('tags in the probe', 'CONVERSIONS\n\n  *TAG=red;* Yes\n' + RULE + 'No\n', True, '--tag', 'red', '-S', 'probe-tags=yes'),
    ('a mark of the byte order', '\ufeffCONVERSIONS\n\n' + RULE + 'Yes\n', True),
]

# ---- 4.6, 4.7, 5: what the command is given. The command notes its environment and its arguments. ----
ALL = 'in-type=*; message-header-file=2; original-header-file=1; override-header-file=1; override-option-file=1;'
RUN = '\n  command="/bin/sh %s/cmd"'
LOOK = 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n\nLOOK\n\n  text $Yfound\n  refused not$ this\n  *|* $Y$1-$0\n'
GIVEN = [
    # name, entry, message, {variable: value (None: not set, ...: any)}, options
    ('the files', ALL + RUN, NAMED, {'INPUT_FILE': ..., 'OUTPUT_FILE': ..., 'INPUT_HEADERS': ..., 'MESSAGE_HEADERS': ..., 'OUTPUT_HEADERS': ..., 'OUTPUT_OPTIONS': ...}),
    ('what nobody asked for', 'in-type=*;' + RUN, NAMED, {'INPUT_HEADERS': None, 'MESSAGE_HEADERS': None, 'OUTPUT_HEADERS': None, 'OUTPUT_OPTIONS': None}),
    ('what nobody asked for, named', 'in-type=*;' + RUN, NAMED, {'INPUT_HEADERS': ..., 'MESSAGE_HEADERS': ..., 'OUTPUT_HEADERS': ..., 'OUTPUT_OPTIONS': ...},
     '-S', 'unasked-file-variable=set'),
    ('labels', ALL + RUN, NAMED, {'INPUT_TYPE': 'text', 'INPUT_SUBTYPE': 'plain', 'INPUT_ENCODING': '8bit', 'INPUT_DISPOSITION': 'attachment',
                                  'INPUT_DESCRIPTION': 'some words', 'PART_NUMBER': '1', 'PART_SIZE': '5', 'ATTACHMENT_NUMBER': '1', 'CONVERSION_TAG': None}),
    ('no labels', ALL + RUN, PLAIN, {'INPUT_TYPE': 'text', 'INPUT_SUBTYPE': 'plain', 'INPUT_ENCODING': None, 'INPUT_DISPOSITION': None, 'INPUT_DESCRIPTION': None,
                                     'ATTACHMENT_NUMBER': None}),
    ('no labels, empty', ALL + RUN, PLAIN, {'INPUT_ENCODING': '', 'INPUT_DISPOSITION': '', 'INPUT_DESCRIPTION': ''}, '-S', 'absent-header-variable=empty'),
    ('an encoding that nobody knows', ALL + RUN, one('Content-Transfer-Encoding: x-odd\n'), {'INPUT_ENCODING': 'x-odd', 'PART_SIZE': '5'}),
    ('channels and tags', ALL + RUN, PLAIN, {'INPUT_CHANNEL': 'a', 'OUTPUT_CHANNEL': 'b', 'CONVERSION_TAG': 'red,blue'},
     '--in-chan', 'a', '--out-chan', 'b', '--tag', 'red', '--tag', 'blue', '--tag', 'RED'),
    ('not before 6.3', ALL + RUN, NAMED, {'INPUT_CHANNEL': None, 'OUTPUT_CHANNEL': None, 'CONVERSION_TAG': None, 'ATTACHMENT_NUMBER': None, 'PART_NUMBER': None, 'PART_SIZE': None},
     '--tag', 'red', '-S', 'version=6.0-2005Q4'),
    ('parameter-symbol by name', 'in-type=*; parameter-symbol-0=NAME; dparameter-symbol-0=FILENAME;' + RUN, NAMED, {'NAME': 'a b.txt', 'FILENAME': 'c.txt'}),
    ('parameter-symbol, no such parameter', 'in-type=*; parameter-symbol-0=NAME; dparameter-symbol-0=FILENAME;' + RUN, PLAIN, {'NAME': None, 'FILENAME': None}),
    ('parameter-symbol by position', 'in-type=*; parameter-symbol-0=NAME; parameter-symbol-1=OTHER; dparameter-symbol-1=THIRD;' + RUN, NAMED,
     {'NAME': 'utf-8', 'OTHER': 'a b.txt', 'THIRD': '5'}, '-S', 'parameter-symbol=by-position'),
    ('parameter-symbol of in-parameter-name', 'in-type=*; in-parameter-name-1=charset; parameter-symbol-1=SET;' + RUN, NAMED, {'SET': 'utf-8'}),
    ('parameter-symbol of a wildcard', 'in-type=*; in-parameter-name-1=ch*; parameter-symbol-1=SET;' + RUN, NAMED, {'SET': 'utf-8'}),
    ('parameter-symbol of the default', 'in-type=*; in-parameter-name-1=format; in-parameter-default-1=fixed; parameter-symbol-1=FORMAT;' + RUN, NAMED, {'FORMAT': 'fixed'}),
    ('parameter-symbol twice: the last', 'in-type=*; in-parameter-name-0=charset; parameter-symbol-0=ONE; parameter-symbol-0=TWO;' + RUN, NAMED, {'ONE': None, 'TWO': 'utf-8'}),
    ('one variable from two: the last', 'in-type=*; parameter-symbol-0=NAME; in-dparameter-name-0=filename; dparameter-symbol-0=NAME;' + RUN, NAMED, {'NAME': 'c.txt'}),
    ('one variable from two, one is absent', 'in-type=*; parameter-symbol-0=NAME; in-dparameter-name-0=*; dparameter-symbol-0=NAME;' + RUN,
     one('Content-Type: a/b; name=x\nContent-Disposition: inline; filename=y\n'), {'NAME': 'y'}),
    ('arguments', 'in-type=*; command="/bin/sh %s/cmd \'INPUT_TYPE\' $INPUT_SUBTYPE \'INPUT-SUBTYPE\' x\'INPUT_TYPE\'x"', NAMED, ['text', 'plain', 'plain', 'xtextx']),
    ('a symbol that is none', 'in-type=*; command="/bin/sh %s/cmd a\'NOTHING\'b $NOTHING c"', NAMED, ['ab', 'c']),
    ('quotes in an argument', 'in-type=*; command="/bin/sh %s/cmd \\"a  b\\" c"', NAMED, ['a  b', 'c']),
    ('an apostrophe, a backslash', 'in-type=*; command="/bin/sh %s/cmd \\"it\\\'s\\" \\"a\\\\b\\""', NAMED, ["it's", 'a\\b']),
    ('a shell', 'in-type=*; command="for i in 1 2; do /bin/sh %s/cmd $i \'INPUT_TYPE\'; done"', NAMED, ['1', 'text', '2', 'text']),
    ('a value is one argument', 'in-type=*; parameter-symbol-0=NAME; command="/bin/sh %s/cmd $NAME \'NAME\'"', NAMED, ['a b.txt', 'a b.txt']),
    ('a value is no code', 'in-type=*; parameter-symbol-0=NAME; command="true; /bin/sh %s/cmd \'NAME\'"', one('Content-Type: a/b; name="$(id);`id`"\n'), ['$(id);`id`']),
    ('a table', 'in-type=*; command="/bin/sh %s/cmd \'LOOK:text\' \'look:a|b\'"', NAMED, ['found', 'b-a']),
    ('a table without $Y', 'in-type=*; command="/bin/sh %s/cmd \'LOOK:refused\' x"', NAMED, ['', 'x']),
    ('a table without the entry', 'in-type=*; command="/bin/sh %s/cmd \'LOOK:nothing\' \'NONE:text\' x"', NAMED, ['', '', 'x']),
    ('a table asked for a variable', 'in-type=*; command="/bin/sh %s/cmd \'LOOK:$INPUT_TYPE\'"', NAMED, ['found']),
]

# ---- 4.4, 6.1, 6.4, 6.5, 9.4: what becomes of what it gives back. ----
# name, entry (a command is added), what the command does, message, what must be found, what must not
LABELS = [
    ('nothing is copied unless asked', 'in-type=*;', 'echo new >$OUTPUT_FILE', NAMED, '^Content-Type: text/plain$', 'name=|charset|filename|size='),
    ('parameter-copy=*', 'in-type=*; parameter-copy-0=*;', 'echo new >$OUTPUT_FILE', NAMED, '(?s)charset=utf-8.*name="a b.txt"', 'filename='),
    ('parameter-copy of one', 'in-type=*; parameter-copy-0=charset;', 'echo new >$OUTPUT_FILE', NAMED, 'charset=utf-8', 'name='),
    ('parameter-copy of two', 'in-type=*; parameter-copy-0=charset; parameter-copy-1=NAME;', 'echo new >$OUTPUT_FILE', NAMED, '(?s)charset=utf-8.*name="a b.txt"', 'size='),
    ('parameter-copy twice: the last', 'in-type=*; parameter-copy-0=charset; parameter-copy-0=name;', 'echo new >$OUTPUT_FILE', NAMED, 'name="a b.txt"', 'charset'),
    ('dparameter-copy', 'in-type=*; dparameter-copy-0=filename;', 'echo new >$OUTPUT_FILE', NAMED, '(?s)attachment;\n filename=c.txt$', 'size='),
    ('out-type', 'in-type=*; out-type=IMAGE;', 'echo new >$OUTPUT_FILE', NAMED, '^Content-Type: image/plain$', 'text/'),
    ('out-subtype', 'in-type=*; out-subtype=html;', 'echo new >$OUTPUT_FILE', NAMED, '^Content-Type: text/html$', '/plain'),
    ('out-subtype of a variable', "in-type=*; out-type=application; out-subtype='INPUT-TYPE';", 'echo new >$OUTPUT_FILE', NAMED, '^Content-Type: application/text$', '/plain'),
    ('out-type twice: the last', 'in-type=*; out-type=image; out-type=audio;', 'echo new >$OUTPUT_FILE', NAMED, '^Content-Type: audio/plain$', 'image'),
    ('out-parameter', 'in-type=*; out-parameter-name-0=format; out-parameter-value-0="flowed x";', 'echo new >$OUTPUT_FILE', NAMED, 'format="flowed x"', 'charset'),
    ('out-parameter wins over the copy', 'in-type=*; parameter-copy-0=*; out-parameter-name-0=charset; out-parameter-value-0=us-ascii;', 'echo new >$OUTPUT_FILE', NAMED,
     '(?s)name=.*charset=us-ascii', 'utf-8'),
    ('out-parameter twice: the last', 'in-type=*; out-parameter-name-0=charset; out-parameter-value-0=a; out-parameter-name-0=format; out-parameter-value-0=b;',
     'echo new >$OUTPUT_FILE', NAMED, 'format=b', 'charset|=a'),
    ('the same name under two numbers: once', 'in-type=*; out-parameter-name-0=charset; out-parameter-value-0=a; out-parameter-name-1=charset; out-parameter-value-1=b;',
     'echo new >$OUTPUT_FILE', NAMED, 'charset=b', 'charset=a'),
    ('out-parameter of a variable', "in-type=*; out-parameter-name-0=x; out-parameter-value-0='INPUT_SUBTYPE';", 'echo new >$OUTPUT_FILE', NAMED, 'x=plain', 'charset'),
    ('out-disposition', 'in-type=*; out-disposition=inline; dparameter-copy-0=*;', 'echo new >$OUTPUT_FILE', NAMED, '^Content-Disposition: inline;$', 'attachment'),
    ('out-disposition where none was', 'in-type=*; out-disposition=inline;', 'echo new >$OUTPUT_FILE', PLAIN, '^Content-Disposition: inline$', 'attachment'),
    ('out-dparameter', 'in-type=*; out-dparameter-name-0=filename; out-dparameter-value-0=new.txt;', 'echo new >$OUTPUT_FILE', NAMED, 'filename=new.txt', 'c.txt'),
    ('out-description', 'in-type=*; out-description="new words";', 'echo new >$OUTPUT_FILE', NAMED, '^Content-Description: new words$', 'some words'),
    ('the description stays', 'in-type=*;', 'echo new >$OUTPUT_FILE', NAMED, '^Content-Description: some words$', 'charset'),
    ('out-encoding', 'in-type=*; out-encoding=base64;', 'echo new >$OUTPUT_FILE', NAMED, '(?s)Encoding: base64.*bmV3DQo=', '8bit'),
    ('out-encoding=none', 'in-type=*; out-encoding=NONE;', 'echo new >$OUTPUT_FILE', NAMED, '(?s)\n\nnew\n$', 'Encoding'),
    ('out-mode=block', 'in-type=*; out-mode=block;', r"printf 'a\r\nb\n' >$OUTPUT_FILE", NAMED, 'YQ0KYgo=', '8bit'),
    ('out-mode=text', 'in-type=*; out-mode=text;', r"printf 'a\r\nb\n' >$OUTPUT_FILE", TWO, '(?s)\na\nb\n', 'base64'),
    ('text that became binary', 'in-type=*; out-type=application; out-subtype=pdf;', r"printf 'a\r\nb\n' >$OUTPUT_FILE", NAMED, 'YQ0KYgo=', '8bit'),
    ('text that became binary, by an option', 'in-type=*; override-option-file=1;', r"printf 'a\r\nb\n' >$OUTPUT_FILE; echo OUTPUT_TYPE=image >$OUTPUT_OPTIONS", NAMED,
     'YQ0KYgo=', '8bit'),
    ('text that became binary, by the file', 'in-type=*; override-header-file=1;', r"printf 'a\r\nb\n' >$OUTPUT_FILE; echo Content-Type: image/png >$OUTPUT_HEADERS", NAMED,
     'YQ0KYgo=', '8bit'),
    ('binary that became text', 'in-type=*; out-type=text; out-subtype=plain;', 'echo new >$OUTPUT_FILE', TWO, '(?s)\nnew\n.*\nnew\n', 'base64'),
    ('OUTPUT_ options win', 'in-type=*; out-type=image; out-subtype=png; out-description=a; out-disposition=attachment; out-encoding=base64; override-option-file=1;',
     r"""echo new >$OUTPUT_FILE; printf 'OUTPUT_TYPE=text\nOUTPUT_SUBTYPE="html"\nOUTPUT_DESCRIPTION='\''b c'\''\nOUTPUT_DISPOSITION=inline\nOUTPUT_ENCODING=7bit\nOUTPUT_MODE=text\n' >$OUTPUT_OPTIONS""",
     NAMED, '(?s)text/html.*inline.*Description: b c.*\n\nnew\n', 'image|base64|attachment'),
    ('options without their clause', 'in-type=*;', r'[ -z "$OUTPUT_OPTIONS" ] || echo OUTPUT_TYPE=image >$OUTPUT_OPTIONS; echo new >$OUTPUT_FILE', NAMED, 'text/plain', 'image',
     '-S', 'unasked-file-variable=set'),
    ('headers without their clause', 'in-type=*;', r'[ -z "$OUTPUT_HEADERS" ] || echo Content-Type: image/png >$OUTPUT_HEADERS; echo new >$OUTPUT_FILE', NAMED, 'text/plain', 'image',
     '-S', 'unasked-file-variable=set'),
    ('OUTPUT_HEADERS replace', 'in-type=*; override-header-file=1; out-type=image;', r"echo new >$OUTPUT_FILE; printf 'Content-Type: text/html;\n charset=x\n' >$OUTPUT_HEADERS", NAMED,
     '(?s)text/html;\n charset=x', 'Description|filename|image'),
    ('options win over OUTPUT_HEADERS', 'in-type=*; override-header-file=1; override-option-file=1;',
     r"echo new >$OUTPUT_FILE; printf 'Content-Type: text/html; charset=x\n' >$OUTPUT_HEADERS; echo OUTPUT_SUBTYPE=xml >$OUTPUT_OPTIONS", NAMED, '(?s)text/xml;\n charset=x', 'html'),
    ('message headers are not set', 'in-type=*; override-header-file=1;', r"echo new >$OUTPUT_FILE; printf 'Content-Type: text/html\nSubject: other\n' >$OUTPUT_HEADERS", NAMED,
     '^Subject: A test$', 'other'),
    ('an empty output is an empty part', 'in-type=*;', ': >$OUTPUT_FILE', NAMED, r'(?s)\n\n\Z', 'body'),
    ('an odd status is success', 'in-type=*; override-option-file=1;', 'echo new >$OUTPUT_FILE; echo STATUS=9 >$OUTPUT_OPTIONS', NAMED, '(?s)\n\nnew\n', 'body'),
    ('an even status is failure', 'in-type=*; override-option-file=1;', 'echo new >$OUTPUT_FILE; echo STATUS=8 >$OUTPUT_OPTIONS', NAMED, '(?s)\n\nbody\n', 'new'),
    ('preamble and epilogue stay', 'in-type=*;', 'echo new >$OUTPUT_FILE', one('Content-Type: multipart/mixed; boundary=q\n', b'before\n--q\n\nx\n--q--\nbehind\n'),
     '(?s)before\n--q\n.*new\n.*--q--\nbehind\n', 'Received'),
    ('delete=1 of a part in the middle', 'in-type=*; part-number=2; delete=1; in-type=*;', 'false', message(multipart('mixed', text_part('a\n'), text_part('b\n'), text_part('c\n'))),
     '(?s)\na\n.*\nc\n', '\nb\n'),
]


# ---- 6.3, 10, 13: what becomes of a message to c@d and e@f from a@b, 3 blocks large, under each status: records of the log (entry, channel,
# recipients), what waits, what goes out to whom. ----
BOTH = ['c@d', 'e@f']
GONE = [('E', 'ims-ms', BOTH), ('D', '', BOTH)]
QUEUE = [
    ('success', 1, GONE, [], BOTH),
    ('FORCEASIS', 178030130, GONE, [], BOTH),
    ('FORCEDELETE', 178030178, GONE, [], BOTH),
    ('AGN', 178028698, [('Q', '', BOTH)], ['.01'], None),
    ('FORCEHOLD', 178030250, [], ['.HELD'], None),
    ('FORCERETURN', 178029946, [('R', '', BOTH), ('E', 'process', ['a@b'])], [], ['a@b']),
    ('FORCERETURN+1', 178029947, [('R', '', BOTH), ('E', 'process', ['a@b'])], [], ['a@b']),
    ('FORCEPOST', 178030098, [('E', 'process', BOTH), ('D', '', BOTH)], [], ['postmaster@mx']),
    ('FORCEDISCARD', 178030259, [('E', 'bitbucket', BOTH), ('D', '', BOTH)], [], None),
    ('FORCEJETTISON', 178030307, [('E', 'bitbucket', BOTH), ('D', '', BOTH)], [], None),
    ('FORCERETURN, null sender', 178029946, [('R', '', BOTH)], [], None, ''),
    ('by hand: .HELD to .07', 1, GONE, [], BOTH, 'a@b', '.07'),
    ('by hand, and again', 178028698, [('Q', '', BOTH)], ['.08'], None, 'a@b', '.07'),
]
# 10.1: durations; True: taken.
BACKOFF = [('PT5M', True), ('pt5m', True), ('PT5M,PT15M,PT1H', True), ('P1D', True), ('P1DT2H30M', True), (','.join(['PT1M'] * 8), True),
           (','.join(['PT1M'] * 9), False), ('5M', False), ('PT', False), ('PT5', False), ('', False), ('PT5M,', True), (',PT5M', False)]


class Room:
    def __init__(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.dir = self.tmp.name

    def write(self, name, text):
        with open(f'{self.dir}/{name}', 'w', newline='', encoding='utf-8') as f:
            f.write(text)

    def read(self, name, default=''):
        try:
            with open(f'{self.dir}/{name}', encoding='utf-8') as f:
                return f.read()
        except FileNotFoundError:
            return default

    def run(self, conversions, mappings, raw, *options):
        self.write('conversions', conversions)
        self.write('mappings', mappings)
        p = subprocess.run([f'{kit.BIN}/convchan', '--conversions', 'conversions', '--mappings', 'mappings', '--report', 'report', *options],
                           input=raw, capture_output=True, timeout=60, cwd=self.dir, env={**os.environ, 'TMPDIR': self.dir}, check=False)
        self.err = p.stderr.decode(errors='replace')
        return p.returncode, p.stdout.decode('latin-1')

    def parts(self):
        return [json.loads(line) for line in self.read('report').splitlines()]


def same(what, got, want):
    if got != want:
        raise AssertionError(f'{what}: {got}, due {want}')


def match(room, name, conversions, raw, want, *options):
    status, _ = room.run(conversions, YES, raw, *options)
    same('exit', (status, [p['entry'] or 0 for p in room.parts() if p['part'] != 'whole']), (0, want))


def divert(room, name, mappings, want, *options):
    status, _ = room.run('in-type=*; delete=1\n', mappings, PLAIN, *options)
    same('diverted', (status, bool(room.parts())), (0, want))


def given(room, name, entry, raw, want, *options):
    room.write('cmd', f'env -0 >{room.dir}/env; for a; do printf "%s\\n" "$a" >>{room.dir}/args; done\n'
                      'cp "$INPUT_FILE" "$OUTPUT_FILE"\n')
    status, out = room.run(entry.replace('%s', room.dir) + '\n', LOOK, raw, *options)
    same('exit and message', (status, out), (0, raw.decode('latin-1')))
    if isinstance(want, list):
        same('arguments', room.read('args').splitlines(), want)
        return
    pairs = [v.partition('=')[::2] for v in room.read('env').split('\0') if v]
    for variable, value in want.items():
        found = [v for k, v in pairs if k == variable]
        if value is ...:
            same(variable, len(found), 1)
        else:
            same(variable, found, [] if value is None else [value])


def label(room, name, entry, command, raw, has, hasnot, *options):
    room.write('cmd', command + '\n')
    status, out = room.run(f'{entry} command="/bin/sh {room.dir}/cmd"\n', YES, raw, *options)
    same('exit', status, 0)
    if not re.search(has, out, re.M):
        raise AssertionError(f'no {has} in {out!r}')
    if re.search(hasnot, out, re.M):
        raise AssertionError(f'{hasnot} in {out!r}')


def spool(room, *options, raw=b''):
    p = subprocess.run([f'{kit.BIN}/convchan', '--queue', 'spool', '--no-sync', *options], input=raw, capture_output=True, timeout=60, cwd=room.dir,
                       env={**os.environ, 'TMPDIR': room.dir}, check=False)
    room.err = p.stderr.decode(errors='replace')
    return p.returncode, p.stdout.decode().strip()


def drain(room, *options):
    return spool(room, '--drain', '--conversions', 'conversions', '--mappings', 'mappings', '--mail-log', 'mail.log', '--host', 'mx',
                 '--postmaster', 'postmaster@mx', *options)[0]


def queue(room, name, status, records, waiting, out, sender='a@b', by_hand=''):
    room.write('mappings', YES)
    room.write('cmd', f'cp "$INPUT_FILE" "$OUTPUT_FILE"; echo STATUS={status} >"$OUTPUT_OPTIONS"\n')
    room.write('conversions', f'in-type=*; override-option-file=1; command="/bin/sh {room.dir}/cmd"\n')
    _, ident = spool(room, '--submit', '--from', sender, '--to', 'c@d', '--to', 'e@f', *(['--hold'] if by_hand else []), raw=PLAIN + b'x' * 2500)
    if by_hand:
        os.rename(f'{room.dir}/spool/queue/{ident}.HELD', f'{room.dir}/spool/queue/{ident}{by_hand}')
    same('exit', drain(room), 0)
    found = []
    for line in room.read('mail.log').splitlines():
        m = re.fullmatch(r'\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d\.\d\d conversion +(\S*) +([EDQR]) ([1-9]\d*) (\S+) rfc822;(\S+) \5(?: .*)?', line)
        same('shape', (line, bool(m)), (line, True))
        channel, entry, blocks, of, to = m.groups()
        same('sender', of, '-' if channel == 'process' and to == 'a@b' or not sender else sender)
        if to != 'a@b':
            same('blocks', blocks, '3')
        if found and found[-1][:2] == (entry, channel):
            found[-1][2].append(to)
        else:
            found.append((entry, channel, [to]))
    same('records', found, records)
    same('waiting', sorted(n[len(ident):] for n in os.listdir(f'{room.dir}/spool/queue')), waiting)
    sent = [room.read(f'spool/out/{n}') for n in os.listdir(f'{room.dir}/spool/out')]
    same('out', [re.findall('^to (.*)', s.partition('\n\n')[0], re.M) for s in sent], [out] if out else [])


def backoff(room, text, is_good):
    room.write('mappings', YES)
    room.write('conversions', 'in-type=*; delete=1\n')
    same('exit', drain(room, '--backoff', text), 0 if is_good else 64)


def judge(job):
    test, row = job
    room = Room()
    room.err = ''
    try:
        test(room, *row)
        return ''
    except Exception as e:              # a row that cannot be judged has failed
        return f'{test.__name__}, {row[0]}: {type(e).__name__}: {str(e)[:500]} {room.err[:300]}'
    finally:
        room.tmp.cleanup()


def main():
    jobs = [(test, row) for test, rows in ((match, MATCH), (divert, MAPS), (given, GIVEN), (label, LABELS), (queue, QUEUE), (backoff, BACKOFF)) for row in rows]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        bad = [b for b in pool.map(judge, jobs) if b]
    print(*(f'FAIL {b}' for b in bad), sep='\n')
    print(f'{len(jobs) - len(bad)} passed, {len(bad)} failed, 0 skipped')
    return bool(bad)


if __name__ == '__main__':
    sys.exit(main())
