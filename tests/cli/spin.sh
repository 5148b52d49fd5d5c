#!/bin/sh
# The benchmark loops and the queue watch, with commands whose answers are known.
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
has() { if grep -q -e "$2" out; then ok; else bad "$1: no $2 in:"; cat out; fi; }
S=$ROOT/scripts

[ "$("$S/eicar" | cksum)" = "623667485 68" ] && ok || bad "eicar: $("$S/eicar" | cksum)"
"$S/eicar" >pristine; echo cleaned >working
"$S/vreset" pristine working; cmp -s pristine working && ok || bad "vreset"
"$S/vreset" missing working 2>err; [ $? = 64 ] && cmp -s pristine working && ok || bad "vreset without a source"

printf '#!/bin/sh\nfor f; do :; done\ncmp -s %s/pristine "$f" || exit 99\necho gone >"$f"\nexit 13\n' "$PWD" >engine; chmod +x engine
"$S/spin" -n 3 -e ./engine >out 2>err; [ $? = 0 ] && ok || bad "spin: $(cat err)"
has "a line a round" '^round 3: [0-9.]* s, processor [-0-9.]* s, exit 13$'
has "summary" '^3 rounds (.*): first .* least .* median .* mean .* most .* s$'
# As the field knows it: the engine's options, and timex where there is one.
printf '#!/bin/sh\necho "$*" >%s/args\nexit 13\n' "$PWD" >engine2; chmod +x engine2
mkdir classic; printf '#!/bin/sh\n"$@"; s=$?\nprintf "\\nreal        1:02.50\\nuser        0.25\\nsys         0.50\\n" >&2\nexit $s\n' >classic/timex; chmod +x classic/timex
TMPDIR=$PWD PATH=$PWD/classic:$PATH "$S/spin" -e ./engine2 >out 2>err
has "ten rounds, timex" '^10 rounds (timex): first 62.5000 s, least 62.5000 s, median 62.5000 s, mean 62.5000 s, most 62.5000 s$'
has "timex" '^round 10: 62.5000 s, processor 0.7500 s, exit 13$'
grep -q "^-m $PWD --clean --unzip /.*/infected-file.exe\$" args && ok || bad "spin: options $(cat args)"
"$S/spin" -n 1 -e ./missing >out 2>err; [ $? = 1 ] && ok || bad "spin without an engine"
"$S/spin" -n x >out 2>err; [ $? = 64 ] && ok || bad "spin: usage"

printf '#!/bin/sh\n[ "$NAME $INPUT_TYPE" = "test Application" ] && [ -s "$MESSAGE_HEADERS" ] && [ -s "$INPUT_HEADERS" ] || exit 9\n[ "$INPUT_FILE" %s "$OUTPUT_FILE" ] || exit 8\ncmp -s %s/pristine "$INPUT_FILE" || exit 7\n%s\n' = "$PWD" 'echo x >"$OUTPUT_FILE"' >cmd; chmod +x cmd
"$S/spin-script" -n 3 ./cmd >out 2>err; [ $? = 0 ] && ok || bad "spin-script: $(cat out err)"
has "one file for both" '^round 3: .* exit 0, changed$'
sed 's/ = "$OUTPUT_FILE"/ != "$OUTPUT_FILE"/; s/echo x.*/cp "$INPUT_FILE" "$OUTPUT_FILE"/' cmd >cmd2; chmod +x cmd2
"$S/spin-script" -s -n 2 ./cmd2 >out 2>err; [ $? = 0 ] && ok || bad "spin-script -s: $(cat out err)"
has "two files" '^round 2: .* exit 0, passed$'
"$S/spin-script" -n 1 sh -c 'echo STATUS=178030250 >"$OUTPUT_OPTIONS"' >out 2>err; has "status" 'exit 0, status 178030250$'
"$S/spin-script" -n 1 false >out 2>err; [ $? = 1 ] && ok || bad "spin-script: a failing command"
if [ -x "$BIN/convscan" ] && [ -d "$BIN/../share/convscan" ]; then
    "$S/spin" -n 2 -e "$BIN/uvscan" >out 2>err; has "the real engine" '^round 2: .* exit 1[239]$'
    "$S/spin-script" -n 2 "$BIN/convscan" >out 2>err; has "the real program, one file for both" '^round 2: .* exit 0, changed$'
fi

mkdir -p spool/queue spool/work spool/ready
"$S/queue-watch" -c 1 spool >out; [ $? = 0 ] && ok || bad "queue-watch: empty"
has "empty" 'depth      0  change     +0'
touch spool/queue/a.00 spool/queue/b.01 spool/work/c.00 spool/queue/d.HELD
"$S/queue-watch" -c 1 -w 2 spool >out; [ $? = 1 ] && ok || bad "queue-watch: threshold"
has "held messages do not count" 'depth      3 .*WARNING: more than 2 messages'
(sleep 0.5; touch spool/queue/e.00) & "$S/queue-watch" -c 2 -i 1 spool >out; wait; has "change" 'depth      4  change     +1'
sleep 1.2; mv spool/queue/a.00 spool/work/a.00
"$S/queue-watch" -c 1 -a 0 spool >out; { [ $? = 1 ] && grep -q 'oldest *[1-9][0-9]* s  WARNING: oldest above 0 s' out; } && ok || bad "queue-watch: age: $(cat out)"
mkdir -p bin post/incoming post/active/A post/deferred/B post/hold; printf '#!/bin/sh\necho %s/post\n' "$PWD" >bin/postconf; chmod +x bin/postconf
touch post/incoming/1 post/active/A/2 post/deferred/B/3 post/hold/4
PATH=$PWD/bin:$PATH "$S/queue-watch" -c 1 postfix >out; has "postfix" 'depth      3 '
printf '#!/bin/sh\necho "channel  messages  size"; echo "conversion 120 4K"; echo "tcp_local 5 1K"; echo "Total 125 5K"\n' >bin/imsimta; chmod +x bin/imsimta
PATH=$PWD/bin:$PATH "$S/queue-watch" -c 1 imsimta >out; has "all channels" 'depth    125 .*WARNING'
PATH=$PWD/bin:$PATH "$S/queue-watch" -c 1 -q tcp_local imsimta >out; has "one channel" 'depth      5 '
"$S/queue-watch" -c 1 ./nowhere >out 2>err; [ $? = 69 ] && ok || bad "queue-watch: no source"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
