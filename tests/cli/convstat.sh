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
# A hundred parts of 1 to 100 ms and 1,000 to 100,000 bytes, not in order.
i=0; while [ $i -lt 100 ]; do
    v=$((i * 37 % 100 + 1)) i=$((i + 1))
    echo "time=$((3000 + i)).5 id=h$i part=1 in=a out=b type=x/y name=- class=clean sig=- action=pass size=${v}000 objects=1 bytes=${v}000 us=${v}000 cpu_us=$((v * 500)) db=0"
done >hundred
stat summary hundred
has "total, max, average, seconds, percentiles" '^clean  *100  *5050000  *100000  *50500  *2.525  *5.050  *100.00  *50.50  *50.[05]0  *9[56].[0-9]*  *99.[0-9]*$'
has "by channel" '^a>b  *100  *5050000  *100000  *50500  *2.525  *5.050 '
for row in 'to 2000  *2  *3000  *2000  *1500 ' 'to 10000  *8  *52000  *10000  *6500 ' 'to 50000  *40  *1220000  *50000  *30500 ' 'above 50000  *50  *3775000  *100000  *75500 '; do
    has "by size" "^$row"
done
cat hundred parts | "$BIN/convstat" summary >out 2>err; has "one line for all" '^Stats: vir:1 ext:0 spam:1 vir-ex:0 ext-ex:0 spam-ex:1 clean:101 msgs:102 bytes:5114000 vf:2.528 vs:5.056 lock:0$'
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
# Exactly the lines of the samples, to be pasted as they stand.
grep -v -e '^!' -e '^$' "$ROOT/imta/imta.cnf.sample" "$ROOT/imta/job_controller.cnf.sample" -h | grep -e conversion -e POOL -e job_limit |
    grep -v '\$U%' | sed 's/\(maxjobs \|job_limit=\)3/\1N/' | sort >lines.due
sed '1,/^! imta.cnf$/d' out | grep -v -e '^!' -e '^$' | sed 's/\(maxjobs \|job_limit=\)[0-9]*/\1N/' | sort >lines
[ "$(wc -l <lines)" = 4 ] && cmp -s lines lines.due && ok || bad "plan: lines: $(diff lines lines.due)"
jobs=$(sed -n 's/.* maxjobs \([0-9]*\) .*/\1/p' out)
[ "$(sed -n 's/.*job_limit=//p' out)" = "$jobs" ] && [ "$jobs" -gt 2 ] && ok || bad "plan: jobs '$jobs'"
stat plan --rate 100000 --cpus 4 messages
[ $rc = 1 ] && ok || bad "plan: one host is not enough, exit $rc"
host=$(sed -n 's/.*full at \([0-9.]*\) messages.*/\1/p' out) hosts=$(sed -n 's/.*; \([0-9]*\) hosts of this kind are needed$/\1/p' out)
awk -v x="$host" -v n="$hosts" 'BEGIN { exit !(n > 1 && n * x * 0.8 >= 100000 && (n - 1) * x * 0.8 < 100000) }' && ok || bad "hosts: $(tail -1 out)"
[ "$(grep -c maxjobs out)" = 0 ] && ok || bad "not enough, and lines to paste"
stat plan --batch 1000000 --cpus 4 --target-delay 10 messages
[ $rc = 1 ] && ok || bad "plan: a batch beyond one host, exit $rc"
has "hosts for a batch" '; [1-9][0-9]* hosts of this kind are needed for that time$'
stat plan --batch 1000 --jobs 2 --cpus 2 messages
has "batch" '2 jobs: .* of 1000 after'
# Handing out takes 2 ms in a storm; a message of a stream is noticed after 3 ms; one that is tried again says nothing of either.
i=0; while [ $i -lt 50 ]; do
    i=$((i + 1))
    awk -v i=$i 'BEGIN { printf "time=%.6f id=w%d outcome=pass size=5000 parts=1 commands=1 attempts=0 us=10000 cpu_us=10000 delay_us=%d worker=0\n", 5000 + i * 0.012, i, i * 12000 }'
done >storm
i=0; while [ $i -lt 50 ]; do
    i=$((i + 1))
    echo "time=$((6000 + i)).000000 id=s$i outcome=pass size=5000 parts=1 commands=1 attempts=0 us=10000 cpu_us=10000 delay_us=13000 worker=0"
done >stream
i=0; while [ $i -lt 50 ]; do
    i=$((i + 1))
    echo "time=$((6000 + i)).500000 id=r$i outcome=pass size=5000 parts=1 commands=1 attempts=1 us=10000 cpu_us=10000 delay_us=3600000000 worker=0"
done >again
stat plan --batch 1000 --jobs 1 storm; has "handing out" '1 jobs: 83.3 messages a second'
stat plan --rate 0.1 --jobs 1 storm; has "nobody was without work" 'delay 50% 0.0100 s'
stat plan --batch 1000 --jobs 1 stream; has "a stream says nothing of handing out" '1 jobs: 100.0 messages a second'
stat plan --rate 0.1 --jobs 1 stream; has "being noticed" 'delay 50% 0.0130 s'
stat plan --batch 1000 --jobs 1 stream again; has "waits of an hour are no handing out" '1 jobs: 100.0 messages a second'
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
