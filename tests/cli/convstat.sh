#!/bin/sh
# convstat on made-up logs with known answers.
[ -x "$BIN/convstat" ] || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
has() { if grep -q -e "$2" out; then ok; else bad "$1: no $2 in:"; cat out; fi; }
stat() { "$BIN/convstat" "$@" >out 2>err; rc=$?; }
cat >parts <<'END'
time=2026-01-02T03:04:05.000000Z id=m1 part=1 in=tcp_local out=ims-ms type=text/plain name=- class=clean sig=- action=pass size=1000 objects=1 bytes=1000 us=1000 cpu_us=500 db=0
time=2026-01-02T03:04:06.000000Z id=m1 part=2 in=tcp_local out=ims-ms type=x/y name="a b" class=virus sig=X action=replace size=3000 objects=1 bytes=3000 us=3000 cpu_us=1500 db=0
time=2026-01-02T03:04:07.000000Z id=m2 part=1 in=l out=l type=x/y name=- class=spam sig=Y except=spam-ex:Z action=tag size=60000 objects=1 bytes=60000 us=2000 cpu_us=1000 db=0
something else
END
stat summary parts
[ $rc = 0 ] && ok || bad "summary: exit $rc"
has "stats" '^Stats: vir:1 ext:0 spam:1 vir-ex:0 ext-ex:0 spam-ex:1 clean:1 msgs:2 bytes:64000 vf:0.003 vs:0.006 lock:0$'
has "class" '^virus  *1  *3000  *3000  *3000  *0.00[12]  *0.003  *3.00  *3.00'
has "channel" '^tcp_local>ims-ms  *2  *4000  *3000  *2000 '
has "size" '^above 50000  *1  *60000'
i=0; while [ $i -lt 60 ]; do
    p=$((i % 4 + 1)) b=$((i * 137 % 50 * 1000))
    echo "time=$((1000 + i)).5 id=m$i outcome=pass size=$b parts=$p commands=$p attempts=0 us=$((2000 + 1000 * p + b / 10)) cpu_us=$((1000 + 500 * p)) delay_us=5 worker=0"
    i=$((i + 1))
done >messages
stat solve messages
has "t00" '^t00 0.0020'
has "t0" '^t0  0.0010'
has "ts" '^ts  0.000000100'
has "R2" '^R2  1.0000'
has "plot" '^0|'
stat plan --rate 1000 --cpus 4 --target-delay 1 messages
[ $rc = 0 ] && ok || bad "plan: exit $rc"
jobs=$(sed -n 's/.* maxjobs \([0-9]*\) .*/\1/p' out)
[ "$(sed -n 's/.*job_limit=//p' out)" = "$jobs" ] && [ "$jobs" -gt 2 ] && ok || bad "plan: jobs '$jobs'"
stat plan --rate 100000 --cpus 4 messages
[ $rc = 1 ] && ok || bad "plan: one host is not enough, exit $rc"
has "hosts" 'hosts of this kind are needed'
stat plan --batch 1000 --jobs 2 --cpus 2 messages
has "batch" '2 jobs: .* of 1000 after'
# A second busy processor costs 30 %: messages one by one, then in pairs.
i=0; while [ $i -lt 100 ]; do
    echo "time=$((2000 + i)).000000 id=a$i outcome=pass size=5000 parts=2 commands=2 attempts=0 us=10000 cpu_us=10000 delay_us=10000 worker=0"
    echo "time=$((3000 + i)).000000 id=b$i outcome=pass size=5000 parts=2 commands=2 attempts=0 us=13000 cpu_us=13000 delay_us=13000 worker=0"
    echo "time=$((3000 + i)).000000 id=c$i outcome=pass size=5000 parts=2 commands=2 attempts=0 us=13000 cpu_us=13000 delay_us=13000 worker=1"
    i=$((i + 1))
done >pairs
stat plan --batch 1000 --jobs 2 --cpus 2 pairs; has "what logs tell of busy processors" 'a second busy processor: +30%$'
grep ' id=a' pairs >alone; stat plan --batch 1000 --jobs 2 --cpus 2 alone; has "what one log cannot tell" 'a second busy processor: +15%$'
stat plan --rate 60/m --jobs 1 messages
has "rate a minute" 'planned:  1.00 messages a second'
stat summary missing; [ $rc = 75 ] && ok || bad "missing log: $rc"
echo nothing | "$BIN/convstat" summary >out 2>err; [ $? = 1 ] && ok || bad "no records"
stat nonsense; [ $rc = 64 ] && ok || bad "usage: $rc"
stat plan --rate x messages; [ $rc = 64 ] && ok || bad "usage: $rc"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
