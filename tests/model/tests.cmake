# SPDX-License-Identifier: BSD-3-Clause
# What the model does, the library does: committed runs of the model, repeated.
add_executable(test_reset_model_replay ${CMAKE_CURRENT_LIST_DIR}/replay.c
  ${CMAKE_CURRENT_LIST_DIR}/replay_trace.c ${CMAKE_CURRENT_LIST_DIR}/replay_see.c)
target_link_libraries(test_reset_model_replay PRIVATE test-support)
target_compile_definitions(test_reset_model_replay
  PRIVATE TRACES="${CMAKE_CURRENT_LIST_DIR}/traces")
add_test(NAME reset_model_replay COMMAND test_reset_model_replay)
add_test(NAME reset_model_mapping
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/mapping.sh ${PROJECT_SOURCE_DIR})
add_test(NAME reset_model_mapping_self
  COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/mapping.sh --self-test ${PROJECT_SOURCE_DIR})
add_test(NAME reset_model_traces COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --traces)
set_tests_properties(reset_model_replay reset_model_mapping reset_model_mapping_self
  reset_model_traces PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77)

# Once is enough: it is the same model under each sanitizer.
if(NOT VMMIO_SANITIZE)
  add_test(NAME reset_model CONFIGURATIONS Long COMMAND ${CMAKE_CURRENT_LIST_DIR}/run)
  add_test(NAME reset_model_drift CONFIGURATIONS Long
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --drift $<TARGET_FILE:test_reset_model_replay>)
  add_test(NAME reset_model_mutants CONFIGURATIONS Long
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --mutants)
  set_tests_properties(reset_model reset_model_drift reset_model_mutants PROPERTIES TIMEOUT 900
    SKIP_RETURN_CODE 77)
endif()
