# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# cohort_add_compile_fail(name file regex): the file compiles as it stands; with -DVIOLATE the compiler refuses it, and
# its output matches the regex.
function(cohort_add_compile_fail name file regex)
  get_filename_component(file "${file}" ABSOLUTE)
  set(include_dirs "$<TARGET_PROPERTY:cohort_eigen,INTERFACE_INCLUDE_DIRECTORIES>;${PROJECT_SOURCE_DIR}/tests")
  add_test(NAME compile_fail.${name}
           COMMAND "${CMAKE_COMMAND}" "-Dcompiler=${CMAKE_CXX_COMPILER}" "-Dinclude_dirs=${include_dirs}" "-Dfile=${file}"
                   "-Dregex=${regex}" -P "${PROJECT_SOURCE_DIR}/cmake/tools/compile_fail.cmake")
endfunction()
