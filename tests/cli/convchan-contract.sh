#!/bin/sh
# What a command is given and what becomes of what it gives back: variables, header files, names that attack, labels.
[ -x "$BIN/convchan" ] || exit 77
passed=0 failed=0
export TMPDIR=$PWD/tmp
mkdir tmp

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
is() { if [ "$2" = "$3" ]; then ok; else bad "$1: '$2', due '$3'"; fi; }
has() { if grep -q -e "$2" "$3"; then ok; else bad "$1: no $2 in $3:"; cat "$3"; fi; }
hasnot() { if grep -q -e "$2" "$3"; then bad "$1: $2 in $3"; else ok; fi; }

printf 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n\nLOOK\n\n  text  $Yfound\n' >mappings
# entry TEXT: the conversions file
entry() { printf '%s\n' "$1" >conversions; }
# run MESSAGE [option…]
run() {
    message=$1
    shift
    "$BIN/convchan" --conversions conversions --mappings mappings --report report "$@" <"$message" >out 2>err
    rc=$?
}
full='in-type=*; in-subtype=*; parameter-symbol-0=NAME; parameter-copy-0=*; dparameter-symbol-0=FILENAME;
  dparameter-copy-0=*; message-header-file=2; original-header-file=1; override-header-file=1; override-option-file=1;'
cp='cp "$INPUT_FILE" "$OUTPUT_FILE"'

cat >nested <<'END'
Subject: outer
From: a@example.org
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/html; charset=utf-8; name="a b.html"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="a b.html"
Content-Description: some words

PHA+aGVsbG88L3A+Cg==
--x
Content-Type: message/rfc822

Subject: inner
Content-Type: multipart/mixed; boundary=y

--y

plain
--y--

--x--
END

# ---- what it is given ----
entry "$full
  command=\"/bin/sh $PWD/cmd\""
cat >cmd <<END
env | sort >$PWD/env.\$PART_NUMBER
cat "\$INPUT_FILE" >$PWD/in.\$PART_NUMBER
cat "\$MESSAGE_HEADERS" >$PWD/mh.\$PART_NUMBER
cat "\$INPUT_HEADERS" >$PWD/ih.\$PART_NUMBER
ls -A >$PWD/ls.\$PART_NUMBER
stat -c %a . >$PWD/mode.\$PART_NUMBER
pwd >$PWD/pwd.\$PART_NUMBER
cat >$PWD/stdin.\$PART_NUMBER
echo said on standard output
$cp
END
SECRET=x run nested --in-chan tcp_local --out-chan ims-ms --tag red --tag blue
is "exit" $rc 0
cmp -s out nested && ok || bad "a copy is not the message"
has "output of the command" "said on standard output" err
for line in INPUT_TYPE=text INPUT_SUBTYPE=html INPUT_ENCODING=base64 'INPUT_DESCRIPTION=some words' INPUT_DISPOSITION=attachment \
    INPUT_CHANNEL=tcp_local OUTPUT_CHANNEL=ims-ms PART_NUMBER=1 PART_SIZE=13 ATTACHMENT_NUMBER=1 CONVERSION_TAG=red,blue \
    'NAME=a b.html' 'FILENAME=a b.html'; do
    has "variable" "^$line\$" env.1
done
hasnot "the caller's environment" SECRET env.1
is "content" "$(cat in.1)" "<p>hello</p>"
has "outer headers" "^Subject: outer" mh.1
has "outer headers for an inner part" "^Subject: outer" mh.2.1
has "part headers" "^Content-Description: some words" ih.1
hasnot "part headers" Subject ih.1
is "outputs do not exist before" "$(grep -c out ls.1)" 0
is "folder" "$(cat mode.1)" 700
is "working folder" "$(cat pwd.1)" "$(dirname "$(sed -n 's/^INPUT_FILE=//p' env.1)")"
is "standard input" "$(cat stdin.1)" ""
hasnot "no header, no variable" INPUT_ENCODING env.2.1
hasnot "no header, no variable" INPUT_DISPOSITION env.2.1
hasnot "no attachment, no number" ATTACHMENT_NUMBER env.2.1
run nested -S absent-header-variable=empty
has "empty instead of unset" '^INPUT_ENCODING=$' env.2.1
has "empty instead of unset" '^INPUT_DISPOSITION=$' env.2.1
run nested -S parameter-symbol=by-position
has "by position" '^NAME=utf-8$' env.1
for version in 6.0-2005Q4 pmdf6; do
    rm -f env.*; run nested -S version=$version --tag red
    for name in INPUT_CHANNEL OUTPUT_CHANNEL ATTACHMENT_NUMBER CONVERSION_TAG; do
        hasnot "not in $version" "^$name=" env.*
    done
done
rm -f env.*; run nested --tag red --tag RED --tag blue
has "a tag is there once" '^CONVERSION_TAG=red,blue$' env.1
rm -f env.*; run nested
hasnot "no tag, no variable" CONVERSION_TAG= env.1
entry "in-type=*; message-header-file=1; command=\"/bin/sh $PWD/cmd\""
rm -f mh.* ih.* env.*; run nested
has "inner headers" "^Subject: inner" mh.2.1
is "no header file without its clause" "$(cat ih.1)" ""
hasnot "no variable without its clause" OUTPUT_OPTIONS env.1
hasnot "no variable without its clause" OUTPUT_HEADERS env.1
hasnot "no variable without its clause" INPUT_HEADERS env.1
entry "in-type=*; command=\"/bin/sh $PWD/cmd\""
rm -f mh.*; run nested
is "no message headers without their clause" "$(cat mh.1)" ""

# ---- line ends of text ----
printf 'Subject: x\r\nContent-Type: text/plain\r\n\r\none\r\ntwo\r\n' >crlf
entry "$full
  command=\"/bin/sh $PWD/cmd\""
run crlf; is "lines end in LF" "$(od -An -c in.1 | tr -d ' ')" 'one\ntwo\n'
cmp -s out crlf && ok || bad "CRLF: not the same"
run crlf -S text-line-ends=CRLF; is "lines end in CRLF" "$(od -An -c in.1 | tr -d ' ')" 'one\r\ntwo\r\n'
cmp -s out crlf && ok || bad "CRLF: not the same"
run nested -S text-line-ends=CRLF; is "base64 carries bytes" "$(od -An -c in.1 | tr -d ' ')" '<p>hello</p>\n'
cmp -s out nested && ok || bad "LF: not the same"

# ---- names that attack ----
cat >hostile <<'END'
Subject: x
Content-Type: text/plain; name="$(touch owned1)`touch owned2`;touch owned3|touch owned4' \" & >owned5"
Content-Disposition: attachment;
 filename*=utf-8''a%0ASTATUS%3D1%0A$(touch%20owned6)%22%27%3B

body
END
for command in "/bin/sh $PWD/cmd \$NAME \$FILENAME 'NAME' 'FILENAME'" "/bin/cp 'INPUT_FILE' 'OUTPUT_FILE'; echo 'NAME' \\\"'FILENAME'\\\"" \
    "echo \\\"'NAME'\\\" >/dev/null; cp \$INPUT_FILE \$OUTPUT_FILE" "cp \$INPUT_FILE \$OUTPUT_FILE 'LOOK:\$NAME'" \
    "cp \$INPUT_FILE \$OUTPUT_FILE; : 'LOOK:\$NAME'"; do
    entry "$full
  command=\"$command\""
    run hostile
    find "$PWD" -name 'owned*' | grep -q . && { bad "a name was run: $command"; find "$PWD" -name 'owned*' -delete; } || ok
    cmp -s out hostile && ok || bad "$command: not the same message: $(cat err)"
done
head -c 10000 /dev/zero | tr '\0' n >long
printf 'Subject: x\nContent-Type: text/plain; name="%s"\n\nbody\n' "$(cat long)" >longname
entry "$full
  command=\"/bin/sh $PWD/cmd\""
run longname
is "a name of 10,000 characters" "$rc $(sed -n 's/^NAME=//p' env.1 | wc -c)" "0 10001"

# ---- logicals and lookups ----
mkdir programs
printf '#!/bin/sh\n%s\necho run >%s/was-run\n' "$cp" "$PWD" >programs/scan
chmod +x programs/scan
entry 'in-type=*; command="IMTA_PROGRAM:scan"'
run hostile --program-dir "$PWD/programs"
[ -e was-run ] && ok || bad "IMTA_PROGRAM: not resolved: $(cat err)"

# ---- labels ----
cat >attached <<'END'
Subject: x
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: application/octet-stream; name=bad.exe
Content-Disposition: attachment; filename=bad.exe; size=3
Content-Description: old words
Content-Transfer-Encoding: base64
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==
Content-ID: <id@example.org>

YmFk
--x--
END
echo 'echo new >"$OUTPUT_FILE"' >cmd
entry "in-type=*; out-type=text; out-subtype='INPUT-SUBTYPE'; out-parameter-name-0=charset; out-parameter-value-0=utf-8;
  parameter-copy-0=name; dparameter-copy-0=filename; out-description=\"new words\"; out-mode=text; command=\"/bin/sh $PWD/cmd\""
run attached
has "out-type" '^Content-Type: text/octet-stream;$' out
has "out-parameter" '^ charset=utf-8' out
has "parameter-copy" '^ name=bad.exe' out
has "dparameter-copy" '^ filename=bad.exe$' out
hasnot "what is not copied goes" 'size=3' out
has "out-description" '^Content-Description: new words$' out
hasnot "old encoding" 'base64' out
hasnot "old checksum" 'Content-MD5' out
has "other fields stay" '^Content-ID: <id@example.org>$' out
has "content" '^new$' out
entry "in-type=*; command=\"/bin/sh $PWD/cmd\""
run attached
has "nothing is copied unless asked" '^Content-Type: application/octet-stream$' out
hasnot "nothing is copied unless asked" filename out
has "binary comes back as base64" '^bmV3Cg==$' out
entry "in-type=*; out-disposition=inline; out-dparameter-name-0=filename; out-dparameter-value-0=new.txt; out-encoding=quoted-printable;
  out-mode=text; command=\"/bin/sh $PWD/cmd\""
run attached
has "out-dparameter" '^ *filename=new.txt$' out
has "out-disposition" '^Content-Disposition: inline;$' out
has "out-encoding" '^Content-Transfer-Encoding: quoted-printable$' out
cat >cmd <<'END'
printf 'new\n' >"$OUTPUT_FILE"
printf 'OUTPUT_TYPE=TEXT\nOUTPUT_SUBTYPE="PLAIN"\nOUTPUT_DESCRIPTION='\''told'\''\nOUTPUT_DISPOSITION=inline\nOUTPUT_MODE=TEXT\nOUTPUT_ENCODING=BASE64\n' >"${OUTPUT_OPTIONS:-/dev/null}"
END
entry "in-type=*; out-type=image; out-subtype=png; out-description=static; out-encoding=none; override-option-file=1;
  dparameter-copy-0=*; command=\"/bin/sh $PWD/cmd\""
run attached
has "OUTPUT_TYPE beats out-type" '^Content-Type: text/plain$' out
has "OUTPUT_DESCRIPTION" '^Content-Description: told$' out
has "OUTPUT_DISPOSITION" '^Content-Disposition: inline;$' out
has "OUTPUT_ENCODING" '^Content-Transfer-Encoding: base64$' out
has "text in base64 has CRLF" '^bmV3DQo=$' out
sed 's/override-option-file=1/override-option-file=0/' conversions >c && mv c conversions
run attached
has "without its clause the options are not read" '^Content-Type: image/png$' out
cat >cmd <<'END'
printf 'new\n' >"$OUTPUT_FILE"
printf ' X-First: folded\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: x-lie\nX-Told: folded\n  line\n--x: y\nnot a field\nSubject: told\n' >"$OUTPUT_HEADERS"
END
entry "in-type=*; out-type=image; out-mode=text; override-header-file=1; command=\"/bin/sh $PWD/cmd\""
run attached
has "OUTPUT_HEADERS" '^Content-Type: text/plain; charset=utf-8$' out
has "other fields of the file" '^X-Told: folded$' out
hasnot "they replace the old ones" bad.exe out
hasnot "the file's encoding is not believed" x-lie out
hasnot "no delimiter through the header" '^--x: y' out
hasnot "no line that is no field" 'not a field' out
hasnot "no line that goes on from nowhere" X-First out
printf 'Subject: mine\nX-Mine: yes\nContent-Type: text/html\nMIME-Version: 1.0\n\n<p>\n' >single
run single
has "a message keeps its subject" '^Subject: mine$' out
hasnot "and gets no other" '^Subject: told' out
has "and its other fields" '^X-Mine: yes$' out
has "but new labels" '^Content-Type: text/plain; charset=utf-8$' out
echo 'echo new >"$OUTPUT_FILE"' >cmd
run attached -S on-missing-output-headers=none
hasnot "no headers file: none" bad.exe out
run attached
has "no headers file: the clauses" '^Content-Type: image/octet-stream' out

# The same content under a new label keeps the form in which it was sent.
printf '%s\nprintf "Content-Type: application/x-told\\n" >"$OUTPUT_HEADERS"\n' "$cp" >cmd
run attached
has "new label" '^Content-Type: application/x-told' out
has "old form" '^Content-Transfer-Encoding: base64$' out
has "old form" '^YmFk$' out

# A delimiter in new content must not end the part.
printf 'printf "one\\n--x--\\ntwo\\n" >"$OUTPUT_FILE"\n' >cmd
entry "in-type=*; out-mode=text; out-encoding=none; command=\"/bin/sh $PWD/cmd\""
run attached
is "delimiters" "$(grep -c '^--x' out)" 2
has "encoded instead" '^Content-Transfer-Encoding: base64$' out

# delete=1, and an entry that matches one part only.
entry 'in-type=text; in-subtype=html; delete=1'
run nested
hasnot "delete=1" 'PHA+' out
has "the rest stays" '^plain$' out
grep -q '"part":"2.1".*"entry":null.*"verdict":"none"' report && ok || bad "report of a part that nothing matched: $(cat report)"
entry 'in-type=*; delete=1'
run attached
has "delete=1, the only part: an empty text" '^Content-Type: text/plain' out
hasnot "delete=1, the only part" YmFk out
echo 'echo x >"$OUTPUT_FILE"' >cmd
entry "in-type=*; in-subject=inner; command=\"/bin/sh $PWD/cmd\""
run nested
has "in-subject: the inner message only" 'PHA+aGVsbG88' out
hasnot "in-subject" '^plain$' out

# ---- security multiparts ----
printf 'Subject: x\nContent-Type: multipart/signed; boundary=x; protocol=p\n\npreamble\n--x\nContent-Type: text/plain\n\nsigned\n--x\nContent-Type: application/pgp-signature\n\nsig\n--x--\n' >signed
entry "$full command=\"/bin/sh $PWD/cmd\""
run signed
cmp -s out signed && ok || bad "signed: changed by default"
[ "$(grep -c '"command":null' report)" = 1 ] && ok || bad "signed: a command was run"
run signed -S security-multiparts=process
cmp -s out signed && bad "signed, process: not seen" || ok
run signed -S security-multiparts=conditional
has "conditional keeps the preamble" '^preamble$' out
echo "$cp" >cmd
run signed -S security-multiparts=process
cmp -s out signed && ok || bad "signed, process, nothing changed: other bytes"
printf 'Content-Type: message/delivery-status\n\nbody\n' >status
run status; has "message leaves are handed over" '"verdict":"pass"' report
run status -S message-leaves=skip; has "message leaves are skipped" '"verdict":"none"' report

# ---- messages that readers take apart in more than one way ----
printf 'Subject: doubtful\nX-Mine: yes\nMIME-Version: 1.0\nContent-Type: application/x; name=a\nContent-Transfer-Encoding: base64\n\nYWJj=ZGVm\n' >doubtful
cat >cmd <<END
if [ \$INPUT_TYPE != message ]; then $cp; exit; fi
cat "\$INPUT_FILE" >$PWD/whole
case \$(cat $PWD/answer) in
notice) echo refused >"\$OUTPUT_FILE"; printf 'Content-Type: text/plain\n' >"\$OUTPUT_HEADERS"; printf 'OUTPUT_TYPE=TEXT\nOUTPUT_SUBTYPE=PLAIN\nOUTPUT_MODE=TEXT\n' >"\$OUTPUT_OPTIONS" ;;
pass) $cp ;;
*) echo "STATUS=\$(cat $PWD/answer)" >"\$OUTPUT_OPTIONS" ;;
esac
END
entry "$full
  command=\"/bin/sh $PWD/cmd\""
echo pass >answer; run doubtful
cmp -s out doubtful && cmp -s whole doubtful && ok || bad "doubtful, passed"
echo notice >answer; run doubtful
has "doubtful, refused: a notice" '^refused$' out
hasnot "doubtful, refused: nothing of it" 'YWJj' out
has "the message's own fields stay" '^X-Mine: yes$' out
has "with the labels of the notice" '^Content-Type: text/plain$' out
echo 178030178 >answer; run doubtful
hasnot "doubtful, deleted" 'YWJj' out
has "doubtful, deleted: an empty text" '^Content-Type: text/plain$' out
echo 178030250 >answer; run doubtful; is "doubtful, held" "$rc $(wc -c <out)" "10 0"
run doubtful -S ambiguous=ignore
cmp -s out doubtful && ok || bad "doubtful, not looked at"

[ -z "$(ls -A tmp)" ] && ok || bad "left behind: $(ls -A tmp)"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
