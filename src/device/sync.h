/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sync points: named places inside a write, a completion or a finish where a test can
 * stop the device and let something else happen. No lock is held at any of them. They
 * compile to nothing outside the test build.
 */
#ifndef VMMIO_DEVICE_SYNC_H
#define VMMIO_DEVICE_SYNC_H

struct vmmio_device;

#define VMMIO_SYNC_POINT_LIST(X)                                                                   \
	X(FEATURES_ASKED)     /* FEATURES_OK was accepted, the backend is not asked yet */         \
	X(WRITE_ACCEPTED)     /* reset accepted, gates closed, line not yet dropped */             \
	X(WRITE_LINE_DROPPED) /* line dropped, the writer still holds its pass */                  \
	X(WRITE_LEFT)         /* the writer's pass is back, nothing handed over yet */             \
	X(TASK_BEGIN)         /* the device's task begins on the executor */                       \
	X(QUIESCE_CALL)       /* quiesce is about to be called */                                  \
	X(QUIESCE_RETURNED)   /* quiesce returned, its answer is not taken yet */                  \
	X(COMPLETE_ENTER)     /* complete was called, nothing done */                              \
	X(COMPLETE_PUBLISHED) /* used entries written (or skipped) */                              \
	X(COMPLETE_RAISED)    /* InterruptStatus set and the line delivered (or skipped) */        \
	X(COMPLETE_LEFT)      /* the leases are back, a drain is not noted yet */                  \
	X(FINISH_CALL)        /* everything is quiet, reset_finish is about to be called */        \
	X(FINISH_RETURNED)    /* reset_finish returned, registers not yet cleared */               \
	X(POP_ENTERED)        /* pop holds its pass, ring not yet looked at */                     \
	X(POP_TAKEN)          /* chains are out, pop has not returned */                           \
	X(NOTIFY_CALL)        /* the notify hook is about to be called */                          \
	X(STOP_ACCEPTED)      /* a queue's gate was closed by QueueReset or QueueReady = 0 */      \
	X(START_CALL)         /* start is about to be called */                                    \
	X(START_RETURNED)     /* start returned, its answer is not taken yet */                    \
	X(ACTIVATE)           /* rings are ready, gates not yet open */                            \
	X(STOP_CALL)          /* queue_stop is about to be called */                               \
	X(STOP_RETURNED)      /* queue_stop returned, its answer is not taken yet */               \
	X(PAUSE_BEGUN)        /* pause or resume accepted, gates closed, nothing called yet */     \
	X(PAUSE_CALL)         /* the pause hook is about to be called */                           \
	X(PAUSE_RETURNED)     /* the pause hook returned, its answer is not taken yet */           \
	X(RESUME_CALL)        /* the resume hook is about to be called, gates closed */            \
	X(RESUME_OPEN)        /* a queue's gate is open again, the queue not looked at yet */      \
	X(RESUME_LINE)        /* every gate is open again, the line not looked at yet */           \
	X(FENCE)              /* fenced, nothing given up yet */                                   \
	X(REPORT)             /* a waiter's done is about to be called */

enum vmmio_sync_point {
#define X(name) VMMIO_SYNC_##name,
	VMMIO_SYNC_POINT_LIST(X)
#undef X
		VMMIO_SYNC_COUNT
};

#ifdef VMMIO_SYNC_POINTS
/* Set by a test while no device is in use. */
extern void (*vmmio_sync_hook)(struct vmmio_device *dev, enum vmmio_sync_point point);
#define VMMIO_SYNC(dev, point)                                                                     \
	do {                                                                                       \
		if (vmmio_sync_hook)                                                               \
			vmmio_sync_hook(dev, VMMIO_SYNC_##point);                                  \
	} while (0)
/* The points around a hook that answers now or later: when is CALL or RETURNED. */
#define VMMIO_SYNC_HOOK(dev, kind, when)                                                           \
	do {                                                                                       \
		static const enum vmmio_sync_point points[] = {                                    \
			[STEP_START] = VMMIO_SYNC_START_##when,                                    \
			[STEP_QUIESCE] = VMMIO_SYNC_QUIESCE_##when,                                \
			[STEP_QUEUE_STOP] = VMMIO_SYNC_STOP_##when,                                \
			[STEP_PAUSE] = VMMIO_SYNC_PAUSE_##when,                                    \
		};                                                                                 \
		if (vmmio_sync_hook)                                                               \
			vmmio_sync_hook(dev, points[kind]);                                        \
	} while (0)
#else
#define VMMIO_SYNC(dev, point) ((void)0)
#define VMMIO_SYNC_HOOK(dev, kind, when) ((void)0)
#endif

#endif
