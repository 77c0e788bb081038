# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Every finding ends the program. g++ warns of what its own instrumentation makes opaque, and of fences under TSan.
# Checks of a pointer that AddressSanitizer makes where it is used: more than half of the time that clang++ takes.
function(cohort_add_sanitizers target)
  if(NOT COHORT_SANITIZE)
    return()
  endif()
  string(REPLACE ";" "," sanitizers "${COHORT_SANITIZE}")
  target_compile_options(${target} PRIVATE -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(${target} PRIVATE -fsanitize=${sanitizers})
  if("address" IN_LIST COHORT_SANITIZE AND "undefined" IN_LIST COHORT_SANITIZE)
    target_compile_options(${target} PRIVATE -fno-sanitize=null,vptr,object-size,pointer-overflow)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-tsan)
  endif()
endfunction()
