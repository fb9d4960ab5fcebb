# SPDX-License-Identifier: BSD-3-Clause
# --- Real guests. Their virtual machine is linked statically, which sanitizers cannot be.
if(TARGET vmmio-conform-static)
  add_test(NAME guest CONFIGURATIONS Long COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/run
    --vmm ${CMAKE_BINARY_DIR}/bin/vmmio-vm-static --output ${CMAKE_CURRENT_BINARY_DIR}/guest)
  # The figures in its report want a machine that does nothing else.
  set_tests_properties(guest PROPERTIES TIMEOUT 1800 SKIP_RETURN_CODE 77 RESOURCE_LOCK packages
    RUN_SERIAL ON)
endif()
# --- Version 3 for Linux: the change, and a kernel's module with it
add_test(NAME guest_change COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/change.sh
  ${PROJECT_SOURCE_DIR}/examples/linux/apply)
add_test(NAME guest_polls CONFIGURATIONS Long COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/polls
  --output ${CMAKE_CURRENT_BINARY_DIR}/guest_polls)
set_tests_properties(guest_polls PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77 RESOURCE_LOCK packages)

# --- The stall of a reset, measured inside a guest
if(TARGET vmmio-conform-static)
  add_executable(vmmio-guest-stall ${CMAKE_CURRENT_LIST_DIR}/stall.c
    ${CMAKE_CURRENT_LIST_DIR}/stall_options.c ${CMAKE_CURRENT_LIST_DIR}/stall_report.c
    ${PROJECT_SOURCE_DIR}/src/conform/targets/plugin.c)
  target_include_directories(vmmio-guest-stall PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}
    ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_compile_definitions(vmmio-guest-stall PRIVATE _GNU_SOURCE VMMIO_CONFORM_NO_PLUGINS)
  target_link_options(vmmio-guest-stall PRIVATE -static)
  target_link_libraries(vmmio-guest-stall PRIVATE $<TARGET_FILE:conform-static>
    $<TARGET_FILE:vmmio-static> Threads::Threads)
  add_dependencies(vmmio-guest-stall conform-static vmmio-static)
  add_test(NAME guest_stalls COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/stalls
    --program $<TARGET_FILE:vmmio-guest-stall> --output ${CMAKE_CURRENT_BINARY_DIR}/guest_stalls)
  set_tests_properties(guest_stalls PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77
    RESOURCE_LOCK packages)
endif()
