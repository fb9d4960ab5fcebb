# SPDX-License-Identifier: BSD-3-Clause
# Registers, life cycle, interrupts, memory: one program for several numbers of the matrix, each
# number a libcheck test case of that name and a CTest test of its own.
function(vmmio_hostile_life name numbers)
  add_executable(test_hd_${name} ${ARGN} ${CMAKE_CURRENT_SOURCE_DIR}/hostile/hd_life_rig.c)
  target_link_libraries(test_hd_${name} PRIVATE test-support)
  foreach(number ${numbers})
    add_test(NAME hd_${number} COMMAND test_hd_${name})
    set_tests_properties(hd_${number} PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77
      ENVIRONMENT "CK_RUN_CASE=hd_${number}")
  endforeach()
endfunction()

set(here ${CMAKE_CURRENT_LIST_DIR})
vmmio_hostile_life(registers "20;21;22;23;24;25;42" ${here}/hd_registers.c
  ${here}/hd_registers_queue.c)
vmmio_hostile_life(life "33;34;39;40;41;44;46;47" ${here}/hd_life.c ${here}/hd_life_crowd.c
  ${here}/hd_life_events.c ${here}/hd_life_kicks.c ${here}/hd_life_memory.c)

add_test(NAME hd_43 COMMAND sh -c "echo 'SKIP: hd_43: there are no snapshots yet'; exit 77")
set_tests_properties(hd_43 PROPERTIES SKIP_RETURN_CODE 77)

add_test(NAME hd_36 COMMAND sh ${here}/reachable.sh ${PROJECT_SOURCE_DIR} ${CMAKE_C_COMPILER})
add_test(NAME hd_36_self
  COMMAND sh ${here}/reachable.sh --self-test ${PROJECT_SOURCE_DIR} ${CMAKE_C_COMPILER})

vmmio_hostile_life(life_disk "48" ${here}/hd_life_disk.c
  ${CMAKE_CURRENT_SOURCE_DIR}/integration/blk_rig.c)

vmmio_hostile_life(life_greedy "38" ${here}/hd_life_greedy.c
  ${CMAKE_CURRENT_SOURCE_DIR}/integration/blk_rig.c)
target_link_options(test_hd_life_greedy PRIVATE LINKER:--wrap=vmmio_queue_pop)

# The litmus test; what the compiler made of the accesses is looked at beside it.
vmmio_hostile_life(life_litmus "45" ${here}/hd_life_litmus.c)
add_test(NAME hd_45_code COMMAND sh ${here}/torn.sh ${PROJECT_SOURCE_DIR} ${CMAKE_C_COMPILER})
add_test(NAME hd_45_code_self
  COMMAND sh ${here}/torn.sh --self-test ${PROJECT_SOURCE_DIR} ${CMAKE_C_COMPILER})
set_tests_properties(hd_45_code hd_45_code_self PROPERTIES SKIP_RETURN_CODE 77)
