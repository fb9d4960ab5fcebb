/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Host storm: devices of one VM over one pool, and everybody who may do something to them,
 * at the same time. host_storm.c says what is looked for.
 *
 *   storm.c          events and whether they met, waiters, random numbers
 *   storm_backend.c  the backend of most devices, and who completes its chains
 *   storm_device.c   devices are made, watched and destroyed
 *   storm_guest.c    drivers and other vCPUs
 *   storm_disk.c     disks, and who runs their I/O
 *   storm_host.c     the host: pause, reset, fence, config changes
 *   storm_memory.c   memory comes and goes
 *   storm_flat.c     what the process takes, over time; the devices' counters, in all
 *   storm_watch.c    who does not get on, and how he stands
 */
#ifndef VMMIO_TESTS_STORM_H
#define VMMIO_TESTS_STORM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <vmmio/backends/blk.h>
#include <vmmio/device.h>
#include <vmmio/driver.h>
#include <vmmio/metrics.h>

#define PLAIN_SLOTS 5u /* of each group; the others are disks */
#define DISK_SLOTS 3u
#define GROUP (PLAIN_SLOTS + DISK_SLOTS)
#define GROUPS_MAX 16u
#define SLOTS_MAX (GROUPS_MAX * GROUP)
#define QUEUES 2u
#define QUEUE_SIZE 16u
#define RAM_BASE UINT64_C(0x40000000)
#define MAIN_SIZE (256u * 1024) /* rings and buffers: the driver's own */
#define EXTRA_SIZE (16u * 1024) /* more buffers, in a region that comes and goes */
#define SLOT_SIZE (MAIN_SIZE + EXTRA_SIZE)
#define BUFFERS 24u
#define BUFFER_SIZE 512u
#define HELD_MAX 64u
#define WAITERS 12u
#define PATTERN 0xa5

/* What meets what. An event lasts from its begin to its end, which may be a report. */
enum event {
	COMPLETE, RESET, QUEUE_RESET, NOTIFY, CONFIG, ACK, DESTROY, PENDING, HOST_RESET, PAUSE,
	RESUME, FENCE, REMOVE, OBSERVE, EVENTS
};

struct slot;

/* out: promised and not told. Who takes it from false to true owns it until then. */
struct storm_waiter {
	struct vmmio_waiter waiter;
	struct slot *slot;
	struct vmmio_device *dev;
	enum event what;
	atomic_bool taken, out;
};

struct held {
	struct vmmio_queue *queue;
	struct vmmio_chain chain;
};

/* The hooks that may be answered later; one of each kind is owed at a time. */
enum promise { START, QUEUE_STOP, QUIESCE, PAUSE_HOOK, PROMISES };

enum extra { EXTRA_THERE, EXTRA_GOING, EXTRA_GONE };

struct slot {
	unsigned index;
	uint32_t version;
	bool packed, eventfds, observed;
	uint8_t *ram;
	uint64_t guest;
	struct vmmio_driver *driver;
	struct vmmio_driver_area buffer[BUFFERS];
	unsigned kind; /* of life: whether requests 2, 3, 6 and 7 are for reading (2), or the others */
	unsigned out;  /* chains of this life that have not come back */
	struct vmmio_backend backend;
	uint16_t sizes[QUEUES];
	struct vmmio_blk *blk; /* a disk, and its image */
	struct vmmio_io *io;
	int image, irq;        /* irq: the sink's eventfd, -1: none */
	atomic_ulong beyond;   /* requests that may lie behind the disk's end */

	pthread_rwlock_t gone;  /* read: an access is under way */
	pthread_rwlock_t guest_lock; /* read: somebody but the driver asks for something */
	struct vmmio_device *dev;
	struct vmmio_trace *trace;
	struct vmmio_metrics *metrics;
	int kick[QUEUES]; /* eventfds; -1: by register */
	struct vmmio_io_poll poll[QUEUES];
	atomic_bool released;
	atomic_bool silent; /* between Status 0 and the next life the sink is not called */
	atomic_int in_sink;
	atomic_uint edges;
	bool level; /* the sink's */

	/* The backend's. lock: short stretches; answering: held over vmmio_device_answer. */
	pthread_mutex_t lock, answering;
	bool attached;
	atomic_bool slow;  /* chains are mostly held back */
	atomic_bool stuck; /* nothing comes back before the fence */
	atomic_int in_hook, leases, fences;
	bool paused; /* pause was called, and neither resume nor a reset came */
	bool kept[QUEUES];
	unsigned n_held, working;
	struct held held[HELD_MAX];
	vmmio_token promised[PROMISES];
	bool owed[PROMISES];

	struct storm_waiter waiters[WAITERS];

	/* storm_memory.c */
	struct vmmio_waiter extra_waiter, main_waiter;
	atomic_int extra;      /* enum extra */
	atomic_bool main_gone; /* until the report */

	atomic_int active[EVENTS];

	/* storm_watch.c: what its driver waits for, and since when (ns); NULL: for its turn */
	_Atomic(const char *) doing;
	atomic_ullong since;
};

/* The disks' engines. */
enum { THREADS, LOOP, FORMS };

struct storm {
	struct slot slots[SLOTS_MAX];
	unsigned n_slots; /* whole groups */
	struct vmmio_memory *memory;
	struct vmmio_executor *pool;
	struct vmmio_io *io[2][FORMS]; /* io_uring if the host has it, and plain */
	atomic_bool stop;      /* no new life, no new event */
	atomic_bool stop_late; /* for those who complete what the others wait for */
};

extern struct storm storm;
extern unsigned long storm_seed;
extern unsigned long storm_rate; /* lives that end in a second, of all devices; 0: any number */
extern unsigned long storm_patience; /* s */
/* resets: the drivers' own, that ended with Status 0. stills: pauses looked at. */
extern atomic_ulong resets, resets_with_leases, lives, stills, resizes, errors;

/* --- storm.c */
void storm_begin(struct slot *s, enum event e);
void storm_end(struct slot *s, enum event e);
int storm_missing_pairs(void);
void storm_print_pairs(void);
/* One line and one error; the storm goes on. */
__attribute__((format(printf, 2, 3))) void storm_wrong(
	const struct slot *s, const char *format, ...);
_Noreturn void storm_die(const char *what, int error);
/* 0 to n - 1, from the thread's own sequence. */
uint32_t storm_random(uint32_t n);
void storm_random_begin(unsigned long number);
struct slot *storm_slot(void);
struct slot *storm_plain_slot(void);
/* Calls what with a waiter if one is free. Its access is under way, or the device is the
 * caller's. */
void storm_ask(struct slot *s, enum event what);
/* All reports have come. */
void storm_check_waiters(struct slot *s);

/* --- storm_backend.c */
extern const struct vmmio_backend_ops storm_ops;
bool storm_holds(struct slot *s);
/* It has answered that it is paused, or was not waited for. */
bool storm_works_in_pause(struct slot *s);
void *storm_io_thread(void *number);

/* --- storm_device.c */
void storm_slot_new(struct slot *s, unsigned index);
/* Its device goes. The threads that complete are still running. */
void storm_slot_stop(struct slot *s);
void storm_slot_free(struct slot *s);
void storm_device_new(struct slot *s);
/* meanwhile: called until the device is released; may be NULL. */
void storm_device_destroy(struct slot *s, void (*meanwhile)(struct slot *s));
void storm_observe(struct slot *s);

/* --- storm_guest.c */
void storm_fill_buffers(struct slot *s);
void *storm_driver_thread(void *slot);
void *storm_vcpu_thread(void *number);

/* --- storm_disk.c */
void storm_disk_new(struct slot *s);
void storm_disk_free(struct slot *s);
void storm_disk_requests(struct slot *s);
/* The request with this cookie has ended. */
void storm_disk_ended(struct slot *s, const void *cookie);
/* With answering held. */
void storm_disk_resize(struct slot *s);
void *storm_loop_thread(void *loop);

/* --- storm_host.c, storm_memory.c */
void *storm_host_thread(void *number);
void *storm_config_thread(void *number);
void storm_memory_new(struct slot *s);
void storm_memory_settle(struct slot *s);
void *storm_memory_thread(void *number);

/* --- storm_flat.c */
uint64_t storm_now(void);
/* Takes a sample if it is time to. */
void storm_sample(void);
void storm_sample_begin(void);
/* The last sample: for people, without a new line. */
void storm_print_sample(FILE *to);
/* Compares; false and a line each: what has grown. */
bool storm_is_flat(void);
/* Of a directory. */
unsigned storm_entries(const char *path);
/* Its device is about to go, nothing is out. */
void storm_add_counters(const struct vmmio_device_counters *c);
/* What was popped has come back. */
bool storm_balances(void);
/* The last line of all. */
void storm_print_result(const char *verdict);

/* --- storm_watch.c */
void storm_doing(struct slot *s, const char *what);
/* The same, for the storm as a whole. */
void storm_stage(const char *what);
/* When the next life is to end (ns); 0: no matter. */
uint64_t storm_turn(void);
/* Ends the process if somebody does not get on. */
void *storm_watch_thread(void *unused);

#endif
