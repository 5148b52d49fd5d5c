#!/bin/sh
# Every verdict, every switch that decides what one means, and the exit status that follows.
[ -x "$BIN/convchan" ] || exit 77
passed=0 failed=0
export TMPDIR=$PWD/tmp
mkdir tmp

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }

entry='in-type=*; in-subtype=*; parameter-copy-0=*; dparameter-copy-0=*;
  override-header-file=1; override-option-file=1; message-header-file=2; original-header-file=1;'
printf '%s\n  command="/bin/sh %s/cmd"\n' "$entry" "$PWD" >conversions
printf 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n' >mappings
cat >two <<'END'
Subject: two parts
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain; charset=us-ascii

one
--x
Content-Type: text/plain; name=two.txt
Content-Disposition: attachment; filename=two.txt

two
--x--
END

sed -e "s/^one\$//" -e "s/^two\$//" two >empty
# try NAME WANTED-EXIT WANTED-OUTPUT [option…]: ./cmd is the command; WANTED-OUTPUT is a file, or - for no output
try() {
    name=$1 want=$2 file=$3
    shift 3
    "$BIN/convchan" --conversions conversions --mappings mappings --report report "$@" <two >out 2>err
    rc=$?
    [ "$rc" = "$want" ] || { bad "$name: exit $rc, due $want: $(cat err)"; return; }
    if [ "$file" = - ]; then [ ! -s out ]; else cmp -s out "$file"; fi || { bad "$name: not the message that was due"; cat out; return; }
    [ -z "$(ls -A tmp)" ] || { bad "$name: left behind $(ls -AR tmp)"; rm -rf tmp; mkdir tmp; return; }
    ok
}
cp='cp "$INPUT_FILE" "$OUTPUT_FILE"'
status() { echo "$cp; [ \"\${PART_NUMBER-$1}\" = $1 ] && echo STATUS=$2 >\"\$OUTPUT_OPTIONS\"; exit 0" >cmd; }

echo "$cp" >cmd;                               try "copy" 0 two
echo "$cp; echo STATUS=1 >\"\$OUTPUT_OPTIONS\"" >cmd; try "status 1" 0 two
status 2 178029946;  try "return" 11 -
status 2 178029947;  try "return with a sample" 11 -
status 2 178030098;  try "postmaster" 13 -
status 2 178030250;  try "hold" 10 -
status 2 178030259;  try "discard" 12 -
status 2 178030307;  try "jettison" 12 -
status 2 178028698;  try "again" 75 -
status 2 178030130;  try "as is" 0 two
status 2 2;          try "unknown, even: failure, passed as it is" 0 two
status 2 2;          try "unknown, even: failure, retried" 75 - -S on-nonzero-exit=retry
status 2 5;          try "unknown, odd: success" 0 two -S on-nonzero-exit=retry
status 2 5;          try "unknown is failure" 10 - -S unknown-status=failure -S on-nonzero-exit=hold
status 2 0x0A9C86AA; try "hexadecimal is not read: no verdict, no delivery" 75 -
status 2 0x0A9C86AA; try "hexadecimal" 10 - -S status-syntax=decimal+0x
status 2 "";         try "an empty status" 75 -
status 2 17803x;     try "half a status" 75 -
status 2 178030259;  try "discard is unknown to 6.0" 0 two -S version=6.0-2005Q4
status 2 178028698;  try "again is unknown to 6.0" 75 - -S version=6.0-2005Q4 -S on-nonzero-exit=retry
status 2 178027000;  try "NOCHANGE of PMDF" 0 two -S version=pmdf6 -S nochange-status=178027000 -S on-nonzero-exit=retry
status 2 178027002;  try "BITBUCKET of PMDF" 12 - -S version=pmdf6 -S bitbucket-status=178027002

# What each version knows: any other number is one it does not know, and these switches tell success from failure by the exit status.
for known in 178029946:11:11:11 178029947:11:0:0 178030098:13:75:75 178030130:0:75:75 178030178:0:0:0 178030250:10:10:10 \
    178030259:12:0:12 178030307:12:0:0 178028698:75:75:75; do
    old_ifs=$IFS IFS=:; set -- $known; IFS=$old_ifs
    number=$1
    for version in 6.3+ 6.0-2005Q4 pmdf6; do
        shift
        status 2 $number
        "$BIN/convchan" --conversions conversions --mappings mappings -S version=$version -S on-nonzero-exit=retry <two >out 2>err
        is=$?
        [ $is = "$1" ] && ok || bad "$number in $version: exit $is, due $1"
    done
done
status 2 178030130;  try "as is is a failure to 6.0, and that passes it as it is" 0 two -S version=6.0-2005Q4

# Part 2 goes: with its delimiter, the rest as it was.
status 2 178030178
sed '/^one$/q' two >without; echo "--x--" >>without
try "delete" 0 without
status 1 178030178
{ sed '/^--x$/q' two; sed -n '/name=two.txt$/,$p' two; } | awk '/^Content-Disposition/ { print; next } { print }' >without
try "delete the first" 0 without

# Exit status, signals, nothing at all.
echo "$cp; exit 3" >cmd;        try "exit 3: unchanged" 0 two
grep -q '"exit":3.*"verdict":"unchanged"' report && ok || bad "exit 3: not in the report"
echo "$cp; exit 3" >cmd;        try "exit 3: retry" 75 - -S on-nonzero-exit=retry
echo "$cp; exit 3" >cmd;        try "exit 3: hold" 10 - -S on-nonzero-exit=hold
echo 'echo STATUS=178030250 >"$OUTPUT_OPTIONS"; exit 3' >cmd; try "exit 3 with a status: the status is not read" 0 two
echo 'kill -9 $$' >cmd;         try "killed: retry" 75 -
echo 'kill -9 $$' >cmd;         try "killed: unchanged" 0 two -S on-signal-or-timeout=unchanged
echo 'exec /no/such/program' >cmd; try "not there: retry" 75 -
echo 'sleep 60' >cmd;           try "too slow: retry" 75 - -S timeout=1
echo 'sleep 60' >cmd;           try "too slow: unchanged" 0 two -S timeout=1 -S on-signal-or-timeout=unchanged
echo ':' >cmd;                  try "no output: failure, unchanged" 0 two
echo ':' >cmd;                  try "no output: failure, retried" 75 - -S on-nonzero-exit=retry
echo ':' >cmd;                  try "no output: original" 0 two -S on-missing-output=original -S on-nonzero-exit=retry
echo ': >"$OUTPUT_FILE"' >cmd;  try "an empty output is an empty part" 0 empty -S on-missing-output=original
echo 'mkdir "$OUTPUT_FILE"' >cmd; try "the output is a folder" 75 -
echo 'mkfifo "$OUTPUT_FILE"' >cmd; try "the output is a FIFO" 75 -
echo "$cp; mkdir \"\$OUTPUT_OPTIONS\"" >cmd; try "the options are a folder" 75 -
echo "$cp; head -c 100000 /dev/zero >\"\$OUTPUT_OPTIONS\"" >cmd; try "options beyond the ceiling" 75 -
echo 'head -c 2000 /dev/zero >"$OUTPUT_FILE"' >cmd; try "output beyond the ceiling" 75 - -S max-output=1000
echo "$cp; mkdir -p a/b/c; touch a/b/c/d; chmod 500 a/b; ln -s / a/root" >cmd; try "a command that litters" 0 two

# Which of two verdicts.
echo 'case $PART_NUMBER in 1) echo STATUS=178029946;; 2) echo STATUS=178030250;; esac >"$OUTPUT_OPTIONS"' >cmd
try "return and hold: the first" 11 -
[ "$(wc -l <report)" = 1 ] && ok || bad "the first: later parts were run"
try "return and hold: the more severe" 10 - -S multi-verdict=most-severe
echo 'case $PART_NUMBER in 1) echo x >"$OUTPUT_FILE";; 2) echo STATUS=178030130 >"$OUTPUT_OPTIONS";; esac' >cmd
try "changed, then as is: the message" 0 two
sed 's/^one$/x\n/' two >changed      # its last line end is content, the delimiter has its own
try "changed, then as is: the rest" 0 changed -S force-as-is=rest
printf 'case $PART_NUMBER in 1) printf "STATUS=178030250\\nSTATUS=1\\n";; *) echo STATUS=1;; esac >"$OUTPUT_OPTIONS"\n%s\n' "$cp" >cmd
try "two lines: the last" 0 two
try "two lines: the first" 10 - -S duplicate-option=first

# Options without the clause that has them read.
sed 's/override-option-file=1/override-option-file=0/' conversions >c2 && mv c2 conversions
echo "$cp; [ -z \"\$OUTPUT_OPTIONS\" ] || echo STATUS=178030250 >\"\$OUTPUT_OPTIONS\"" >cmd
try "verdicts without override-option-file" 0 two

# Mappings decide.
printf 'CONVERSIONS\n\n  IN-CHAN=tcp_*;OUT-CHAN=*;CONVERT Yes\n' >mappings
echo 'echo changed >"$OUTPUT_FILE"' >cmd
try "not diverted" 0 two --in-chan l
"$BIN/convchan" --conversions conversions --mappings mappings --in-chan tcp_local <two >out 2>err
grep -q changed out && ok || bad "diverted"

printf 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT No\n' >mappings
try "not diverted" 0 two
"$BIN/convchan" --conversions conversions --mappings mappings --to user@Conversion.example.org <two >out 2>err
grep -q changed out && ok || bad "addressed to the channel: $(cat err)"
printf 'CONVERSIONS\n\n  IN-CHAN=conversion;OUT-CHAN=l;CONVERT Channel=conversion_2\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n' >mappings
try "own output" 0 two --in-chan conversion
"$BIN/convchan" --conversions conversions --mappings mappings --in-chan conversion --out-chan l <two >out 2>err
grep -q changed out && ok || bad "a second conversion channel"

# Wrong use.
use() { want=$1; shift; "$BIN/convchan" "$@" <two >out 2>err; rc=$?; { [ $rc = "$want" ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ]; } && ok || bad "$*: exit $rc: $(cat err)"; }
use 64 --no-such-option
use 64 -S nonsense=1
use 64 -S timeout=never
use 64 --conversions
use 64 operand
use 65 --conversions missing --mappings mappings
use 65 --conversions conversions --mappings missing
use 65 --conversions . --mappings mappings
echo 'in-type=*; command="x' >broken
use 65 --conversions broken --mappings mappings
grep -q '^convchan: broken:1: ' err && ok || bad "no file and line: $(cat err)"
use 75 --conversions conversions --mappings mappings -S max-message=10
"$BIN/convchan" --conversions conversions --mappings mappings <two >/dev/full 2>err
[ $? = 75 ] && ok || bad "a full disk behind standard output"

# Asked to stop: the command is killed, nothing is delivered, nothing stays behind.
echo 'echo $$ >'"$PWD"'/pid; sleep 60' >cmd
"$BIN/convchan" --conversions conversions --mappings mappings <two >out 2>err &
pid=$!
n=0; while [ ! -s pid ] && [ $n -lt 100 ]; do sleep 0.05; n=$((n + 1)); done
kill -TERM $pid; wait $pid; rc=$?
{ [ $rc = 75 ] && [ ! -s out ] && [ -z "$(ls -A tmp)" ]; } && ok || bad "stopped: exit $rc, $(ls -A tmp)"
kill -0 "$(cat pid)" 2>/dev/null && bad "the command still runs" || ok

printf 'in-type=*; command="cp $INPUT_FILE $OUTPUT_FILE"\n' >conversions
echo kept >log
"$BIN/convchan" --conversions conversions --report /dev/stderr <two >out 2>>log
{ [ "$(head -n 1 log)" = kept ] && grep -q '"part"' log; } && ok || bad "a report at the end of a log: $(cat log)"
echo kept >log
"$BIN/convchan" --conversions conversions --report log <two >out 2>>log
{ [ "$(head -n 1 log)" = kept ] && grep -q '"part"' log; } && ok || bad "a report in the log that is standard error: $(cat log)"
"$BIN/convchan" --conversions conversions --report out <two >out 2>err
{ [ $? = 64 ] && [ ! -s out ]; } && ok || bad "a report in the message: $(cat out err)"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
