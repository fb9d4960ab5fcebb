# SPDX-License-Identifier: BSD-3-Clause
include(${CMAKE_CURRENT_LIST_DIR}/life.cmake)
# What a hostile driver may do: one program, each HD row a CTest test of its own.
add_executable(test_hostile ${CMAKE_CURRENT_LIST_DIR}/test_hostile.c
  ${CMAKE_CURRENT_LIST_DIR}/rig_hostile.c ${CMAKE_CURRENT_LIST_DIR}/driver_hostile.c
  ${CMAKE_CURRENT_LIST_DIR}/hostile_rings.c ${CMAKE_CURRENT_LIST_DIR}/hostile_chains.c
  ${CMAKE_CURRENT_LIST_DIR}/hostile_requests.c ${CMAKE_CURRENT_LIST_DIR}/hostile_life.c
  ${CMAKE_CURRENT_LIST_DIR}/hostile_laps.c ${CMAKE_CURRENT_LIST_DIR}/hostile_flight.c
  ${CMAKE_CURRENT_LIST_DIR}/hostile_errors.c ${CMAKE_CURRENT_LIST_DIR}/hostile_wraps.c
  ${CMAKE_CURRENT_LIST_DIR}/flip_hostile.c)
target_link_libraries(test_hostile PRIVATE test-support)
target_link_options(test_hostile PRIVATE LINKER:--wrap=vmmio_queue_pop,--wrap=pthread_create)
# One thread does it all, but for the one that rewrites rings, which the thread sanitizer would
# rightly call a race: nothing there for it.
if(NOT VMMIO_SANITIZE MATCHES "thread")
  foreach(row 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 26 27 28 29 30 31 32 35 37)
    add_test(NAME hd_${row} COMMAND test_hostile)
    set_tests_properties(hd_${row} PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77
      ENVIRONMENT "CK_RUN_CASE=hd_${row}")
  endforeach()
endif()
include(${CMAKE_CURRENT_LIST_DIR}/faults.cmake)
