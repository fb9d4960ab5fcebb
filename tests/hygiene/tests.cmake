# SPDX-License-Identifier: BSD-3-Clause
# vmmio_hygiene(NAME SCRIPT-ARGUMENTS...): NAME.sh on the tree, and its self-test.
function(vmmio_hygiene name)
  add_test(NAME hygiene_${name}
    COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/hygiene/${name}.sh ${PROJECT_SOURCE_DIR} ${ARGN})
  add_test(NAME hygiene_${name}_self
    COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/hygiene/${name}.sh --self-test ${PROJECT_SOURCE_DIR} ${ARGN})
  set_tests_properties(hygiene_${name} hygiene_${name}_self PROPERTIES TIMEOUT 600
    SKIP_RETURN_CODE 77)
endfunction()

vmmio_hygiene(includes)
vmmio_hygiene(headers ${CMAKE_C_COMPILER})
vmmio_hygiene(api $<TARGET_FILE:vmmio>)
vmmio_hygiene(files)
vmmio_hygiene(readme)
get_target_property(vmmio_core_sources vmmio-core SOURCES)
list(TRANSFORM vmmio_core_sources PREPEND ${PROJECT_SOURCE_DIR}/src/)
add_test(NAME freestanding COMMAND ${CMAKE_COMMAND} -E env CC=${CMAKE_C_COMPILER}
  ${CMAKE_CURRENT_LIST_DIR}/freestanding.sh ${vmmio_core_sources})
