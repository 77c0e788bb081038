# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What this repository's .cu files are compiled with: what sh cmake/setup.sh --for cuda put under build/, because the system
# had no nvcc or too old a one, else the system's. Consumers see nothing of it.
set(COHORT_HAS_NVCC OFF)
find_program(CMAKE_CUDA_COMPILER nvcc HINTS "${PROJECT_SOURCE_DIR}/build/cuda-toolkit/nvidia/cu13/bin"
                                            "$ENV{CUDA_HOME}/bin" /usr/local/cuda/bin)
if(NOT CMAKE_CUDA_COMPILER)
  message(WARNING "COHORT_BUILD_CUDA is on and there is no nvcc: no .cu is compiled; sh cmake/setup.sh --for cuda gets one")
  return()
endif()
# Both architectures, and what the machine code of the second is made from: cmake/tools/check_sass.py reads that.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90)
endif()
enable_language(CUDA)
if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12)
  message(WARNING "nvcc ${CMAKE_CUDA_COMPILER_VERSION} has no C++20: no .cu is compiled; it takes 12 or newer")
  return()
endif()
set(COHORT_HAS_NVCC ON)
get_filename_component(cohort_toolkit "${CMAKE_CUDA_COMPILER}" REALPATH)
get_filename_component(cohort_toolkit "${cohort_toolkit}/../.." ABSOLUTE)
find_program(COHORT_CUOBJDUMP cuobjdump HINTS "${cohort_toolkit}/bin"
             PATHS "${PROJECT_SOURCE_DIR}/build/cuda-tools/nvidia/cu13/bin")
find_path(COHORT_CUBLAS_INCLUDE cublasLt.h HINTS "${cohort_toolkit}/include")

# Warnings are errors here whatever COHORT_WERROR says: nothing else looks at these files on a machine without a GPU.
# CMake 3.25 knows no C++20 for nvcc, so that the standard is a flag. Another CCCL must come before the toolkit's, which
# CMake's include directories of imported targets would not.
function(cohort_add_cuda_flags target)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/include")
  target_compile_options(
    ${target} PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20> "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Werror all-warnings>"
                      $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall> $<$<COMPILE_LANGUAGE:CUDA>:--threads=2>)
  if(COHORT_CCCL_DIR)
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:-I${COHORT_CCCL_DIR}>")
  endif()
endfunction()
