#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Finds out what cohort's tests, examples and benchmarks miss on this machine, and installs that through apt.
#   sh cmake/setup.sh [--dry-run] [--for tests|examples|bench|peers|cuda]... [--with clang]
# Without --for: everything but what the comparison with PyTorch takes (peers) and what .cu files are compiled with
# (cuda: NVIDIA's wheels, under build/, no system package and no GPU). Nothing missing: nothing said, nothing done.
# Optional: libtorch and TBB, for the tests; only as root, and where apt has it.
set -eu

say() { printf 'cohort setup: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }
usage() { sed -n 's/^#  *\(sh cmake.*\)/usage: \1/p' "$0" >&2; exit 2; }

dry_run=no purposes='' with_clang=no
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=yes ;;
    --for) case ${2:-} in tests | examples | bench | peers | cuda) purposes="$purposes $2" ;; *) usage ;; esac; shift ;;
    --with) [ "${2:-}" = clang ] || usage; with_clang=yes; shift ;;
    *) usage ;;
  esac
  shift
done
wanted_for() { case " ${purposes:-tests examples bench} " in *" $1 "*) true ;; *) false ;; esac; }

missing=''                                # lines "package|what it is"
want() {                                  # want PACKAGE WHAT TEST...: notes the package when the test fails
  package=$1 what=$2
  shift 2
  "$@" >/dev/null 2>&1 || missing="$missing$package|$what
"
}
optional=''                               # packages
like() {                                  # like PACKAGE TEST...: the same, for what is skipped where it is missing
  package=$1
  shift
  "$@" >/dev/null 2>&1 || optional="$optional $package"
}

# Whether the preprocessor of the compiler at hand (CXX may hold several words) takes this code.
compiles() {
  # shellcheck disable=SC2086
  printf '%b' "$1" | ${CXX:-c++} -std=c++20 -I/usr/include/eigen3 -I/usr/local/include/eigen3 -x c++ -E - -o /dev/null
}
good_compiler() {
  compiles '#include <concepts>\n#if defined(__clang__) ? __clang_major__ < 14 : __GNUC__ < 12\n#error\n#endif\n'
}
good_cmake() {
  version=$(cmake --version | sed -n 's/^cmake version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
  [ "${version% *}" -gt 3 ] || { [ "${version% *}" -eq 3 ] && [ "${version#* }" -ge 25 ]; }
}
sanitizing_clang() {
  command -v clang++ && printf 'int main() {}' | clang++ -fsanitize=address,undefined -x c++ - -o /dev/null
}
has_header() { compiles "#if !__has_include(<$1>)\\n#error\\n#endif\\n"; }
catch='#if __has_include(<catch2/catch_test_macros.hpp>)\n#elif !__has_include(<catch2/catch.hpp>)\n#error\n#endif\n'
eigen='#include <Eigen/Core>\n#if !EIGEN_VERSION_AT_LEAST(3, 4, 0)\n#error\n#endif\n'

python_headers='import pathlib, sysconfig; (pathlib.Path(sysconfig.get_path("include")) / "Python.h").stat()'

# nvcc of any CUDA that knows C++20; the disassembler of machine code, which is a package of its own; other CCCLs than nvcc's.
toolkit=build/cuda-toolkit tools=build/cuda-tools
nvcc_is_good() { [ "$("$1" --version 2>/dev/null | sed -n 's/.*release \([0-9]*\)\..*/\1/p')" -ge 12 ]; }
has_nvcc() { # the first that CMake would find: cmake/cuda.cmake
  for nvcc in $toolkit/nvidia/cu13/bin/nvcc ${CUDA_HOME:+"$CUDA_HOME/bin/nvcc"} /usr/local/cuda/bin/nvcc nvcc; do
    command -v "$nvcc" >/dev/null && { nvcc_is_good "$nvcc"; return; }
  done
  false
}
has_cuobjdump() {
  command -v cuobjdump >/dev/null || [ -x /usr/local/cuda/bin/cuobjdump ] || [ -x $tools/nvidia/cu13/bin/cuobjdump ]
}
has_wheels() { has_nvcc && has_cuobjdump && [ -e build/cccl/2.8/thrust/version.h ] && [ -e build/cccl/3.5/thrust/version.h ]; }

look() {
  missing='' optional=''
  want g++ "a C++20 compiler, g++ >= 12 or clang++ >= 14" good_compiler
  want cmake "CMake >= 3.25" good_cmake
  want ninja-build Ninja command -v ninja
  want libeigen3-dev "Eigen >= 3.4" compiles "$eigen"
  if wanted_for tests; then
    want catch2 Catch2 compiles "$catch"
    want librapidcheck-dev rapidcheck compiles '#include <rapidcheck.h>\n'
    like libtorch-dev has_header ATen/ATen.h
    like libtbb-dev has_header tbb/tbb.h
  fi
  if wanted_for tests || wanted_for bench; then
    want python3 "Python 3" command -v python3
  fi
  if wanted_for tests || wanted_for examples; then
    want nlohmann-json3-dev nlohmann/json compiles '#include <nlohmann/json_fwd.hpp>\n'
  fi
  if wanted_for examples; then
    want libcli11-dev CLI11 compiles '#include <CLI/Version.hpp>\n'
  fi
  if wanted_for bench; then
    want libbenchmark-dev "Google Benchmark" compiles '#include <benchmark/benchmark.h>\n'
  fi
  if wanted_for peers; then
    want python3-venv "Python's venv" "${PYTHON:-python3}" -c 'import ensurepip, venv'
    want python3-dev "Python's headers" "${PYTHON:-python3}" -c "$python_headers"
  fi
  if wanted_for cuda && ! has_wheels; then
    want python3-venv "Python's venv" "${PYTHON:-python3}" -c 'import ensurepip, venv'
  fi
  if [ "$with_clang" = yes ]; then
    want clang "clang++ with sanitizers" sanitizing_clang
  fi
}

# Some releases of Debian and Ubuntu keep clang's sanitizers in a package of their own.
sanitizer_package() {
  case " $packages " in *" clang "*) apt-cache show libclang-rt-dev >/dev/null 2>&1 && printf ' libclang-rt-dev' ;; esac
  true
}
install() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "$@" >/dev/null
}
# Only what apt offers by the lists at hand, and only as root: without it some tests are skipped, and say so.
install_optional() {
  for package in $optional; do
    apt-cache show "$package" >/dev/null 2>&1 || continue
    if [ "$dry_run" = yes ] || [ "$(id -u)" -ne 0 ]; then
      say "optional, tests are skipped without it: apt-get install --no-install-recommends $package"
    else
      say "installing through apt, optional: $package"
      install "$package" || say "$package could not be installed; the tests that use it are skipped"
    fi
  done
}

# wheels FOLDER WHEEL...: what the wheels contain, into that folder.
wheels() {
  folder=$1
  shift
  [ -e build/.pip/bin/pip ] || ${PYTHON:-python3} -m venv build/.pip
  rm -rf "$folder.part" "$folder"
  build/.pip/bin/pip -q --disable-pip-version-check install --no-deps --no-compile --target "$folder.part" "$@" ||
    die "pip could not install: $*"
  mv "$folder.part" "$folder"
}
# nvcc and its headers: 104 MB to fetch, 271 MB on disk, without the libraries of the toolkit. It looks for lib64/, and
# CMake for a library without a number.
install_toolkit() {
  say "no nvcc here: NVIDIA's wheels of CUDA 13.0 into $toolkit"
  wheels $toolkit nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88 nvidia-cuda-runtime==13.0.88 \
    nvidia-cuda-cccl==13.0.85
  ln -s lib $toolkit/nvidia/cu13/lib64
  ln -s libcudart.so.13 $toolkit/nvidia/cu13/lib/libcudart.so
}
# cccl VERSION WHEEL FOLDER: one whose headers are in that folder of the wheel.
install_cccl() {
  [ ! -e "build/cccl/$1/thrust/version.h" ] || return 0
  wheels "build/cccl/wheel-$1" "$2"
  ln -sfn "wheel-$1/nvidia/$3" "build/cccl/$1"
}
install_cuda() {
  has_nvcc || install_toolkit
  has_cuobjdump || wheels $tools nvidia-cuda-cuobjdump==13.2.51 nvidia-cuda-nvdisasm==13.2.51
  install_cccl 2.8 nvidia-cuda-cccl-cu12==12.9.27 cuda_cccl/include
  install_cccl 3.5 nvidia-cuda-cccl==13.3.5.0.6 cu13/include/cccl
}
finish() {
  install_optional
  if ! wanted_for cuda || has_wheels; then
    return
  elif [ "$dry_run" = yes ]; then
    say "would fetch from Python's package index, into build/: what is missing of nvcc, cuobjdump and CCCL 2.8 and 3.5"
  else
    install_cuda
  fi
}

cd -- "$(dirname -- "$0")/.."
as_root=''
look
if [ -z "$missing" ]; then
  finish
  exit 0
fi
say "missing:$(printf '%s' "$missing" | sed 's/.*|/ /' | paste -s -d , -)"
packages=$(printf '%s' "$missing" | sed 's/|.*//' | paste -s -d ' ' -)

command -v apt-get >/dev/null 2>&1 || die "no apt-get here: install the above by your system's means, then run this again"
if [ "$(id -u)" -ne 0 ]; then
  as_root=sudo
  command -v sudo >/dev/null 2>&1 || die "run as root: apt-get install $packages"
fi
if [ "$dry_run" = yes ]; then
  say "would run: ${as_root:+$as_root }apt-get update && ${as_root:+$as_root }apt-get install $packages$(sanitizer_package)"
  finish
  exit 0
fi

say "installing through apt: $packages"
$as_root apt-get -q update >/dev/null || say "apt-get update failed; trying with the lists at hand"
# shellcheck disable=SC2046,SC2086 # a list of packages
install $packages $(sanitizer_package) || die "apt-get could not install: $packages"

look
[ -z "$missing" ] || die "still missing, the system's packages are too old:$(printf '%s' "$missing" | sed 's/.*|/ /' | paste -s -d , -)"
finish
say "done"
