# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What this repository's tests, examples and benchmarks are built with.

option(COHORT_WERROR "Warnings are errors in tests, examples and benchmarks" OFF)
option(COHORT_EXCEPTIONS "OFF: only the header tests, under -fno-exceptions -fno-rtti" ON)
set(COHORT_SANITIZE "" CACHE STRING "Sanitizers, as a list: address;undefined or thread")
set(COHORT_ARCH "" CACHE STRING "The -march of tests, examples and benchmarks: native, x86-64-v3 ...; empty: the compiler's own")

if(COHORT_ARCH)
  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag("-march=${COHORT_ARCH}" COHORT_ARCH_WORKS)
endif()

include("${CMAKE_CURRENT_LIST_DIR}/warnings.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/sanitizers.cmake")

function(cohort_add_development_flags target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  cohort_add_warnings(${target})
  cohort_add_sanitizers(${target})
  if(COHORT_ARCH AND COHORT_ARCH_WORKS)
    # g++ 12 warns inside its own AVX-512 intrinsics, whatever the include path.
    target_compile_options(
      ${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-march=${COHORT_ARCH}>
                        $<$<AND:$<CXX_COMPILER_ID:GNU>,$<STREQUAL:${COHORT_ARCH},native>>:-Wno-uninitialized$<SEMICOLON>-Wno-maybe-uninitialized>)
  endif()
  if(NOT COHORT_EXCEPTIONS)
    target_compile_options(${target} PRIVATE -fno-exceptions -fno-rtti)
  endif()
endfunction()

# find_package, or a sentence that says what to do.
macro(cohort_require package)
  find_package(${package} ${ARGN} QUIET)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "${package} is missing: run sh cmake/setup.sh, "
                        "or turn COHORT_BUILD_TESTS, COHORT_BUILD_BENCH or COHORT_BUILD_EXAMPLES off.")
  endif()
endmacro()

cohort_require(Eigen3 3.4 NO_MODULE)
cohort_require(Threads)
