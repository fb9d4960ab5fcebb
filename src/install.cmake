# SPDX-License-Identifier: BSD-3-Clause
# cmake --install: the libraries, the headers, and what pkg-config and find_package read.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vmmio)

# One file of targets each, as the static library's needs more than the others' to be found.
function(vmmio_install target name)
  install(TARGETS ${target} EXPORT vmmio-${name}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT vmmio-${name} NAMESPACE vmmio:: DESTINATION ${cmake_dir}
    FILE vmmio-${name}-targets.cmake)
endfunction()

vmmio_install(vmmio-core core)
if(VMMIO_BUILD_SHARED)
  vmmio_install(vmmio shared)
endif()
if(VMMIO_BUILD_STATIC)
  vmmio_install(vmmio-static static)
endif()
if(VMMIO_BUILD_CONFORM)
  if(VMMIO_BUILD_SHARED)
    vmmio_install(conform conform)
  endif()
  vmmio_install(conform-static conform-static)
  install(TARGETS vmmio-conform RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/vmmio DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")

configure_package_config_file(vmmio-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/vmmio-config.cmake
  INSTALL_DESTINATION ${cmake_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/vmmio-config-version.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vmmio-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/vmmio-config-version.cmake DESTINATION ${cmake_dir})

if(NOT VMMIO_BUILD_SHARED AND NOT VMMIO_BUILD_STATIC)
  return()
endif()

# Below the prefix, unless they were given as absolute paths.
foreach(dir LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE ${CMAKE_INSTALL_${dir}})
    set(pc_${dir} ${CMAKE_INSTALL_${dir}})
  else()
    set(pc_${dir} \${prefix}/${CMAKE_INSTALL_${dir}})
  endif()
endforeach()
# Not Requires.private: even who takes the shared library would then need liburing.pc.
set(private_libs ${VMMIO_URING_STATIC_LDFLAGS})
foreach(dir ${CMAKE_C_IMPLICIT_LINK_DIRECTORIES})
  list(REMOVE_ITEM private_libs -L${dir})
endforeach()
list(JOIN private_libs " " private_libs)
string(APPEND private_libs " -pthread")
if(VMMIO_BUILD_SHARED)
  set(public_libs "")
else()
  set(public_libs " ${private_libs}")
  set(private_libs "")
endif()
# vmmio_pkg_config(PACKAGE DESCRIPTION PUBLIC-LIBS PRIVATE-LIBS): PACKAGE.pc, written at
# installation, as the prefix may be another one than was configured.
function(vmmio_pkg_config package description public private)
  install(CODE "
    set(package [[${package}]])
    set(description [[${description}]])
    set(version [[${PROJECT_VERSION}]])
    set(libdir [[${pc_LIBDIR}]])
    set(includedir [[${pc_INCLUDEDIR}]])
    set(public_libs [[${public}]])
    set(private_libs [[${private}]])
    configure_file([[${CMAKE_CURRENT_SOURCE_DIR}/vmmio.pc.in]]
      [[${CMAKE_CURRENT_BINARY_DIR}/${package}.pc]] @ONLY)")
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${package}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

vmmio_pkg_config(vmmio "The device side of the virtio-mmio transport, versions 2 and 3"
  "${public_libs}" "${private_libs}")
if(VMMIO_BUILD_CONFORM)
  list(JOIN CMAKE_DL_LIBS " -l" conform_libs)
  vmmio_pkg_config(vmmio-conform "Conformance suite for virtio-mmio devices and drivers" ""
    "-l${conform_libs} -pthread")
endif()
