#!/bin/sh
# convhold over the three stores: the scanner's quarantine, convchan's spool, a queue folder of Messaging Server.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ] && [ -x "$BIN/convhold" ] && [ -x "$BIN/convchan" ]; } || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
is() { if [ "$2" = "$3" ]; then ok; else bad "$1: '$2', due '$3'"; fi; }
hold() { "$BIN/convhold" "$@" >out 2>err; rc=$?; }

echo ':Test.Virus, "the needle of the virus" #' >rules.vdl
"$BIN/vdlc" -q -o rules.vdb --class virus rules.vdl || exit 1
printf '[virus]\nquarantine = yes\naction = replace\n[quarantine]\nfolder = %s/keep\n' "$PWD" >conf
# part FILE NAME SENDER SUBJECT: through the scanner, into quarantine
part() {
    printf 'Content-Type: application/octet-stream; name="%s"\n' "$2" >headers
    printf 'From: %s\nTo: b@example.org\nSubject: %s\n' "$3" "$4" >message
    rm -rf o; mkdir o
    env -i INPUT_FILE="$1" OUTPUT_FILE=o/out OUTPUT_OPTIONS=o/options INPUT_HEADERS=headers OUTPUT_HEADERS=o/headers MESSAGE_HEADERS=message \
        ENVELOPE_FROM="$3" ENVELOPE_TO_FILE=to NAME="$2" "$BIN/convscan" --config conf --db "${4:+}rules.vdb" || bad "convscan: $?"
}
printf 'one: the needle of the virus\nsecond line\n' >one
printf 'two: the needle of the virus \033[31m\n' >two
echo b@example.org >to
part one report.exe good@example.org Hello
part two "$(printf 'x\033]0;owned\007.exe')" evil@example.net "$(printf 'a\033[2Jb')"

# ---- list, patterns, JSON ----
hold list -d keep; is "list" "$rc $(wc -l <out)" "0 2"
grep -q 'virus .*Test.Virus' out && ok || bad "list: $(cat out)"
LC_ALL=C tr -d '\n -~' <out | grep -q . && bad "list: control characters" || ok
hold list -d keep --file '*.EXE' --signature 'test.*'; is "patterns" "$rc $(wc -l <out)" "0 2"
hold list -d keep --file 'report*'; is "one pattern" "$rc $(wc -l <out)" "0 1"
hold list -d keep --class spam; is "nothing fits" "$rc $(wc -c <out)" "1 0"
hold list -d keep --older-than 1h; is "age" "$rc" 1
hold list -d keep --newer-than 1h --json; is "json" "$rc $(wc -l <out)" "0 2"
python3 -c 'import json,sys; rows=[json.loads(l) for l in open("out")]; assert rows[0]["name"] == "Test.Virus" and rows[0]["size"] == 41, rows' 2>err && ok || bad "json: $(cat err)"
id=$("$BIN/convhold" list -d keep --file 'report*' --json | sed 's/.*"id":"\([^"]*\)".*/\1/')
hold show -d keep "$id"; grep -q '^  one: the needle' out && grep -q '^subject  *Hello' out && ok || bad "show: $(cat out)"
hold show -d keep --file 'x*'; LC_ALL=C tr -d '\n -~' <out | grep -q . && bad "show: control characters" || ok
hold list; [ $rc = 2 ] || [ $rc = 1 ] || [ $rc = 0 ] && ok || bad "default folder: $rc"
hold list -d nowhere; is "no store" "$rc" 2
hold release -d keep; is "release without saying which" "$rc" 64
hold delete -d keep -n --all; is "dry" "$rc $(ls keep/new | wc -l)" "0 2"

# ---- release ----
mkdir free
hold release -d keep --to free --allow allow.vdl "$id"; is "release to a folder" "$rc" 0
cmp -s one "free/$id-report.exe" && ok || bad "released bytes: $(ls free)"
is "moved" "$(ls keep/new | wc -l) $(ls keep/released)" "1 $id"
grep -q "act=release id=\"$id\" sig=\"Test.Virus\"" keep/acts.log && ok || bad "acts.log: $(cat keep/acts.log)"
"$BIN/vdlc" -q -o allow.vdb allow.vdl && "$BIN/convscan" --db rules.vdb --db allow.vdb one >out; is "allowed" "$?" 0
"$BIN/convscan" --db rules.vdb --db allow.vdb two >out; is "the other is not" "$?" 1
cat >mta <<'M'
#!/bin/sh
printf '%s\n' "$@" >mta.args
cat >mta.in
[ ! -e mta.fails ]
M
chmod +x mta
: >mta.fails
hold release -d keep --mta ./mta --only-to b@example.org --all; is "mail command fails" "$rc $(ls keep/new | wc -l)" "2 1"
rm mta.fails
hold release -d keep --mta ./mta --only-to '-oQ/tmp, nobody' --all; is "no recipient" "$rc $(ls keep/new | wc -l)" "2 1"
hold release -d keep --mta ./mta --only-to '-bp b@example.org' --all; is "release by mail" "$rc $(ls keep/new | wc -l)" "0 0"
is "its arguments" "$(tr '\n' ' ' <mta.args)" "-i -f  -- b@example.org "
python3 - <<'P' 2>err && ok || bad "the message: $(cat err)"
import email
m = email.message_from_bytes(open("mta.in", "rb").read())
text, part = m.get_payload()
assert part.get_payload(decode=True) == open("two", "rb").read(), part
assert "\x1b" not in open("mta.in").read()
assert m["To"] == "b@example.org" and "Test.Virus" in text.get_payload()
P

# ---- delete, expire ----
part one report.exe good@example.org Again
hold delete -d keep --sender 'good@*'; is "delete" "$rc $(ls keep/deleted | wc -l)" "0 1"
hold list -d keep --done; is "what was let go" "$rc $(wc -l <out)" "0 3"
hold expire -d keep; is "expire without a bound" "$rc" 64
hold expire -d keep --older-than 1d; is "nothing is old" "$rc" 1
touch -d '3 days ago' keep/released/*
hold expire -d keep --older-than 1d; is "old ones" "$rc $(ls keep/released | wc -l) $(ls keep/deleted | wc -l)" "0 0 1"
part one a.exe good@example.org 1; part one b.exe good@example.org 2
size=$(wc -c <"keep/new/$(ls keep/new | tail -n 1)")
hold expire -d keep --max-bytes $((size + 10)); is "too much" "$rc $(ls keep/new | wc -l)" "0 1"
echo junk >keep/new/junk
hold list -d keep; is "a file that is none of ours" "$rc $(wc -l <out)" "2 1"
printf 'X-Convscan-Record: {"id":"a","id":"b"\n' >keep/new/junk
hold list -d keep; is "a damaged record" "$rc" 2
ln -s /etc/passwd keep/new/link
hold list -d keep; grep -q link out err && bad "a link was followed" || ok

# ---- convchan's spool ----
echo 'in-type=*; in-subtype=*; override-option-file=1; command="/bin/sh '"$PWD"'/cmd"' >conversions
printf 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n' >mappings
echo 'echo STATUS=178030250 >"$OUTPUT_OPTIONS"' >cmd
queue() { "$BIN/convchan" --queue spool --conversions conversions --mappings mappings --no-sync "$@" 2>>err; }
printf 'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nthe needle of the virus\n' | queue --submit --from a@example.org --to b@example.org >id
queue --drain
hold list -d spool --sender 'a@*'; is "spool" "$rc $(wc -l <out)" "0 1"
grep -q 'held .*Grüße' out && ok || bad "spool: $(cat out)"
printf '#!/bin/sh\nexec "%s/convscan" --db "%s/rules.vdb" "$@"\n' "$BIN" "$PWD" >scan; chmod +x scan
hold list -d spool --scan ./scan --signature Test.Virus --json; is "by signature" "$rc $(grep -c '"class":"virus"' out)" "0 1"
hold release -d spool "$(cat id)"; is "spool: release" "$rc $(ls spool/queue)" "0 $(cat id).00"

# ---- a server's queue ----
mkdir -p mtaq/conversion/003
printf 'envelope, unknown to us\n\nSubject: x\n\nbody\n' >mtaq/conversion/003/ZZabc.HELD
printf 'Subject: y\nFrom: f@example.org\n\nthe needle of the virus\n' >mtaq/conversion/ZZdef.HELD
: >mtaq/conversion/ZZghi.00
hold list -d mtaq; is "server" "$rc $(wc -l <out)" "0 2"
hold delete -d mtaq --scan ./scan --signature 'Test.*'; is "server: bulk by signature" "$rc $(ls mtaq/conversion)" "0 003
ZZghi.00"
hold release -d mtaq ZZabc; is "server: release" "$rc $(ls mtaq/conversion/003)" "0 ZZabc.01"
grep -q 'imsimta' err && ok || bad "server: what to do now"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
