# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# The warnings this repository's own programs compile clean under; consumers never see them.
function(cohort_add_warnings target)
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 $<$<BOOL:${COHORT_WERROR}>:/WX>)
    return()
  endif()
  target_compile_options(
    ${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow>"
                      $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${COHORT_WERROR}>>:-Werror>)
endfunction()
