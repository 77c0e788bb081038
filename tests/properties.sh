#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Builds the properties, optimised, and runs each with that many random cases: sh tests/properties.sh 100000
# Every run prints its seed; RC_PARAMS='seed=1' repeats one. COHORT_CMAKE_ARGS holds options for the configuration.
set -eu
cd -- "$(dirname -- "$0")/.."
count=${1:-100000}
case $count in
'' | *[!0-9]*)
  echo "usage: sh tests/properties.sh [cases] [arguments for the test executable]" >&2
  exit 2
  ;;
esac
[ $# -eq 0 ] || shift

# The baseline where the processor has no AVX2.
architecture=
if grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo; then architecture=x86-64-v3; fi 2>/dev/null

sh cmake/setup.sh --for tests
# shellcheck disable=SC2086 # several options in one variable
cmake --log-level=WARNING --preset dev -B build/properties -DCOHORT_WERROR=OFF -DCOHORT_BUILD_EXAMPLES=OFF \
  -DCMAKE_CXX_FLAGS_DEBUG="-O2 -g1" -DCOHORT_ARCH=$architecture ${COHORT_CMAKE_ARGS:-}
cmake --build build/properties --parallel "$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)" \
  --target cohort_test_properties
RC_PARAMS="max_success=$count ${RC_PARAMS:-}" exec build/properties/tests/cohort_test_properties "$@"
