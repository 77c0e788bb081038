#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Installs what is missing, builds the tests and runs them. Arguments go to ctest: sh tests/run.sh -R objective
# COHORT_CMAKE_ARGS holds options for the configuration, such as -DCOHORT_WERROR=ON.
#
#   sh tests/run.sh --quick     builds and runs only what one runs between two edits: the tests with the label `quick`
#   sh tests/run.sh --headers   every header alone, and all of them together
#   sh tests/run.sh --device [--sanitize] [--build-only]    the tests that need a GPU; skipped where there is none
set -eu
cd -- "$(dirname -- "$0")/.."
jobs=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)

target=all
case ${1:-} in
--device)
  shift
  exec sh tests/device/run.sh "$@"
  ;;
--quick | --headers)
  target=cohort_${1#--}
  label=${1#--}
  shift
  set -- -L "^$label\$" "$@"
  ;;
esac

# step NAME COMMAND...: the command, and its seconds for the last line.
spent=''
step() {
  step_name=$1
  shift
  step_began=$(date +%s)
  "$@"
  spent="$spent$step_name $(($(date +%s) - step_began)) s, "
}

step set-up sh cmake/setup.sh --for tests --for examples
# shellcheck disable=SC2086 # several options in one variable
step configure cmake --log-level=WARNING --preset dev -B build/tests -DCOHORT_WERROR=OFF ${COHORT_CMAKE_ARGS:-}
step build cmake --build build/tests --parallel "$jobs" --target "$target"
failed=0
tests_began=$(date +%s)
ctest --test-dir build/tests --output-on-failure --no-tests=error --parallel "$jobs" "$@" || failed=$?
cache=$(sed -n 's/^COHORT_COMPILED_THROUGH:INTERNAL=//p' build/tests/CMakeCache.txt)
printf 'seconds on %s cores: %stest %s s%s\n' "$jobs" "$spent" "$(($(date +%s) - tests_began))" "${cache:+; compiled through $cache}"
exit $failed
