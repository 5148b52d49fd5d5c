#!/bin/sh
# install puts the programs, the rules and the pages where PREFIX and DESTDIR say; the installed convscan finds its rules.
(cd "$ROOT" && make -s install BUILD="${BIN%/bin}" DESTDIR="$OLDPWD/root" PREFIX=/usr) >log 2>&1 || { cat log; exit 1; }
[ -x root/usr/bin/convscan ] || { echo "no convscan"; find root; exit 1; }
[ "$(readlink root/usr/bin/uvscan)" = convscan ] || { echo "no uvscan"; exit 1; }
[ -s root/usr/share/convscan/rules.vdb ] || { echo "no rules"; exit 1; }
[ -e root/usr/share/bash-completion/completions/vdlc ] && [ -s root/usr/share/zsh/vendor-completions/_convscan ] || { echo "no completions"; exit 1; }
printf 'clean\n' >part
if [ ! -d /var/lib/convscan ] && [ ! -e /etc/convscan/convscan.conf ]; then
    root/usr/bin/convscan part >out || { cat out; exit 1; }
    [ "$(cat out)" = 'part: OK' ] || { cat out; exit 1; }
fi
(cd "$ROOT" && make -s uninstall BUILD="${BIN%/bin}" DESTDIR="$OLDPWD/root" PREFIX=/usr) >log 2>&1 || { cat log; exit 1; }
left=$(find root ! -type d)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
