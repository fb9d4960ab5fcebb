# SPDX-License-Identifier: BSD-3-Clause
vmmio_test(fixture ${CMAKE_CURRENT_LIST_DIR}/test_fixture.c)
vmmio_test(regfile ${CMAKE_CURRENT_LIST_DIR}/test_regfile.c ${CMAKE_CURRENT_LIST_DIR}/test_regfile_init.c
  ${CMAKE_CURRENT_LIST_DIR}/test_regfile_access.c ${CMAKE_CURRENT_LIST_DIR}/test_regfile_status.c
  ${CMAKE_CURRENT_LIST_DIR}/test_regfile_suspend.c ${CMAKE_CURRENT_LIST_DIR}/test_regfile_reset.c
  ${CMAKE_CURRENT_LIST_DIR}/test_regfile_queue.c ${CMAKE_CURRENT_LIST_DIR}/test_regfile_config.c)
vmmio_test(regfile_threads ${CMAKE_CURRENT_LIST_DIR}/test_regfile_threads.c)
vmmio_test(memory ${CMAKE_CURRENT_LIST_DIR}/test_memory.c)
vmmio_test(ring ${CMAKE_CURRENT_LIST_DIR}/test_ring.c ${CMAKE_CURRENT_LIST_DIR}/ring_rig.c)
vmmio_test(ring_places ${CMAKE_CURRENT_LIST_DIR}/test_ring_places.c
  ${CMAKE_CURRENT_LIST_DIR}/ring_rig.c)
vmmio_test(ring_split ${CMAKE_CURRENT_LIST_DIR}/test_ring_split.c
  ${CMAKE_CURRENT_LIST_DIR}/ring_rig.c)
vmmio_test(ring_packed ${CMAKE_CURRENT_LIST_DIR}/test_ring_packed.c
  ${CMAKE_CURRENT_LIST_DIR}/ring_rig.c)
vmmio_test(ring_hold ${CMAKE_CURRENT_LIST_DIR}/test_ring_hold.c
  ${CMAKE_CURRENT_LIST_DIR}/ring_rig.c)
vmmio_test(ring_race ${CMAKE_CURRENT_LIST_DIR}/test_ring_race.c
  ${CMAKE_CURRENT_LIST_DIR}/ring_rig.c)
foreach(part "" _ring _blk)
  vmmio_test(driver${part} ${CMAKE_CURRENT_LIST_DIR}/test_driver${part}.c
    ${CMAKE_CURRENT_LIST_DIR}/driver_fake.c ${CMAKE_CURRENT_LIST_DIR}/driver_fake_ring.c)
endforeach()
vmmio_test(executor ${CMAKE_CURRENT_LIST_DIR}/test_executor.c)
vmmio_test(manual ${CMAKE_CURRENT_LIST_DIR}/test_manual.c)
vmmio_test(pool ${CMAKE_CURRENT_LIST_DIR}/test_pool.c ${CMAKE_CURRENT_LIST_DIR}/test_pool_destroy.c
  ${CMAKE_CURRENT_LIST_DIR}/test_pool_threads.c)
target_link_options(test_pool PRIVATE LINKER:--wrap=pthread_create,--wrap=pthread_cond_signal)
foreach(part "" _batch _cancel _life _load _loop _manual _poll _transfer)
  list(APPEND io_tests ${CMAKE_CURRENT_LIST_DIR}/test_io${part}.c)
endforeach()
vmmio_test(io ${io_tests})
target_link_options(test_io PRIVATE LINKER:--wrap=pthread_cond_timedwait)
vmmio_test(trace ${CMAKE_CURRENT_LIST_DIR}/test_trace.c)
vmmio_test(metrics ${CMAKE_CURRENT_LIST_DIR}/test_metrics.c)
foreach(part "" _acpi)
  vmmio_test(discovery${part} ${CMAKE_CURRENT_LIST_DIR}/test_discovery${part}.c
    ${CMAKE_CURRENT_LIST_DIR}/discovery_rig.c)
endforeach()
find_path(VMMIO_LIBFDT_INCLUDE libfdt.h)
find_library(VMMIO_LIBFDT fdt)
if(VMMIO_LIBFDT_INCLUDE AND VMMIO_LIBFDT)
  vmmio_test(discovery_fdt ${CMAKE_CURRENT_LIST_DIR}/test_discovery_fdt.c
    ${CMAKE_CURRENT_LIST_DIR}/test_discovery_fdt_misuse.c ${CMAKE_CURRENT_LIST_DIR}/discovery_rig.c)
  target_include_directories(test_discovery_fdt SYSTEM PRIVATE ${VMMIO_LIBFDT_INCLUDE})
  target_link_libraries(test_discovery_fdt PRIVATE ${VMMIO_LIBFDT})
else()
  add_test(NAME discovery_fdt
    COMMAND sh -c "echo 'SKIP: no libfdt here: it is in the package libfdt-dev'; exit 77")
  set_tests_properties(discovery_fdt PROPERTIES SKIP_RETURN_CODE 77)
endif()
