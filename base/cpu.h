/*
 * cpu.h - what the processor at hand can do beyond plain x86-64: cpu_has(BMI2), cpu_has(SSSE3), cpu_has(AVX2).
 *
 * The loader has asked the processor already. To ask again costs an exit to the host on a virtual machine, and the compiler's own
 * table is filled before main(), also in programs that never look at it.
 */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#if defined __x86_64__ && defined __GNUC__
#define CPU_IS_X86_64 1
#if defined __has_include && __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#define cpu_has(feature) CPU_FEATURE_ACTIVE(feature)
#else
#define BMI2 "bmi2"
#define SSSE3 "ssse3"
#define AVX2 "avx2"
#define cpu_has(feature) __builtin_cpu_supports(feature)
#endif
#endif

#endif
