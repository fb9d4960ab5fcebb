# SPDX-License-Identifier: BSD-3-Clause
# The library as others get it: installed (into a folder of the build), found, linked. The
# programs are consumer.c and consumer.cc; firmware.c and firmware_libc.c for the core; judge.c for the
# conformance suite.
if(VMMIO_SANITIZE)
  set(unfit "a library with sanitizers is not for installation")
elseif(NOT VMMIO_INSTALL)
  set(unfit "VMMIO_INSTALL is off")
elseif(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR NOT "${CMAKE_INSTALL_INCLUDEDIR}" STREQUAL include)
  set(unfit "this build installs into folders of its own choice")
else()
  set(unfit "")
endif()

function(vmmio_package name)
  add_test(NAME package_${name} COMMAND ${CMAKE_COMMAND} -E env
    ROOT=${PROJECT_SOURCE_DIR} BUILD=${CMAKE_BINARY_DIR} WORK=${CMAKE_CURRENT_BINARY_DIR}/package
    CMAKE=${CMAKE_COMMAND} GENERATOR=${CMAKE_GENERATOR} CC=${CMAKE_C_COMPILER}
    LIBDIR=${CMAKE_INSTALL_LIBDIR} UNFIT=${unfit}
    sh ${CMAKE_CURRENT_SOURCE_DIR}/package/package.sh ${name})
  set_tests_properties(package_${name} PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77
    FIXTURES_REQUIRED package)
endfunction()

foreach(name destdir moved headers symbols version pkgconfig pkgconfig_static conform find find_shared
    subdirectory subdirectory_cxx core core_only)
  vmmio_package(${name})
endforeach()
vmmio_package(install)
set_tests_properties(package_install PROPERTIES FIXTURES_SETUP package FIXTURES_REQUIRED "")
# An installation writes to the build folder: vmmio.pc, the manifest.
set_tests_properties(package_install package_destdir package_moved PROPERTIES
  RESOURCE_LOCK package_install)
