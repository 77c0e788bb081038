#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Installs what is missing, builds the rollout example and runs it. Arguments go to the example: sh examples/run.sh --help
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build="$root/build/examples"
jobs=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)

sh "$root/cmake/setup.sh" --for examples
cmake --log-level=WARNING -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCOHORT_ARCH=native \
  -DCOHORT_BUILD_TESTS=OFF -DCOHORT_BUILD_BENCH=OFF
cmake --build "$build" --target gsm8k_rollouts --parallel "$jobs"
exec "$build/examples/gsm8k_rollouts" "$@"
