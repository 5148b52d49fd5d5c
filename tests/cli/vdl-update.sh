#!/bin/sh
# vdl-update over a real web server on loopback: whatever goes wrong, a complete image stays and the status tells the truth.
set -u
for p in minisign curl flock; do
    command -v $p >/dev/null 2>&1 || { echo "$p is not installed"; exit 77; }
done
umask 022
bad=0 done_=0
T=$PWD
EICAR_RULE=':EICAR-Test-File, "\x58\x35\x4f\x21P\x25\x40AP[4\x5cPZX54(P^)7CC)7}" #'
eicar() {
    # shellcheck disable=SC2016
    printf 'X5O!P%%@AP[4\\PZX54(P^)7CC)7}$%s' 'EICAR-STANDARD-'
    # shellcheck disable=SC2016
    printf '%s' 'ANTIVIRUS-TEST-FILE!$H+H*'
}
check() {       # WHAT WANTED GOT
    if [ "$2" = "$3" ]; then done_=$((done_ + 1)); echo "ok $1"; else echo "FAIL $1: wanted $2, got $3"; tail -n 3 "$T/log" 2>/dev/null; bad=$((bad + 1)); fi
}
# The scanner works with a complete image, whatever happened.
sound() {
    for i in "$T"/db/*.vdb; do
        "$BIN/vdlc" --verify "$i" >/dev/null 2>&1 || { echo "FAIL $1: $i does not verify"; bad=$((bad + 1)); return; }
    done
    "$BIN/convscan" --db "$T/db/main.vdb" "$T/eicar.com" >/dev/null 2>&1
    check "$1: test file found" 1 $?
    check "$1: nothing left behind" "" "$(find "$T/db" -name 'main.vdb.*' -o -name '*.new' | head -n 1)"
}
status() { sed -n "s/^$1=//p" "$T/db/.update/main.status" 2>/dev/null; }
update() { "$ROOT/scripts/vdl-update" --dir "$T/db" --key "$T/key.pub" "$@" >"$T/log" 2>&1; }
publish() {     # VERSION [RULE]: a set with as many rules as the version says, into www
    rm -rf "$T/src"; mkdir "$T/src"
    printf '%s\n' "${2-$EICAR_RULE}" >"$T/src/a.vdl"
    printf ':V%s, "version %s of the set" #\n' "$1" "$1" >"$T/src/b.vdl"
    "$ROOT/scripts/vdl-publish" --key "$T/key.sec" --version "$1" --out "$T/www" "$T/src" >/dev/null || echo "FAIL: publish $1"
}

export T
mkdir db www
eicar >eicar.com
minisign -G -W -p key.pub -s key.sec >/dev/null 2>&1 || { echo "FAIL: no key pair"; exit 1; }
export CONVSCAN_BIN="$BIN"

# A real server where nginx is installed; else the same files by file: addresses.
url=file://$T/www
NGINX=$(command -v nginx || ls /usr/sbin/nginx 2>/dev/null)
if [ -n "$NGINX" ]; then
    port=$((20000 + $$ % 20000))
    chmod 755 "$T" "$T/www"
    cat >nginx.conf <<EOF
daemon on; pid $T/nginx.pid; error_log $T/nginx.err; worker_processes 1;
$([ "$(id -u)" != 0 ] || echo "user root;")
events { worker_connections 64; }
http { access_log off; server { listen 127.0.0.1:$port; root $T/www; }
  client_body_temp_path $T/tmp1; proxy_temp_path $T/tmp2; fastcgi_temp_path $T/tmp3; uwsgi_temp_path $T/tmp4; scgi_temp_path $T/tmp5; }
EOF
    if "$NGINX" -c "$T/nginx.conf" -e "$T/nginx.err" >/dev/null 2>&1; then
        trap '[ ! -f "$T/nginx.pid" ] || kill "$(cat "$T/nginx.pid")" 2>/dev/null' EXIT
        url=http://127.0.0.1:$port
    fi
fi

publish 10
update --source "$url"; check "first update" 0 $?; sound "first update"; check "version" 10 "$(status version)"
update --source "$url"; check "current" 0 $?
update --source "$url" -q; check "current, quiet" "" "$(cat log)"
update --source "$url" --check; check "check, current" 0 $?
publish 11
update --source "$url" --check; check "check, newer" 5 $?; check "check changes nothing" 10 "$(status version)"
update --source "$url" --dry-run; check "dry run" 0 $?; check "dry run changes nothing" 10 "$(status version)"
update --source "$url"; check "update" 0 $?; sound "update"; check "version" 11 "$(status version)"
update --rollback; check "rollback" 0 $?; sound "rollback"; check "rolled back" 10 "$(status version)"
update --source "$url" --force; check "forced" 0 $?; check "version" 11 "$(status version)"

# Packages that must be refused; the old image stays and works.
publish 9
update --source "$url"; check "downgrade is no update" 0 $?; check "downgrade" 11 "$(status version)"
publish 12; printf x >>www/convscan-12.tar.gz
update --source "$url"; check "longer than said" 75 $?; sound "longer than said"; check "status" failed "$(status result)"
publish 12; truncate -s -5 www/convscan-12.tar.gz
update --source "$url"; check "truncated" 3 $?; sound "truncated"
publish 12; printf 'x' | dd of=www/convscan-12.tar.gz bs=1 seek=40 conv=notrunc 2>/dev/null
update --source "$url"; check "wrong digest" 3 $?; sound "wrong digest"
publish 12; sed -i 's/^version 12/version 13/' www/manifest
update --source "$url"; check "wrong signature" 3 $?; sound "wrong signature"
publish 12 ':EICAR-Test-File, "unclosed #'
update --source "$url"; check "does not compile" 3 $?; sound "does not compile"
publish 12 ':Nothing, "no rule for the test file here" #'
update --source "$url"; check "does not find the test file" 3 $?; sound "does not find the test file"
publish 12 "$EICAR_RULE
:FalseAlarm, \"lunch on Friday\" #"
update --source "$url"; check "false alarm" 3 $?; sound "false alarm"; check "still" 11 "$(status version)"
rm -f www/manifest
update --source "$url"; check "no manifest" 75 $?; sound "no manifest"

# A local package, a folder that another tool keeps.
publish 20
update -f www/convscan-20.pkg; check "local package" 0 $?; sound "local package"; check "version" 20 "$(status version)"
"$ROOT/scripts/vdl-update" --dir "$T/db" --name daily --source "$T/src" >log 2>&1; check "folder" 0 $?
check "two images" 2 "$(find db -maxdepth 1 -name '*.vdb' | wc -l)"

# A container of ClamAV's: its tool, where there is one, must know the signature.
mkdir cvd fakes
echo 'Some.Rule:0:*:7a7178392d6b6570742d6170617274' >some.ndb
tar -czf some.tar.gz some.ndb
{ printf '%-512s' "ClamAV-VDB:21 Nov 2026 08-00 +0000:1:1:90:$(md5sum <some.tar.gz | cut -d' ' -f1):x:builder:1"; cat some.tar.gz; } >cvd/some.cvd
for answer in 1 0; do
    printf '#!/bin/sh\n[ %s = 0 ] || echo "ERROR: cannot verify" >&2\nexit %s\n' $answer $answer >fakes/sigtool
    chmod +x fakes/sigtool
    PATH="$T/fakes:$PATH" "$ROOT/scripts/vdl-update" --dir "$T/db" --name clam --source "$T/cvd" >log 2>&1; check "sigtool says $answer" $((answer * 3)) $?
    sound "sigtool says $answer"
done
[ -f db/clam.vdb ]; check "a signed container is an image" 0 $?
rm -f db/clam.vdb
sound "two images"

# From here on the steps of the script are the subject, so its compiler and scanner are stand-ins: two packages whose images are made beforehand, and a
# scanner that finds the test file. Whether what is left in place is whole is judged by the real ones.
mkdir stub wrap images www/site
printf '#!/bin/sh\nexit 0\n' >stub/sleep
for v in 30 31; do
    publish $v
    mkdir www/site/$v
    cp www/manifest www/manifest.minisig www/convscan-$v.tar.gz www/site/$v/
    "$BIN/vdlc" -q -o images/$v.vdb src || echo "FAIL: image $v"
done
cat >stub/vdlc <<EOF
#!/bin/sh
case \$1 in
-o) read -r rule <"\$3/b.vdl"; rule=\${rule#:V}; cp "$T/images/\${rule%%,*}.vdb" "\$2" ;;
--verify) cmp -s "\$2" "$T/images/30.vdb" || cmp -s "\$2" "$T/images/31.vdb" ;;
esac
EOF
cat >stub/convscan <<EOF
#!/bin/sh
[ ! -s "$T/ill" ] || case "\$*" in *rehearsal*) ;; *) read -r code <"$T/ill"; [ \$code = 13 ] || exit \$code ;; esac
case "\$*" in *eicar.com) exit 1 ;; *) exit 0 ;; esac
EOF
cat >run <<'EOF'
#!/bin/sh
echo $$ >"$T/pid"
exec "$ROOT/scripts/vdl-update" --dir "${DB-$T/db}" --key "$T/key.pub" --force --source "$1"
EOF
chmod +x stub/* run
swap() { CONVSCAN_BIN=$T/stub PATH="${WRAP-}$T/stub:$PATH" ./run "$url/site/$1" >"$T/log" 2>&1; }
# Is the image in place whole, and is the version that is told the one that is there? Its rule is in it, and the test file's.
truth() {       # WHAT
    "$BIN/vdlc" --verify db/main.vdb >seen 2>&1 || check "$1: a whole image" yes "$(cat seen)"
    said='' result=''
    while IFS='=' read -r key value; do
        case $key in version) said=$value ;; result) result=$value ;; esac
    done <db/.update/main.status
    told=V$said
    case $result$said in interrupted* | *unknown) told='V3[01]' ;; esac
    # shellcheck disable=SC2254
    case $("$BIN/convscan" --db db/main.vdb eicar.com of 2>&1) in
    *"eicar.com: EICAR-Test-File FOUND"*"of: "$told' FOUND'*) right=yes ;;
    *) right=no ;;
    esac
    check "$1: $result and version ${said:-none} is told, and it is in place" yes $right
}

# Killed with SIGKILL, and failing, at every external step: a wrapper in front of each tool counts, strikes, and says who it was.
for tool in mv cp ln sync mkdir mktemp rm chmod tar curl flock minisign sha256sum find vdlc; do
    real=$(command -v $tool) || continue
    case $tool in vdlc) real=$T/stub/vdlc ;; sync) real=true ;; esac
    cat >wrap/$tool <<EOF
#!/bin/sh
read -r n <"$T/count"; n=\$((n + 1)); echo \$n >"$T/count"
if [ \$n = "\$STRIKE_AT" ]; then
    echo "$tool" >"$T/struck"
    [ \$STRIKE = fail ] || kill -9 "\$(cat "$T/pid")" \$PPID
    exit 1
fi
exec $real "\$@"
EOF
    chmod +x wrap/$tool
done
rm -f db/daily.vdb
# By turns, which keeps the test short; VDL_UPDATE_ALL=1 does both at every step.
ways=both
[ -z "${VDL_UPDATE_ALL-}" ] || ways='kill fail'
printf 'version 30 of the set, version 31 of the set' >of
strike() {      # HOW WHAT: the other version each time, struck at one step after the other; HOW both: by turns
    step=$((from - 1))
    while :; do
        step=$((step + 1))
        echo 0 >count; : >struck
        case $1$((step % 2)) in both0) how="kill" ;; both1) how="fail" ;; *) how=$1 ;; esac
        STRIKE=$how STRIKE_AT=$step WRAP=$T/wrap: swap $((30 + step % 2))
        [ -s struck ] || break
        truth "$2 $how at step $step, $(cat struck)"
        [ "$step" -lt 150 ] || { check "an end of steps" yes no; break; }
    done
    echo "$2 $1: steps $from to $((step - 1))"
}
from=1
swap 30; check "prepared package" 0 $?
for way in $ways; do strike "$way" update; done
updating=$step
swap 31; swap 30; check "after all that" 0 $?; truth "after all that"
# The new image does not work in place: back to the one before; killed and failing on the way.
for code in 0 2 8 13 15; do
    echo $code >ill
    swap 31; check "the scanner's status $code" $((code == 13 ? 0 : 4)) $?
    truth "the scanner's status $code"
    [ "$code" != 15 ] || check "the meaning is told" 1 "$(grep -c 'self-check failed: it may be infected or damaged (status 15)' log)"
done
swap 30; echo 6 >ill
swap 31; check "fails in place" 4 $?; truth "fails in place"; check "fails in place: status" failed "$(status result)"
from=$((updating - 10))
for way in $ways; do strike "$way" "way back"; done
rm ill; from=1
swap 31; swap 30; check "after the ways back" 0 $?; sound "after the ways back"

# The disk is full at each step: a small file system of its own, where we may make one; one page more of room each time, until it reaches.
if unshare -rm sh -c "mount -t tmpfs -o size=2m none '$T/wrap'" 2>/dev/null; then
    mkdir full
    cat >full.sh <<'EOF'
mount -t tmpfs -o size=1m none full && cp -rp db full/ || exit 9
mv db old && ln -s full/db db || exit 9
free() { df -k --output=avail full | tail -n 1; }
room=0
while :; do
    n=$(($(free) - room)); [ $n -le 0 ] || dd if=/dev/zero of=full/filler bs=1024 count=$n 2>/dev/null
    DB=$T/full/db swap $((30 + room / 4 % 2)); rc=$?
    truth "disk full, $room KB: status $rc"
    case $(status result)$rc in ok0 | failed[1-9]*) told=yes ;; *) told=$(status result) ;; esac
    check "disk full, $room KB: how it went is told" yes "$told"
    rm -f full/filler
    [ $rc != 0 ] || break
    [ $room -lt 256 ] || { check "disk full: room that reaches" yes no; break; }
    room=$((room + 4))
done
check "disk full: no room at all is a failure" yes "$([ $room -gt 0 ] && echo yes)"
echo "disk full: $((room / 4)) amounts of room that do not reach"
EOF
    export BIN ROOT T
    {
        cat <<EOF
done_=0 bad=0 url=$url
EOF
        sed -n '/^check() {/,/^}/p; /^status() {/p; /^swap() {/p; /^truth() {/,/^}/p' "$ROOT/tests/cli/vdl-update.sh"
        cat full.sh
        echo 'echo "$done_ $bad" >counts'
    } >inside.sh
    unshare -rm sh inside.sh
    read -r n m <counts && done_=$((done_ + n)) bad=$((bad + m))
    rm db; mv old db
else
    echo "skipped: disk full, for no file system can be mounted here"
fi

# Two at once: one works, the other says try again.
publish 40
update --source "$url" & one=$!
"$ROOT/scripts/vdl-update" --dir "$T/db" --key "$T/key.pub" --source "$url" >log2 2>&1; rc2=$?
wait $one; rc1=$?
case "$rc1 $rc2" in "0 75" | "75 0" | "0 0") done_=$((done_ + 1)) ;; *) echo "FAIL two at once: $rc1 $rc2"; bad=$((bad + 1)) ;; esac
sound "two at once"
if [ -f "$T/nginx.pid" ]; then
    kill "$(cat "$T/nginx.pid")"; sleep 0.3; rm -f "$T/nginx.pid"
    update --source "$url" --force; check "server down" 75 $?; sound "server down"
fi
chmod 777 db; update --source "$url"; check "folder others may write" 3 $?
echo "$done_ passed, $bad failed, 0 skipped"
[ "$bad" -eq 0 ]
