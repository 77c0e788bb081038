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

# A cache of compilations, where one is installed and nobody asked for another. What times a build turns it off.
option(COHORT_COMPILER_CACHE "Compile tests, examples and benchmarks through ccache or sccache, where there is one" ON)
set(COHORT_COMPILED_THROUGH "" CACHE INTERNAL "The compiler cache of the last configuration; tests/run.sh names it")
if(COHORT_COMPILER_CACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(COHORT_COMPILER_CACHE_PROGRAM NAMES ccache sccache)
  mark_as_advanced(COHORT_COMPILER_CACHE_PROGRAM)
  if(COHORT_COMPILER_CACHE_PROGRAM)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${COHORT_COMPILER_CACHE_PROGRAM}")
    if(NOT DEFINED CMAKE_CUDA_COMPILER_LAUNCHER)
      set(CMAKE_CUDA_COMPILER_LAUNCHER "${COHORT_COMPILER_CACHE_PROGRAM}")
    endif()
    set(COHORT_COMPILED_THROUGH "${COHORT_COMPILER_CACHE_PROGRAM}" CACHE INTERNAL "")
    message(STATUS "cohort: compiles through ${COHORT_COMPILER_CACHE_PROGRAM}; -DCOHORT_COMPILER_CACHE=OFF compiles without it")
  endif()
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
