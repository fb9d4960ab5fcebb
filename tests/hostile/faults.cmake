# SPDX-License-Identifier: BSD-3-Clause
# Fault scenarios of the reset. A program has several; each is a CTest test of its own.

# fault_tests(NUMBER...): the test cases f_NUMBER of the program f_PART.
function(fault_tests part)
  foreach(number ${ARGN})
    add_test(NAME f_${number} COMMAND test_f_${part})
    set_tests_properties(f_${number} PROPERTIES ENVIRONMENT CK_RUN_CASE=f_${number}
      TIMEOUT 600 SKIP_RETURN_CODE 77)
  endforeach()
endfunction()

# fault_program(PART SOURCE...): from f_PART.c and what else it needs.
function(fault_program part)
  add_executable(test_f_${part} ${ARGN})
  target_link_libraries(test_f_${part} PRIVATE test-support)
endfunction()

set(hostile ${CMAKE_CURRENT_LIST_DIR})
fault_program(registers ${hostile}/f_registers.c)
fault_tests(registers 17 18 19 20 21 22 23 24 25 49)
fault_program(two_vcpus ${hostile}/f_two_vcpus.c)
fault_tests(two_vcpus 16)
fault_program(pool ${hostile}/f_pool.c)
fault_tests(pool 01 02 03 26 27)
fault_program(vcpu ${hostile}/f_vcpu.c)
fault_tests(vcpu 45 47 48)
fault_program(cancel ${hostile}/f_cancel.c)
fault_tests(cancel 47_calls)
set(disk ${hostile}/../integration/blk_rig.c)
fault_program(scripted ${hostile}/f_scripted.c ${hostile}/f_ring.c ${disk})
target_link_options(test_f_scripted PRIVATE LINKER:--wrap=io_uring_peek_batch_cqe)
# The engine's own ring structure is looked at.
target_link_libraries(test_f_scripted PRIVATE PkgConfig::VMMIO_URING)
fault_tests(scripted 06 07 08 09 32 35_scripted 38)
fault_program(store ${hostile}/f_store.c ${disk} ${hostile}/../integration/stuck_rig.c
  ${hostile}/../integration/rng_rig.c)
fault_tests(store 04 05 33 34 35 36 39 40)
fault_program(uring ${hostile}/f_uring.c ${hostile}/f_ring.c)
target_link_options(test_f_uring PRIVATE LINKER:--wrap=io_uring_peek_batch_cqe
  LINKER:--wrap=io_uring_submit_and_wait)
target_link_libraries(test_f_uring PRIVATE PkgConfig::VMMIO_URING)
fault_tests(uring 10 11 14 28)
fault_program(refused ${hostile}/f_refused.c)
target_link_libraries(test_f_refused PRIVATE PkgConfig::VMMIO_URING)
fault_tests(refused 12 15)
fault_program(old_kernel ${hostile}/f_old_kernel.c ${disk})
target_link_options(test_f_old_kernel PRIVATE LINKER:--wrap=io_uring_get_probe_ring
  LINKER:--wrap=io_uring_queue_init_params,--wrap=io_uring_submit_and_wait
  LINKER:--wrap=io_uring_submit_and_get_events)
target_link_libraries(test_f_old_kernel PRIVATE PkgConfig::VMMIO_URING)
fault_tests(old_kernel 13)
fault_program(large ${hostile}/f_large.c)
fault_tests(large 37)
fault_program(host ${hostile}/f_host.c)
target_link_options(test_f_host PRIVATE LINKER:--wrap=pthread_create
  LINKER:--wrap=clock_gettime,--wrap=pthread_cond_timedwait)
fault_tests(host 29 30 41)
if(VMMIO_BUILD_CONFORM)
  fault_program(alloc ${hostile}/f_alloc.c ${hostile}/f_alloc_base.c ${hostile}/f_alloc_driver.c
    ${hostile}/f_alloc_devices.c ${hostile}/f_alloc_conform.c ${disk}
    ${good_paths})
  # All of both libraries, so that the program has every place that allocates.
  target_link_libraries(test_f_alloc PRIVATE -Wl,--whole-archive conform-static vmmio-test
    -Wl,--no-whole-archive)
  fault_tests(alloc 31)
  # What the sanitizers add to the code is not looked through.
  if(NOT VMMIO_SANITIZE)
    add_test(NAME f_31_sites COMMAND sh ${hostile}/alloc_sites.sh ${PROJECT_SOURCE_DIR}
      $<TARGET_FILE:test_f_alloc> $<TARGET_FILE:vmmio-test> $<TARGET_FILE:conform-static>)
  endif()
endif()

# The others once more, on one processor: but for the two that take longest. Then all there is but
# what looks at files, compiles or measures. The sanitizers have seen them on several.
if(NOT VMMIO_SANITIZE)
  add_test(NAME f_46 COMMAND sh ${hostile}/one_cpu ${CMAKE_CURRENT_BINARY_DIR} -R "^f_"
    -E "^f_(16|37|46|50)")
  add_test(NAME f_46_long CONFIGURATIONS Long COMMAND sh ${hostile}/one_cpu
    ${CMAKE_CURRENT_BINARY_DIR} -E "^(f_46|hygiene|package|freestanding|bench)")
  set_tests_properties(f_46 f_46_long PROPERTIES TIMEOUT 900 SKIP_RETURN_CODE 77)
  set_tests_properties(f_46_long PROPERTIES TIMEOUT 7200 RUN_SERIAL ON)
endif()
# Resets at 1 kHz: memory, descriptors and threads are flat, counters balance.
add_test(NAME f_50 COMMAND host_storm --seconds 4)
add_test(NAME f_50_long CONFIGURATIONS Long COMMAND host_storm --seconds 600)
set_tests_properties(f_50_long PROPERTIES TIMEOUT 1800)
foreach(number 42 43 44)
  add_test(NAME f_${number}
    COMMAND sh -c "echo 'SKIP: waits for snapshots, a device cannot be saved yet'; exit 77")
endforeach()
set_tests_properties(f_42 f_43 f_44 f_50 PROPERTIES TIMEOUT 900 SKIP_RETURN_CODE 77)
