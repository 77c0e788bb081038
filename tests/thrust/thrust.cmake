# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# thrust_context on the systems that run on the host: in the engines, so that the tests of other folders run on it as they
# are, and by itself in this folder.
if(NOT TARGET cohort::cccl)
  message(STATUS "cohort: no CCCL here (COHORT_CCCL_DIR): thrust_context is not tested")
  function(cohort_use_thrust target scope)
  endfunction()
  function(cohort_add_thrust_tests)
    add_test(NAME thrust COMMAND "${CMAKE_COMMAND}" -E echo "skipped: no CCCL at configuration")
    set_tests_properties(thrust PROPERTIES SKIP_REGULAR_EXPRESSION "skipped")
  endfunction()
  return()
endif()

# ThreadSanitizer sees nothing of how an OpenMP runtime synchronises.
if(NOT "thread" IN_LIST COHORT_SANITIZE)
  find_package(OpenMP QUIET COMPONENTS CXX)
endif()
find_package(TBB QUIET)
message(STATUS "cohort: thrust_context is tested with CCCL ${COHORT_CCCL_VERSION}, OpenMP: ${OpenMP_CXX_FOUND}, TBB: ${TBB_FOUND}")

function(cohort_use_thrust target scope)
  target_link_libraries(${target} ${scope} cohort::thrust)
  target_compile_definitions(${target} ${scope} COHORT_TEST_THRUST)
  if(TARGET OpenMP::OpenMP_CXX)
    target_link_libraries(${target} ${scope} OpenMP::OpenMP_CXX)
  endif()
  if(TARGET TBB::tbb)
    target_link_libraries(${target} ${scope} TBB::tbb)
    target_compile_definitions(${target} ${scope} COHORT_TEST_TBB)
  endif()
endfunction()

# cohort_add_test_on_thrust(folder [tags]): that folder's program once more, or its tests with such tags, its contexts being
# Thrust's. More threads than cores must not wait by spinning.
function(cohort_add_test_on_thrust folder)
  if(TARGET cohort_test_${folder})
    add_test(NAME thrust.${folder} COMMAND cohort_test_${folder} ${ARGN})
    set_tests_properties(thrust.${folder} PROPERTIES TIMEOUT 600
                                                     ENVIRONMENT "COHORT_TEST_CONTEXTS=thrust;OMP_WAIT_POLICY=passive")
  endif()
endfunction()

function(cohort_add_thrust_tests)
  file(GLOB sources CONFIGURE_DEPENDS thrust/*.cpp)
  cohort_add_test(thrust ${sources})
  # Thrust under another name, without the engines, which know it under its own.
  add_executable(cohort_test_thrust_wrapped thrust/interop.cpp)
  target_link_libraries(cohort_test_thrust_wrapped PRIVATE cohort_test_support)
  target_compile_definitions(cohort_test_thrust_wrapped PRIVATE THRUST_CUB_WRAPPED_NAMESPACE=engine)
  cohort_add_development_flags(cohort_test_thrust_wrapped)
  cohort_use_thrust(cohort_test_thrust_wrapped PRIVATE)
  add_test(NAME thrust_wrapped COMMAND cohort_test_thrust_wrapped)
  foreach(folder IN ITEMS stories core backend advantage objective reward)
    cohort_add_test_on_thrust(${folder})
  endforeach()
  cohort_add_test_on_thrust(gradient "[forward],[accumulate]") # the stories have the rest
  foreach(test IN ITEMS thrust parity)
    if(TEST ${test})
      set_tests_properties(${test} PROPERTIES ENVIRONMENT OMP_WAIT_POLICY=passive)
    endif()
  endforeach()
endfunction()
