#!/bin/sh
# What others may write is not trusted; links in shared folders are not followed; umask 0, closed descriptors and a hostile environment change nothing.
# shellcheck disable=SC2016 # what stands in single quotes is for others to expand
umask 022
passed=0 failed=0
expect() { what=$1; shift; if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $what"; cat err 2>/dev/null; fi; }

printf ':Test.Needle, "needle in a haystack" #\n' >good.vdl
"$BIN/vdlc" -q -o good.vdb good.vdl || exit 1
printf 'clean, and to stay so\n' >clean
printf 'a needle in a haystack\n' >infected
: >empty.conf

# channel PART [option…]: leaves rc, out, options, err
channel() {
    rm -f out options err
    part=$1
    shift
    INPUT_FILE=$part OUTPUT_FILE=out OUTPUT_OPTIONS=options INPUT_TYPE=text INPUT_SUBTYPE=plain "$BIN/convscan" "$@" 2>err
    rc=$?
}
handed_over() { [ "$rc" = 0 ] && cmp -s "$part" out; }
# retried WHAT: nothing handed over, and the file is named with the reason
retried() { [ "$rc" = 0 ] && [ ! -e out ] && grep -q '^STATUS=178028698$' options && grep -q "$1.*changed by others\|$1.*may write" err; }

# ---- what others may write ----
for mode in g+w o+w; do
    cp good.vdb db.vdb; chmod $mode db.vdb
    channel clean --db db.vdb;                              expect "$mode database" retried db.vdb
    cp empty.conf c.conf; chmod $mode c.conf
    channel clean --db good.vdb --config c.conf;            expect "$mode configuration" retried c.conf
    mkdir folder; cp good.vdb folder; chmod $mode folder
    printf '[scan]\ndatabase = %s/folder\n' "$PWD" >folder.conf
    channel clean --config folder.conf;                     expect "$mode folder of databases" retried folder
    chmod 755 folder
    channel clean --config folder.conf;                     expect "… mended" handed_over
    rm -r folder

    mkdir templates; echo 'from the template' >templates/en.txt
    printf '[notice]\nfolder = %s/templates\n' "$PWD" >notice.conf
    channel infected --db good.vdb --config notice.conf;    expect "a template" grep -q 'from the template' out
    chmod $mode templates/en.txt
    channel infected --db good.vdb --config notice.conf;    expect "$mode template: the built-in text" grep -q 'mail server' out
    rm -r templates

    mkdir kept; chmod $mode kept
    printf '[quarantine]\nfolder = kept\n[virus]\nquarantine = yes\n' >kept.conf
    channel infected --db good.vdb --config kept.conf;      expect "$mode quarantine: held, not lost" grep -q '^STATUS=178030250$' options
    expect "… nothing is put there" [ -z "$(find kept -type f)" ]
    rm -r kept
    channel infected --db good.vdb --config kept.conf;      expect "a quarantine of its own" [ "$(find kept/new -type f | wc -l)" = 1 ]
    rm -r kept

    : >counters; chmod $mode counters
    printf '[flood]\non = yes\nrate = 1\nfile = counters\n' >flood.conf
    channel infected --db good.vdb --config flood.conf;     expect "$mode flood counters are left alone" [ ! -s counters ]
    rm counters

    printf 'in-type=*; in-subtype=*; command="/bin/cp $INPUT_FILE $OUTPUT_FILE"\n' >conversions
    printf 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n' >mappings
    for f in conversions mappings; do
        chmod $mode $f
        printf 'Subject: x\n\nbody\n' | "$BIN/convchan" --conversions conversions --mappings mappings >made 2>err
        expect "$mode $f: exit 65" [ $? = 65 ]
        expect "… nothing is delivered" [ ! -s made ]
        chmod 644 $f
    done
    mkdir spool; chmod $mode spool
    timeout 20 "$BIN/convchan" --queue spool --conversions conversions --mappings mappings </dev/null >made 2>err
    expect "$mode spool is refused" grep -q 'changed by others' err
    rmdir spool 2>/dev/null || rm -r spool
done

# ---- links in a shared folder ----
echo precious >precious
for target in out options; do
    rm -f out options; ln -s precious $target
    INPUT_FILE=infected OUTPUT_FILE=out OUTPUT_OPTIONS=options "$BIN/convscan" --db good.vdb 2>err
    expect "$target is a link: replaced, not followed" [ "$(cat precious)" = precious ]
    expect "… by a file" [ ! -L $target ]
done
ln -s precious log; printf '[log]\nfile = log\n' >log.conf
channel infected --db good.vdb --config log.conf;           expect "the log is a link: not followed" [ "$(cat precious)" = precious ]
ln -s precious counters
channel infected --db good.vdb --config flood.conf;         expect "the counters are a link: not followed" [ "$(cat precious)" = precious ]

# ---- umask 0 ----
printf '[log]\nfile = made.log\n[quarantine]\nfolder = mine\n[virus]\nquarantine = yes\n[flood]\non = yes\nfile = made.counters\n' >all.conf
(umask 0; channel infected --db good.vdb --config all.conf; "$BIN/vdlc" -q -o made.vdb good.vdl)
for f in out options made.log made.counters made.vdb; do expect "umask 0: $f was made" [ -s $f ]; done
expect "umask 0: nothing that others may write" [ -z "$(find out options made.log mine made.counters made.vdb -perm /002)" ]
expect "umask 0: an image that is taken" "$BIN/vdlc" -q --verify made.vdb

# ---- descriptors that are closed: no message may end up in a file that got their number ----
for fds in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
    rm -f out
    # A warning is said in any case: there is no options file.
    eval "INPUT_FILE=clean OUTPUT_FILE=out \"\$BIN/convscan\" --db good.vdb $fds" 2>/dev/null
    expect "$fds: the part is handed over byte for byte" cmp -s clean out
    eval "INPUT_FILE=infected OUTPUT_FILE=out \"\$BIN/convscan\" --db good.vdb $fds" 2>/dev/null
    expect "$fds: the infected one is not" sh -c '[ -s out ] && ! grep -q needle out && ! grep -q convscan: out'
done
printf 'Subject: x\n\nbody\n' >message
(exec <&- 2>&-; "$BIN/convchan" --conversions conversions --mappings mappings >made)
expect "convchan without standard input and errors: nothing strange is written" [ ! -s made ]

# ---- the environment ----
mkdir evil
for p in sh cp date hostname; do printf '#!/bin/sh\ntouch %s/ran\n' "$PWD" >evil/$p; chmod +x evil/$p; done
hostile() {     # command…: with all that a stranger could set, but for the loader's own switches
    env -i PATH="$PWD/evil" TMPDIR=/nowhere HOME=/nowhere IFS=x ENV="$PWD/evil/sh" BASH_ENV="$PWD/evil/sh" TZ=:/nowhere/tz LANG=xx_XX LC_ALL=../../evil \
        GCONV_PATH="$PWD/evil" LOCPATH="$PWD/evil" NLSPATH="$PWD/evil/%N" MAGIC="$PWD/evil/sh" MALLOC_TRACE="$PWD/traced" MALLOC_CHECK_=3 MALLOC_PERTURB_=165 \
        GLIBC_TUNABLES=glibc.malloc.check=3 RES_OPTIONS=debug HOSTALIASES="$PWD/evil/sh" LD_LIBRARY_PATH="$PWD/evil" \
        NAME="$(printf 'a\nb\033[2J;`touch ran`')" FILENAME='../../../etc/passwd' INPUT_FILE="$1" OUTPUT_FILE=out OUTPUT_OPTIONS=options "$BIN/convscan" --db good.vdb 2>err
}
rm -f out options; hostile clean;    expect "hostile environment: clean" cmp -s clean out
rm -f out options; hostile infected; expect "hostile environment: infected" sh -c '[ -s out ] && ! grep -q needle out'
expect "… nothing ran" [ ! -e ran ]
expect "… nothing was written" [ ! -e traced ]
rm -f out; env -i INPUT_FILE=infected OUTPUT_FILE=out "$BIN/convscan" --db good.vdb 2>err
expect "empty environment" sh -c '[ -s out ] && ! grep -q needle out'

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
