#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# sh tests/run.sh --device [--sanitize] [--build-only] [arguments of device_tests]
# Builds the device tests with nvcc and CMake alone and runs them. Without a device, a driver or nvcc it says so and
# succeeds. --sanitize runs a part of them under the four tools of compute-sanitizer instead. --build-only needs no device.
set -eu
cd -- "$(dirname -- "$0")/../.."
jobs=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
build=build/device
sanitize=no run=yes
while :; do
  case ${1:-} in
  --sanitize) sanitize=yes ;;
  --build-only) run=no ;;
  *) break ;;
  esac
  shift
done

skip() { echo "$1: device tests skipped"; exit 0; }
find_tool() { # find_tool NAME: on the PATH, or where toolkits are
  for at in "$(command -v "$1" || :)" "${CUDA_HOME:-/usr/local/cuda}/bin/$1" "/usr/local/cuda/bin/$1"; do
    if [ -n "$at" ] && [ -x "$at" ]; then echo "$at"; return 0; fi
  done
  return 1
}
architecture="80-real;90-real"
if [ $run = yes ]; then
  smi=$(find_tool nvidia-smi) || smi=/usr/local/nvidia/bin/nvidia-smi
  [ -x "$smi" ] || skip "no CUDA device here (no nvidia-smi)"
  "$smi" -L 2>/dev/null | grep -q GPU || skip "no CUDA device here"
  "$smi" -L
  capability=$("$smi" --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d ' .') || capability=
  [ -z "$capability" ] || architecture="$capability-real"
fi
nvcc=$(find_tool nvcc) || skip "no nvcc here"
command -v cmake >/dev/null || skip "no CMake here"

started=$(date +%s)
generator=
if command -v ninja >/dev/null; then generator="-G Ninja"; fi
# shellcheck disable=SC2086 # two words or none
cmake --log-level=WARNING $generator -S tests/device -B $build -DCMAKE_CUDA_COMPILER="$nvcc" \
  -DCOHORT_DEVICE_ARCHITECTURES="$architecture"
cmake --build $build --parallel "$jobs"
echo "built for $architecture in $(($(date +%s) - started)) s"
# Of two shared objects the linker keeps one of two functions of one name: none that launches may be seen outside.
exported=0
for object in "$build"/libdevice_engine_sm*.so; do
  [ -e "$object" ] && command -v nm >/dev/null || continue
  if nm -DC --defined-only "$object" | grep 'cuda_context' | grep -v '::check_\|::lay_out'; then exported=1; fi
done
[ $exported = 0 ] || echo "FAILED: the functions above launch kernels and are not hidden"
if [ $run = no ]; then exit $exported; fi

if [ $sanitize = no ]; then
  $build/device_tests "$@" || exit 1
  exit $exported
fi
sanitizer=$(find_tool compute-sanitizer) || skip "no compute-sanitizer here"
failed=
for tool in memcheck racecheck initcheck synccheck; do
  echo "==== $tool"
  begin=$(date +%s)
  # What the program does on purpose (a failed allocation) is no finding.
  "$sanitizer" --tool $tool --report-api-errors no --error-exitcode 9 $build/device_tests --quick --tight "$@" ||
    failed="$failed $tool"
  echo "==== $tool: $(($(date +%s) - begin)) s"
done
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
echo "all four tools are silent"
