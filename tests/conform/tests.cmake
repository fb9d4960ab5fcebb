# SPDX-License-Identifier: BSD-3-Clause
# --- Catalogue
foreach(part catalogue orphans)
  vmmio_test(conform_${part} ${CMAKE_CURRENT_LIST_DIR}/test_${part}.c
    ${CMAKE_CURRENT_LIST_DIR}/catalogue_faults.c ${CMAKE_CURRENT_LIST_DIR}/judges.c)
  target_link_libraries(test_conform_${part} PRIVATE conform-static)
endforeach()

# --- Targets
vmmio_test(conform_targets ${CMAKE_CURRENT_LIST_DIR}/test_targets.c
  ${CMAKE_CURRENT_LIST_DIR}/test_targets_mem.c)
target_link_libraries(test_conform_targets PRIVATE conform-static)
add_library(bad-plugin MODULE ${CMAKE_CURRENT_LIST_DIR}/bad_plugin.c)
target_include_directories(bad-plugin PRIVATE ${PROJECT_SOURCE_DIR}/include)
add_dependencies(test_conform_targets bad-plugin vmmio)
target_compile_definitions(test_conform_targets PRIVATE BAD_PLUGIN="$<TARGET_FILE:bad-plugin>"
  NO_PLUGIN="$<TARGET_FILE:vmmio>")
if(VMMIO_BUILD_EXAMPLES)
  add_dependencies(test_conform_targets vmmio-example-plugin)
  target_compile_definitions(test_conform_targets PRIVATE
    EXAMPLE_PLUGIN="$<TARGET_FILE:vmmio-example-plugin>")
endif()
vmmio_test(conform_no_plugins ${CMAKE_CURRENT_LIST_DIR}/test_no_plugins.c
  ${PROJECT_SOURCE_DIR}/src/conform/targets/plugin.c)
target_compile_definitions(test_conform_no_plugins PRIVATE VMMIO_CONFORM_NO_PLUGINS)
target_link_libraries(test_conform_no_plugins PRIVATE conform-static)

# --- Reports, the tool: with a suite of which everything is known in place of the real one
add_library(stub-suite OBJECT ${CMAKE_CURRENT_LIST_DIR}/stub_suite.c)
target_compile_definitions(stub-suite PRIVATE _GNU_SOURCE)
target_include_directories(stub-suite PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
vmmio_test(conform_report ${CMAKE_CURRENT_LIST_DIR}/test_report.c $<TARGET_OBJECTS:stub-suite>)
target_link_libraries(test_conform_report PRIVATE conform-static)

# --- The model, the puppet
vmmio_test(model ${CMAKE_CURRENT_LIST_DIR}/test_model.c ${CMAKE_CURRENT_LIST_DIR}/model_rig.c
  ${CMAKE_CURRENT_LIST_DIR}/test_model_life.c ${CMAKE_CURRENT_LIST_DIR}/test_model_rings.c
  ${CMAKE_CURRENT_LIST_DIR}/test_model_faults.c ${CMAKE_CURRENT_LIST_DIR}/model_trace.c)
target_link_libraries(test_model PRIVATE conform-static)

# --- libvmmio as a target
include(${PROJECT_SOURCE_DIR}/src/tools/sources.cmake)
list(TRANSFORM inproc_sources PREPEND ${PROJECT_SOURCE_DIR}/src/ OUTPUT_VARIABLE inproc_paths)
vmmio_test(conform_inproc ${CMAKE_CURRENT_LIST_DIR}/test_inproc.c
  ${CMAKE_CURRENT_LIST_DIR}/test_inproc_delay.c ${CMAKE_CURRENT_LIST_DIR}/test_inproc_reset.c
  ${CMAKE_CURRENT_LIST_DIR}/inproc_rig.c ${inproc_paths})
target_link_libraries(test_conform_inproc PRIVATE conform-static)

# --- The qtest target
vmmio_test(conform_qtest ${CMAKE_CURRENT_LIST_DIR}/test_qtest.c
  ${CMAKE_CURRENT_LIST_DIR}/test_qtest_wrong.c
  ${CMAKE_CURRENT_LIST_DIR}/test_qtest_machine.c ${CMAKE_CURRENT_LIST_DIR}/test_qtest_disk.c
  ${CMAKE_CURRENT_LIST_DIR}/fake_qtest.c)
target_link_libraries(test_conform_qtest PRIVATE conform-static)
vmmio_test(conform_qtest_qemu ${CMAKE_CURRENT_LIST_DIR}/test_qtest_qemu.c)
target_link_libraries(test_conform_qtest_qemu PRIVATE conform-static)
target_compile_definitions(test_conform_qtest_qemu PRIVATE
  QEMU_MACHINE="${CMAKE_CURRENT_LIST_DIR}/qemu-machine")

# --- The tool, with that suite and a target that does as told
list(TRANSFORM command_sources PREPEND ${PROJECT_SOURCE_DIR}/src/ OUTPUT_VARIABLE command_paths)
add_executable(stub-conform ${command_paths} ${CMAKE_CURRENT_LIST_DIR}/stub_target.c
  $<TARGET_OBJECTS:stub-suite>)
set_target_properties(stub-conform PROPERTIES OUTPUT_NAME vmmio-conform
  RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/stub)
target_include_directories(stub-conform PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(stub-conform PRIVATE _GNU_SOURCE)
target_link_libraries(stub-conform PRIVATE conform-static)
foreach(group help options list only formats output deaths no_run time processes)
  add_test(NAME conform_tool_${group} COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/tool.sh ${group}
    $<TARGET_FILE:stub-conform> ${CMAKE_CURRENT_BINARY_DIR}/conform_tool_${group})
  set_tests_properties(conform_tool_${group} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
endforeach()
add_test(NAME conform_tool_inproc COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/tool.sh inproc
  $<TARGET_FILE:vmmio-conform> ${CMAKE_CURRENT_BINARY_DIR}/conform_tool_inproc)
set_tests_properties(conform_tool_inproc PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
set_tests_properties(conform_tool_list conform_tool_formats conform_tool_output conform_tool_inproc
  PROPERTIES RESOURCE_LOCK packages)
if(NOT VMMIO_SANITIZE) # these are scripts about what the tool prints: sanitizers see it above
  add_test(NAME conform_page COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/page.sh
    $<TARGET_FILE:stub-conform> ${CMAKE_CURRENT_BINARY_DIR}/conform_page)
  set_tests_properties(conform_page PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77
    RESOURCE_LOCK packages)
endif()
vmmio_test(puppet ${CMAKE_CURRENT_LIST_DIR}/test_puppet.c)
target_link_libraries(test_puppet PRIVATE conform-static)

# --- The monitor
vmmio_test(monitor ${CMAKE_CURRENT_LIST_DIR}/test_monitor.c
  ${CMAKE_CURRENT_LIST_DIR}/monitor_broken.c ${CMAKE_CURRENT_LIST_DIR}/monitor_good.c
  ${CMAKE_CURRENT_LIST_DIR}/monitor_script.c)
target_link_libraries(test_monitor PRIVATE conform-static)
vmmio_test(monitor_live ${CMAKE_CURRENT_LIST_DIR}/test_monitor_live.c
  ${CMAKE_CURRENT_LIST_DIR}/monitor_rig.c)
target_link_libraries(test_monitor_live PRIVATE conform-static)
vmmio_test(monitor_edges ${CMAKE_CURRENT_LIST_DIR}/test_monitor_edges.c
  ${CMAKE_CURRENT_LIST_DIR}/monitor_script.c)
target_link_libraries(test_monitor_edges PRIVATE conform-static)

# --- QEMU
# A look at what is not there needs a machine that is not busy. It installs QEMU, if it has to,
# for the other one, too. Sanitizers see the tool's side in conform_qtest.
if(NOT VMMIO_SANITIZE)
  add_test(NAME conform_qemu COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/qemu
    --tool $<TARGET_FILE:vmmio-conform>)
  set_tests_properties(conform_qemu PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77 RUN_SERIAL TRUE)
  set_tests_properties(conform_qtest_qemu PROPERTIES DEPENDS conform_qemu)
endif()
vmmio_test(monitor_tool ${CMAKE_CURRENT_LIST_DIR}/test_monitor_tool.c
  ${CMAKE_CURRENT_LIST_DIR}/monitor_rig.c ${PROJECT_SOURCE_DIR}/src/tools/traces.c)
target_link_libraries(test_monitor_tool PRIVATE conform-static)
target_compile_definitions(test_monitor_tool PRIVATE TOOL="$<TARGET_FILE:vmmio-conform>")
add_dependencies(test_monitor_tool vmmio-conform)

# --- Recordings of real drivers
add_test(NAME conform_record_samples COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/record --samples
  --tool $<TARGET_FILE:vmmio-conform> --output ${CMAKE_CURRENT_BINARY_DIR}/conform_record_samples)
set_tests_properties(conform_record_samples PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
if(NOT VMMIO_SANITIZE) # QEMU's machine, not ours
  add_test(NAME conform_record COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/record
    --tool $<TARGET_FILE:vmmio-conform> --output ${CMAKE_CURRENT_BINARY_DIR}/conform_record)
  set_tests_properties(conform_record PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77
    RESOURCE_LOCK packages)
endif()

# --- The suite itself: what is right passes, what is broken is found
foreach(version 2 3)
  foreach(ring split packed)
    foreach(backend blk null rng)
      add_test(NAME conform_vmmio_v${version}_${ring}_${backend} COMMAND vmmio-conform run
        --target inproc:version=${version},ring=${ring},backend=${backend})
    endforeach()
  endforeach()
endforeach()
# They have one thread and are faults of the suite's own model: a few tell a sanitizer all.
if(VMMIO_SANITIZE)
  set(which --only RESET_)
else()
  set(which "")
endif()
add_test(NAME conform_mutants COMMAND vmmio-conform mutants ${which})
set_tests_properties(conform_mutants PROPERTIES TIMEOUT 1200)
# --- The engine, with checks and a catalogue of its own, and with a target that does as told
vmmio_test(conform_engine ${CMAKE_CURRENT_LIST_DIR}/test_engine.c
  ${CMAKE_CURRENT_LIST_DIR}/test_engine_target.c ${CMAKE_CURRENT_LIST_DIR}/test_engine_begin.c
  ${CMAKE_CURRENT_LIST_DIR}/own_suite.c ${CMAKE_CURRENT_LIST_DIR}/fake_target.c)
target_include_directories(test_conform_engine PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(test_conform_engine PRIVATE conform-static)
vmmio_test(conform_rings ${CMAKE_CURRENT_LIST_DIR}/test_suite_ring.c
  ${CMAKE_CURRENT_LIST_DIR}/test_suite_split.c ${CMAKE_CURRENT_LIST_DIR}/test_suite_packed.c
  ${CMAKE_CURRENT_LIST_DIR}/own_suite.c ${CMAKE_CURRENT_LIST_DIR}/fake_target.c)
target_include_directories(test_conform_rings PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(test_conform_rings PRIVATE conform-static)
# --- Drivers under test
set(good_paths ${PROJECT_SOURCE_DIR}/src/tools/good.c ${PROJECT_SOURCE_DIR}/src/tools/good_io.c
  ${PROJECT_SOURCE_DIR}/src/tools/tool.c)
foreach(part scenarios plays)
  vmmio_test(${part} ${CMAKE_CURRENT_LIST_DIR}/test_${part}.c
    ${CMAKE_CURRENT_LIST_DIR}/broken_subject.c ${CMAKE_CURRENT_LIST_DIR}/scenario_rig.c
    ${good_paths})
  target_link_libraries(test_${part} PRIVATE conform-static)
endforeach()
add_library(bad-driver MODULE ${CMAKE_CURRENT_LIST_DIR}/bad_driver.c)
target_include_directories(bad-driver PRIVATE ${PROJECT_SOURCE_DIR}/include)
vmmio_test(conform_subject ${CMAKE_CURRENT_LIST_DIR}/test_subject.c ${good_paths})
add_dependencies(test_conform_subject bad-driver bad-plugin)
target_compile_definitions(test_conform_subject PRIVATE BAD_DRIVER="$<TARGET_FILE:bad-driver>"
  BAD_PLUGIN="$<TARGET_FILE:bad-plugin>")
target_link_libraries(test_conform_subject PRIVATE conform-static)
foreach(group puppet puppet_good puppet_bad)
  add_test(NAME conform_tool_${group} COMMAND ${CMAKE_COMMAND} -E env
    BAD_DRIVER=$<TARGET_FILE:bad-driver> sh ${CMAKE_CURRENT_LIST_DIR}/tool.sh ${group}
    $<TARGET_FILE:vmmio-conform> ${CMAKE_CURRENT_BINARY_DIR}/conform_tool_${group})
  set_tests_properties(conform_tool_${group} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
endforeach()
set_tests_properties(conform_tool_puppet_good PROPERTIES RESOURCE_LOCK packages)
if(VMMIO_BUILD_SHARED)
  add_executable(puppet-dlopen ${CMAKE_CURRENT_LIST_DIR}/puppet_dlopen.c)
  target_include_directories(puppet-dlopen PRIVATE ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(puppet-dlopen PRIVATE ${CMAKE_DL_LIBS})
  add_test(NAME puppet_dlopen COMMAND puppet-dlopen $<TARGET_FILE:conform>)
endif()
