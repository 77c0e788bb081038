#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# sh bench/run.sh --device: builds bench_cuda with nvcc alone, runs it and the peers in Python in turn, and writes tables,
# a picture and the results. Without nvcc or a device it says so and succeeds.
#   sh bench/cuda/run.sh [--quick] [--filter NAME,NAME] [--rounds N] [--seconds S] [--out DIR]
# --seconds  no workload is begun after that many, the build included (510).
# PYTHON holds the interpreter with PyTorch (python3).
set -eu
from=$PWD
cd -- "$(dirname -- "$0")/../.."
say() { printf 'bench: %s\n' "$*"; }
usage() { sed -n 's/^#  *\(sh bench.*\)/usage: \1/p' "$0" >&2; exit 2; }

quick='' filter='' rounds=2 seconds=510 out=$PWD/build/bench_cuda/report
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=--quick; shift; continue ;;
    --filter | --rounds | --seconds | --out) [ $# -ge 2 ] || usage ;;
    *) usage ;;
  esac
  case $1 in
    --filter) filter=$(printf '%s' "$2" | tr ' ' ',') ;;
    --rounds) rounds=$2 ;;
    --seconds) seconds=$2 ;;
    --out) case $2 in /*) out=$2 ;; *) out=$from/$2 ;; esac ;;
  esac
  shift 2
done
case "$rounds$seconds" in *[!0-9]* | '') usage ;; esac
build=build/bench_cuda results=build/bench_cuda/results python=${PYTHON:-python3}
started=$(date +%s)
left() { echo $((seconds - ($(date +%s) - started))); }

PATH=$PATH:${CUDA_HOME:-/usr/local/cuda}/bin
command -v nvcc >/dev/null 2>&1 || { say "no nvcc: skipped"; exit 0; }
command -v cmake >/dev/null 2>&1 || { say "no cmake: skipped"; exit 0; }
if ! nvidia-smi -L >/dev/null 2>&1 && [ ! -e /dev/nvidia0 ]; then
  say "no device: skipped"
  exit 0
fi

say "building"
cmake --log-level=WARNING -S bench/cuda -B $build -DCMAKE_BUILD_TYPE=Release
cmake --build $build --parallel "$(nproc)"
say "built in $(($(date +%s) - started)) s"
rm -rf $results
mkdir -p $results "$out"
export TORCHINDUCTOR_CACHE_DIR="$PWD/$build/inductor" TRITON_CACHE_DIR="$PWD/$build/triton"

ask() { nvidia-smi "--query-gpu=$1" --format=csv,noheader 2>/dev/null | head -1; }
printf '{"kind": "machine", "driver_version": "%s", "nvcc": "%s"}\n' "$(ask driver_version)" \
  "$(nvcc --version | sed -n 's/.*release \([0-9.]*\).*/\1/p')" >$results/machine.jsonl

# A B A B by process. What is left is shared among the processes to come.
turns=$((2 * rounds))
for round in $(seq "$rounds"); do
  say "round $round of $rounds: bench_cuda"
  $build/bench_cuda $quick ${filter:+--filter "$filter"} --process "$round" --seconds $(($(left) / turns)) \
    >"$results/ours.$round.jsonl"
  turns=$((turns - 1))
  say "round $round of $rounds: peers"
  "$python" bench/cuda/peers/run_peers.py $quick ${filter:+--filter "$filter"} --process "$round" \
    --seconds $(($(left) / turns)) --ours "$results/ours.$round.jsonl" --out "$results/peers.$round.jsonl" ||
    say "the peers failed: their figures are missing"
  turns=$((turns - 1))
done
"$python" bench/gpu_report.py $results "$out"
say "done in $(($(date +%s) - started)) s: $out"
