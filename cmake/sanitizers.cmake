# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Every finding ends the program, with a line number. g++ warns of what its own instrumentation makes opaque, and of fences
# under TSan.
function(cohort_add_sanitizers target)
  if(NOT COHORT_SANITIZE)
    return()
  endif()
  string(REPLACE ";" "," sanitizers "${COHORT_SANITIZE}")
  target_compile_options(${target} PRIVATE -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_link_options(${target} PRIVATE -fsanitize=${sanitizers})
  # Beside AddressSanitizer, checks of a pointer before its use: more than half of clang++'s time (decision 19).
  if("address" IN_LIST COHORT_SANITIZE AND "undefined" IN_LIST COHORT_SANITIZE)
    target_compile_options(${target} PRIVATE -fno-sanitize=null,vptr,object-size,pointer-overflow)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-tsan)
  endif()
endfunction()
