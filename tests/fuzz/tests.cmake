# SPDX-License-Identifier: BSD-3-Clause
# Fuzz targets. Here they run their corpora, and some programs changed from them, without
# libFuzzer. With it (VMMIO_SANITIZE has fuzzer-no-link, see tests/fuzz/run) there is
# fuzzer_NAME beside fuzz_NAME.
add_custom_target(fuzz)
if(VMMIO_SANITIZE MATCHES "fuzzer")
  add_library(fuzz-support OBJECT ${CMAKE_CURRENT_LIST_DIR}/fuzz.c ${CMAKE_CURRENT_LIST_DIR}/libfuzzer.c)
  set(fuzz_prefix fuzzer)
else()
  add_library(fuzz-support OBJECT ${CMAKE_CURRENT_LIST_DIR}/fuzz.c ${CMAKE_CURRENT_LIST_DIR}/plain.c)
  set(fuzz_prefix fuzz)
endif()
target_compile_definitions(fuzz-support PRIVATE _GNU_SOURCE)

# vmmio_fuzz(NAME RUNS SOURCE...): RUNS changed programs in the test.
function(vmmio_fuzz name runs)
  set(target ${fuzz_prefix}_${name})
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/)
  add_executable(${target} ${ARGN} $<TARGET_OBJECTS:fuzz-support>)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  target_link_libraries(${target} PRIVATE vmmio-test)
  add_dependencies(fuzz ${target})
  if(fuzz_prefix STREQUAL fuzzer)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    return()
  endif()
  file(GLOB corpus CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name}/*)
  add_test(NAME fuzz_${name} COMMAND ${target} --random ${runs} ${corpus})
  set_tests_properties(fuzz_${name} PROPERTIES TIMEOUT 600)
endfunction()

vmmio_fuzz(regfile 5000 regfile.c regfile_model.c)
vmmio_fuzz(reset 3000 reset.c reset_rig.c)
vmmio_fuzz(ring_diff 5000 ring_diff.c ring_rig.c)
vmmio_fuzz(ring_split 5000 ring.c ring_rig.c)
target_compile_definitions(${fuzz_prefix}_ring_split PRIVATE FUZZ_PACKED=0)
vmmio_fuzz(ring_packed 5000 ring.c ring_rig.c)
target_compile_definitions(${fuzz_prefix}_ring_packed PRIVATE FUZZ_PACKED=1)
