#!/bin/sh
# File mode: the lines, JSON, exit statuses, options, and what uvscan's users expect.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
check() { what=$1; shift; if "$@" >check.out 2>&1; then ok; else bad "$what: $(head -c 300 check.out)"; fi; }
scan() { "$BIN/convscan" --db r.vdb "$@" >out 2>err; rc=$?; }
says() { [ "$rc" = "$1" ] && grep -qxF -- "$2" out; }

printf ':Test.Needle, "the needle" #\n:Test.Pin, "the pin" #\n' >r.vdl
"$BIN/vdlc" -o r.vdb r.vdl >out 2>&1 || { cat out; exit 1; }
mkdir -p d/e moved
printf 'clean\n' >d/clean
printf 'here is the needle and the pin\n' >d/e/hit
cp d/e/hit hit
tar cf a.tar d && gzip -c a.tar >a.tar.gz

scan d/clean;                  check "a clean file" says 0 'd/clean: OK'
scan hit;                      check "a hit" says 1 'hit: Test.Needle FOUND'
scan missing;                  check "a missing file" says 2 'missing: no such file ERROR'
scan d;                        check "a folder without -r" says 2 'd: not a regular file ERROR'
mkfifo fifo; scan fifo;        check "a FIFO does not block" says 2 'fifo: not a regular file ERROR'
scan -r d;                     check "-r" says 1 'd/e/hit: Test.Needle FOUND'
check "-r lists the clean ones as well" grep -qxF 'd/clean: OK' out
scan --quiet -r d;             check "--quiet" sh -c '! grep -q OK out && grep -q FOUND out'
scan hit missing;              check "trouble weighs more than a hit" [ "$rc" = 2 ]
"$BIN/convscan" --db r.vdb - <hit >out; rc=$?; check "standard input" says 1 '-: Test.Needle FOUND'
scan a.tar.gz;                 check "tar.gz" [ "$rc" = 1 ]
scan --raw a.tar.gz;           check "--raw opens nothing" says 0 'a.tar.gz: OK'
scan -- hit;                   check "--" [ "$rc" = 1 ]
scan --no-such hit;            check "an unknown option" [ "$rc" = 2 ]
scan;                          check "no operand" [ "$rc" = 2 ]
nl='a
b: OK'
cp hit "$nl"; scan "$nl";      check "a name with a line end is one line" [ "$(wc -l <out)" = 1 ]
scan --json "$nl";             check "… in JSON too" [ "$(wc -l <out)" = 1 ]
check "… and says the name" grep -qF '"path":"a\u000ab: OK"' out

scan --json --all hit
check "JSON" grep -q '^{"path":"hit","verdict":"found","class":"virus","name":"Test.Needle","member":"","type":"text","size":31,"objects":' out
check "--all: both" sh -c 'grep -q "\"hits\":.*Test.Needle.*Test.Pin" out'
scan --json d/clean;           check "JSON of a clean file" grep -q '"verdict":"clean","class":"clean","name":""' out
scan --json missing;           check "JSON of trouble" grep -q '"verdict":"error","class":"error"' out
scan --explain a.tar.gz;       check "--explain shows the members" sh -c 'grep -q "d/e/hit \[tar\]" err'
scan --db r.vdb hit;           check "--db twice" [ "$rc" = 1 ]
"$BIN/convscan" --db nothing.vdb hit >out 2>err; rc=$?; check "a missing database" [ "$rc" = 2 ]
"$BIN/convscan" --version >out 2>err; check "--version" grep -q '^convscan ' out
"$BIN/convscan" --selftest >out 2>err; check "--selftest with the shipped rules" [ $? = 0 ]
grep -q 'the cage closes\|cage lacks' err;  check "… says how well this kernel confines" [ $? = 0 ]
if [ -x "$BUILD/fault/inject" ] && grep -q 'the cage closes' err && "$BUILD/fault/inject" -l calls "$BIN/convscan" --selftest 2>err; then
    n=$(sed -n '/^landlock_restrict_self/=' calls)
    "$BUILD/fault/inject" -n "$n" -e ENOMEM "$BIN/convscan" --selftest 2>err
    check "… and what it lacks" grep -q "cage lacks landlock" err
fi
scan --selftest;               check "--selftest without EICAR's rule" [ "$rc" = 2 ]

cp hit m1; scan --move moved m1;   check "--move" sh -c '[ ! -e m1 ] && [ -e moved/m1 ]'
cp hit m1; scan --move moved m1;   check "--move overwrites nothing" [ "$(ls moved | wc -l)" = 2 ]
cp hit m1; scan --move nowhere m1; check "--move that fails" sh -c '[ -e m1 ] && [ "$1" = 2 ]' sh "$rc"
cp hit m2; scan --delete m2;       check "--delete" [ ! -e m2 ]
cp d/clean m3; scan --delete m3;   check "--delete leaves clean files" [ -e m3 ]

ln -sf "$BIN/convscan" uvscan
uv() { ./uvscan --db r.vdb "$@" >out 2>err; rc=$?; }
uv --unzip -r -v --mime --summary d/clean; check "uvscan: clean" [ "$rc" = 0 ]
check "uvscan: summary" grep -q 'Total files: ... 1' out
uv hit;                            check "uvscan: found" [ "$rc" = 13 ]
uv missing;                        check "uvscan: general problem" [ "$rc" = 6 ]
cp hit m4; uv -m moved --unzip m4; check "uvscan: -m" sh -c '[ ! -e m4 ] && [ "$1" = 13 ]' sh "$rc"
./uvscan --db nothing.vdb hit >out 2>err; rc=$?; check "uvscan: no database" [ "$rc" = 8 ]
head -c 100 r.vdb >cut.vdb
./uvscan --db cut.vdb hit >out 2>err; rc=$?;     check "uvscan: damaged database" [ "$rc" = 2 ]
uv --selftest;                     check "uvscan: self-test failed" [ "$rc" = 15 ]
scan --exit-codes=uvscan hit;      check "--exit-codes=uvscan" [ "$rc" = 13 ]

printf '[limits]\ndepth = 3\n' >c.conf
"$BIN/convscan" --config c.conf --print-config >out; check "--print-config" grep -qx 'limits.depth = 3' out
"$BIN/convscan" --config c.conf --check-config >out; check "--check-config" [ $? = 0 ]
printf '[limits]\ndepth = 0\n' >c.conf
"$BIN/convscan" --config c.conf --check-config >out 2>err; check "--check-config, wrong" sh -c '[ "$1" = 2 ] && grep -q "c.conf:2: limits.depth" err' sh $?

echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
