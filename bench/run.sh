#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Installs what is missing, builds the benchmarks for this machine, runs them and prints a table.
#   sh bench/run.sh [--peers] [--threads "1 2"] [--filter "NAME ..."] [--rounds N] [--samples N] [--tokens N] [--out DIR]
#       [--page NAME]
#   sh bench/run.sh --device [--quick] [--filter "NAME ..."] [--rounds N] [--seconds S] [--out DIR]
# --device  on a GPU instead: bench/cuda/run.sh, with nvcc alone, under 10 minutes. Without a device it says so and succeeds.
# --peers   also PyTorch, eager and compiled, TRL and Liger, on the same inputs: needs Python >= 3.11 and pip's index, about
#           2.7 GB to download and 5 GB of build/peers, once; 4 GB of build/bench. What does not agree with ours is not timed.
# --filter  the programs whose names contain one of these (policy_loss, group_advantage, gae ...).
# --rounds  how often everything runs, ours and the peers in turn (2).
# --samples of each thing per process (9); 3 or so for a first look.
# --tokens  rows of logits, and of hidden states (512); 2048 takes 16 GB of memory.
# --out     where the tables, the pictures and the results go (build/bench/report).
# --page    the page there that holds the tables (cpu); docs/benchmarks has cpu.md, and logits.md for
#           --filter "token_log_prob logits_policy_gradient head_policy_gradient".
# PYTHON holds the interpreter for the virtual environment (python3).
set -eu
from=$PWD
cd -- "$(dirname -- "$0")/.."

say() { printf 'bench: %s\n' "$*"; }
usage() { sed -n 's/^#  *\(sh bench.*\)/usage: \1/p' "$0" >&2; exit 2; }

case " $* " in *" --device "*)
  for word; do
    shift
    [ "$word" = --device ] || set -- "$@" "$word"
  done
  here=$PWD
  cd -- "$from"
  exec sh "$here/bench/cuda/run.sh" "$@"
  ;;
esac

peers=no threads='1 2' filter='' rounds=2 samples=9 tokens=512 page=cpu out=$PWD/build/bench/report
while [ $# -gt 0 ]; do
  case $1 in
    --peers) peers=yes; shift; continue ;;
    --threads | --filter | --rounds | --samples | --tokens | --out | --page) [ $# -ge 2 ] || usage ;;
    *) usage ;;
  esac
  case $1 in
    --threads) threads=$(printf '%s' "$2" | tr ',' ' ') ;;
    --filter) filter=$(printf '%s' "$2" | tr ',' ' ') ;;
    --rounds) rounds=$2 ;;
    --samples) samples=$2 ;;
    --tokens) tokens=$2 ;;
    --page) page=$2 ;;
    --out) case $2 in /*) out=$2 ;; *) out=$from/$2 ;; esac ;;
  esac
  shift 2
done
case "$rounds$samples$tokens$(printf '%s' "$threads" | tr -d ' ')" in *[!0-9]* | '') usage ;; esac
export COHORT_BENCH_TOKENS="$tokens"
build=build/bench results=build/bench/results venv=build/peers
started=$(date +%s)

set_up() {
  sh cmake/setup.sh --for bench
  [ "$peers" = no ] || sh cmake/setup.sh --for peers
}
programs() { # the names of the programs asked for
  for source in bench/*.cpp; do
    program=$(basename "$source" .cpp)
    [ "$program" = inputs ] || ! asked_for "$program" || echo "$program"
  done
}
asked_for() { # asked_for PROGRAM
  [ -n "$filter" ] || return 0
  for part in $filter; do
    case $1 in *"$part"*) return 0 ;; esac
  done
  return 1
}
compile() {
  say "building"
  cmake --log-level=WARNING --preset release -B $build -DCOHORT_BUILD_TESTS=OFF -DCOHORT_BUILD_EXAMPLES=OFF
  # shellcheck disable=SC2046 # a list of targets
  cmake --build $build --parallel "$(nproc)" --target bench_inputs $(programs | sed 's/^/bench_/')
}
install_peers() {
  wanted=$(cksum <bench/peers/install.py)
  [ "$(cat $venv/installed 2>/dev/null)" != "$wanted" ] || return 0
  "${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    say "PyTorch 2.15 needs Python >= 3.11: set PYTHON to one" >&2
    exit 1
  }
  "${PYTHON:-python3}" -m venv $venv
  $venv/bin/python bench/peers/install.py '2.15.*'
  echo "$wanted" >$venv/installed
}

# Every process on the same processors, as many as the largest thread count asks for.
most=$(for n in $threads; do echo "$n"; done | sort -n | tail -1)
pinned() {
  if [ "$most" -lt "$(nproc)" ] && command -v taskset >/dev/null 2>&1; then
    taskset -c "0-$((most - 1))" "$@"
  else
    "$@"
  fi
}

# default: as a process finds it. kept: glibc keeps freed memory instead of returning it, and asks for pages of 2 MB;
# otherwise whoever allocates in a call pays a page fault for every 4 KB of it.
with_memory() { # with_memory default|kept COMMAND...
  memory=$1
  shift
  case $memory in
    default) pinned env "COHORT_BENCH_MEMORY=$memory" "$@" ;;
    kept)
      pinned env "COHORT_BENCH_MEMORY=$memory" MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=8589934592 \
        GLIBC_TUNABLES=glibc.malloc.hugetlb=1 THP_MEM_ALLOC_ENABLE=1 "$@"
      ;;
  esac
}

run_ours() { # run_ours ROUND MEMORY PROGRAM
  say "round $1 of $rounds, memory $2: $3"
  with_memory "$2" env "COHORT_BENCH_THREADS=$threads" "COHORT_BENCH_SAMPLES=$samples" $build/bench/bench_"$3" \
    --benchmark_repetitions="$samples" --benchmark_out_format=json \
    --benchmark_out="$results/ours.$1.$2.$3.json" >"$results/log" 2>&1 || {
    cat "$results/log" >&2
    exit 1
  }
}
run_peer() { # run_peer ROUND MEMORY SCRIPT
  for n in $threads; do
    say "round $1 of $rounds, memory $2: $3 in PyTorch, $n thread(s)"
    with_memory "$2" env "OMP_NUM_THREADS=$n" "COHORT_BENCH_THREADS=$threads" \
      "TORCHINDUCTOR_CACHE_DIR=$PWD/$build/inductor" \
      $venv/bin/python "bench/peers/$3.py" --inputs $build/inputs --threads "$n" --samples "$samples" \
        --out "$results/peer.$1.$2.$3.$n.json"
  done
}
run_everything() {
  for round in $(seq "$rounds"); do
    for memory in default kept; do
      for program in $(programs); do
        # Matrix products dominate it, seconds a call: one setting is enough.
        case $memory.$program in kept.head_policy_gradient) continue ;; esac
        run_ours "$round" "$memory" "$program"
        if [ $peers = yes ] && [ -f "bench/peers/$program.py" ]; then run_peer "$round" "$memory" "$program"; fi
      done
    done
  done
}

[ -n "$(programs)" ] || { say "no program's name contains $filter" >&2; exit 2; }
set_up
compile
rm -rf $results $build/inductor
mkdir -p $results "$out"
if [ $peers = yes ]; then
  install_peers
  say "writing the inputs"
  # shellcheck disable=SC2086 # a list of parts of names
  $build/bench/bench_inputs $build/inputs $filter
fi
run_everything
python3 bench/report.py $results "$out" "$page"
say "done in $((($(date +%s) - started) / 60)) min: $out"
