#!/bin/sh
# Decoders as they run where the processor has none of the newer instructions: glibc is told that it has not.
passed=0 failed=0 skipped=0
for t in qp; do
    if [ ! -x "$BUILD/tests/test_$t" ]; then
        skipped=$((skipped + 1)); echo "test_$t is not built"
    elif GLIBC_TUNABLES=glibc.cpu.hwcaps=-SSSE3,-BMI2,-AVX512VBMI "$BUILD/tests/test_$t" >out 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1)); echo "FAIL test_$t:"; tail -5 out
    fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
