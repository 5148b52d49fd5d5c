#!/bin/sh
# Completion in bash and zsh: what is offered at some places of some command lines.
command -v bash >/dev/null || exit 77
passed=0 failed=0 skipped=0
mkdir folder; : >file.vdb
cat >complete.bash <<'B'
. "$ROOT/scripts/completions/convscan.bash"
# The words of a command line; the last one is what is completed.
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_convscan_complete "$1"
echo "${COMPREPLY[*]}"
B
due() { # WANT WORD...
    want=$1; shift
    got=$(bash complete.bash "$@")
    if [ "$got" = "$want" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $*: '$got', due '$want'"; fi
}
due '--print-config --print-notice' convscan --print
due '--print-config --print-notice' uvscan --print
due '--print-config --print-notice' /usr/bin/convscan --print
due 'nl' convscan --preview-notice n
due 'file.vdb' convscan --db fil
due 'folder' convscan --move f
due 'file.vdb folder' convscan f
due 'uvscan' convscan --exit-codes = u
due 'virus' vdlc --class v
due 'virus' vdlc -c v
due 'file.vdb' vdlc --verify fil
due '' vdlc --level f
due 'plan' convstat p
due '--jobs' convstat plan --j
due 'list' convhold l
due 'file.vdb folder' convhold show f
due 'folder' convhold list --dir f
due 'folder' vdl-update --dir f
due '--state' flood-digest --st
due '' convtop --no-such
if command -v zsh >/dev/null; then
    # What zsh hands to _arguments.
    for line in 'convscan --db=:file:_files' 'vdlc --class=:word:(virus ext spam pua allow)' 'convstat 1:command:(summary solve plan report)'; do
        zsh -fc 'service=${1%% *}; _arguments() { print -l -- "$@" }; f() { . "$ROOT/scripts/completions/_convscan" }; f' zsh "$line" >out 2>err
        if grep -qF -- "${line#* }" out && [ ! -s err ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL zsh: $line"; fi
    done
else
    skipped=$((skipped + 3))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
