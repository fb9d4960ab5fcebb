# SPDX-License-Identifier: BSD-3-Clause
# Once is enough: it is the same model under each sanitizer.
if(NOT VMMIO_SANITIZE)
  add_test(NAME reset_model CONFIGURATIONS Long COMMAND ${CMAKE_CURRENT_LIST_DIR}/run)
  add_test(NAME reset_model_mutants CONFIGURATIONS Long
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --mutants)
  set_tests_properties(reset_model reset_model_mutants PROPERTIES TIMEOUT 900 SKIP_RETURN_CODE 77)
endif()
