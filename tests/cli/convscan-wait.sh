#!/bin/sh
# convscan --wait: a part whose variables come on standard input is scanned as any other; whatever is not a whole part is no verdict.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
passed=0 failed=0
is() { # NAME WANTED GOT
    if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1: $3 instead of $2"; fi
}

echo ':Test.Virus, "the needle of the virus" #' >rules.vdl
"$BIN/vdlc" -o rules.vdb rules.vdl >out.txt 2>&1 || { cat out.txt; exit 1; }
printf 'a line with the needle of the virus in it\n' >virus
printf 'nothing at all\n' >clean
: >none.conf

variables() { printf 'INPUT_FILE=%s\0OUTPUT_FILE=o/out\0OUTPUT_OPTIONS=o/options\0INPUT_TYPE=text\0INPUT_SUBTYPE=plain\0' "$1"; }
wait_for() { # standard input; sets rc
    rm -rf o; mkdir o
    env -i EXTRA=1 "$BIN/convscan" --config none.conf --db rules.vdb --wait "$@" 2>err
    rc=$?
}
left() { find o -type f; }

{ variables clean; printf '\0'; } >input
wait_for <input
is 'a clean part: status' 0 "$rc"
is 'a clean part: byte for byte' same "$(cmp clean o/out && echo same)"
{ variables virus; printf '\0'; } >input
wait_for <input
is 'an infected part: status' 0 "$rc"
is 'an infected part: a notice' 1 "$(grep -c 'removed by the mail server' o/out)"

# What is not whole: the exit status says so, and there is no file that could be taken for an answer.
: >nothing
variables clean >half
printf '\0' >empty
printf 'INPUT_FILE=clean\0OUTPUT_FILE=o/ou' >torn
printf 'OUTPUT_FILE=o/out\0OUTPUT_OPTIONS=o/options\0\0' >inputless
{ variables clean; printf 'NOVALUE\0\0'; } >odd
{ variables clean; printf 'LONG='; head -c 140000 /dev/zero | tr '\0' x; printf '\0\0'; } >long
for what in nothing half empty torn inputless odd long; do
    INPUT_FILE=virus OUTPUT_FILE=o/out wait_for <"$what"
    is "$what: status" 75 "$rc"
    is "$what: no files" '' "$(left)"
done
wait_for clean <input
is 'with paths: status' 75 "$rc"
wait_for --version <input
is 'with a question: status' 75 "$rc"

# Settings and databases are those of the time at which the part comes.
rm -rf dbs; mkdir dbs; cp rules.vdb dbs
printf '[scan]\ndatabase = dbs\n' >now.conf
"$BIN/convscan" --check-config --config now.conf || echo "FAIL settings"
mkfifo fifo
rm -rf o; mkdir o
env -i "$BIN/convscan" --config now.conf --wait <fifo 2>err &
exec 9>fifo
sleep 0.3
echo ':Test.Later, "nothing at all" #' >later.vdl
"$BIN/vdlc" -o later.vdb later.vdl >out.txt 2>&1 && mv later.vdb dbs/later.vdb
{ variables clean; printf '\0'; } >&9
exec 9>&-
wait $!
is 'a database that came while it waited' 1 "$(grep -c 'removed by the mail server' o/out)"
rm -rf o; mkdir o
env -i "$BIN/convscan" --config now.conf --wait <fifo 2>err &
exec 9>fifo
sleep 0.3
printf '[virus]\naction = hold\n[scan]\ndatabase = dbs\n' >next.conf && mv next.conf now.conf
{ variables clean; printf '\0'; } >&9
exec 9>&-
wait $!
is 'settings that came while it waited' 1 "$(grep -c 'STATUS=178030250' o/options)"

# Whoever handed the part over is told when all is in place. Both ends are one descriptor there.
is 'the word at the end' yes "$(python3 - "$BIN/convscan" <<'P'
import os, re, socket, subprocess, sys
ours, its = socket.socketpair()
os.makedirs('o', exist_ok=True)
p = subprocess.Popen([sys.argv[1], '--config', 'none.conf', '--db', 'rules.vdb', '--wait'], stdin=its, env={})
its.close()
ours.sendall(open('input', 'rb').read())
ours.shutdown(socket.SHUT_WR)
said = b''
while said.count(b'\n') < 2 and (got := ours.recv(100)):
    said += got
print('yes' if re.fullmatch(rb'ready\n0 \d+\n', said) and os.path.exists('o/out') and p.wait() == 0 else said)
P
)"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
