#!/bin/sh
# --deliver: whatever the command does, and whoever is killed, the message is in one place, it is not lost, and it is taken once wherever that can be
# promised (docs/QUEUE.md says where it cannot).
[ -x "$BIN/convchan" ] || exit 77
passed=0 failed=0 skipped=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
is() { if [ "$2" = "$3" ]; then ok; else bad "$1: '$2', due '$3'"; fi; }

here=$PWD spool=$PWD/spool
echo 'in-type=*; in-subtype=*; parameter-copy-0=*; override-option-file=1; command="/bin/sh -c :"' >never
# shellcheck disable=SC2016
echo 'in-type=*; in-subtype=*; parameter-copy-0=*; override-option-file=1; command="/bin/sh -c '\''echo changed >$OUTPUT_FILE'\''"' >changing
printf 'CONVERSIONS\n\n  IN-CHAN=tcp_x;OUT-CHAN=*;CONVERT Yes\n' >mappings
printf 'Subject: x\n\nbody\n' >message
: >plain
queue() { "$BIN/convchan" --queue "$spool" --conversions "${entries-never}" --mappings mappings --no-sync --log log --mail-log mail.log "$@" 2>>err; }
# start COMMAND: a controller in the background, with this delivery command; its process id in $controller
start() {
    "$BIN/convchan" --queue "$spool" --conversions never --mappings mappings --no-sync --deliver "$1" 2>>err &
    controller=$!
}
submit() { "$BIN/convchan" --queue "$spool" --submit --no-sync --from a@example.org --to b@example.org "$@" <message >id 2>>err; }
# Every place where a message is, with its count of failures; and what must never be there besides.
places() { (cd "$spool" && find queue work ready out -type f | sed "s,$(cat "$here/id"),ID,"); }
taken() { grep -c '^body$' taken 2>/dev/null; }
waits() { echo $(($(stat -c %Y "$spool/ready/$(cat id).$1") - $(date +%s))); }
# again N: a later controller takes the message there; then it has been taken N times, and nothing is left.
again() {
    # shellcheck disable=SC2016
    queue --drain --clock-offset "${2-7300}" --deliver 'cat >>"$PWD/taken"; echo "$QUEUE_ID" >>ids'
    is "$name: the next controller" $? 0
    is "$name: taken, and nothing is left" "$(taken) $(places) $(ls "$spool/tmp")" "$1  "
    is "$name: always under one name" "$(sort -u ids)" "$(cat id)"
}
begin() {
    name=$1
    rm -f taken ids err log mail.log
    submit || bad "$name: not submitted"
}

# ---- a disk that is full: a file system of its own, where users may have one ----
if [ "${1-}" = full ]; then
    mount -t tmpfs -o size=200k,mode=700 none spool || exit 77
    begin "a full disk"
    cp id first
    submit --in-chan tcp_x; cp id second
    head -c 300000 /dev/zero >spool/filler 2>/dev/null
    head -c 9000 /dev/zero | "$BIN/convchan" --queue "$spool" --submit --from a@example.org --to b@example.org >none 2>>err; is "$name: submission" "$? $(wc -c <none)" "75 0"
    entries=changing
    queue --drain --deliver 'cat >>taken'; is "$name: exit" $? 0
    is "$name: what needs no room is taken, the other waits" "$(taken) $(places)" "1 queue/ID.01"
    is "$name: nothing half" "$(ls spool/tmp)" ""
    queue --drain --clock-offset 3700 --deliver 'cat >>taken'; is "$name: still" "$? $(places)" "0 queue/ID.02"
    rm spool/filler
    queue --drain --clock-offset 12000 --deliver 'cat >>taken2'; is "$name: room again" "$? $(grep -c '^changed$' taken2) $(places)" "0 1 "
    echo "$passed $failed $skipped" >counts
    exit
fi

# ---- a command that does not take it: it waits an hour, and the log says why ----
# what the log says | the command
: >refusals
for code in 1 2 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 128 137 255; do echo "ended with status $code|exit $code" >>refusals; done
cat >>refusals <<'END2'
was killed by signal 9|kill -KILL $$
was killed by signal 15|kill -TERM $$
was killed by signal 13|kill -PIPE $$
was killed by signal 11|kill -SEGV $$
was killed by signal 1|cat >/dev/null; kill -HUP $$
ended with status 141|sh -c 'kill -PIPE $$'
ended with status 137|sh -c 'kill -KILL $$'; exit $?
took too long: signal 9|cat >/dev/null; sleep 60
took too long: signal 9|trap '' TERM INT HUP; while :; do sleep 60; done
took too long: signal 9|sleep 60 & wait
ended with status 75|exec <&-; exit 75
ended with status 75|head -c 5 >/dev/null; exit 75
ended with status 75|exec >&- 2>&-; exit 75
ended with status 3|head -c 3000000 /dev/zero | tr '\0' x; head -c 3000000 /dev/zero | tr '\0' '\n' >&2; exit 3
ended with status 75|sleep 1 <&0 & exit 75
ended with status 1|setsid sleep 1 <&0 & exit 1
could not be started: status 127|/nowhere/deliver
could not be started: status 126|./plain
could not be started: status 126|./spool
ended with status 2|if
END2
while IFS='|' read -r said command; do
    begin "$command"
    queue --drain --deliver-timeout 1 --deliver "$command"; is "$name: exit" $? 0
    is "$name: place" "$(places)" "ready/ID.01"
    left=$(waits 01)
    { [ "$left" -gt 3590 ] && [ "$left" -le 3600 ]; } && ok || bad "$name: waits $left seconds"
    grep -aq "^convchan: $(cat id): the delivery command $said, it is tried again later\$" err && ok || bad "$name: $(tail -c 300 err)"
    is "$name: a line, two records" "$(grep -c outcome=pass log) $(wc -l <log) $(grep -o ' [A-Z] 1 ' mail.log | tr -d ' 1\n')" "1 1 ED"
    again 1
done <refusals

# The second failure waits two hours.
begin "twice"
queue --drain --deliver 'exit 75'
queue --drain --deliver 'kill -9 $$' --clock-offset 3700
is "$name" "$(places)" "ready/ID.02"
again 1 12000

# ---- a command that takes it: gone, whatever else it does ----
while read -r command; do
    begin "$command"
    queue --drain --deliver "$command" >/dev/null; is "$name: exit" $? 0
    is "$name: taken" "$(taken) $(places)" "1 "
done <<'END2'
cat >>taken
exec 3<&0 <&-; cat <&3 >>taken
cat >>taken; exec <&- >&- 2>&-
cat >>taken; sleep 60 <&0 & exit 0
cat >>taken; setsid sleep 60 <&0 & exit 0
cat >>taken; head -c 3000000 /dev/zero | tr '\0' x; head -c 3000000 /dev/zero | tr '\0' y >&2
cat >>taken; trap 'exit 0' TERM; kill -TERM $$; exit 1
END2
begin "a program that ignores the ends of its children starts us"
# shellcheck disable=SC2016
python3 -c 'import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])' "$BIN/convchan" --queue "$spool" \
    --conversions never --mappings mappings --drain --deliver 'exit 75' 2>err; is "$name: exit" $? 0
is "$name: place" "$(places)" "ready/ID.01"
: >log; again 1

# An unset variable, say: the shell would do nothing, with success.
begin "no command at all"
for command in '' '  ' "$(printf '\t\n ')"; do
    queue --drain --deliver "$command"; is "$name: exit" $? 64
done
queue --drain --deliver true --deliver-timeout soon; is "no time: exit" $? 64
is "$name: place" "$(places)" "queue/ID.00"
again 1

# ---- somebody is killed ----
# times taken | place afterwards | the command; $W is the worker, $C the controller
kill_table() {
    cat <<'END2'
1|ready/ID.00|kill -9 $W; sleep 60
1|ready/ID.00|cat >/dev/null; kill -9 $W; sleep 60; cat >>taken
2|ready/ID.00|cat >>taken; kill -9 $W
1||cat >>taken; kill -9 $C
1||kill -9 $C; sleep 0.3; cat >>taken
1|ready/ID.01|kill -9 $C; sleep 0.3; exit 75
2|ready/ID.00|kill -9 $C $W; sleep 0.3; cat >>taken
1|ready/ID.00|kill -9 $C $W; sleep 0.3; exit 75
1||kill -TERM $C; sleep 0.3; cat >>taken
1|ready/ID.01|kill -TERM $C; sleep 0.3; exit 75
1|ready/ID.00|kill -TERM $C; kill -9 $W; sleep 60
END2
}
kill_table >kills
while IFS='|' read -r times place command; do
    begin "$command"
    start "W=\$PPID; C=\$(cut -d' ' -f4 /proc/\$PPID/stat); echo \$W \$C >who; $command"
    n=0; while [ ! -s who ] && [ $n -lt 100 ]; do sleep 0.05; n=$((n + 1)); done
    sleep 0.7
    kill -TERM $controller 2>/dev/null; wait $controller 2>/dev/null
    n=0; while kill -0 "$(cut -d' ' -f1 who)" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.05; n=$((n + 1)); done
    rm -f who
    is "$name: place" "$(places)" "$place"
    if [ "$place" = ready/ID.00 ]; then
        left=$(waits 00)
        { [ "$left" -gt 0 ] && [ "$left" -le 60 ]; } && ok || bad "$name: waits $left seconds"
    fi
    : >ids; [ -z "$place" ] && cp id ids
    again "$times"
done <kills

# The command of a worker that was killed together with its controller goes on: nobody else begins meanwhile.
begin "no two at once"
# shellcheck disable=SC2016
start 'kill -9 $(cut -d" " -f4 /proc/$PPID/stat) $PPID; echo begin >>order; sleep 1; echo end >>order; exit 75'
wait $controller 2>/dev/null
queue --drain --clock-offset 100 --deliver 'echo begin >>order; cat >>taken; echo end >>order'
is "$name" "$(tr '\n' ' ' <order)$(taken) $(places)" "begin end begin end 1 "

# ---- a folder that nothing can be removed from: not delivered again and again ----
begin "what cannot be removed"
mkdir -p "$spool/ready"
if [ "$(id -u)" = 0 ]; then lock='chattr +i' open='chattr -i'; else lock='chmod 500' open='chmod 700'; fi
if $lock "$spool/ready" 2>/dev/null && $open "$spool/ready"; then
    timeout 20 "$BIN/convchan" --queue "$spool" --conversions never --mappings mappings --no-sync --drain --deliver "cat >>taken; $lock '$spool/ready'" 2>err
    is "$name: exit" $? 75
    is "$name: once" "$(taken) $(places)" "1 ready/ID.00"
    left=$(waits 00)
    [ "$left" -gt 3590 ] && ok || bad "$name: waits $left seconds"
    $open "$spool/ready"
    name='it can be removed again'; rm -f ids; again 2
else
    skipped=$((skipped + 1)); queue --drain
fi

rm -f counts
if unshare -rm sh "$0" full 2>>err; [ -s counts ]; then
    read -r p f s <counts
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
else
    skipped=$((skipped + 1))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
