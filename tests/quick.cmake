# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# `sh tests/run.sh --quick` builds the target cohort_quick and runs the tests with the label quick. What belongs there takes
# two minutes on two cores from a clean clone, together, compiling included.
add_custom_target(cohort_quick)

# cohort_add_quick(tests... [TARGETS targets...]): tests of this folder, and what must be built for them.
function(cohort_add_quick)
  cmake_parse_arguments(quick "" "" "TARGETS" ${ARGN})
  set_property(TEST ${quick_UNPARSED_ARGUMENTS} APPEND PROPERTY LABELS quick)
  if(quick_TARGETS)
    add_dependencies(cohort_quick ${quick_TARGETS})
  endif()
endfunction()
