#!/bin/sh
# vdl-update and hostile manifests: signed by the right key and still refused, the image that stands is not touched, nothing is run or written elsewhere.
set -u
for p in minisign flock; do
    command -v $p >/dev/null 2>&1 || { echo "$p is not installed"; exit 77; }
done
umask 022
passed=0 failed=0
T=$PWD
export CONVSCAN_BIN="$BIN"
mkdir db www src
minisign -G -W -p key.pub -s key.sec >/dev/null 2>&1 || { echo "FAIL: no key pair"; exit 1; }
# shellcheck disable=SC2016
printf '%s\n' ':EICAR-Test-File, "\x58\x35\x4f\x21P\x25\x40AP[4\x5cPZX54(P^)7CC)7}" #' >src/a.vdl
publish() { "$ROOT/scripts/vdl-publish" --key key.sec --version "$1" --out www src >/dev/null || exit 1; }
update() { "$ROOT/scripts/vdl-update" --dir "$T/db" --key "$T/key.pub" --source "file://$T/www" >log 2>&1; }

publish 10
update || { cat log; exit 1; }
image=$(sha256sum <db/main.vdb)
publish 11
cp www/manifest good
size=$(sed -n 's/^size //p' good) sha=$(sed -n 's/^sha256 //p' good)
big=$(head -c 100000 /dev/zero | tr '\0' 9)

# refused WHAT: ./www/manifest, signed, is not taken; nothing changed, nobody waited
refused() {
    minisign -S -q -s key.sec -m www/manifest -x www/manifest.minisig </dev/null >/dev/null 2>&1 || { echo "FAIL $1: not signed"; failed=$((failed + 1)); return; }
    timeout 60 "$ROOT/scripts/vdl-update" --dir "$T/db" --key "$T/key.pub" --source "file://$T/www" >log 2>&1
    rc=$?
    case $rc in 1|3|75) ;; *) echo "FAIL $1: exit $rc"; cat log; failed=$((failed + 1)); return ;; esac
    [ "$(sha256sum <db/main.vdb)" = "$image" ] || { echo "FAIL $1: another image"; failed=$((failed + 1)); return; }
    [ ! -e ran ] && [ ! -e db/ran ] && [ -z "$(find db -name '*.new')" ] || { echo "FAIL $1: something was made"; failed=$((failed + 1)); return; }
    passed=$((passed + 1))
}
# lines VERSION FILE SIZE DIGEST: a manifest
lines() { printf 'convscan-package 1\nversion %s\nfile %s\nsize %s\nsha256 %s\n' "$@" >www/manifest; }
f=convscan-11.tar.gz

: >www/manifest;                                refused "an empty one"
head -c 5000 /dev/urandom >www/manifest;        refused "noise"
printf 'convscan-package 1' >www/manifest;      refused "the first line alone"
sed 's/^convscan-package 1/convscan-package 2/' good >www/manifest; refused "another format"
for key in version file size sha256; do
    sed "/^$key /d" good >www/manifest;         refused "without $key"
done
# shellcheck disable=SC2016
for v in -1 1.5 '11 12' '11;touch ran' '$(touch ran)' '`touch ran`' 'x[$(touch ran)]' ''; do
    lines "$v" $f "$size" "$sha";               refused "version '$v'"
    lines 12 $f "$v" "$sha";                    refused "size '$v'"
done
# shellcheck disable=SC2016
for v in ../../../etc/passwd /etc/passwd .hidden .. . 'a b' 'a;touch ran' '$(touch ran)' -rf '*' 'x/y'; do
    lines 12 "$v" "$size" "$sha";               refused "file '$v'"
done
for v in "$big" 99999999999999999999 2147483649; do
    lines 12 $f "$v" "$sha";                    refused "size of ${#v} digits"
done
# shellcheck disable=SC2016
for v in "${sha%?}" "${sha}0" "$(printf '%064d' 0)" '$(touch ran)' "$(printf '%s' "$sha" | tr '0-9a-f' 'g')"; do
    lines 12 $f "$size" "$v";                   refused "digest '$v'"
done
sed 's/$/\r/' good >www/manifest;               refused "line ends of another system"
{ cat good; head -c 3000000 /dev/zero; } >www/manifest; refused "three megabytes"

# And the good one, so that all this was refused for what it said.
cp good www/manifest
minisign -S -q -s key.sec -m www/manifest -x www/manifest.minisig </dev/null >/dev/null 2>&1
if update && [ "$(sed -n 's/^version=//p' db/.update/main.status)" = 11 ]; then
    passed=$((passed + 1))
else
    echo "FAIL the good one is not taken"; cat log; failed=$((failed + 1))
fi
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
