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

echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
