# SPDX-License-Identifier: BSD-3-Clause
vmmio_test(device ${CMAKE_CURRENT_LIST_DIR}/test_device.c)
vmmio_test(reset ${CMAKE_CURRENT_LIST_DIR}/test_reset.c)
vmmio_test(reset_races ${CMAKE_CURRENT_LIST_DIR}/test_reset_races.c)
vmmio_test(host_races ${CMAKE_CURRENT_LIST_DIR}/test_host_races.c)
vmmio_test(interleave ${CMAKE_CURRENT_LIST_DIR}/test_interleave.c)
vmmio_test(device_pool ${CMAKE_CURRENT_LIST_DIR}/test_device_pool.c)
vmmio_test(blk ${CMAKE_CURRENT_LIST_DIR}/test_blk.c ${CMAKE_CURRENT_LIST_DIR}/blk_rig.c)
vmmio_test(blk_image ${CMAKE_CURRENT_LIST_DIR}/test_blk_image.c ${CMAKE_CURRENT_LIST_DIR}/blk_rig.c)
vmmio_test(blk_reset ${CMAKE_CURRENT_LIST_DIR}/test_blk_reset.c ${CMAKE_CURRENT_LIST_DIR}/blk_rig.c)
vmmio_test(blk_bounce ${CMAKE_CURRENT_LIST_DIR}/test_blk_bounce.c ${CMAKE_CURRENT_LIST_DIR}/blk_rig.c)
vmmio_test(console ${CMAKE_CURRENT_LIST_DIR}/test_console.c ${CMAKE_CURRENT_LIST_DIR}/console_rig.c)
foreach(part config reset ends)
  vmmio_test(console_${part} ${CMAKE_CURRENT_LIST_DIR}/test_console_${part}.c
    ${CMAKE_CURRENT_LIST_DIR}/console_rig.c)
endforeach()
target_link_options(test_console_ends PRIVATE LINKER:--wrap=open)
foreach(part pending host pause pause_reset pause_turns fence)
  vmmio_test(${part} ${CMAKE_CURRENT_LIST_DIR}/test_${part}.c)
endforeach()
vmmio_test(protocol ${CMAKE_CURRENT_LIST_DIR}/test_protocol.c)
foreach(part run dirty translate storm)
  vmmio_test(memory_${part} ${CMAKE_CURRENT_LIST_DIR}/test_memory_${part}.c
    ${CMAKE_CURRENT_LIST_DIR}/memory_rig.c)
endforeach()
vmmio_test(observe ${CMAKE_CURRENT_LIST_DIR}/test_observe.c)
vmmio_test(observe_life ${CMAKE_CURRENT_LIST_DIR}/test_observe_life.c)
vmmio_test(replay ${CMAKE_CURRENT_LIST_DIR}/test_replay.c)
vmmio_test(blk_fence ${CMAKE_CURRENT_LIST_DIR}/test_blk_fence.c
  ${CMAKE_CURRENT_LIST_DIR}/stuck_rig.c ${CMAKE_CURRENT_LIST_DIR}/blk_rig.c)
vmmio_test(blk_orphan ${CMAKE_CURRENT_LIST_DIR}/test_blk_orphan.c
  ${CMAKE_CURRENT_LIST_DIR}/bounce_rig.c ${CMAKE_CURRENT_LIST_DIR}/stuck_rig.c
  ${CMAKE_CURRENT_LIST_DIR}/blk_rig.c)
target_link_options(test_blk_orphan PRIVATE LINKER:--wrap=vmmio_io_submit)
vmmio_test(stuck ${CMAKE_CURRENT_LIST_DIR}/test_stuck.c ${CMAKE_CURRENT_LIST_DIR}/stuck_rig.c
  ${CMAKE_CURRENT_LIST_DIR}/blk_rig.c)
vmmio_test(stuck_places ${CMAKE_CURRENT_LIST_DIR}/test_stuck_places.c
  ${CMAKE_CURRENT_LIST_DIR}/stuck_rig.c ${CMAKE_CURRENT_LIST_DIR}/blk_rig.c)
foreach(part rng rng_fail rng_life rng_pause rng_source)
  vmmio_test(${part} ${CMAKE_CURRENT_LIST_DIR}/test_${part}.c ${CMAKE_CURRENT_LIST_DIR}/rng_rig.c)
endforeach()
target_link_options(test_rng PRIVATE LINKER:--wrap=vmmio_queue_pop)
vmmio_test(io_kick ${CMAKE_CURRENT_LIST_DIR}/test_io_kick.c)
# Random requests, limits and races of bounce mode take a minute each.
foreach(part orphan_life bounce_data)
  add_executable(test_blk_${part} ${CMAKE_CURRENT_LIST_DIR}/test_blk_${part}.c
    ${CMAKE_CURRENT_LIST_DIR}/bounce_rig.c ${CMAKE_CURRENT_LIST_DIR}/stuck_rig.c
    ${CMAKE_CURRENT_LIST_DIR}/blk_rig.c)
  target_link_libraries(test_blk_${part} PRIVATE test-support)
  target_link_options(test_blk_${part} PRIVATE LINKER:--wrap=vmmio_io_submit)
  add_test(NAME blk_${part} CONFIGURATIONS Long COMMAND test_blk_${part})
  set_tests_properties(blk_${part} PROPERTIES TIMEOUT 1800 SKIP_RETURN_CODE 77)
endforeach()
