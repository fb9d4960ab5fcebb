# SPDX-License-Identifier: BSD-3-Clause
add_executable(vmmio-bench
  ${CMAKE_CURRENT_LIST_DIR}/main.c ${CMAKE_CURRENT_LIST_DIR}/stats.c ${CMAKE_CURRENT_LIST_DIR}/report.c
  ${CMAKE_CURRENT_LIST_DIR}/plot.c
  ${CMAKE_CURRENT_LIST_DIR}/registers.c ${CMAKE_CURRENT_LIST_DIR}/registers_ref.c
  ${CMAKE_CURRENT_LIST_DIR}/guest.c ${CMAKE_CURRENT_LIST_DIR}/futex.c
  ${CMAKE_CURRENT_LIST_DIR}/stall.c ${CMAKE_CURRENT_LIST_DIR}/reset.c
  ${CMAKE_CURRENT_LIST_DIR}/ring_driver.c ${CMAKE_CURRENT_LIST_DIR}/rings.c
  ${CMAKE_CURRENT_LIST_DIR}/disk.c ${CMAKE_CURRENT_LIST_DIR}/blk.c ${CMAKE_CURRENT_LIST_DIR}/blk_raw.c
  ${CMAKE_CURRENT_LIST_DIR}/idle.c)
target_compile_definitions(vmmio-bench PRIVATE _GNU_SOURCE)
target_include_directories(vmmio-bench PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(vmmio-bench PRIVATE vmmio-static PkgConfig::VMMIO_URING m)

add_test(NAME bench COMMAND ${CMAKE_COMMAND} -DBENCH=$<TARGET_FILE:vmmio-bench>
  -P ${CMAKE_CURRENT_LIST_DIR}/smoke.cmake)
set_tests_properties(bench PROPERTIES TIMEOUT 300 SKIP_REGULAR_EXPRESSION "CMake 3.19 or higher")
