#!/bin/sh
# convtop: one look at a spool, a server's queue, a log; a status written, read, damaged; hostile words.
[ -x "$BIN/convtop" ] || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
has() { if grep -q -e "$2" out; then ok; else bad "$1: no $2 in:"; cat out; fi; }
top() { "$BIN/convtop" --quarantine keep --log log --databases db --flood flood "$@" >out 2>err; rc=$?; }

mkdir -p spool/queue spool/work spool/ready spool/out keep/new keep/cur db
for i in 1 2 3; do echo "message $i" >"spool/queue/m$i.00"; done
echo held >spool/queue/m9.HELD
echo busy >spool/work/m4.00
echo part >keep/new/p1
: >db/rules.vdb
now=$(date -u +%Y-%m-%dT%H:%M:%S.000000Z)
line() { printf 'time=%s id=%s part=1 in=a out=b type=text/plain name=- class=%s sig=- action=pass size=10 objects=1 bytes=10 us=%s cpu_us=5 db=0\n' "$1" "$2" "$3" "$4"; }
{
    line "$now" m1 clean 1000
    line "$now" m2 clean 3000
    line "$now" "$(printf 'm3\033[31m')" virus 250000
    line 2001-01-01T00:00:00.000000Z old spam 1
    echo "no record"
} >log
top --queue spool; [ $rc = 0 ] && ok || bad "exit $rc"
has "waiting" '^waiting  *3 .* XXX$'
has "held" '^held  *1 .* X$'
has "working" '^working  *1 '
has "quarantine" '^quarantine  *1 '
has "clean" '^clean  *2  *0.0  *2.00  *3.00'
has "virus" '^virus  *1 .* 250.00'
has "slowest" '^  250.00 virus '
has "database" '^database .* old'
grep -q spam out && bad "an old line counts" || ok
LC_ALL=C tr -d '\n -~' <out | grep -q . && bad "control characters" || ok
top --queue spool --write status; [ $rc = 0 ] && ok || bad "write: $rc"
sed 's/^host [^ ]*/host other/' status >other
top --queue spool other; has "two hosts" 'other  '
has "side by side" '^waiting .*XXX  *waiting .*XXX$'
printf 'host a\033[2J nan inf -1 1e999 0\nnonsense\n' >>other
top other; [ $rc = 0 ] && ok || bad "damaged status: $rc"
grep -q 'not of the expected' err && ok || bad "damaged status: $(cat err)"
printf 'convscan-status 1\nhost a nan inf 1e300 1e300 1e300\nqueue q 1e300 1e300 nan\nclass c nan 1e300 -1\n' >other
top other; [ $rc = 0 ] && ok || bad "strange numbers: $rc"
mkdir -p mtaq/conversion/001 mtaq/ims-ms
: >mtaq/conversion/001/ZZa.00; : >mtaq/conversion/ZZb.01; : >mtaq/conversion/ZZc.HELD
top -q mtaq; has "channel" '^conversion  *2 .* XX$'
has "its held" '^conversion hel.* 1 .* X$'
i=0; while [ $i -lt 90 ]; do : >"spool/queue/x$i.00"; i=$((i + 1)); done
top -q spool; has "many" '^waiting  *93 .*X+$'
top --window x; [ $rc = 64 ] && ok || bad "window: $rc"
top --nonsense; [ $rc = 64 ] && ok || bad "option: $rc"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
