#!/bin/sh
# imta/postfix/convchan-filter without a server: its exit statuses, and that a message cut off by a feeder who dies goes nowhere.
[ -x "$BIN/convchan" ] || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
is() { if [ "$2" = "$3" ]; then ok; else bad "$1: '$2', due '$3'"; fi; }

mkdir bin etc work
printf '#!/bin/sh\nprintf "%%s\\n" "$*" >>%s/args\ncat >>%s/handed\n' "$PWD" "$PWD" >bin/sendmail
chmod +x bin/sendmail
export PATH="$PWD/bin:$PATH"
printf 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n' >etc/mappings
printf 'in-type=*; in-subtype=*; override-option-file=1; override-header-file=1; original-header-file=1;\n  command="sh %s/verdict"\n' \
    "$PWD" >etc/conversions
pass='cp "$INPUT_FILE" "$OUTPUT_FILE"; cp "$INPUT_HEADERS" "$OUTPUT_HEADERS"'
printf 'Subject: a message\nX-Long: %s\n\nits body\n' "$(head -c 3000 /dev/zero | tr '\0' x)" >message
filter() { sh "$ROOT/imta/postfix/convchan-filter" -c etc -d held -p "$BIN/convchan" -t work "$@"; }
# run VERDICT [option…]: rc, out and what sendmail was given
run() {
    echo "$1" >verdict
    shift
    rm -f args handed
    filter "$@" -f sender@example.org -- one@example.com two@example.com <message >out 2>err
    rc=$?
    touch handed
}
status() { printf 'echo STATUS=%s >"$OUTPUT_OPTIONS"; echo "OUTPUT_DIAGNOSTIC=\\"not here\\"" >>"$OUTPUT_OPTIONS"\n' "$1"; }

run "$pass"
is "passed" "$rc $(cmp handed message && echo same)" "0 same"
is "who gets it" "$(cat args)" "-G -i -f sender@example.org -- one@example.com two@example.com"
run "$(status 178029946)"
is "refused" "$rc $(cat out) $(wc -c <handed)" "69 5.7.1 refused: return: not here 0"
run "echo something else >&2; $(status 178029946)"
is "refused, by a command that talks" "$rc $(cat out)" "69 5.7.1 refused: return: not here"
run "$(status 178030259)"
is "discarded" "$rc $(cat out) $(wc -c <handed)" "0 discarded 0"
run "$(status 178030250)"
is "held" "$rc $(cut -d' ' -f1-2 out) $(wc -c <handed)" "0 held as 0"
is "the original is kept" "$(sed '1,/^$/d' held/queue/*.HELD | cmp - message && echo same)" same
run "$(status 178028698)"
is "try again" "$rc $(wc -c <handed)" "75 0"
run 'exit 3'
is "a command that fails lets nothing through" "$rc $(wc -c <handed)" "75 0"
run 'kill -9 $$'
is "nor one that dies" "$rc $(wc -c <handed)" "75 0"
printf '#!/bin/sh\nexit 1\n' >bin/sendmail.new; cp bin/sendmail bin/sendmail.good
cp bin/sendmail.new bin/sendmail; run "$pass"; cp bin/sendmail.good bin/sendmail
is "not taken" $rc 75
run "$pass" -p /nowhere/convchan; is "no program" "$rc $(wc -c <handed)" "75 0"
run "$pass" -c /nowhere; is "no configuration" "$rc $(wc -c <handed)" "75 0"
run "$pass" -t /nowhere; is "no room" "$rc $(wc -c <handed)" "75 0"
run "$pass" -q; is "no such option" "$rc $(wc -c <handed)" "75 0"
filter -f sender@example.org <message >out 2>err; is "no recipient" $? 75
starter=$(ps -o comm= -p $$)
run "$pass" -s "$starter"; is "started by whom it should be" "$rc $(cmp handed message && echo same)" "0 same"
run "$pass" -s nobody; is "started by another" "$rc $(wc -c <handed)" "75 0"
is "nothing stays behind" "$(ls work)" ""

# ---- a feeder who dies leaves half a message, which must not look like a whole one ----
# cut_off WHEN [option…]: the feeder writes the half and dies, before the filter starts or while it reads
cut_off() {
    when=$1
    shift
    rm -f args handed err
    python3 - "$when" "$ROOT/imta/postfix/convchan-filter" -c etc -d held -p "$BIN/convchan" -t work "$@" -f s -- r 2>err <<'PY'
import os, sys, time
r, w = os.pipe()
if os.fork() == 0:
    os.dup2(r, 0)
    os.close(w)
    time.sleep(0.5 if sys.argv[1] == 'before' else 0)
    os.execvp('sh', ['sh'] + sys.argv[2:])
os.write(w, open('message', 'rb').read(2000))
time.sleep(0.5 if sys.argv[1] == 'while' else 0)
os._exit(0)
PY
    n=0
    until [ -s err ] || [ -s handed ] || [ $n -gt 200 ]; do sleep 0.1; n=$((n + 1)); done
    touch handed
    is "the feeder dies $when: $*" "$(cat err) $(wc -c <handed)" "convchan-filter: the server went away 0"
}
echo "$pass" >verdict
cut_off while -s python3
cut_off while
cut_off before -s python3
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
