#!/bin/sh
# An AppleDouble file with more entries than are read is class limit, and hides neither its own forks nor the archive's next member.
fail() { echo "FAIL $*"; cat out; exit 1; }

{ printf '\000\005\026\007\000\002\000\000'; head -c 16 /dev/zero; printf '\000\106'; } >1.bin      # 70 entries
# of a kind that is passed over, twelve bytes each
head -c 70 /dev/zero | tr '\000' x | sed 's/x/abcdefghijkl/g' | tr a-l '\000\000\000\011\000\000\000\000\000\000\000\004' >>1.bin
"$BIN/convscan" 1.bin >out 2>&1 && fail "a long table passes"
grep -q '^1.bin: Limit .* ERROR$' out || fail "a long table is not class limit"
"$ROOT/scripts/eicar" >2.com
tar cf a.tar 1.bin 2.com
"$BIN/convscan" --all a.tar >out 2>&1 && fail "the member behind it passes"
grep -q 'a.tar!2.com: EICAR.* FOUND$\|a.tar: EICAR.* FOUND$' out || fail "the member behind it is not found"
