#!/bin/sh
# rotate: a period's log, statistics and quarantine go to the archive, whole; what fails is there for the next run.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/convstat" ] && [ -x "$BIN/convhold" ] && command -v flock >/dev/null; } || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
PATH=$BIN:$PATH
printf ':Test.Virus, "the needle" #\n' >r.vdl
"$BIN/vdlc" -q -o r.vdb r.vdl || exit 1
echo 'here is the needle' >virus; echo nothing >clean
printf '[log]\nfile = %s/log\n[virus]\nquarantine = yes\n[quarantine]\nfolder = %s/keep\n' "$PWD" "$PWD" >c.conf
scan() {
    for f; do
        rm -f out options
        env -i INPUT_FILE="$f" OUTPUT_FILE=out OUTPUT_OPTIONS=options "$BIN/convscan" --config c.conf --db r.vdb || exit 1
    done
}
rotate() { "$ROOT/scripts/rotate" --log log --archive archive --wait 0 "$@" >out 2>err; rc=$?; }
day=$(date -u -d yesterday +%Y-%m-%d)

scan clean virus clean
cp log before
rotate --dry-run; [ $rc = 0 ] && [ ! -e archive ] && grep -q "$day/log.*gz" out && ok || bad "--dry-run: $(cat out err)"
rotate
[ $rc = 0 ] && [ ! -e log ] && gzip -dc archive/"$day"/log*.gz | cmp -s - before && ok || bad "the log: $rc $(cat err)"
grep -q '^Stats: vir:1 .* msgs:3 ' "archive/$day/summary.txt" && grep -q "^$day vir:1 ext:0" archive/stats && ok || bad "statistics"
grep -q '<svg' "archive/$day/report.html" && grep -q "href=\"$day/report.html\"" archive/index.html && ok || bad "pages"
[ "$(ls keep/new | wc -l)" = 1 ] && [ ! -e "archive/$day/quarantine" ] && ok || bad "the quarantine was touched"

# Again in the same period, with the quarantine.
scan virus clean
touch -d '10 days ago' "keep/new/$(ls keep/new | head -n 1)"
rotate --quarantine keep
[ $rc = 0 ] && [ -s "archive/$day.2/summary.txt" ] && [ "$(wc -l <archive/stats)" = 2 ] && ok || bad "a second run: $rc $(cat err)"
[ "$(ls keep/new | wc -l)" = 1 ] && [ "$("$BIN/convhold" list --dir "archive/$day.2/quarantine" | grep -c Test.Virus)" = 1 ] && ok || bad "parts in the archive"

# Nothing came in; a log that could not be packed; a lock; a scanner that writes late.
rotate; [ $rc = 0 ] && [ ! -e "archive/$day.3" ] && ok || bad "nothing to do: $rc $(ls archive)"
scan clean; mv log log.rotating.1; scan virus
rotate; [ $rc = 0 ] && [ "$(cat archive/"$day.3"/log*.gz | gzip -dc | wc -l)" = 2 ] && [ -z "$(ls log.rotating.* 2>/dev/null)" ] && ok || bad "what was left: $(ls)"
scan clean
( flock -n 9; rotate; exit $rc ) 9>>archive/.lock; [ $? = 75 ] && [ -s log ] && ok || bad "locked"
exec 8>>log
( sleep 0.3; echo 'a late line' >&8 ) &
exec 8>&-
rotate --wait 2; wait
cat archive/"$day.4"/log*.gz | gzip -dc | grep -q 'a late line' && ok || bad "a line written after the rename is lost"
mkdir fake; printf '#!/bin/sh\nexit 1\n' >fake/gzip; chmod +x fake/gzip
scan clean
PATH=$PWD/fake:$PATH rotate; [ $rc = 1 ] && ls log.rotating.* >/dev/null && grep -q 'the next run' err && ok || bad "packing fails: $rc $(cat err)"
rotate --keep 2
[ "$(ls -d archive/2* | wc -l)" = 2 ] && [ "$(wc -l <archive/stats)" -ge 5 ] && ok || bad "--keep: $(ls archive)"
scan clean; rotate --weekly; [ $rc = 0 ] && [ -d "archive/$(date -u -d '1 day ago' +%G-W%V)" ] && ok || bad "--weekly"
rotate --keep x; [ $rc = 2 ] && ok || bad "a bad number"
rotate --what; [ $rc = 2 ] && ok || bad "a bad option"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
