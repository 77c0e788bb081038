# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# One export set per component, so that a consumer of one needs the libraries of that one only.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(cohort_package_dir "${CMAKE_INSTALL_DATADIR}/cmake/cohort")

foreach(target IN ITEMS cohort cohort_eigen cohort_thrust cohort_cuda cohort_cublas)
  get_target_property(component ${target} EXPORT_NAME)
  install(TARGETS ${target} EXPORT cohort-${component}-targets FILE_SET HEADERS)
  install(EXPORT cohort-${component}-targets NAMESPACE cohort:: DESTINATION "${cohort_package_dir}")
endforeach()

configure_package_config_file(cmake/cohort-config.cmake.in "${PROJECT_BINARY_DIR}/cohort-config.cmake"
                              INSTALL_DESTINATION "${cohort_package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cohort-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/cohort-config.cmake" "${PROJECT_BINARY_DIR}/cohort-config-version.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/cohort-cccl.cmake"
        DESTINATION "${cohort_package_dir}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/cohort")
