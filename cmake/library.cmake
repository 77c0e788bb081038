# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The targets a consumer links: headers, C++20 and the component's own library, no flag besides.

file(GLOB_RECURSE cohort_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/cohort/*.hpp"
     "${PROJECT_SOURCE_DIR}/include/cohort/*.cuh")
set(cohort_eigen_headers ${cohort_headers})
list(FILTER cohort_eigen_headers INCLUDE REGEX "/include/cohort/(backend|interop)/eigen(/|\\.hpp$)")
set(cohort_thrust_headers ${cohort_headers})
list(FILTER cohort_thrust_headers INCLUDE REGEX "/include/cohort/(backend|interop)/thrust(/|\\.hpp$)")
set(cohort_cuda_headers ${cohort_headers})
list(FILTER cohort_cuda_headers INCLUDE REGEX "/include/cohort/(backend|interop)/cuda(/|\\.cuh$)")
set(cohort_cublas_headers ${cohort_headers})
list(FILTER cohort_cublas_headers INCLUDE REGEX "/include/cohort/(backend|interop)/cublas(/|\\.cuh$)")
list(REMOVE_ITEM cohort_headers ${cohort_eigen_headers} ${cohort_thrust_headers} ${cohort_cuda_headers}
     ${cohort_cublas_headers})

function(cohort_add_component name)
  cmake_parse_arguments(component "" "EXPORT_NAME" "HEADERS;LINK" ${ARGN})
  add_library(${name} INTERFACE)
  add_library(cohort::${component_EXPORT_NAME} ALIAS ${name})
  target_compile_features(${name} INTERFACE cxx_std_20)
  target_sources(${name} INTERFACE FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${component_HEADERS})
  target_link_libraries(${name} INTERFACE ${component_LINK})
  set_target_properties(${name} PROPERTIES EXPORT_NAME ${component_EXPORT_NAME})
  if(NOT PROJECT_IS_TOP_LEVEL)
    set_target_properties(${name} PROPERTIES SYSTEM ON)
  endif()
endfunction()

cohort_add_component(cohort EXPORT_NAME cohort HEADERS ${cohort_headers})

# Without Eigen the component still installs; linking it then asks the consumer for Eigen.
if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 3.4 QUIET NO_MODULE GLOBAL)
endif()
find_package(Threads QUIET GLOBAL)
cohort_add_component(
  cohort_eigen
  EXPORT_NAME eigen
  HEADERS ${cohort_eigen_headers}
  LINK cohort $<TARGET_NAME_IF_EXISTS:Eigen3::Eigen> $<TARGET_NAME_IF_EXISTS:Threads::Threads>)

# Likewise without CCCL.
include("${CMAKE_CURRENT_LIST_DIR}/cohort-cccl.cmake")
cohort_add_component(cohort_thrust EXPORT_NAME thrust HEADERS ${cohort_thrust_headers}
                     LINK cohort $<TARGET_NAME_IF_EXISTS:cohort::cccl>)

# Likewise without a CUDA toolkit, which is looked for only where CUDA is compiled. nvcc brings its own CCCL, and the
# standard of .cu files is their owner's to say: cxx_std_20 is about C++ alone.
if(CMAKE_CUDA_COMPILER)
  find_package(CUDAToolkit QUIET GLOBAL)
endif()
cohort_add_component(cohort_cuda EXPORT_NAME cuda HEADERS ${cohort_cuda_headers}
                     LINK cohort $<TARGET_NAME_IF_EXISTS:CUDA::cudart>)
cohort_add_component(cohort_cublas EXPORT_NAME cublas HEADERS ${cohort_cublas_headers}
                     LINK cohort_cuda $<TARGET_NAME_IF_EXISTS:CUDA::cublasLt>)
