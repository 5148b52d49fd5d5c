#!/bin/sh
# class × action × (options file wanted, missing, unwritable) × (headers wanted or not), through the environment alone:
# what was found never comes out, what is clean always does, and the answer is whole.
{ [ -x "$BIN/convscan" ] && [ -x "$BIN/vdlc" ]; } || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }

cat >rules.vdl <<'R'
:Test.Virus, "the needle of the virus" #
R
cat >spam.vdl <<'R'
:Test.Spam, "the needle of the spam" #
R
"$BIN/vdlc" -o rules.vdb --class virus rules.vdl >out.txt 2>&1 && "$BIN/vdlc" -o spam.vdb --class spam spam.vdl >>out.txt 2>&1 || {
    cat out.txt; exit 1; }

printf 'the needle of the virus\n' >virus
printf 'the needle of the spam\n' >spam
printf 'nothing at all\n' >clean
printf 'harmless\n' >ext
printf 'PK\003\004' >zip-start
printf 'Content-Type: application/octet-stream; name="%s"\nContent-Transfer-Encoding: base64\n' evil.exe >headers

status_of() {
    case $1 in
    delete) echo 178030178 ;; hold) echo 178030250 ;; return) echo 178029946 ;;
    discard) echo 178030259 ;; postmaster) echo 178030098 ;; retry) echo 178028698 ;;
    esac
}

# run CLASS OPTIONS(file|none|unwritable) HEADERS(yes|no): sets rc
run() {
    rm -rf o h; mkdir o
    name=part.txt
    [ "$1" = ext ] && name=evil.exe
    set -- "$1" "$2" "$3" env -i INPUT_FILE="$1" OUTPUT_FILE=o/out NAME="$name"
    what=$2 wants=$3
    shift 3
    [ "$what" = file ] && set -- "$@" OUTPUT_OPTIONS=o/options
    [ "$what" = unwritable ] && set -- "$@" OUTPUT_OPTIONS=nowhere/options
    [ "$wants" = yes ] && set -- "$@" INPUT_HEADERS=headers-now OUTPUT_HEADERS=o/headers
    "$@" "$BIN/convscan" --config now.conf --db rules.vdb --db spam.vdb 2>err
    rc=$?
}

is_notice() { grep -q 'removed by the mail server' o/out; }

judge() { # CLASS ACTION OPTIONS HEADERS
    label="$1 $2 options=$3 headers=$4"
    [ "$rc" = 0 ] || { bad "$label: exit $rc"; return; }
    find o -name '*.new' | grep -q . && { bad "$label: something half-written is left"; return; }
    status=$(status_of "$2")
    if [ "$1" = clean ] || [ "$2" = pass ] || [ "$2" = tag ]; then
        cmp -s "$1" o/out || { bad "$label: not byte for byte"; return; }
        grep -qs STATUS= o/options && { bad "$label: a status"; return; }
        if [ "$4" = yes ]; then
            grep -q '^Content-Type' o/headers || { bad "$label: headers are lost"; return; }
            if [ "$2" = tag ] && [ "$1" != clean ]; then
                grep -q "^X-Convscan-Class: $1" o/headers || { bad "$label: no tag"; return; }
            else
                cmp -s headers-now o/headers || { bad "$label: headers changed"; return; }
            fi
        fi
    elif [ -z "$status" ] || [ "$3" != file ]; then
        is_notice || { bad "$label: no notice"; return; }
        cmp -s "$1" o/out && { bad "$label: it came out"; return; }
        [ "$4" = no ] || grep -q 'removed.txt' o/headers || { bad "$label: the name of the notice"; return; }
        [ "$3" != file ] || { grep -q '^OUTPUT_TYPE=TEXT$' o/options && ! grep -q STATUS= o/options; } || { bad "$label: options"; return; }
    else
        grep -q "^STATUS=$status\$" o/options || { bad "$label: $(cat o/options)"; return; }
        [ -e o/out ] && { bad "$label: an output besides"; return; }
    fi
    ok
}

for class in clean virus spam ext; do
    name=part.txt
    [ $class = ext ] && name=evil.exe
    printf 'Content-Type: application/octet-stream; name="%s"\nContent-Transfer-Encoding: base64\n' $name >headers-now
    for action in pass tag clean replace delete hold return discard postmaster retry; do
        [ $class = clean ] || printf '[%s]\naction = %s\nelse = replace\n' $class $action >now.conf
        [ $class = clean ] && : >now.conf
        for options in file none unwritable; do
            for headers in yes no; do
                run $class $options $headers
                judge $class $action $options $headers
            done
        done
    done
done

# Input and output are the same file.
: >now.conf
cp virus same
env -i INPUT_FILE=same OUTPUT_FILE=same OUTPUT_OPTIONS=options "$BIN/convscan" --config now.conf --db rules.vdb && grep -q 'Test.Virus' same \
    && ! grep -q needle same && ok || bad "same file, infected"
cp clean same
env -i INPUT_FILE=same OUTPUT_FILE=same OUTPUT_OPTIONS=none "$BIN/convscan" --config now.conf --db rules.vdb && cmp -s clean same && [ ! -e none ] \
    && ok || bad "same file, clean"
# What does not fit in memory goes beside the output, the one folder that the cage leaves open; or into the one that is named, and nowhere else.
{ head -c 900000 /dev/zero; cat virus; } | gzip >large.gz
mkdir -p p named
for place in '' "spool = $PWD/named" 'spool = /no/such/folder'; do
    rm -f p/*
    printf '[limits]\nmemory = 64K\n[scan]\n%s\n' "$place" >now.conf
    env -i INPUT_FILE=large.gz OUTPUT_FILE=p/out OUTPUT_OPTIONS=p/options "$BIN/convscan" --config now.conf --db rules.vdb 2>err; rc=$?
    case $place in
    */no/*) [ $rc = 0 ] && grep -q 178028698 p/options && [ ! -e p/out ] ;;
    *) [ $rc = 0 ] && grep -q 'Test.Virus' p/out && [ "$(ls p named | wc -w)" = 4 ] ;;
    esac && ok || bad "spool: ${place:-beside}: $(ls -A p named) $(cat err)"
done
# Operands go before the environment.
env -i INPUT_FILE=virus OUTPUT_FILE=o/x OUTPUT_OPTIONS=o/p "$BIN/convscan" --config now.conf --db rules.vdb clean o/operand && cmp -s clean o/operand \
    && ok || bad "operands"
# A wrong option is no way past the scanner.
rm -f o/*
env -i INPUT_FILE=virus OUTPUT_FILE=o/out OUTPUT_OPTIONS=o/options "$BIN/convscan" --no-such-option 2>err && grep -q 178028698 o/options \
    && [ ! -e o/out ] && ok || bad "unknown option"
# Nowhere to say so, and no memory asked for before the cage closed: the notice is the usual one, not the watchdog's.
rm -f o/*
env -i INPUT_FILE=virus OUTPUT_FILE=o/out "$BIN/convscan" --no-such-option 2>err && grep -q 'no option' err && ! grep -q SIGSYS err \
    && [ -s o/out ] && ! cmp -s virus o/out && ok || bad "unknown option, no options file"
# Names that would forge a line.
for name in 'a
STATUS=1
.txt' 'a"; STATUS=1' "$(printf 'x\033[2J\r\n.txt')"; do
    printf '[virus]\naction = return\n[log]\nfile = log\n' >now.conf
    rm -f o/* log
    env -i INPUT_FILE=virus OUTPUT_FILE=o/out OUTPUT_OPTIONS=o/options NAME="$name" FILENAME="$name" INPUT_CHANNEL="$name" \
        "$BIN/convscan" --config now.conf --db rules.vdb
    [ "$(grep -c '^STATUS=' o/options)" = 1 ] && [ "$(wc -l <log)" = 1 ] && ! grep -q "$(printf '\033')" log && ok || bad "name: $name"
done
# Overrides: the first that fits counts.
printf '[override a]\nin = tcp_*\nsignature = Test.*\naction = discard\n[override b]\naction = hold\nclass = virus\n' >now.conf
rm -f o/*
env -i INPUT_FILE=virus OUTPUT_FILE=o/out OUTPUT_OPTIONS=o/options INPUT_CHANNEL=tcp_local "$BIN/convscan" --config now.conf --db rules.vdb
grep -q 178030259 o/options && ok || bad "override by channel"
env -i INPUT_FILE=virus OUTPUT_FILE=o/out OUTPUT_OPTIONS=o/options INPUT_CHANNEL=other "$BIN/convscan" --config now.conf --db rules.vdb
grep -q 178030250 o/options && ok || bad "override by class"
# Quarantine: a copy that can be shown; and when it cannot be kept, the part is held.
printf '[virus]\nquarantine = yes\n[quarantine]\nfolder = %s/keep\n' "$PWD" >now.conf
rm -f o/*
env -i INPUT_FILE=virus OUTPUT_FILE=o/out OUTPUT_OPTIONS=o/options "$BIN/convscan" --config now.conf --db rules.vdb
grep -rqs 'needle of the virus' keep/new && grep -rqs '^X-Convscan-Record: {"id"' keep/new && [ -z "$(ls keep/tmp)" ] && ok || bad "quarantine"
: >file; printf '[virus]\nquarantine = yes\n[quarantine]\nfolder = %s/file\n' "$PWD" >now.conf
rm -f o/*
env -i INPUT_FILE=virus OUTPUT_FILE=o/out OUTPUT_OPTIONS=o/options "$BIN/convscan" --config now.conf --db rules.vdb 2>err
grep -q 178030250 o/options && [ ! -e o/out ] && ok || bad "quarantine that cannot be written"
# Types: as declared, as the first bytes tell, as libmagic knows.
types() { # WHAT CONFIG PART TYPE/SUBTYPE
    printf '%s\n' "$2" >now.conf; rm -f o/*
    env -i INPUT_FILE="$3" OUTPUT_FILE=o/out OUTPUT_OPTIONS=o/options INPUT_TYPE="${4%/*}" INPUT_SUBTYPE="${4#*/}" \
        "$BIN/convscan" --config now.conf --db rules.vdb
    is_notice && ok || bad "$1"
}
types "declared media type" '' clean application/X-MSDownload
printf 'GIF89a' >gif
types "type word" '[names]
block_types = GIF' gif image/gif
printf '\001\332\001\001\000\003\000\012\000\012\000\003\000\000\000\000\000\000\000\377\000\000\000\000' >sgi
head -c 600 /dev/zero >>sgi
if command -v file >/dev/null && file -b --mime-type sgi | grep -q image/x-sgi; then
    types "libmagic" '[names]
block_magic = image/x-*' sgi application/octet-stream
fi
rm -f o/*
env -i INPUT_FILE=clean OUTPUT_FILE=o/out OUTPUT_OPTIONS=o/options NAME='=?utf-8?B?ZXZpbC5leGU=?=' "$BIN/convscan" --db rules.vdb
is_notice && ok || bad "encoded word as NAME"
# The notice speaks the reader's language.
printf 'From: a@example.org\nAccept-Language: xx, de-CH;q=0.9, en\n\n' >message
: >now.conf
rm -f o/*
env -i INPUT_FILE=virus OUTPUT_FILE=o/out OUTPUT_OPTIONS=o/options MESSAGE_HEADERS=message "$BIN/convscan" --config now.conf --db rules.vdb
grep -q 'vom Mailserver entfernt' o/out && grep -qx 'OUTPUT_ENCODING=QUOTED-PRINTABLE' o/options && ok || bad "notice in German"
mkdir -p notices; printf '{virus} in {file}: {nothing}{subject}{' >notices/en.txt
printf '[notice]\nfolder = %s/notices\n' "$PWD" >now.conf
printf 'Subject: {virus} =?utf-8?q?a=0Ab?=\n\n' >message
rm -f o/*
env -i INPUT_FILE=virus OUTPUT_FILE=o/out OUTPUT_OPTIONS=o/options MESSAGE_HEADERS=message NAME=n.txt "$BIN/convscan" --config now.conf --db rules.vdb
[ "$(cat o/out)" = 'Test.Virus in n.txt: {virus} a?b' ] && ok || bad "template: $(cat o/out)"
# Flood: above the rate the action changes, and the file may be gone or damaged at any time.
printf '[flood]\non = yes\nrate = 3\nfile = %s/flood\n' "$PWD" >now.conf
for n in 1 2 3 4; do
    rm -f o/*
    [ $n = 2 ] && printf 'x' >>flood
    env -i INPUT_FILE=virus OUTPUT_FILE=o/out OUTPUT_OPTIONS=o/options "$BIN/convscan" --config now.conf --db rules.vdb 2>err
    if [ $n -le 3 ]; then is_notice && ok || bad "flood $n"; else grep -q 178030259 o/options && ok || bad "flood $n"; fi
done

# channel.link: what passes gets a second name, where nobody else could have changed it; what does not pass is never linked.
same_file() { [ "$(ls -iL "$1" 2>/dev/null | cut -d' ' -f1)" = "$(ls -iL "$2" 2>/dev/null | cut -d' ' -f1)" ]; }
# linked LABEL SETTING PART(clean|virus|spam) COMMAND OUTPUT WANT(linked|copied|notice|tagged)
linked() {
    rm -rf l; mkdir l
    umask 022
    cp "$3" l/in; echo "Content-Type: text/plain" >l/in-headers
    printf '[channel]\nlink = %s\n' "$2" >now.conf
    (cd l && eval "$4") || bad "$1: its preparation"
    env -i INPUT_FILE=l/in OUTPUT_FILE="l/$5" OUTPUT_OPTIONS=l/options INPUT_HEADERS=l/in-headers OUTPUT_HEADERS=l/out-headers NAME=part.txt \
        "$BIN/convscan" --config now.conf --db rules.vdb --db spam.vdb 2>err || bad "$1: exit $?"
    cmp -s "$3" l/in || bad "$1: the input was changed"
    how=copied
    same_file l/in "l/$5" && how=linked
    [ "$how" = copied ] && same_file l/in-headers l/out-headers && how='the headers alone are linked'
    [ "$how" = linked ] && ! same_file l/in-headers l/out-headers && how='the headers are not linked'
    [ "$3" = virus ] && grep -qs 'removed by the mail server' "l/$5" && ! same_file l/in-headers l/out-headers && how=notice
    [ "$3" = spam ] && same_file l/in "l/$5" && grep -qs '^X-Convscan-Class: spam' l/out-headers && ! same_file l/in-headers l/out-headers && how=tagged
    [ "$how" = notice ] || cmp -s "$3" "l/$5" || how='another content'
    [ "$how" = "$6" ] && ok || bad "link: $1: $how, not $6"
    [ -z "$(find l -name '*.new')" ] || bad "link: $1: something half-written is left"
}
linked 'off' no clean : out copied
linked 'on' yes clean : out linked
linked 'on, a virus' yes virus : out notice
linked 'on, tagged' yes spam : out tagged
linked 'an output is there already' yes clean 'echo old >out; echo old >out-headers' out copied
linked 'the output is the input' yes clean 'ln in out; ln in-headers out-headers' out copied
linked 'others may write' yes clean 'chmod 666 in in-headers' out copied
linked 'it has another name' yes clean 'ln in more; ln in-headers more-headers' out copied
linked 'a symbolic link' yes clean 'mv in real; ln -s real in; mv in-headers real-headers; ln -s real-headers in-headers' out copied
if [ "$(id -u)" = 0 ]; then
    linked 'of another user' yes clean 'chown 1 in in-headers' out copied
fi

echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
