#!/bin/sh
# The decoder of quoted-printable as it runs where the processor has none of the newer instructions: glibc is told that it has not.
[ -x "$BUILD/tests/test_qp" ] || { echo "test_qp is not built"; exit 77; }
GLIBC_TUNABLES=glibc.cpu.hwcaps=-SSSE3,-BMI2,-AVX512VBMI "$BUILD/tests/test_qp" >out 2>&1 || { tail -5 out; exit 1; }
