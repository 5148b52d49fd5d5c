#!/bin/sh
# --lint: the shipped samples are clean; pitfalls are named with line and remedy; exit 1 for warnings, 65 for mistakes.
[ -x "$BIN/convchan" ] || exit 77
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
lint() { "$BIN/convchan" --lint --conversions "${1-conversions}" --mappings "${2-mappings}" </dev/null >out 2>err; rc=$?; }
lint "$ROOT/imta/conversions.sample" "$ROOT/imta/mappings.sample"
{ [ $rc = 0 ] && [ ! -s err ]; } && ok || bad "the samples: $(cat err)"
cp "$ROOT/imta/mappings.sample" mappings
# warns LINE TEXT: the conversions file on standard input
warns() {
    cat >conversions
    lint
    { [ $rc = 1 ] && grep -q "^convchan: conversions:$1: warning: .*$2" err; } && ok || bad "line $1, $2: exit $rc: $(cat err)"
}
warns 2 'write override-option-file' <<'END'
in-type=*; parameter-copy-0=*; dparameter-copy-0=*; override-header-file=1;
  overide-option-file=1; command="x"
END
warns 1 'add in-type=' <<'END'
in-chan=*; override-header-file=1; override-option-file=1; command="x"
END
warns 1 'use in-type=\*; in-subtype=\*' <<'END'
in-type=application; in-subtype=octet-stream; override-header-file=1; override-option-file=1; command="x"
END
warns 1 'parameter-copy-0=\*' <<'END'
in-type=*; override-option-file=1; command="x"
END
printf 'in-type=*; override-header-file=1; override-option-file=1;\n  command=\342\200\235x\342\200\231\n' >printed
warns 2 'typographic' <printed
printf 'in-type=*; override-header-file=1; override-option-file=1;\n  out-description="%0260d"; command=x\n' 1 >wide
warns 2 '252' <wide
echo 'in-type=*; command="x' >conversions
lint
[ $rc = 65 ] && ok || bad "a mistake: exit $rc"
printf 'CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT  Yes,Prepross\n' >mappings
lint "$ROOT/imta/conversions.sample"
{ [ $rc = 1 ] && grep -q '^convchan: mappings:3: warning: "Prepross" is ignored' err; } && ok || bad "mappings: $(cat err)"
# Without --lint a misspelt name is a warning, and the message goes on.
printf 'in-type=*; comand="false"; command="cp $INPUT_FILE $OUTPUT_FILE"\n' >conversions
printf 'Subject: x\n\nbody\n' >message
"$BIN/convchan" --conversions conversions <message >out 2>err
{ [ $? = 0 ] && cmp -s out message && grep -q 'conversions:1: warning: .*write command' err; } && ok || bad "unknown name: $(cat err)"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
