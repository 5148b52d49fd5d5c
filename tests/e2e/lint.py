#!/usr/bin/env python3
"""convchan --lint as an administrator meets it: each configuration with one pitfall gets its warning, with line and remedy, and
no other; sound ones of the shapes that are in use get none."""
import os
import re
import subprocess
import tempfile

BIN = os.environ['BIN']

ALL = 'in-chan=*; out-chan=*; in-type=*; in-subtype=*;\n'
COPY = '  parameter-copy-0=*; dparameter-copy-0=*;\n'
PASS = '  parameter-symbol-0=NAME; parameter-copy-0=*;\n  dparameter-symbol-0=FILENAME; dparameter-copy-0=*;\n'
TAKE = '  message-header-file=2; original-header-file=1;\n  override-header-file=1; override-option-file=1;\n'
RUN = '  command="IMTA_PROGRAM:convscan"\n'
SCAN = ALL + PASS + TAKE + RUN
DIVERT = 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT  Yes\n'

# name, conversions, mappings, then "conversions LINE: text" or "mappings LINE: text", the whole of what must be said.
BAD = [
    ('the name of override-option-file misspelt', SCAN.replace('override-option', 'overide-option'), DIVERT,
     ['conversions 5: write override-option-file', 'conversions 1: without override-option-file=1']),
    ('override-option-file with an s', SCAN.replace('option-file', 'options-file'), DIVERT,
     ['conversions 5: write override-option-file', 'conversions 1: without override-option-file=1']),
    ('override-option-file=0', SCAN.replace('option-file=1', 'option-file=0'), DIVERT,
     ['conversions 1: without override-option-file=1 .*: add it']),
    ('override-option-file=yes', SCAN.replace('option-file=1', 'option-file=yes'), DIVERT,
     ['conversions 5: override-option-file: .*0 or 1']),
    ('message-header-file=3', SCAN.replace('header-file=2', 'header-file=3'), DIVERT, ['conversions 4: message-header-file: .*0, 1 or 2']),
    ('no in-type', SCAN.replace(' in-type=*; in-subtype=*;', ''), DIVERT, ['conversions 1: add in-type=']),
    ('in-type misspelt', SCAN.replace('in-type', 'in-typ'), DIVERT, ['conversions 1: write in-type', 'conversions 1: add in-type=']),
    ('octet-stream only', SCAN.replace('in-type=*; in-subtype=*', 'in-type=application; in-subtype=octet-stream'), DIVERT,
     [r'conversions 1: .*evades it: use in-type=\*; in-subtype=\*']),
    ('attachments only', SCAN.replace('in-subtype=*;', 'in-subtype=*; in-disposition=attachment;'), DIVERT,
     ['conversions 1: .*senders choose labels: end with']),
    ('types of documents only', SCAN.replace('in-type=*', 'in-type=application'), DIVERT, ['conversions 1: .*senders choose labels: end with']),
    ('only with a tag', SCAN.replace('in-chan=*;', 'tag=scan;'), DIVERT, ['conversions 1: .*without this tag']),
    ('no copies of parameters', ALL + '  override-option-file=1;\n' + RUN, DIVERT,
     [r'conversions 1: .*parameter-copy-0=\*.*charset.*: add it', r'conversions 1: .*dparameter-copy-0=\*.*filename: add it']),
    ('copies without a number', SCAN.replace('-copy-0', '-copy').replace('override-header-file=1; ', ''), DIVERT,
     ['conversions 2: parameter-copy: a number expected', 'conversions 3: dparameter-copy: a number expected',
      'conversions 1: without parameter-copy', 'conversions 1: without dparameter-copy']),
    ('typographic quotes', SCAN.replace('"IMTA_PROGRAM:convscan"', '\u201dIMTA_PROGRAM:convscan\u201d'), DIVERT, ['conversions 6: typographic']),
    ('a line of 300 columns', SCAN.replace(RUN, '  out-description="' + 'x' * 280 + '";\n' + RUN), DIVERT, ['conversions 6: .*252.*break it']),
    ('a semicolon missing', SCAN.replace('copy-0=*;\n  d', 'copy-0=*\n  d'), DIVERT,
     ['conversions 1: no command', 'conversions 3: is a ; missing at the end of the line in front']),
    ('a blank line in an entry', SCAN.replace('  message', '\n  message'), DIVERT,
     ['conversions 1: no command', 'conversions 5: .*in-type.*(blank|in front)']),
    ('a quote that is not closed', SCAN.replace('convscan"', 'convscan'), DIVERT, ['conversions 6: closing "']),
    ('a command of several words without quotes', SCAN.replace('"IMTA_PROGRAM:convscan"', '/opt/convscan/bin/convscan --quiet'), DIVERT,
     ['conversions 6: .*"--quiet.*quote']),
    ('a comment with #', '# scan everything\n' + SCAN, DIVERT, ['conversions 1: .*!']),
    ('a comment behind a clause', SCAN.replace('in-subtype=*;\n', 'in-subtype=*; ! all of them\n'), DIVERT, ['conversions 1: .*!']),
    ('a scanner without a script', SCAN.replace('IMTA_PROGRAM:convscan', '/usr/bin/clamdscan $INPUT_FILE'), DIVERT, ['conversions 6: .*exit status.*script']),
    ('nobody writes the part', SCAN.replace('IMTA_PROGRAM:convscan', '/opt/site/check $INPUT_FILE'), DIVERT, ['conversions 6: .*OUTPUT_FILE']),
    ('file names on the command line', SCAN.replace('IMTA_PROGRAM:convscan', '/opt/site/check $INPUT_FILE $OUTPUT_FILE $FILENAME'), DIVERT,
     ['conversions 6: .*environment']),
    ('braces around the name', SCAN.replace('IMTA_PROGRAM:convscan', '/opt/site/check $INPUT_FILE $OUTPUT_FILE ${FILENAME}'), DIVERT,
     ['conversions 6: .*environment']),
    ('a shell inside', SCAN.replace('IMTA_PROGRAM:convscan', "sh -c 'scan $INPUT_FILE $OUTPUT_FILE'"), DIVERT, ['conversions 6: .*script in a file']),
    ('a symbol nobody knows', SCAN.replace('IMTA_PROGRAM:convscan', "/opt/site/check 'INPUTFILE' 'OUTPUT_FILE'"), DIVERT, ['conversions 6: .*INPUTFILE']),
    ('relabel with a command', SCAN.replace(TAKE, TAKE + '  relabel=1;\n'), DIVERT, ['conversions [16]: .*CHARSET-CONVERSION']),
    ('delete with a command', SCAN.replace(TAKE, TAKE + '  delete=1;\n'), DIVERT, ['conversions 1: delete=1 drops every part']),
    ('never reached: all before', SCAN + '\n' + SCAN.replace('in-type=*', 'in-type=text'), DIVERT, ['conversions 8: never reached.* line 1']),
    ('never reached: the same before', SCAN.replace('in-type=*', 'in-type=text') + '\n' + SCAN.replace('in-type=*; in-subtype=*', 'in-type=text; in-subtype=html') +
     '\n' + SCAN, DIVERT, ['conversions 8: never reached.* line 1']),
    ('messages as such', SCAN.replace('in-type=*; in-subtype=*', 'in-type=message; in-subtype=rfc822') + '\n' + SCAN, DIVERT,
     ['conversions 1: never matches']),
    ('a clause twice', SCAN.replace('override-option-file=1;', 'override-option-file=1; override-option-file=0;'), DIVERT,
     ['conversions 5: override-option-file stands twice', 'conversions 1: without override-option-file=1']),
    ('a value without its name', SCAN.replace('in-subtype=*;', 'in-subtype=*; in-parameter-value-0="*.exe";'), DIVERT,
     ['conversions 1: .*in-parameter-name-0', 'conversions 1: .*senders choose labels']),
    ('out-mode=binary', SCAN.replace(RUN, '  out-mode=binary;\n' + RUN), DIVERT, ['conversions 6: out-mode.*block']),
    ('out-encoding nobody knows', SCAN.replace(RUN, '  out-encoding=base65;\n' + RUN), DIVERT, ['conversions 6: out-encoding']),
    ('type and subtype in one', SCAN.replace('in-type=*; in-subtype=*', 'in-type=text/plain') + '\n' + SCAN, DIVERT,
     ['conversions 1: in-type=text/plain: .*in-type and in-subtype']),
    ('a new type with its subtype', SCAN.replace(RUN, '  out-type=text/plain;\n' + RUN), DIVERT, ['conversions 6: out-type=text/plain: .*out-subtype']),
    ('two channels in one clause', SCAN.replace('in-chan=*', 'in-chan=tcp_local,tcp_auth'), DIVERT, ['conversions 1: in-chan=.*an entry for each']),
    ('an extension without a wildcard', SCAN.replace('in-type=*;', 'in-type=*; in-dparameter-name-0=filename; in-dparameter-value-0=.exe;', 1) + '\n' + SCAN, DIVERT,
     [r'conversions 1: .*write \*\.exe']),
    ('filename of a Content-Type', SCAN.replace('in-type=*;', 'in-type=*; in-parameter-name-0=filename; in-parameter-value-0=*.exe;', 1) + '\n' + SCAN, DIVERT,
     ['conversions 1: .*in-dparameter-name-0']),
    ('attachments only, by number', SCAN.replace('in-chan=*;', 'attachment-number=*;'), DIVERT, ['conversions 1: .*senders choose labels']),
    ('variables between apostrophes', SCAN.replace('IMTA_PROGRAM:convscan', "/opt/site/check '$INPUT_FILE' $OUTPUT_FILE"), DIVERT,
     [r"conversions 6: .*write \$INPUT_FILE or 'INPUT_FILE'"]),
    ('an apostrophe too few', SCAN.replace('IMTA_PROGRAM:convscan', "/opt/site/check 'INPUT_FILE 'OUTPUT_FILE'"), DIVERT, ["conversions 6: closing ' expected"]),
    ('a blank behind \\', SCAN.replace('in-subtype=*;\n', 'in-subtype=*; \\ \n'), DIVERT, ['conversions 1: .*not even a blank']),
    ('a blank of a word processor', SCAN.replace('in-chan=*; ', 'in-chan=*;\u00a0'), DIVERT, ['conversions 1: .*typographic blank']),
    ('a dash of a word processor', SCAN.replace('option-file', 'option\u2013file'), DIVERT, ['conversions 5: .*typographic .*dash']),
    ('quotes of Windows', SCAN.replace('"IMTA_PROGRAM:convscan"', '\udc93IMTA_PROGRAM:convscan\udc94'), DIVERT, ['conversions 6: typographic quotes']),
    ('a mark of the byte order', '\ufeff' + SCAN, DIVERT, ['conversions 1: a byte order mark.*save']),
    ('a mark of the byte order in the mappings', SCAN, '\ufeff' + DIVERT, ['mappings 1: a byte order mark.*save']),
    ('nothing but relabelling', SCAN.replace(RUN, '  relabel=1;\n'), DIVERT, ['conversions 1: .*CHARSET-CONVERSION.*add one with a command']),
    ('everything is dropped', ALL + '  delete=1\n', DIVERT, ['conversions 1: delete=1 drops every part']),
    ('a comment that is indented', SCAN, DIVERT.replace('  IN', '  ! all of it\n  IN'), ['mappings 3: a comment begins with ! in column 1']),
    ('no blank line between tables', SCAN, 'PORT_ACCESS\n\n  *  $YEXTERNAL\n' + DIVERT, ['mappings 4: a blank line expected']),
    ('a blank of a word processor in the mappings', SCAN, DIVERT.replace('  Yes', '\u00a0Yes'), ['mappings 3: a typographic blank']),
    ('a ; behind CONVERT', SCAN, DIVERT.replace('CONVERT', 'CONVERT;'), ['mappings 3: never fits', 'mappings .*(no message|nothing)']),
    ('no entries', '! in-type=*; command="x"\n', DIVERT, ['conversions 1: no entries']),
    ('not the table CONVERSIONS', SCAN, DIVERT.replace('CONVERSIONS', 'CONVERSION'), ['mappings 1: no table CONVERSIONS']),
    ('only CHARSET-CONVERSION', SCAN, DIVERT.replace('CONVERSIONS', 'CHARSET-CONVERSION'), ['mappings 1: no table CONVERSIONS']),
    ('nothing is diverted', SCAN, DIVERT.replace('Yes', 'No'), ['mappings .*(no message|nothing)']),
    ('a keyword misspelt', SCAN, DIVERT.replace('Yes', 'Yess'), ['mappings 3: "Yess" is ignored', 'mappings .*(no message|nothing)']),
    ('blanks in the template', SCAN, DIVERT.replace('Yes', 'Yes, Preprocess'), ['mappings 3: .*one template']),
    ('commas in the probe', SCAN, DIVERT.replace(';', ','), ['mappings 3: .*IN-CHAN=', 'mappings .*(no message|nothing)']),
    ('no CONVERT in the probe', SCAN, DIVERT.replace('=*;CONVERT', '=tcp_local'), ['mappings 3: .*CONVERT', 'mappings .*(no message|nothing)']),
    ('the fields swapped', SCAN, DIVERT.replace('IN-CHAN=*;OUT-CHAN=*', 'OUT-CHAN=*;IN-CHAN=*'), ['mappings 3: .*IN-CHAN=', 'mappings .*(no message|nothing)']),
    ('a rule that is never reached', SCAN, DIVERT.replace('Yes', 'No') + DIVERT.split('\n')[2].replace('IN-CHAN=*', 'IN-CHAN=tcp_local') + '\n',
     ['mappings 4: never reached.* line 3', 'mappings .*(no message|nothing)']),
    ('no blank line behind the title', SCAN, DIVERT.replace('\n\n', '\n'), ['mappings 2: .*blank line']),
    ('a blank line in a table', SCAN, DIVERT + '\n  IN-CHAN=tcp_local;OUT-CHAN=*;CONVERT  Yes\n', ['mappings 5: .*(column 1|blank line)']),
    ('rules in column 1', SCAN, DIVERT.replace('  IN-CHAN', 'IN-CHAN'), ['mappings 3: .*indent']),
    ('a rule without its answer', SCAN, DIVERT.replace('  Yes', ''), ['mappings 3: .*template']),
    ('a rule of 300 columns', SCAN, DIVERT.replace('IN-CHAN=*', 'IN-CHAN=' + 'x' * 280), ['mappings 3: .*252']),
    ('the table is in another file', SCAN, '</opt/site/mappings.conversions\n', ['mappings 1: .*put its lines in this file']),
    ('the table twice', SCAN, DIVERT + '\n' + DIVERT.replace('Yes', 'No'), ['mappings 5: .*twice|mappings 5: .*line 1']),
]

INBOUND = '  IN-CHAN=tcp_local;OUT-CHAN=*;CONVERT  Yes\n'
TABLES = '''! The server's mappings
</opt/sun/config/mappings.locale

PORT_ACCESS

  *|*|*|*|*  $C$|INTERNAL_IP;$3|$Y$E
  *          $YEXTERNAL

INTERNAL_IP

  $(10.0.0.0/8)  $Y
  127.0.0.1      $Y
  *              $N

ORIG_SEND_ACCESS

! no relaying
  tcp_local|*|tcp_local|*  $NRelaying$ not$ allowed
  *|*|conversion|*         $NExternal$ users$ may$ not

'''
GOOD = [
    ('the shape of the manual', SCAN, DIVERT),
    ('one line a clause', re.sub(r'; +', ';\n  ', SCAN), DIVERT),
    ('all in one line, continued', SCAN.replace('\n', '\\\n').rstrip('\\\n') + '\n', DIVERT),
    ('capitals', SCAN.upper().replace('NAME', 'NAME'), DIVERT.lower()),
    ('line ends of Windows', SCAN.replace('\n', '\r\n'), DIVERT.replace('\n', '\r\n')),
    ('tabs', SCAN.replace('  ', '\t'), DIVERT.replace('  ', '\t')),
    ('no line end at the end', SCAN.rstrip('\n'), DIVERT.rstrip('\n')),
    ('no mappings file', SCAN, None),
    ('comments between all lines', '! c\n' + SCAN.replace('\n', '\n! "comment; with = signs\n'), '! c\n' + DIVERT),
    ('exceptions first', ALL.replace('in-type=*; in-subtype=*', 'in-type=text; in-subtype=plain').replace('in-chan=*', 'in-chan=tcp_intranet') + PASS + TAKE +
     '  command="/opt/site/quick"\n\n' + SCAN, DIVERT),
    ('names of programs are dropped first', ALL.replace('subtype=*;', 'subtype=*; in-parameter-name-0=name; in-parameter-value-0="*.exe";') + PASS + TAKE +
     '  command="/opt/site/no-programs"\n\n' + SCAN, DIVERT),
    ('inbound by one scanner, the rest by another', SCAN.replace('in-chan=*', 'in-channel=tcp_local') + '\n' + SCAN.replace('in-chan', 'in-channel').replace('out-chan', 'out-channel'), DIVERT),
    ('one scanner for inbound, one for outbound', SCAN.replace('in-chan=*', 'in-chan=tcp_local') + '\n' + SCAN.replace('out-chan=*', 'out-chan=tcp_local'),
     DIVERT.replace('IN-CHAN=*', 'IN-CHAN=tcp_local') + INBOUND.replace('IN-CHAN=tcp_local;OUT-CHAN=*', 'IN-CHAN=*;OUT-CHAN=tcp_local')),
    ('a script with its files as arguments', SCAN.replace('IMTA_PROGRAM:convscan', '/opt/site/scan.sh $INPUT_FILE $OUTPUT_FILE'), DIVERT),
    ('the same with symbols', SCAN.replace('IMTA_PROGRAM:convscan', "/opt/site/scan.sh 'INPUT_FILE' 'OUTPUT_FILE' 'INPUT_TYPE' 'INPUT-SUBTYPE'"), DIVERT),
    ('labels by hand', ALL + PASS + '  override-option-file=1;\n  out-type=\'INPUT-TYPE\'; out-subtype=\'INPUT-SUBTYPE\'; out-mode=block; out-encoding=base64;\n' + RUN, DIVERT),
    ('tables of a server', SCAN, TABLES + DIVERT),
    ('guards, then the rest', SCAN, 'CONVERSIONS\n\n  IN-CHAN=conversion*;OUT-CHAN=*;CONVERT  No\n  IN-CHAN=process;OUT-CHAN=*;CONVERT  No\n' + INBOUND +
     '  IN-CHAN=*;OUT-CHAN=tcp_local;CONVERT  Yes\n  IN-CHAN=*;OUT-CHAN=*;CONVERT  No\n'),
    ('another channel', SCAN, DIVERT.replace('Yes', 'Channel=conversion_2,Preprocess')),
    ('with tags', SCAN.replace('in-chan=*;', 'tag=nodocs;') + '\n' + SCAN, 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;TAG=*;CONVERT  Yes\n  IN-CHAN=*;OUT-CHAN=*;CONVERT  Yes\n'),
    ('relabelling for CHARSET-CONVERSION below', SCAN.replace('in-chan=*', 'in-chan=tcp_local'). replace('out-chan=*', 'out-chan=*') + '\n' + SCAN,
     DIVERT + '\nCHARSET-CONVERSION\n\n  IN-CHAN=tcp_local;OUT-CHAN=*;CONVERT  Yes,Level\n  IN-CHAN=*;OUT-CHAN=*;IN-CHARSET=*  OUT-CHARSET=UTF-8\n'),
    ('rules over several lines', SCAN, 'CONVERSIONS\n\n  IN-CHAN=tcp_*;OUT-CHAN=*;\\\nCONVERT  \\\nYes\n'),
    ('attachments of programs are dropped', ALL.replace('subtype=*;', 'subtype=*; in-dparameter-name-0=filename; in-dparameter-value-0="*.exe";') + '  delete=1\n\n' +
     'in-type=video; in-subtype=*; delete=1\n\n' + SCAN, DIVERT),
    ('relabelled, serviced and scanned', 'in-chan=tcp_local; in-type=application; in-subtype=octet-stream;\n  in-parameter-name-0=name; in-parameter-value-0="*.doc";\n'
     '  out-type=application; out-subtype=msword; parameter-copy-0=*; dparameter-copy-0=*; relabel=1\n\n'
     'in-chan=ims-ms; in-type=application; in-subtype=pkcs7-mime;\n  service-command="/opt/site/open $INPUT_FILE $OUTPUT_FILE"\n\n' + SCAN,
     DIVERT + '\nCHARSET-CONVERSION\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT  Yes\n'),
    ('documents are converted, the rest is scanned', 'in-channel=tcp_local; out-channel=fax; in-type=application; in-subtype=postscript;\n'
     '  out-type=text; out-subtype=plain; out-mode=text; out-encoding=quoted-printable;\n  out-parameter-name-0=charset; out-parameter-value-0=us-ascii;\n'
     + COPY + '  override-option-file=1;\n  command="/opt/site/ps2text \'INPUT_FILE\' \'OUTPUT_FILE\'"\n\n' + SCAN, DIVERT),
    ('old word processor files', 'in-a1-type=WPL; in-type=application; in-subtype=*; in-a1-format="WPL*";\n  out-type=application; out-subtype=\'INPUT-SUBTYPE\'; out-mode=block;\n'
     + COPY + '  override-option-file=1;\n  command="/opt/site/wpl.sh \'INPUT_FILE\' \'OUTPUT_FILE\'"\n\n' + SCAN, DIVERT),
    ('a description in another language', SCAN.replace(RUN, '  out-description="\u201eGepr\u00fcft\u201c \u2013 ohne Befund";\n' + RUN), DIVERT),
    ('subjects of one list go another way', SCAN.replace('in-chan=*', 'in-subject="*[announce]*"').replace('convscan', 'quick') + '\n' + SCAN, DIVERT),
    ('a shell script with its apostrophes', SCAN.replace('IMTA_PROGRAM:convscan', '/opt/site/run -m \\"it\\\'s mail\\" $INPUT_FILE $OUTPUT_FILE'), DIVERT),
    ('a value from a table', SCAN.replace(RUN, "  out-description=\"'WORDS:$INPUT_TYPE'\";\n" + RUN), DIVERT + '\nWORDS\n\n  text  $YA$ text\n  *     $YA$ file\n'),
    ('spools and loops are left alone', SCAN, '! site\nCONVERSIONS\n\n! nothing twice\n  IN-CHAN=conversion;OUT-CHAN=*;CONVERT  No\n'
     '  IN-CHAN=reprocess;OUT-CHAN=*;CONVERT  No\n  IN-CHAN=tcp_$[alx]*;OUT-CHAN=ims-ms;CONVERT  YES\n  IN-CHAN=tcp_%%;OUT-CHAN=tcp_*;CONVERT  yes,preprocess\n'),
    ('metacharacters', SCAN, 'CONVERSIONS\n\n  IN-CHAN=tcp_*;OUT-CHAN=*;CONVERT  $CIN-CHAN=tcp;OUT-CHAN=$1;CONVERT\n  IN-CHAN=tcp;OUT-CHAN=*;CONVERT  $YYes\n'),
]


def run(conversions, mappings):
    with tempfile.TemporaryDirectory() as room:
        files = []
        for name, text in (('conversions', conversions), ('mappings', mappings)):
            if text is not None:
                with open(f'{room}/{name}', 'w', newline='', encoding='utf-8' if '\udc93' not in text else 'ascii', errors='surrogateescape') as f:
                    f.write(text)
                files += [f'--{name}', name]
        done = subprocess.run([f'{BIN}/convchan', '--lint', *files], cwd=room, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    said = [re.sub(r'^convchan: (\w+):(\d+): (warning|error): ', r'\1 \2: ', line) for line in done.stderr.splitlines()]
    return done.returncode, said


def wrong_bad(code, said, wanted):
    left = list(said)
    for pattern in wanted:
        place, _, text = pattern.partition(': ')
        hit = next((s for s in left if re.search(f'^{place}: .*{text}' if text else pattern, s)), None)
        if hit is None:
            return f'no "{pattern}"'
        left.remove(hit)
    if left:
        return 'more than wanted'
    return '' if code in (1, 65) else f'exit {code}'


def main():
    passed = failed = 0
    for name, conversions, mappings, *wanted in BAD + GOOD:
        code, said = run(conversions, mappings)
        why = wrong_bad(code, said, wanted[0]) if wanted else '' if code == 0 and not said else 'a false alarm'
        if why:
            failed += 1
            print(f'FAIL {name}: {why}; exit {code}:', *said, sep='\n     ')
        else:
            passed += 1
    print(f'{passed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    raise SystemExit(main())
