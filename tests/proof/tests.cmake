# SPDX-License-Identifier: BSD-3-Clause
# Proofs with Frama-C, which reads, as no compiler does: regfile.c memory.c ring.c
if(NOT VMMIO_SANITIZE)
  add_test(NAME proof CONFIGURATIONS Long COMMAND ${CMAKE_CURRENT_LIST_DIR}/run)
  add_test(NAME proof_mutants CONFIGURATIONS Long COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --mutants)
  set_tests_properties(proof proof_mutants PROPERTIES TIMEOUT 3600)
endif()
