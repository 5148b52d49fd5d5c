#!/bin/sh
# A table of hostile environments: descriptors, masks, limits, signals, variables. In each of them a clean part and two infected ones (one in
# a charset that the C library reads through a module) go through convscan, and a message with the three through convchan.
# shellcheck disable=SC2016 # what stands in single quotes is for the shell that runs the row
umask 022
passed=0 failed=0 skipped=0
expect() { what=$1; shift; if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $what: exit $rc"; cat err options 2>/dev/null; fi; }
rc=-
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-         # rows count descriptors

HERE=$PWD
export HERE
printf ':Test.Needle, "needle in a haystack" #\n' >rules.vdl
"$BIN/vdlc" -q -o rules.vdb rules.vdl || exit 1
printf 'clean, and to stay so\n' >clean
printf 'a needle in a haystack\n' >infected
# The same in EBCDIC, which no part of ours reads by itself.
printf '\201\100\225\205\205\204\223\205\100\211\225\100\201\100\210\201\250\242\243\201\203\222\045' >foreign
printf 'Content-Type: text/plain\n\n' >clean.h
cp clean.h infected.h
printf 'Content-Type: text/plain; charset=ibm037\n\n' >foreign.h
{
    printf 'Subject: =?ibm037?Q?=C8?= three\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n'
    cat clean.h clean
    for p in infected foreign; do
        printf -- '--x\nContent-Transfer-Encoding: base64\n'
        cat $p.h
        base64 $p
    done
    printf -- '--x--\n'
} >message
printf 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yes\n' >mappings
printf 'in-type=*; in-subtype=*; original-header-file=1; override-header-file=1; override-option-file=1;\n  command="%s/convscan --db %s/rules.vdb"\n' \
    "$BIN" "$HERE" >conversions
printf 'in-type=*; in-subtype=*; command="/bin/sh %s/tell"\n' "$HERE" >telling
printf '/usr/bin/env >%s/told\n/bin/cp "$INPUT_FILE" "$OUTPUT_FILE"\n' "$HERE" >tell

# What a stranger would leave about: programs, a module for a charset, a table of file types, a preloaded library.
mkdir evil tmp
for p in sh cp env convscan date hostname file iconv; do printf '#!/bin/sh\n/bin/touch %s/ran\n' "$HERE" >evil/$p; chmod +x evil/$p; done
has_module=no
cat >evil.c <<'C'
#include <fcntl.h>
__attribute__((constructor)) static void ran(void) { (void)!open(MARK, O_CREAT | O_WRONLY, 0644); }
int gconv_init(void *step) { (void)step; return 0; }
int gconv(void) { return 0; }
C
if command -v cc >/dev/null && cc -shared -fPIC -DMARK="\"$HERE/ran\"" -o evil/EVIL.so evil.c 2>/dev/null; then has_module=yes; fi
printf 'module IBM037// INTERNAL EVIL 1\nmodule INTERNAL IBM037// EVIL 1\n' >evil/gconv-modules
cp evil/EVIL.so evil/gconv-modules . 2>/dev/null
printf '0 string a text\n!:mime application/x-evil\n' >.magic
cp .magic evil/magic

# A row's set-up ($1) and redirections ($2) around one program; no variable but the row's own reaches it from here.
around() {
    before=$1 after=$2
    shift 2
    : >err
    (eval "$before"; eval "exec \"\$@\" $after") 2>>err
    rc=$?
}
scan() {        # PART SET-UP REDIRECTIONS [OPTION...]
    part=$1
    rm -f out options
    around "export INPUT_FILE=$part OUTPUT_FILE=out OUTPUT_OPTIONS=options INPUT_HEADERS=$part.h INPUT_TYPE=text INPUT_SUBTYPE=plain; $2" "$3" \
        "$BIN/convscan" --db rules.vdb
}
convert() {     # SET-UP REDIRECTIONS
    around "$1" "$2" "$BIN/convchan" --conversions conversions --mappings mappings <message >made
}

# Nothing of the infected ones gets through, whatever else happens.
is_stopped() { ! grep -qs needle out && ! cmp -s "$part" out; }
is_told() { [ -s out ] || { [ "$rc" = 0 ] && grep -qs '^STATUS=' options; } || [ "$rc" = 75 ]; }
is_as_it_was() { [ "$rc" = 0 ] && cmp -s clean out; }
is_retried() { [ ! -s out ] && is_told; }
has_none() { ! grep -q needle made && ! grep -q "$(base64 infected)" made && ! grep -q "$(base64 foreign)" made; }
is_delivered() { [ "$rc" = 0 ] && has_none && grep -q 'clean, and to stay so' made && grep -q '^--.*--$' made; }
is_kept() { [ "$rc" = 75 ] && has_none; }

# row NAME CONVSCAN CONVCHAN SET-UP [REDIRECTIONS]: each of the two "works" in this environment, or "says" that it could not, or either.
row() {
    name=$1 scans=$2 converts=$3 before=$4 after=${5-}
    rm -f ran traced
    scan clean "$before" "$after"
    case $scans in
    works)  expect "$name: convscan, clean" is_as_it_was ;;
    says)   expect "$name: convscan, clean" is_retried ;;
    either) expect "$name: convscan, clean" eval 'is_as_it_was || is_retried' ;;
    esac
    for p in infected foreign; do
        scan $p "$before" "$after"
        expect "$name: convscan, $p does not pass" is_stopped
        expect "$name: convscan, $p is answered" is_told
        [ "$scans" != works ] || expect "$name: convscan, $p becomes a notice" [ -s out ]
    done
    convert "$before" "$after"
    case $converts in
    works)  expect "$name: convchan" is_delivered ;;
    says)   expect "$name: convchan" is_kept ;;
    either) expect "$name: convchan" eval 'is_delivered || is_kept' ;;
    esac
    expect "$name: nothing of a stranger's ran" [ ! -e ran ]
    expect "$name: nothing was written besides" [ ! -e traced ]
}

table() {
    row 'as it is'              works works ''
    # ---- descriptors ----
    row '0 closed'              works says  '' '<&-'
    row '1 closed'              works says  '' '>&-'
    row '2 closed'              works works '' '2>&-'
    row '0 1 closed'            works says  '' '<&- >&-'
    row '0 2 closed'            works says  '' '<&- 2>&-'
    row '1 2 closed'            works says  '' '>&- 2>&-'
    row '0 1 2 closed'          works says  '' '<&- >&- 2>&-'
    row 'others open'           works works '' '3</dev/null 4>&1 9>&2'
    row 'output is full'        works says  '' '>/dev/full'
    # ---- mask, limits, signals ----
    row 'umask 0'               works works 'umask 0'
    # Others than root could not read what came out.
    [ "$(id -u)" != 0 ] || row 'umask 777' either either 'umask 777'
    row '4 descriptors'         either says 'ulimit -n 4'
    row '8 descriptors'         either either 'ulimit -n 8'
    row 'files of no size'      says  either 'ulimit -f 0'
    row 'little memory'         either either 'ulimit -d 1024'
    row 'little address space'  either either 'ulimit -v 40000'
    row 'little stack'          works works 'ulimit -s 256'
    row 'signals ignored'       works works "trap '' HUP INT QUIT ALRM TERM PIPE CHLD XCPU XFSZ USR1 USR2"
    # ---- variables ----
    row 'few variables'         works works 'unset PATH HOME TMPDIR LANG'
    row 'PATH'                  works works 'export PATH="$HERE/evil:."'
    row 'PATH empty'            works works 'export PATH='
    row 'TMPDIR is not there'   works says  'export TMPDIR=/nowhere'
    row 'TMPDIR is a file'      works says  'export TMPDIR="$HERE/clean"'
    row 'TMPDIR is relative'    works works 'export TMPDIR=../../evil'
    row 'TMPDIR is endless'     works says  'export TMPDIR="/$(head -c 9000 /dev/zero | tr "\0" x)"'
    row 'locale'                works works 'export LC_ALL=../../evil LANG=xx_XX LANGUAGE=xx LOCPATH="$HERE/evil" NLSPATH="$HERE/evil/%N" CHARSET=IBM037'
    row 'time zone'             works works 'export TZ=:/nowhere TZDIR="$HERE/evil"'
    row 'home'                  works works 'export HOME="$HERE" XDG_CONFIG_HOME="$HERE/evil" MAGIC="$HERE/evil/magic"'
    row 'GCONV_PATH'            works works 'export GCONV_PATH="$HERE/evil"'
    row 'GCONV_PATH here'       works works 'export GCONV_PATH="$HERE:."'
    row 'resolver'              works works 'export RES_OPTIONS=debug HOSTALIASES="$HERE/evil/sh" LOCALDOMAIN=evil'
    row 'shell'                 works works 'export ENV="$HERE/evil/sh" BASH_ENV="$HERE/evil/sh" IFS=/ SHELL="$HERE/evil/sh" PS4="\$(touch $HERE/ran)"'
    row 'libraries elsewhere'   works works 'export LD_LIBRARY_PATH="$HERE/evil"'
    row 'a preload that is not' works works 'export LD_PRELOAD=/nowhere/evil.so LD_AUDIT=/nowhere/audit.so LD_BIND_NOW=1 LD_WARN=1'
    row 'loader talks'          works works 'export LD_DEBUG=statistics LD_PROFILE=nothing'
    row 'malloc, perturbed'     works works 'export MALLOC_PERTURB_=165 MALLOC_CHECK_=3 MALLOC_TRACE="$HERE/traced" GLIBC_TUNABLES=glibc.malloc.check=3'
    row 'malloc, small maps'    works works 'export MALLOC_MMAP_THRESHOLD_=1 MALLOC_TRIM_THRESHOLD_=0 MALLOC_ARENA_MAX=1'
    row 'malloc, no maps'       works works 'export MALLOC_MMAP_MAX_=0 MALLOC_TOP_PAD_=0'
    # Whoever counts lines at the end does not look whether there was memory for it.
    grep -q __gcov_exit "$BIN/convchan" ||
        row 'malloc, greedy'    either either 'export MALLOC_TOP_PAD_=99999999999'
    row 'convchan is told'      works works 'export CONVSCAN_CONFIG="$HERE/evil/sh" CONVCHAN_NESTED=1 PART_NUMBER=-1 PART_SIZE=-1 CONVERSION_TAG=x ATTACHMENT_NUMBER=x'
}
table
[ $has_module = yes ] || { skipped=1; echo "no compiler: the module for a charset was a name only"; }

# ---- no variable at all, and some that forge ----
rm -f out; env -i INPUT_FILE=infected OUTPUT_FILE=out "$BIN/convscan" --db rules.vdb 2>err; rc=$?
part=infected; expect "no variables: convscan" eval 'is_stopped && [ -s out ]'
env -i "$BIN/convchan" --conversions conversions --mappings mappings <message >made 2>err; rc=$?
expect "no variables: convchan" is_delivered
rm -f out ran; env INPUT_FILE=infected OUTPUT_FILE=out NAME="$(printf 'a\nb\033[2J;`touch ran`')" FILENAME=../../../etc/passwd "$BIN/convscan" --db rules.vdb 2>err; rc=$?
expect "names that forge: convscan" eval 'is_stopped && [ -s out ] && [ ! -e ran ]'

# ---- a command of convchan's has its own variables, none of the mail server's ----
LD_BIND_NOW=1 MALLOC_PERTURB_=1 GCONV_PATH=/x LOCPATH=/x IFS=/ ENV=/x BASH_ENV=/x TZDIR=/x SECRET=x \
    "$BIN/convchan" --conversions telling --mappings mappings <message >made 2>err; rc=$?
expect "a command is run" [ -s told ]
expect "… without what was set here" eval '! grep -qE "^(LD_|MALLOC_|GCONV_PATH|LOCPATH|ENV=|BASH_ENV|TZDIR|SECRET)" told'

# ---- root, and one who is not ----
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    printf '[log]\nfile = %s/log\n' "$HERE" >log.conf
    rm -f out options; INPUT_FILE=infected OUTPUT_FILE=out OUTPUT_OPTIONS=options "$BIN/convscan" --db rules.vdb --config log.conf 2>err; rc=$?
    expect "root: replaced" eval 'is_stopped && is_told'
    expect "root: caged as anybody" eval '[ -s log ] && ! grep -q uncaged log'
    chmod 755 . evil && chmod -R a+rX . && mkdir other && chown 65534:65534 other && cp clean infected foreign ./*.h message other
    run_as() { (cd other && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"); }
    if run_as test -r ../rules.vdb && run_as test -x "$BIN/convscan"; then
        run_as env INPUT_FILE=infected OUTPUT_FILE=out OUTPUT_OPTIONS=options "$BIN/convscan" --db ../rules.vdb 2>err; rc=$?
        expect "nobody: replaced, signatures of root's are taken" eval '[ $rc = 0 ] && [ -s other/out ] && ! grep -q needle other/out'
        run_as "$BIN/convchan" --conversions ../conversions --mappings ../mappings <message >made 2>err; rc=$?
        expect "nobody: convchan" is_delivered
    else
        skipped=$((skipped + 1))
    fi
else
    skipped=$((skipped + 1))
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
