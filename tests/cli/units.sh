#!/bin/sh
# The systemd units: systemd itself reads them without a word, also with the marks of convweb.service taken off, and says how exposed they are.
units=$ROOT/scripts/units
command -v systemd-analyze >/dev/null 2>&1 || { echo "no systemd-analyze: 1 skipped"; exit 77; }
passed=0 failed=0 skipped=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }

# Where they are not installed the programs are elsewhere: only they are changed.
mkdir plain open
for f in "$units"/*.service "$units"/*.socket "$units"/*.timer; do
    name=${f##*/}
    sed -e "s#^\(Exec[A-Za-z]*=\)/usr/sbin/vdl-update#\1$ROOT/scripts/vdl-update#" -e "s#^\(Exec[A-Za-z]*=\)/usr/bin/conv#\1$BIN/conv#" \
        -e 's/^Documentation=.*//' "$f" >"plain/$name"
    sed 's/^#\([A-Z][A-Za-z]*=\)/\1/' "plain/$name" >"open/$name"
done
says() { systemd-analyze verify --man=no "$@" 2>&1 | grep -v -e 'Failed to.* bus' -e 'not been booted'; }
for f in plain/* open/*.service; do
    seen=$(says "$f")
    if [ -z "$seen" ]; then ok; else bad "$f: $seen"; fi
done
# It does complain: of a word that it does not know, and of a program that is not there.
cp plain/convmilter.socket open/
for change in 's/^ProtectSystem=/ProtectSytem=/' 's/^RestartSec=.*/RestartSec=soon/' 's#^ExecStart=.*#ExecStart=/no/such/program#'; do
    sed "$change" plain/convmilter.service >open/convmilter.service
    if [ -n "$(says open/convmilter.service)" ]; then ok; else bad "nothing is said of $change"; fi
done
sed 's/^#\([A-Z][A-Za-z]*=\)/\1/' plain/convmilter.service >open/convmilter.service

# Exposure, ten times what it prints: as measured with systemd 252, rounded up. What sends mail by a set-group-id program keeps its rights.
if systemd-analyze security --offline=yes --threshold=100 plain/convmilter.service >out 2>&1; then
    while read -r file most; do
        if systemd-analyze security --offline=yes --no-pager --threshold="$most" "$file" >out 2>&1; then ok; else bad "$file: $(tail -1 out)"; fi
    done <<'L'
plain/convmilter.service 30
plain/vdl-update.service 45
plain/convweb.service 85
open/convweb.service 65
plain/convweb-notify.service 90
L
    if systemd-analyze security --offline=yes --threshold=10 plain/convweb.service >out 2>&1; then bad "no threshold holds"; else ok; fi
else
    skipped=$((skipped + 6))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
