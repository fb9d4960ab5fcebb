# SPDX-License-Identifier: BSD-3-Clause
# --- Real guests
add_test(NAME guest CONFIGURATIONS Long COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/run
  --vmm ${CMAKE_BINARY_DIR}/bin/vmmio-vm-static --output ${CMAKE_CURRENT_BINARY_DIR}/guest)
set_tests_properties(guest PROPERTIES TIMEOUT 1800 SKIP_RETURN_CODE 77 RESOURCE_LOCK packages)
# --- Version 3 for Linux: the change, and a kernel's module with it
add_test(NAME guest_change COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/change.sh
  ${PROJECT_SOURCE_DIR}/examples/linux/apply)
add_test(NAME guest_polls CONFIGURATIONS Long COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/polls
  --output ${CMAKE_CURRENT_BINARY_DIR}/guest_polls)
set_tests_properties(guest_polls PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77 RESOURCE_LOCK packages)

