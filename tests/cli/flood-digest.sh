#!/bin/sh
# flood-digest: what convscan logs of a flood becomes one mail, once; also across a rotation, a line that is not whole, a mail that fails.
[ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ] && command -v flock >/dev/null || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
printf ':Test Virus=1, "the needle" #\n' >r.vdl
"$BIN/vdlc" -q -o r.vdb r.vdl || exit 1
echo 'here is the needle' >virus
printf '[log]\nfile = %s/log\n[flood]\non = yes\nrate = 2\ninterval = 86400\nfile = %s/counters\n' "$PWD" "$PWD" >c.conf
cat >sendmail <<'S'
#!/bin/sh
[ ! -e refuse ] || exit 75
cat >>mails
S
chmod +x sendmail
scan() {
    for _ in $(seq "$1"); do
        rm -f out options
        env -i INPUT_FILE=virus OUTPUT_FILE=out OUTPUT_OPTIONS=options NAME="$(printf 'a\nflooded=7 sig=X')" "$BIN/convscan" --config c.conf --db r.vdb 2>err
    done
}
digest() { rm -f mails; "$ROOT/scripts/flood-digest" --log log --state state --to postmaster@example.org --sendmail ./sendmail "$@" >said 2>err; }
told() { # WHAT COUNT
    [ "$(grep -c '^To: postmaster@example.org$' mails)" = 1 ] && grep -q "^ *$2  20.* discard  *Test Virus=1$" mails && [ "$(grep -c '  discard' mails)" = 1 ] &&
        ok || bad "$1: $(cat mails err)"
}
scan 2; digest && [ ! -e mails ] && ok || bad "below the rate"
scan 3; digest; told "three above the rate" 3
digest && [ ! -e mails ] && ok || bad "told twice"
scan 1; touch refuse; digest; [ $? = 1 ] && ok || bad "a mail that fails"
rm refuse; digest; told "again after a mail that failed" 1
scan 2; mv log log.1; scan 1; digest; told "across a rotation" 3
scan 1; line=$(tail -n 1 log); printf '%.60s' "$line" >>log; digest; told "a line that is not whole" 1
printf '%s\n' "$(printf '%s' "$line" | cut -c61-)" >>log; digest; told "the rest of that line" 1
scan 1; digest --dry-run && grep -q 'Test Virus=1' said && [ ! -e mails ] && ok || bad "dry run"
: >log; scan 1; digest; told "cut short in place" 1
digest --to 'a@b, c' ; [ $? = 2 ] && ok || bad "an address that is two"
digest --nonsense; [ $? = 2 ] && ok || bad "unknown option"
"$ROOT/scripts/flood-digest" --help | grep -q -- --dry-run && ok || bad "help"
digest --log none; [ $? = 1 ] && ok || bad "no log"

echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
