# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Run by the tests of cohort_add_compile_fail: -Dcompiler= -Dinclude_dirs= and
#   -Dprecompile=                 a header, which is precompiled beside itself; or
#   -Dfile= -Dregex= [-Dcommon=]  a case, and the header that was
list(TRANSFORM include_dirs PREPEND "-I")

function(compile result_variable output_variable)
  execute_process(COMMAND "${compiler}" -std=c++20 ${include_dirs} ${ARGN}
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  set(${result_variable} "${result}" PARENT_SCOPE)
  set(${output_variable} "${output}" PARENT_SCOPE)
endfunction()

if(precompile)
  compile(result output -x c++-header "${precompile}" -o "${precompile}.gch")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${precompile} must compile:\n${output}")
  endif()
  return()
endif()

set(front_end -fsyntax-only)
if(common)
  list(APPEND front_end -include "${common}")
endif()
compile(result output ${front_end} "${file}")
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${file} must compile without -DVIOLATE:\n${output}")
endif()
compile(result output ${front_end} -DVIOLATE "${file}")
if(result EQUAL 0)
  message(FATAL_ERROR "${file} compiles with -DVIOLATE; it must not.")
endif()
if(NOT output MATCHES "${regex}")
  message(FATAL_ERROR "${file} is refused without the sentence '${regex}':\n${output}")
endif()
