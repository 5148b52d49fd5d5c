# Imported sets: malformed and unsupported lines are named and counted, the rest is loaded.
fail() { echo "$*"; exit 1; }
cat >a.ndb <<'END'
# a comment
Good.One:0:*:68656c6c6f
Bad.Hex:0:*:6865zz
Too.New:0:*:68656c6c6f:999
Bad.Target:13:*:68656c6c6f
Good.Two:0:0:4d5a{2-4}5045
Gone:0:*:676f6e65
END
printf 'Gone\n' >z.ign2
printf 'd41d8cd98f00b204e9800998ecf8427e:12:Hash.One\n275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f:68:Hash.Two\nxyz:1:Bad\n' >a.hdb
printf 'Log.One;Engine:81-255,Target:0;(0|1)&2=0;61616161;62626262;63636363\nLog.Bad;Target:0;0;61;62\n' >a.ldb
printf 'Pua.One:0:*:70756170\n' >a.ndu
"$BIN/vdlc" --json -o a.vdb . >out 2>err || fail "failed: $(cat err)"
grep -q '"loaded":5,"skipped_level":1,"unsupported":1,"unsupported_by_feature":{"target 13":1},"malformed":3,"duplicates":0,"ignored":1,' out || fail "counts: $(cat out)"
grep -q 'a.ndb:3:17: malformed: expected hexadecimal digits' err || fail "not named: $(cat err)"
grep -q 'a.ndb:5:1: unsupported: Bad.Target: target 13' err || fail "not named: $(cat err)"
"$BIN/vdlc" --with-pua --json -q -o b.vdb . >out || fail "--with-pua failed"
grep -q '"loaded":6,' out || fail "--with-pua: $(cat out)"

for t in 'xx hello yy:Good.One' 'MZ...PE:Good.Two' '..bbbb..:Log.One'; do
    printf '%s' "${t%%:*}" >t
    "$BIN/convscan" --raw --db a.vdb t | grep -q "${t#*:} FOUND" || fail "${t#*:} is not found"
done
for t in 'MZ.PE' 'aaaa cccc' 'gone' 'puap'; do
    printf '%s' "$t" >t
    "$BIN/convscan" --raw --db a.vdb t | grep -q 'OK$' || fail "'$t': $("$BIN/convscan" --raw --db a.vdb t)"
done

# matches of a pattern with a gap are counted where they begin
printf 'Cnt.Gap;Engine:81-255,Target:0;0>2;4142{-50}4344\n' >count.ldb
"$BIN/vdlc" -q -o count.vdb count.ldb || fail "a count over a gap is not loaded"
printf 'AB..CD..AB.........................................CD..AB..CD' >t
"$BIN/convscan" --raw --db count.vdb t | grep -q 'Cnt.Gap FOUND' || fail "three matches are not counted"
printf 'AB..CD..AB...................................................................CD' >t
"$BIN/convscan" --raw --db count.vdb t | grep -q 'OK$' || fail "fewer than three matches are counted as three"

# a regular expression is tried only where the answer hangs on it; one that would never end is an error, and not a long match
printf 'Re.Slow;Engine:81-255,Target:0;0&1&2;6161616161;6262626262;1/b(?:[^x]*?(?: y)*?)*?zz/\nRe.Long;Engine:81-255,Target:0;0&1;73746172742e;0/start\..*?(e)nd/s\n' >re.ldb
"$BIN/vdlc" -q -o re.vdb re.ldb || fail "regular expressions are not loaded"
{ printf 'start.'; head -c 20000 /dev/zero | tr '\0' k; printf 'end\n'; } >t
"$BIN/convscan" --raw --db re.vdb t | grep -q 'Re.Long FOUND$' || fail "a long match: $("$BIN/convscan" --raw --db re.vdb t)"
printf 'bbbbb%200s\n' x | tr ' ' k >t
"$BIN/convscan" --raw --db re.vdb t | grep -q 'OK$' || fail "tried in vain: $("$BIN/convscan" --raw --db re.vdb t)"
printf 'aaaaabbbbb%200s\n' z | tr ' ' k >t
"$BIN/convscan" --raw --db re.vdb t >out && fail "an endless regular expression: $(cat out)"
grep -q ' Limit matching Re.Slow ERROR$' out || fail "an endless regular expression: $(cat out)"

# macros: one of a group of patterns, so many bytes behind the start of the subsignature before; the group may stand in a later file
cat >macro.ldb <<'END'
Mac.One;Engine:81-255,Target:0;0&1;616161616262;${8-10}3$
Mac.None;Engine:81-255,Target:0;0&1;636363636464;${8-10}4$
Mac.Inside;Engine:81-255,Target:0;0&1;616161616262;${2-10}3$
Mac.First;Engine:81-255,Target:0;0;${2-10}3$
Mac.Group;Engine:81-255,Target:0;0&1;616161616262;${8-10}32$
END
# shellcheck disable=SC2016
printf 'Member.A:0:$3$:4d454d424552\nMember.B:0:$3:6d656d32\nMember.C:0:$32$:6d656d32\n' >macro.ndb
"$BIN/vdlc" --json -o macro.vdb macro.ldb macro.ndb >out 2>err || fail "macros: $(cat err)"
grep -q '"loaded":4,.*"unsupported":2,.*"malformed":2,' out || fail "macros: $(cat out)"
grep -q 'macro.ndb:3:[0-9]*: malformed: a macro group is' err || fail "macros: $(cat err)"
grep -q 'macro.ldb:3:1: unsupported: Mac.Inside: macro that begins inside the subsignature' err || fail "macros: $(cat err)"
# shellcheck disable=SC2016
grep -q 'macro.ldb:5:[0-9]*: malformed: expected ${min-max}group' err || fail "macros: $(cat err)"
for t in 'aaaabb..MEMBER' 'aaaabb....mem2' 'aaaabb  aaaabb..MEMBER'; do
    printf '%s' "$t" >t
    "$BIN/convscan" --raw --db macro.vdb t | grep -q 'Mac.One FOUND$' || fail "macro: '$t' is not found"
done
for t in 'aaaabb.MEMBER' 'aaaabb.....MEMBER' 'aaaabb..' 'MEMBER..aaaabb' 'ccccdd..MEMBER'; do
    printf '%s' "$t" >t
    "$BIN/convscan" --raw --db macro.vdb t | grep -q 'OK$' || fail "macro: '$t' is found"
done

# what the scanner could not use is named line by line and counted by its format
printf '1:*:6a6f6a6f:Type:CL_TYPE_ANY:CL_TYPE_GRAPHICS\n0:0:6b:Other:CL_TYPE_ANY:CL_TYPE_MAIL\n' >t.ftm
printf 'Pass;Engine:81-255;0;secret\n' >t.pwdb
"$BIN/vdlc" --json -o t.vdb t.ftm t.pwdb a.ldb >out 2>err || fail "formats of no use: $(cat err)"
grep -q '"loaded":1,.*"unsupported":3,"unsupported_by_feature":{"file type magic (.ftm)":2,"archive password (.pwdb): see scan.passwords":1},"malformed":1,' out || fail "formats of no use: $(cat out)"
grep -q 't.ftm:2:1: unsupported: 0:0:6b:Other' err && grep -q 't.pwdb:1:1: unsupported: Pass;' err || fail "formats of no use: $(cat err)"

# a container: 512 bytes of header with the MD5 of the rest
mkdir c && cp a.ndb a.hdb c/
tar -C c -czf rest a.ndb a.hdb
md5=$(md5sum <rest | cut -d' ' -f1)
printf '%-512s' "ClamAV-VDB:21 Nov 2026 08-00 +0000:1:4:90:$md5:x:builder:1" >x.cvd && cat rest >>x.cvd
"$BIN/vdlc" --json -q -o c.vdb x.cvd >out || fail "a container failed"
grep -q '"loaded":5,' out || fail "a container: $(cat out)"
printf 'x' >>x.cvd
"$BIN/vdlc" -o d.vdb x.cvd 2>err && fail "a changed container was taken"
grep -q 'x.cvd: error: the MD5 in the header' err || fail "not named: $(cat err)"
[ ! -e d.vdb ] || fail "an image was written"
