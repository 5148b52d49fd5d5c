#!/bin/sh
# Cleaning: what was found goes, the rest keeps its bytes, independent readers open the result; and where that is not possible, the part
# is replaced as a whole.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
command -v python3 >/dev/null || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
printf ':Test.Needle, "the needle" #\n' >r.vdl
"$BIN/vdlc" -o r.vdb r.vdl >out 2>&1 || { cat out; exit 1; }

cat >make.py <<'P'
import io, tarfile, zipfile, gzip, bz2, lzma, sys
members = {'good.txt': b'good ' * 500, 'dir/bad.txt': b'here is the needle', 'last.bin': bytes(range(256)) * 9}
with zipfile.ZipFile('a.zip', 'w', zipfile.ZIP_DEFLATED) as z:
    for n, b in members.items(): z.writestr(n, b)
t = io.BytesIO()
with tarfile.open(fileobj=t, mode='w') as f:
    for n, b in members.items():
        i = tarfile.TarInfo(n); i.size = len(b); f.addfile(i, io.BytesIO(b))
open('a.tar', 'wb').write(t.getvalue())
open('a.tar.gz', 'wb').write(gzip.compress(t.getvalue()))
open('a.tar.bz2', 'wb').write(bz2.compress(t.getvalue()))
open('a.tar.xz', 'wb').write(lzma.compress(t.getvalue()))
open('text', 'wb').write(members['dir/bad.txt'])
open('cut.zip', 'wb').write(open('a.zip', 'rb').read()[:400])
P
cat >check.py <<'P'
import io, tarfile, zipfile, sys
good = {'good.txt': b'good ' * 500, 'last.bin': bytes(range(256)) * 9}
def members(path):
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as z:
            assert z.testzip() is None
            return {n: z.read(n) for n in z.namelist()}
    with tarfile.open(path) as t:
        return {m.name: t.extractfile(m).read() for m in t.getmembers()}
m = members(sys.argv[1])
assert {n: m[n] for n in good} == good, 'other members changed'
assert set(m) == set(good) | {'dir/bad.txt.removed.txt'}, sorted(m)
assert b'Test.Needle' in m['dir/bad.txt.removed.txt'] and b'the needle' not in m['dir/bad.txt.removed.txt']
P
python3 make.py
for f in a.zip a.tar a.tar.gz a.tar.bz2 a.tar.xz; do
    : >none
    env -i INPUT_FILE=$f OUTPUT_FILE=o.$f OUTPUT_OPTIONS=options.$f "$BIN/convscan" --db r.vdb 2>err
    [ ! -e options.$f ] && python3 check.py o.$f 2>err && ok || bad "$f: $(tail -n 1 err)"
done
printf 'Content-Type: application/zip; name=a.zip\n' >headers
env -i INPUT_FILE=a.zip OUTPUT_FILE=o OUTPUT_OPTIONS=options INPUT_HEADERS=headers OUTPUT_HEADERS=oh "$BIN/convscan" --db r.vdb
grep -q '^Content-Type: application/zip; name=a.zip' oh && grep -q '^X-Convscan-Cleaned: Test.Needle' oh && ok || bad "headers of a cleaned part"
for f in text cut.zip; do
    env -i INPUT_FILE=$f OUTPUT_FILE=o.$f OUTPUT_OPTIONS=options.$f "$BIN/convscan" --db r.vdb 2>err
    grep -q 'OUTPUT_TYPE=TEXT' options.$f && ! grep -q 'the needle' o.$f && ok || bad "$f: not replaced"
done
cp a.zip f.zip; "$BIN/convscan" --db r.vdb --clean f.zip >out 2>err
python3 check.py f.zip 2>err && ok || bad "--clean: $(tail -n 1 err)"
ln -sf "$BIN/convscan" uvscan
cp a.zip f.zip; ./uvscan --db r.vdb --clean f.zip >out 2>err; [ $? = 19 ] && ok || bad "uvscan --clean: found and all cleaned"
cp text f.txt; ./uvscan --db r.vdb --clean f.txt >out 2>err; [ $? = 12 ] && ok || bad "uvscan --clean: cleaning failed"
cmp -s text f.txt && ok || bad "what cannot be cleaned stays as it was"

# What a rule asks for itself: rules, the object, and what must be left of it ("-": it is replaced).
asked() {
    printf "$1" >asked.vdl
    printf "$2" >asked.in
    "$BIN/vdlc" -q -o asked.vdb asked.vdl >out 2>&1 || { bad "$3: $(cat out)"; return; }
    rm -f o options
    env -i INPUT_FILE=asked.in OUTPUT_FILE=o OUTPUT_OPTIONS=options "$BIN/convscan" --db asked.vdb 2>err
    if [ "$3" = - ]; then
        grep -q OUTPUT_TYPE=TEXT options && ok || bad "$1: not replaced: $(cat o)"
    else
        [ ! -e options ] && printf "$3" | cmp -s - o && ok || bad "$1: $(cat -A o)"
    fi
}
asked ':A, <"clean=cut"> "bad" #\n' 'one bad two bad three\n' 'one  two  three\n'
asked ':A, <"clean=blank"> "bad", @1, "end" #\n' 'one bad-end two bad/end.\n' 'one         two        .\n'
asked ':A, <"clean=zero"> "bad" #\n' '\1\2bad\3bad\4\5\6\7' '\1\2\0\0\0\3\0\0\0\4\5\6\7'
asked ':A, <"clean=cut"> "bad" #\n:B, <"clean=cut"> "dog" #\n' 'one baddog two\n' 'one  two\n'
asked ':A, <"clean=cut"> "badd" #\n:B, <"clean=cut"> "ddog" #\n' 'one baddog two\n' 'one  two\n'
asked ':A, <"clean=cut"> "x", "bad" AND "y" AND NOT "good" #\n' 'y one xbad two y three\n' ' one  two y three\n'
asked ':A, <"clean=cut"> COUNT("bad") >= 3 #\n' 'bad bad bad bad.\n' '  bad bad.\n'
asked ':A, <"clean=cut"> "ab" #\n' 'one aaabbb two\n' 'one  two\n'
asked ':A, <"clean=cut"> "bad" #\n:B, "worse" #\n' 'bad and worse\n' -
asked ':A, <"clean=cut"> "bad" #\n' 'bad' -
asked ':A, <"clean=cut"> "%%PDF" #\n' '%%PDF-1.4 and so on\n' -
printf ':A, <"clean=cut"> "bad" #\n' >asked.vdl; "$BIN/vdlc" -q -o asked.vdb asked.vdl
printf 'a bad thing\n' | gzip >bad.gz
rm -f o options; env -i INPUT_FILE=bad.gz OUTPUT_FILE=o OUTPUT_OPTIONS=options "$BIN/convscan" --db asked.vdb 2>err
[ ! -e options ] && [ "$(gzip -dc o)" = 'a  thing' ] && ok || bad "a rule's own way inside gzip"
head -c 2400 /dev/zero | tr '\0' x | sed 's/xx/bad/g' >many
rm -f o options; env -i INPUT_FILE=many OUTPUT_FILE=o OUTPUT_OPTIONS=options "$BIN/convscan" --db asked.vdb 2>err
grep -q OUTPUT_TYPE=TEXT options && ! grep -q bad o && ok || bad "more matches than rounds: not replaced"
"$BIN/vdlc" --dump asked.vdb >again.vdl && grep -q '"clean=cut"' again.vdl && "$BIN/vdlc" -q -o again.vdb again.vdl &&
    cmp -s asked.vdb again.vdb && ok || bad "clean= in the dump"
for rule in '"a", .*, "b"' 'SIZE 4' 'MD5("00112233445566778899aabbccddeeff")' '"abc", \d+, "z"' '/abc[0-9]/'; do
    printf ':A, <"clean=cut"> %s #\n' "$rule" >no.vdl
    "$BIN/vdlc" -q -o no.vdb no.vdl >out 2>&1 && bad "clean= of $rule" || { grep -q 'clean= of' out && ok || bad "$(cat out)"; }
done
printf ':A, <"clean=burn"> "x" #\n' >no.vdl
"$BIN/vdlc" -q -o no.vdb no.vdl >out 2>&1 && bad "clean=burn" || { grep -q 'cut, blank or zero' out && ok || bad "$(cat out)"; }

echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
