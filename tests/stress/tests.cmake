# SPDX-License-Identifier: BSD-3-Clause
add_executable(reset_storm ${CMAKE_CURRENT_LIST_DIR}/reset_storm.c)
target_compile_definitions(reset_storm PRIVATE _GNU_SOURCE)
target_link_libraries(reset_storm PRIVATE vmmio-static)
add_test(NAME reset_storm COMMAND reset_storm --resets 2000)
set_tests_properties(reset_storm PROPERTIES TIMEOUT 300)
add_test(NAME reset_storm_long CONFIGURATIONS Long COMMAND reset_storm --resets 100000)
set_tests_properties(reset_storm_long PROPERTIES TIMEOUT 1800)
