#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Installs what is missing, builds the tests and runs them. Arguments go to ctest: sh tests/run.sh -R objective
# COHORT_CMAKE_ARGS holds options for the configuration, such as -DCOHORT_WERROR=ON.
#
#   sh tests/run.sh --device [--sanitize] [--build-only]    the tests that need a GPU; skipped where there is none
set -eu
cd -- "$(dirname -- "$0")/.."
jobs=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)

if [ "${1:-}" = --device ]; then
  shift
  exec sh tests/device/run.sh "$@"
fi

sh cmake/setup.sh --for tests --for examples
# shellcheck disable=SC2086 # several options in one variable
cmake --log-level=WARNING --preset dev -B build/tests -DCOHORT_WERROR=OFF ${COHORT_CMAKE_ARGS:-}
cmake --build build/tests --parallel "$jobs"
exec ctest --test-dir build/tests --output-on-failure --parallel "$jobs" "$@"
