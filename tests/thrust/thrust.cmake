# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# thrust_context on the systems that run on the host. Tests of the other folders are compiled again here, for it alone.
if(NOT TARGET cohort::cccl)
  message(STATUS "cohort: no CCCL here (COHORT_CCCL_DIR): thrust_context is not tested")
  add_test(NAME thrust COMMAND "${CMAKE_COMMAND}" -E echo "skipped: no CCCL at configuration")
  set_tests_properties(thrust PROPERTIES SKIP_REGULAR_EXPRESSION "skipped")
  return()
endif()

# ThreadSanitizer sees nothing of how an OpenMP runtime synchronises.
if(NOT "thread" IN_LIST COHORT_SANITIZE)
  find_package(OpenMP QUIET COMPONENTS CXX)
endif()
find_package(TBB QUIET)
message(STATUS "cohort: thrust_context is tested with CCCL ${COHORT_CCCL_VERSION}, OpenMP: ${OpenMP_CXX_FOUND}, TBB: ${TBB_FOUND}")

function(cohort_use_thrust target)
  target_link_libraries(${target} PRIVATE cohort::thrust)
  target_compile_definitions(${target} PRIVATE COHORT_TEST_THRUST)
  if(TARGET OpenMP::OpenMP_CXX)
    target_link_libraries(${target} PRIVATE OpenMP::OpenMP_CXX)
  endif()
  if(TARGET TBB::tbb)
    target_link_libraries(${target} PRIVATE TBB::tbb)
    target_compile_definitions(${target} PRIVATE COHORT_TEST_TBB)
  endif()
endfunction()

file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
cohort_add_test(
  thrust
  ${sources}
  core/execution_context.cpp
  backend/allocations.cpp
  backend/multiply.cpp
  backend/workspace.cpp
  advantage/group_degenerate.cpp
  gradient/accumulate_oracle.cpp
  gradient/forward.cpp
  objective/loss_data_errors.cpp
  objective/value_loss.cpp)
target_compile_definitions(cohort_test_thrust PRIVATE COHORT_TEST_ON_THRUST)
# The stories take longest to compile: with one version of CCCL, where they are compiled anyway.
if("stories" IN_LIST folders)
  file(GLOB stories CONFIGURE_DEPENDS stories/*.cpp)
  list(FILTER stories EXCLUDE REGEX "/itself\\.cpp$")
  target_sources(cohort_test_thrust PRIVATE ${stories})
endif()
# Thrust under another name.
cohort_add_test(thrust_wrapped "${CMAKE_CURRENT_LIST_DIR}/interop.cpp")
target_compile_definitions(cohort_test_thrust_wrapped PRIVATE THRUST_CUB_WRAPPED_NAMESPACE=engine)
foreach(target IN ITEMS cohort_test_thrust cohort_test_thrust_wrapped cohort_parity_engines)
  if(TARGET ${target})
    cohort_use_thrust(${target})
  endif()
endforeach()
# More threads than cores must not wait by spinning.
foreach(test IN ITEMS thrust parity)
  if(TEST ${test})
    set_tests_properties(${test} PROPERTIES ENVIRONMENT OMP_WAIT_POLICY=passive)
  endif()
endforeach()
