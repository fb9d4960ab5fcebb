; SPDX-License-Identifier: BSD-3-Clause
; holds() of src/memory/table.c in 64-bit arithmetic, for Z3 alone: each answer has to be unsat.
; Widened to 65 bits, so that sums do not wrap on the right-hand side.
(set-logic QF_BV)
(declare-const guest (_ BitVec 64))
(declare-const start (_ BitVec 64))
(declare-const size (_ BitVec 64))
(define-fun wide ((x (_ BitVec 64))) (_ BitVec 65) ((_ zero_extend 1) x))
(define-fun end () (_ BitVec 65) (bvadd (wide start) (wide size)))
(define-fun holds () Bool (bvult (bvsub guest start) size))
(define-fun inside () Bool (and (bvule start guest) (bvult (wide guest) end)))
; table.c: is_valid lets no region pass the end.
(assert (bvule end (_ bv18446744073709551616 65)))
(push)
(assert (and holds (not inside)))
(check-sat) ; yes
(pop)
(push)
(assert (and inside (not holds)))
(check-sat) ; no
(pop)
