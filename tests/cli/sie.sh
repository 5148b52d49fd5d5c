#!/bin/sh
# The small tools of SIE: what each prints, and that qtool moves whole messages.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/convchan" ]; } || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
PATH=$BIN:$PATH
sie=$ROOT/scripts/sie
t=$("$sie" Time); sleep 0.2
[ "$("$sie" Time "$t" | awk '{ print ($1 >= 0.2 && $1 < 60) }')" = 1 ] && ok || bad "Time"
TZ=UTC; export TZ
[ "$(printf 'b: 1700000000.5\na: 1600000000\n1650000000\n' | "$sie" Ctime)" = 'a: 2020-09-13 12:26:40
2022-04-15 05:20:00
b: 2023-11-14 22:13:20' ] && ok || bad "Ctime"
[ "$(printf 'b: 1700000000\na: 1600000000\n' | "$sie" Ctime -s | head -n 1)" = 'b: 2023-11-14 22:13:20' ] && ok || bad "Ctime -s"

mkdir logs; : >logs/one; : >logs/two
timeout 20 "$sie" ptail -d logs one two >followed & follower=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
    echo x >>logs/one; echo y >>logs/two; sleep 0.3
    grep -q '^one: x$' followed && grep -q '^two: y$' followed && break
done
kill -TERM $follower; wait $follower 2>/dev/null
grep -q '^one: x$' followed && grep -q '^two: y$' followed && ok || bad "ptail: $(cat followed)"

printf 'Subject: one\n\nfirst\n' | convchan --queue a --submit --from x@example.org --to y@example.com
{ printf 'From: x@example.org\nTo: y@example.com\nSubject: two\n\n'; "$ROOT/scripts/eicar"; } | convchan --queue a --submit --hold --from x@example.org --to y@example.com
: >conversions; printf 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT No\n' >mappings
convchan --queue b --drain --deliver true --conversions conversions --mappings mappings
first=$(basename a/queue/*.00) second=$(basename a/queue/*.HELD)
[ "$("$sie" mailq -oQa | wc -l)" = 2 ] && "$sie" mailq -oQa | grep -q "^$first [0-9]*$" && ok || bad "mailq"
[ "$("$sie" msgcat -oQa "${first%.*}")" = "$(printf 'Subject: one\n\nfirst')" ] && ok || bad "msgcat: $("$sie" msgcat -oQa "${first%.*}")"
"$sie" msgscan -oQa "${first%.*}" >out; [ $? = 0 ] && grep -q "^${first%.*}: OK$" out && ok || bad "msgscan, clean: $(cat out)"
ln -s "$sie" msgscan
./msgscan -oQa "${first%.*}" "${second%.*}" >out; [ $? = 1 ] && grep -q "^${second%.*}: EICAR.* FOUND$" out && ok || bad "msgscan, infected: $(cat out)"
cp a/queue/"$first" before
"$sie" qtool a b "${first%.*}" && [ ! -e "a/queue/$first" ] && cmp -s before "b/queue/$first" && ok || bad "qtool"
cp before "a/queue/$first"
"$sie" qtool a b "${first%.*}" 2>err; [ $? = 2 ] && [ -e "a/queue/$first" ] && cmp -s before "b/queue/$first" && ok || bad "qtool, there already"
"$sie" msgcat -oQa none 2>err; [ $? = 2 ] && ok || bad "no such message"
"$sie" what 2>err; [ $? = 64 ] && grep -q '^usage' err && ok || bad "usage"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
