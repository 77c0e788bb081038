# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

set(cohort_compile_fail_tool "${PROJECT_SOURCE_DIR}/cmake/tools/compile_fail.cmake")
set(cohort_compile_fail_dirs "$<TARGET_PROPERTY:cohort_eigen,INTERFACE_INCLUDE_DIRECTORIES>;${PROJECT_SOURCE_DIR}/tests")
set(cohort_compile_fail_common "${CMAKE_CURRENT_BINARY_DIR}/compile_fail.hpp")

# cohort_precompile_for_compile_fail(headers...): what most cases begin with is parsed once, before the first of them runs.
function(cohort_precompile_for_compile_fail)
  list(TRANSFORM ARGN REPLACE "(.+)" "#include <\\1>\n" OUTPUT_VARIABLE lines)
  string(CONCAT lines ${lines})
  file(CONFIGURE OUTPUT "${cohort_compile_fail_common}" CONTENT "#pragma once\n${lines}")
  add_test(NAME compile_fail.precompile
           COMMAND "${CMAKE_COMMAND}" "-Dcompiler=${CMAKE_CXX_COMPILER}" "-Dinclude_dirs=${cohort_compile_fail_dirs}"
                   "-Dprecompile=${cohort_compile_fail_common}" -P "${cohort_compile_fail_tool}")
  set_tests_properties(compile_fail.precompile PROPERTIES FIXTURES_SETUP compile_fail_headers)
endfunction()

# cohort_add_compile_fail(name file regex): the file compiles as it stands; with -DVIOLATE the compiler refuses it, and
# its output matches the regex. Where VIOLATE stands before an #include, nothing precompiled is used.
function(cohort_add_compile_fail name file regex)
  get_filename_component(file "${file}" ABSOLUTE)
  set(common "${cohort_compile_fail_common}")
  file(READ "${file}" text)
  if(text MATCHES "VIOLATE.*#include")
    set(common "")
  endif()
  add_test(NAME compile_fail.${name}
           COMMAND "${CMAKE_COMMAND}" "-Dcompiler=${CMAKE_CXX_COMPILER}" "-Dinclude_dirs=${cohort_compile_fail_dirs}"
                   "-Dfile=${file}" "-Dregex=${regex}" "-Dcommon=${common}" -P "${cohort_compile_fail_tool}")
  set_tests_properties(compile_fail.${name} PROPERTIES FIXTURES_REQUIRED compile_fail_headers)
endfunction()
