# YARA rules without modules: the same rules and files through yara (where it is installed) give the same names.
fail() { echo "$*"; exit 1; }
cp "$ROOT"/tests/fuzz/seeds/yara/all rules.yar
"$BIN/vdlc" --json -q -o r.vdb rules.yar >out || fail "compiling failed"
grep -q '"unsupported":0,.*"malformed":0,' out || fail "left out: $(cat out)"

# What cannot be expressed is named; the rest of the file is loaded, but not what refers to it.
cat >some.yar <<'END'
import "pe"
rule good { strings: $a = "hello" condition: $a }
rule module { condition: pe.number_of_sections > 3 }
rule refers { condition: module or good }
rule offsets { strings: $a = "hello" condition: @a[1] > 4 }
rule broken { strings: $a = { 4 } condition: $a }
rule also_good { condition: good and filesize < 100 }
END
"$BIN/vdlc" --json -o s.vdb some.yar >out 2>err || fail "compiling failed: $(cat err)"
grep -q '"loaded":2,.*"unsupported":3,.*"module pe":1.*"malformed":1,' out || fail "counts: $(cat out)"
grep -q 'some.yar:6:.*: malformed: ' err || fail "not named: $(cat err)"
printf 'xhellox' >t
[ "$("$BIN/convscan" --raw --all --json --db s.vdb t | grep -o '"name":"[a-z_]*"' | sort -u | tr '\n' ' ')" = '"name":"also_good" "name":"good" ' ] ||
    fail "found: $("$BIN/convscan" --raw --all --json --db s.vdb t)"

command -v yara >/dev/null || exit 77
mkdir d
n=0
for a in hello HELLO 'hello world' 'hello,world' alpha 'h\0e\0l\0l\0o\0' 'kfool' 'aGVsbG8gd29ybGQ=' 'hexl.6xy' helllo; do
    for b in '' ' ' x '\0' world 'xhello' ' helllo wirld' 'hello hello hello' '....hello'; do
        n=$((n + 1))
        printf "$a$b" >d/$n
    done
done
yara -r rules.yar d 2>/dev/null | LC_ALL=C sort >theirs
"$BIN/convscan" --raw --all --json --db r.vdb -r d | sed -n 's/.*"path":"\([^"]*\)".*"hits":\[\(.*\)\].*/\1 \2/p' |
    awk '{ p = $1; s = $0; while (match(s, /"name":"[^"]*"/)) { print substr(s, RSTART + 8, RLENGTH - 9) " " p; s = substr(s, RSTART + RLENGTH) } }' |
    LC_ALL=C sort -u >ours
[ -s theirs ] || fail "yara found nothing"
cmp -s ours theirs || { diff ours theirs | head; fail "ours (<) and yara's (>) differ"; }
