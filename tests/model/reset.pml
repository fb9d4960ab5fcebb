/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reset protocol of src/device as a Promela model: version 3 devices with two queues of
 * one buffer each, vCPUs, executor threads, a backend that completes, cancels, hangs or
 * blocks, QueueReset, destroy. Each statement is one atomic operation of the code, or
 * some that only the holder of device->lock can see.
 *
 *   state.pml      what there is, and the properties
 *   turns.pml      who runs when
 *   lifecycle.pml  gates, steps, where a reset begins and ends
 *   backend.pml    completions, the line, hooks, the executor
 *   driver.pml     register accesses, destroy, the threads that make them
 *   mapping        which function each of it stands for; held against src/ by a test
 *   mutants        mistakes (-DM_...), and the property that each has to break
 *   traces         runs of it that test_reset_model_replay makes the library repeat
 *   pool.pml       the executor's threads, a model of its own
 *
 * Not in it: the way to DRIVER_OK, pause, fence, memory that is removed, pending answers, a
 * zero written at Status 0, version 2's waits. tests/integration/test_interleave.c has these.
 *
 * -DDESTROY: a destroy at any time. -DDEVS=2: the first device's backend is stuck, the second
 * device's is not; -DSTUCK_EARLY: it gets there in one go. -DSHORT: one life instead of two.
 * -DONE_VCPU, -DPICKS=n: how many accesses the second vCPU picks after its kick. -DWORKERS=n:
 * threads of the executor. -DLIVE: no stuck backend, for the formula. -DREPLAY: for traces.
 * -DONLY=property: judge that one.
 */
#include "state.pml"
#include "turns.pml"
#include "lifecycle.pml"
#include "backend.pml"
#include "driver.pml"

inline bring_up(d)
{
	status[d] = DRIVER_OK;
	epoch[d] = 1;
	started[d] = 1;
	dirty[d] = 1;
	qready[Q(d, 0)] = 1; qready[Q(d, 1)] = 1;
	quiet[Q(d, 0)] = 1; quiet[Q(d, 1)] = 1;
	block[Q(d, 0)] = 1; block[Q(d, 1)] = 1;
	phase[Q(d, 0)] = RUN; phase[Q(d, 1)] = RUN
}

/* As many threads as the other device needs to go on: one, unless a hook takes one away. */
inline two_devices()
{
	bring_up(1);
	mode[1] = CANCEL;
	run worker(4);
	if
	:: mode[0] = HANG
#ifndef M_WORKER_WAITS
	:: mode[0] = BLOCK; run worker(5)
#endif
	fi;
	run vcpu0(0, 0);
	run vcpu0(1, DEVS - 1);
	run io(2, 0);
	run io(3, DEVS - 1)
}

inline one_device()
{
	if
	:: mode[0] = FREE
	:: mode[0] = CANCEL
#ifndef LIVE
	:: mode[0] = HANG
#ifndef REPLAY
	:: mode[0] = BLOCK
#endif
#endif
	fi;
#ifdef REPLAY
	printf("mode %d\n", mode[0]);
#endif
	run vcpu0(0, 0);
#ifndef ONE_VCPU
	run vcpu1(1, 0);
#endif
	run io(2, 0);
	run worker(3);
#if WORKERS > 1
	run worker(4);
#endif
#ifdef DESTROY
	run control(5, 0)
#endif
}

init
{
	atomic {
#ifdef ONLY
		ONLY = 0;
#endif
		bring_up(0);
#if DEVS > 1
		two_devices()
#else
		one_device()
#endif
	}
}

ltl zero_is_reached { [] (resetting[0] -> <> !resetting[0]) }
ltl released_is_reached { [] (destroying[0] -> <> released[0]) }
