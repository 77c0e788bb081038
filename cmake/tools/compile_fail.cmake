# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Run by the tests of cohort_add_compile_fail: -Dcompiler= -Dinclude_dirs= -Dfile= -Dregex=
list(TRANSFORM include_dirs PREPEND "-I")

function(compile define result_variable output_variable)
  execute_process(COMMAND "${compiler}" -std=c++20 -fsyntax-only ${include_dirs} ${define} "${file}"
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  set(${result_variable} "${result}" PARENT_SCOPE)
  set(${output_variable} "${output}" PARENT_SCOPE)
endfunction()

compile("" result output)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${file} must compile without -DVIOLATE:\n${output}")
endif()
compile(-DVIOLATE result output)
if(result EQUAL 0)
  message(FATAL_ERROR "${file} compiles with -DVIOLATE; it must not.")
endif()
if(NOT output MATCHES "${regex}")
  message(FATAL_ERROR "${file} is refused without the sentence '${regex}':\n${output}")
endif()
