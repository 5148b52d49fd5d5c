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

# Killed with SIGKILL, or failing, at every external step: a wrapper in front of each tool counts and strikes.
mkdir wrap
for tool in mv cp ln sync mkdir mktemp tar sha256sum minisign curl chmod find date rm; do
    real=$(command -v $tool) || continue
    cat >wrap/$tool <<EOF
#!/bin/sh
n=\$((\$(cat "$T/count" 2>/dev/null || echo 0) + 1)); echo \$n >"$T/count"
if [ "\$n" = "\${STRIKE_AT-0}" ]; then
    if [ "\${STRIKE-}" = kill ]; then kill -9 \$PPID; exit 137; fi
    exit 1
fi
exec $real "\$@"
EOF
    chmod +x wrap/$tool
done
step=0 version=30
publish $version
while :; do
    step=$((step + 1))
    # Odd steps as a kill, even ones as a failure, keeps the test short; a kill moves all later steps by some.
    case $((step % 2)) in 1) how="kill" ;; *) how="fail" ;; esac
    rm -f count
    PATH="$T/wrap:$PATH" STRIKE=$how STRIKE_AT=$step update --source "$url"
    "$BIN/vdlc" --verify db/main.vdb >/dev/null 2>&1 || { echo "FAIL $how at step $step: no working image"; bad=$((bad + 1)); }
    "$BIN/convscan" --db db/main.vdb eicar.com >/dev/null 2>&1
    check "$how at step $step" 1 $?
    if [ "$(cat count)" -lt "$step" ]; then break; fi
    version=$((version + 1))
    publish $version
    [ "$step" -lt 150 ] || { echo "FAIL: no end of steps"; bad=$((bad + 1)); break; }
done
update --source "$url"; check "after all that" 0 $?; sound "after all that"; check "version" "$version" "$(status version)"

# The disk is full at each step: a small file system of its own, where we may make one; every amount of room that does not reach.
if unshare -rm sh -c "mount -t tmpfs -o size=2m none '$T/wrap'" 2>/dev/null; then
    mkdir full
    version=$((version + 1)); publish $version
    cat >full.sh <<'EOF'
mount -t tmpfs -o size=2m none full && mkdir full/db && cp db/main.vdb full/db/ || exit 9
"$ROOT/scripts/vdl-update" --dir "$PWD/full/db" --key "$PWD/key.pub" --source "$1" --force >full.log 2>&1 || exit 8
free() { df -k --output=avail full | tail -n 1; }
for room in 0 4 8 16 24 32 48 64 96 128; do
    n=$(($(free) - room)); [ $n -le 0 ] || dd if=/dev/zero of=full/filler bs=1024 count=$n 2>/dev/null
    "$ROOT/scripts/vdl-update" --dir "$PWD/full/db" --key "$PWD/key.pub" --source "$1" --force >full.log 2>&1; rc=$?
    rm -f full/filler
    "$BIN/vdlc" --verify full/db/main.vdb >/dev/null 2>&1 || exit 7
    "$BIN/convscan" --db full/db/main.vdb eicar.com >/dev/null 2>&1; [ $? = 1 ] || exit 6
    echo "room $room KB: status $rc"
done >full.out
EOF
    export BIN ROOT
    unshare -rm sh full.sh "$url"; check "disk full: the scanner works each time" 0 $?
    cat full.out
    check "disk full: no room at all is a failure" 0 "$(grep -c '^room 0 KB: status 0$' full.out)"
    check "disk full: enough room is none" 1 "$(grep -c '^room 128 KB: status 0$' full.out)"
else
    echo "skipped: disk full, for no file system can be mounted here"
fi

# Two at once: one works, the other says try again.
version=$((version + 1)); publish $version
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
