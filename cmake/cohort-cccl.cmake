# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# cohort::cccl, where Thrust's headers are found; they suffice, without a CUDA toolkit or compiler. COHORT_CCCL_VERSION
# is Thrust's, such as 3.0.1.

set(COHORT_CCCL_DIR "" CACHE PATH "Folder that contains thrust/version.h; empty: that of the CUDA toolkit")
set(COHORT_CCCL_VERSION "")

if(NOT TARGET cohort::cccl)
  set(cohort_cccl_hints "${COHORT_CCCL_DIR}")
  if(NOT COHORT_CCCL_DIR)
    set(cohort_cccl_hints "$ENV{CUDA_HOME}/include" "$ENV{CUDA_PATH}/include" /usr/local/cuda/include /usr/include)
  endif()
  find_path(cohort_cccl_include thrust/version.h HINTS ${cohort_cccl_hints} PATH_SUFFIXES cccl NO_DEFAULT_PATH NO_CACHE)
  if(cohort_cccl_include)
    add_library(cohort::cccl INTERFACE IMPORTED GLOBAL)
    set_target_properties(cohort::cccl PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${cohort_cccl_include}")
  elseif(COHORT_CCCL_DIR)
    message(WARNING "cohort: COHORT_CCCL_DIR has no thrust/version.h: ${COHORT_CCCL_DIR}")
  endif()
endif()
if(TARGET cohort::cccl)
  get_target_property(cohort_cccl_include cohort::cccl INTERFACE_INCLUDE_DIRECTORIES)
  file(STRINGS "${cohort_cccl_include}/thrust/version.h" cohort_cccl_number REGEX "define THRUST_VERSION +[0-9]+")
  string(REGEX MATCH "[0-9][0-9][0-9]+" cohort_cccl_number "${cohort_cccl_number}")
  math(EXPR cohort_cccl_major "${cohort_cccl_number} / 100000")
  math(EXPR cohort_cccl_minor "${cohort_cccl_number} / 100 % 1000")
  math(EXPR cohort_cccl_patch "${cohort_cccl_number} % 100")
  set(COHORT_CCCL_VERSION "${cohort_cccl_major}.${cohort_cccl_minor}.${cohort_cccl_patch}")
endif()
