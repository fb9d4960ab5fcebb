# SPDX-License-Identifier: BSD-3-Clause
add_executable(host_storm)
foreach(part host_storm storm storm_backend storm_device storm_guest storm_disk storm_host
    storm_memory)
  target_sources(host_storm PRIVATE ${CMAKE_CURRENT_LIST_DIR}/${part}.c)
endforeach()
target_link_libraries(host_storm PRIVATE test-support)
add_test(NAME host_storm COMMAND host_storm)
set_tests_properties(host_storm PROPERTIES TIMEOUT 300)
add_test(NAME host_storm_long CONFIGURATIONS Long COMMAND host_storm --resets 60000 --rounds 10)
set_tests_properties(host_storm_long PROPERTIES TIMEOUT 1800)
