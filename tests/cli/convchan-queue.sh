#!/bin/sh
# Queue mode: retries against a moved clock, held and released messages, what goes back to the sender, N workers and no more,
# and workers that are killed while they work.
[ -x "$BIN/convchan" ] || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
is() { if [ "$2" = "$3" ]; then ok; else bad "$1: '$2', due '$3'"; fi; }

entry="in-type=*; in-subtype=*; parameter-copy-0=*; dparameter-copy-0=*; override-option-file=1; command=\"/bin/sh $PWD/cmd\""
echo "$entry" >conversions
printf 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n' >mappings
queue() { "$BIN/convchan" --queue spool --conversions conversions --mappings mappings --no-sync --log log --mail-log mail.log --host mx.example.org "$@" 2>>err; }
# start [option…]: the same in the background; its process id in $controller
start() {
    "$BIN/convchan" --queue spool --conversions conversions --mappings mappings --no-sync "$@" 2>>err &
    controller=$!
}
submit() { printf 'Subject: %s\n\nbody %s\n' "$1" "$1" | "$BIN/convchan" --queue spool --submit --no-sync --from "${2-a@example.org}" --to b@example.org >id; }
files() { ls "spool/$1" | wc -l; }
cp='cp "$INPUT_FILE" "$OUTPUT_FILE"'
hour=3600

# ---- AGN, then clean: delivered once; the waits are the server's ----
echo 'echo STATUS=178028698 >"$OUTPUT_OPTIONS"' >cmd
submit one
queue --drain; is "drained" $? 0
is "one failure: waits" "$(ls spool/queue)" "$(cat id).01"
is "Q record" "$(grep -c ' conversion .* Q ' mail.log)" 1
queue --drain --clock-offset $((hour - 60)); is "not before an hour" "$(ls spool/queue)" "$(cat id).01"
queue --drain --clock-offset $((hour + 60)); is "second try" "$(ls spool/queue)" "$(cat id).02"
queue --drain --clock-offset $((2 * hour)); is "two hours more" "$(ls spool/queue)" "$(cat id).02"
echo "$cp" >cmd
queue --drain --clock-offset $((3 * hour + 120)); is "clean at last" "$(files queue) $(files work) $(files ready) $(files out)" "0 0 0 1"
grep -q '^body one$' spool/out/* && ok || bad "the message that came out: $(cat spool/out/*)"
is "E and D records" "$(grep -c ' E 1 a@example.org rfc822;b@example.org b@example.org$' mail.log) $(grep -c ' D 1 ' mail.log)" "1 1"
stamp='^[0-3][0-9]-[A-Z][a-z][a-z]-20[0-9][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9][0-9] '
is "time, channels, code, blocks, sender, recipients" "$(grep -c "$stamp"'conversion *ims-ms *E 1 ' mail.log) $(grep -c "$stamp" mail.log)" "1 $(wc -l <mail.log)"
rm spool/out/*

# ---- a program that fails: retried here, not passed ----
echo "$cp; exit 1" >cmd
submit failing
queue --drain; is "a failing command" "$(ls spool/queue)" "$(cat id).01"
queue --drain --backoff PT1M --clock-offset 3700; is "own waits" "$(ls spool/queue)" "$(cat id).02"
queue --drain --backoff PT1M --clock-offset 3770; is "one minute" "$(ls spool/queue)" "$(cat id).03"
queue --drain --clock-offset $((4 * 24 * hour)); is "too old: back to the sender" "$(files queue) $(files out)" "0 1"
grep -q '^to a@example.org$' spool/out/* && grep -q 'could not be processed in time' spool/out/* && ok || bad "notification: $(cat spool/out/*)"
grep -q '^from $' spool/out/* && ok || bad "a notification has the null sender"
rm spool/out/*
submit failing ''
queue --drain --clock-offset $((5 * 24 * hour)); is "too old, null sender: kept" "$(ls spool/queue)" "$(cat id).HELD"
rm spool/queue/*

# ---- held, released, still infected; released, now clean ----
echo 'echo STATUS=178030250 >"$OUTPUT_OPTIONS"' >cmd
submit held
queue --drain; is "held" "$(ls spool/queue)" "$(cat id).HELD"
cmp -s cmd cmd && grep -q '^body held$' spool/queue/* && ok || bad "held: not the original"
queue --drain --clock-offset $((9 * 24 * hour)); is "a held message is left alone" "$(ls spool/queue)" "$(cat id).HELD"
is "--held" "$("$BIN/convchan" --queue spool --held | cut -d' ' -f1)" "$(cat id)"
"$BIN/convchan" --queue spool --release "$(cat id)"; is "released" "$(ls spool/queue)" "$(cat id).00"
queue --drain; is "still infected" "$(ls spool/queue)" "$(cat id).HELD"
echo "$cp" >cmd
"$BIN/convchan" --queue spool --release all >released; is "released" "$(ls spool/queue)" "$(cat id).00"
queue --drain; is "now clean" "$(files queue) $(files out)" "0 1"
rm spool/out/*
echo kept | "$BIN/convchan" --queue spool --submit --hold --no-sync --from a@example.org --to b@example.org >id
is "held from the start" "$(ls spool/queue)" "$(cat id).HELD"
queue --drain; is "and left alone" "$(ls spool/queue)" "$(cat id).HELD"
rm spool/queue/*
"$BIN/convchan" --queue spool --release nothing 2>>err; is "nothing to release" $? 1
"$BIN/convchan" --queue spool --held >held; is "nothing held" $? 1

# A later part's verdict is for the message as it came, whatever earlier parts have become.
printf 'case $PART_NUMBER in 1) echo other >"$OUTPUT_FILE";; *) echo STATUS=178030250 >"$OUTPUT_OPTIONS";; esac\n' >cmd
printf 'Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\n\ntwo\n--x--\n' >two
"$BIN/convchan" --queue spool --submit --no-sync --from a@example.org --to b@example.org <two >id
queue --drain
sed '1,/^$/d' "spool/queue/$(cat id).HELD" | cmp -s - two && ok || bad "held: not what came: $(cat spool/queue/*)"
rm spool/queue/*

# ---- what stands in the envelope ----
sed 's/^in-type/tag=blue; in-type/' conversions >c && mv c conversions
printf 'echo "$CONVERSION_TAG $INPUT_CHANNEL" >%s/tags; %s\n' "$PWD" "$cp" >cmd
printf 'Subject: x\n\nbody\n' >plain
"$BIN/convchan" --queue spool --submit --no-sync --from a@b --to c@d --in-chan tcp_x --tag red --tag Blue <plain >id
queue --drain --tag green --tag RED; is "tags" "$(cat tags)" "green,RED,Blue tcp_x"
"$BIN/convchan" --queue spool --submit --no-sync --from a@b --to c@d --tag red <plain >id
rm tags; queue --drain; is "another tag, no entry" "$(ls tags 2>/dev/null) $(files out)" " 2"
"$BIN/convchan" --queue spool --submit --no-sync --from a@b --to c@d --tag 'r d' <plain >id 2>>err; is "a tag with a blank" $? 64
"$BIN/convchan" --queue spool --submit --no-sync --from a@b --to c@d --priority soon <plain >id 2>>err; is "no such priority" $? 64
is "neither came in" "$(files queue) $(find spool/tmp -name "*.tmp" | wc -l)" "0 0"
echo "$entry" >conversions
rm spool/out/*
echo 'echo STATUS=178028698 >"$OUTPUT_OPTIONS"' >cmd
for wait in urgent:1800 normal:3600 nonurgent:7200; do
    "$BIN/convchan" --queue spool --submit --no-sync --from a@b --to c@d --priority ${wait%:*} <plain >id
    before=$(date +%s); queue --drain
    due=$(($(stat -c %Y "spool/queue/$(cat id).01") - before))
    { [ $due -ge ${wait#*:} ] && [ $due -le $((${wait#*:} + 60)) ]; } && ok || bad "$wait: due in $due seconds"
    rm spool/queue/*
done

# ---- refused, to the postmaster, discarded ----
echo 'printf "OUTPUT_DIAGNOSTIC=\"no thanks\"\nSTATUS=178029946\n" >"$OUTPUT_OPTIONS"' >cmd
submit refused
queue --drain; is "refused: one notification" "$(files queue) $(files out)" "0 1"
grep -q 'The reason given was: no thanks' spool/out/* && ok || bad "notification: $(cat spool/out/*)"
grep -q 'outcome=return .* reason="no thanks"$' log && ok || bad "the log: $(tail -n 1 log)"
is "R record" "$(grep -c ' R .* no thanks$' mail.log)" 1
rm spool/out/*
submit refused ''
queue --drain; is "refused, null sender: no notification" "$(files queue) $(files out)" "0 0"
echo 'printf "line1\nline2\nline3\n" >"$OUTPUT_FILE"; echo STATUS=178029947 >"$OUTPUT_OPTIONS"' >cmd
submit sample
queue --drain -S lines-to-return=2
grep -q line2 spool/out/* && ! grep -q line3 spool/out/* && ok || bad "sample: $(cat spool/out/*)"
rm spool/out/*
echo 'echo STATUS=178029947 >"$OUTPUT_OPTIONS"' >cmd
submit original
queue --drain -S lines-to-return=2
grep -q '^Subject: original' spool/out/* && ! grep -q '^body original' spool/out/* && ok || bad "sample of the original: $(cat spool/out/*)"
rm spool/out/*
echo 'echo STATUS=178030098 >"$OUTPUT_OPTIONS"' >cmd
submit post
queue --drain --postmaster pm@example.org
grep -q '^to pm@example.org$' spool/out/* && grep -q '^body post$' spool/out/* && ok || bad "postmaster: $(cat spool/out/*)"
rm spool/out/*
echo 'echo STATUS=178030259 >"$OUTPUT_OPTIONS"' >cmd
submit gone
queue --drain; is "discarded" "$(files queue) $(files out)" "0 0"
is "E to bitbucket" "$(grep -c ' bitbucket *E ' mail.log)" 1

# ---- delivery ----
echo "$cp" >cmd
submit 'to a command'
queue --drain --deliver 'cat >delivered; echo "$SENDER/$RECIPIENTS" >envelope'
is "delivered" "$(tail -n 1 delivered) $(cat envelope)" "body to a command a@example.org/b@example.org"
is "nothing is left" "$(files queue) $(files work) $(files ready) $(files out)" "0 0 0 0"
submit 'later'
queue --drain --deliver 'exit 75'; is "not taken: stays ready" "$(ls spool/ready)" "$(cat id).01"
rm -f delivered; queue --drain --deliver 'cat >>delivered' --clock-offset $((hour + 60)); is "taken later" "$(tail -n 1 delivered) $(files ready)" "body later 0"
submit one 'a b@c' 2>>err; is "an address with a blank" $? 64

# ---- never more than N commands, and N of them ----
cat >cmd <<'END'
mkdir running.$$ 2>/dev/null; mkdir -p DIR/running/$$; ls DIR/running | wc -l >>DIR/seen; sleep 0.05; rmdir DIR/running/$$
cp "$INPUT_FILE" "$OUTPUT_FILE"
END
sed -i "s,DIR,$PWD,g" cmd
n=0; while [ $n -lt 12 ]; do submit "n$n"; n=$((n + 1)); done
queue --drain --jobs 3
is "all delivered" "$(files out)" 12
is "three at once" "$(sort -n seen | tail -n 1)" 3
rm -f spool/out/*

# ---- small messages do not wait behind large ones ----
echo "sleep 0.3; $cp" >cmd
: >log
n=0; while [ $n -lt 4 ]; do { printf 'Subject: large\n\n'; head -c 30000 /dev/zero | tr '\0' x; echo; } | "$BIN/convchan" --queue spool --submit --no-sync --from a@b --to c@d >id; n=$((n + 1)); done
submit small
queue --drain --jobs 2 --size-classes 2000,10000
is "all delivered" "$(files out)" 5
small=$(grep -n 'size=2[0-9] ' log | cut -d: -f1)
[ "${small:-9}" -le 2 ] && ok || bad "the small message was number $small of 5"
rm -f spool/out/*

# ---- two controllers ----
echo "sleep 1; $cp" >cmd
submit slow
start --jobs 1
n=0; while [ "$(files work)" = 0 ] && [ $n -lt 100 ]; do sleep 0.05; n=$((n + 1)); done
queue --drain; is "a second controller is refused" $? 75
# asked to end: the command is killed, the message stays, unchanged
kill -TERM $controller; wait $controller; is "ends" $? 0
is "the message stays" "$(ls spool/queue)" "$(cat id).00"
rm -f spool/queue/*

# ---- a controller is killed, its worker goes on: the next one takes nothing from it, and sweeps up behind the dead ----
echo "$cp; : >$PWD/begun; sleep 1; ls \"\$INPUT_FILE\" \"\$OUTPUT_FILE\" >>$PWD/kept" >cmd
rm -f spool/out/*; submit survivor
: >spool/tmp/dead.tmp; mkdir spool/tmp/w0.dead00 spool/tmp/w12; : >spool/tmp/w0.dead00/file
start --jobs 1
n=0; while [ ! -e begun ] && [ $n -lt 100 ]; do sleep 0.05; n=$((n + 1)); done
is "what the dead left is gone, also what an earlier version left" "$(find spool/tmp -name "*dead*" -o -name w12 | wc -l)" 0
kill -9 $controller; wait $controller 2>/dev/null
start --jobs 1
n=0; while [ "$(files out)" = 0 ] && [ $n -lt 100 ]; do sleep 0.05; n=$((n + 1)); done
kill -TERM $controller; wait $controller
is "both files were there to the end" "$(wc -l <kept)" 2
is "it went out, once, at the first try" "$(ls spool/out | wc -l) $(files queue) $(files work)" "1 0 0"
queue --drain; is "nothing lies about" "$(ls spool/tmp)" ""
rm -f spool/out/*

# ---- a message that kills whoever takes it up: it waits like one that has failed, is left to a person at last, and others go on ----
cat >cmd <<END
if grep -q deadly "\$INPUT_FILE"; then echo >>$PWD/deaths; kill -9 \$PPID; sleep 60; fi
$cp
END
submit deadly; cp id deadly; submit other
queue --drain; is "a deadly message: exit" $? 0
is "tried three times, the other is through" "$(wc -l <deaths) $(ls spool/queue) $(files out) $(files work) $(ls spool/tmp)" "3 $(cat deadly).03 1 0 "
due=$(($(stat -c %Y "spool/queue/$(cat deadly).03") - $(date +%s)))
{ [ $due -gt 7190 ] && [ $due -le 7200 ]; } && ok || bad "due in $due seconds"
n=1; while [ $n -le 10 ]; do queue --drain --clock-offset $((n * 9 * hour)); n=$((n + 1)); done
is "held at the tenth" "$(wc -l <deaths) $(ls spool/queue) $(files work)" "10 $(cat deadly).HELD 0"
echo "$cp" >cmd
"$BIN/convchan" --queue spool --release all >released; queue --drain; is "released when it kills no more" "$(files queue) $(files out)" "0 2"
rm -f spool/out/*

# ---- workers and controllers killed while they work: nothing lost, nothing twice ----
echo "$cp" >cmd
n=0; while [ $n -lt 150 ]; do printf 'Subject: %s\n\nbody %s\n' $n $n >"spool/tmp/k$n"; mv "spool/tmp/k$n" "spool/queue/k$n.00"; n=$((n + 1)); done
start --jobs 3
n=0
while [ "$(files queue)" != 0 ] && [ $n -lt 200 ]; do
    sleep 0.1
    victim=$(cut -d' ' -f$((n % 3 + 1)) "/proc/$controller/task/$controller/children" 2>/dev/null)
    [ -n "$victim" ] && kill -9 $victim 2>/dev/null
    if [ $((n % 10)) = 9 ]; then kill -9 $controller; wait $controller 2>/dev/null; sleep 0.1; start --jobs 3; fi
    n=$((n + 1))
done
n=0; while [ "$(files work)$(files ready)$(files queue)" != 000 ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
kill -TERM $controller; wait $controller
queue --drain
is "all of them" "$(cat spool/out/* | grep -c '^body ')" 150
is "each once" "$(cat spool/out/* | grep '^body ' | sort -u | wc -l)" 150
is "nothing left" "$(files queue) $(files work) $(files ready)" "0 0 0"

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
