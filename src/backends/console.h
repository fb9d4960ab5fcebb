/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the console backend.
 *
 * Two buffers stand between the guest and the other side. One task on the executor, the
 * pump, moves bytes between queues and buffers: it alone pops, and touches guest memory. It runs
 * only while the device is live, and a quiesce is answered when it has ended. Bytes move
 * between buffers and descriptors without ever blocking, under the lock: wherever there is
 * a reason to, or by a request of the I/O engine where the descriptor might block.
 *
 * At most one chain is kept: a transmit chain, parked when the buffer is full. Receive chains
 * are popped when there is something to put into them.
 */
#ifndef VMMIO_BACKENDS_CONSOLE_INSIDE_H
#define VMMIO_BACKENDS_CONSOLE_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include <vmmio/backends/console.h>
#include <vmmio/device.h>

#define CONSOLE_BUFFER 4096u
#define CONSOLE_BUFFER_MAX (1u << 20)
#define CONSOLE_AT_ONCE 65536u /* bytes, about: before others get the lock */
#define CONSOLE_QUEUE_SIZE 64u
#define CONSOLE_EMERGENCY 256u
#define CONSOLE_QUEUES 2u

enum console_kind {
	CONSOLE_NONE,
	CONSOLE_MEMORY,
	CONSOLE_POLLED, /* never blocks, or is asked before whether it would */
	CONSOLE_SLOW,   /* cannot be polled (a file), or writing it may block */
};

/* One of the two descriptors, always our own. */
struct console_end {
	enum console_kind kind;
	int fd;        /* -1: none */
	bool socket;   /* MSG_DONTWAIT */
	bool fifo;     /* SIGPIPE */
	bool pty;      /* may have no other side */
	bool blocking; /* to be asked before: its flags are not ours */
};

/* Counts of bytes ever put in and taken out: full at a difference of size. */
struct console_ring {
	uint8_t *data;
	size_t size;
	uint64_t put, taken;
};

struct console_span {
	uint8_t *data;
	size_t len;
};

/* What is to be told once. Bits. */
enum console_note {
	CONSOLE_NOTE_END = 1u << 0,    /* of the input */
	CONSOLE_NOTE_NOBODY = 1u << 1, /* reads the output */
	CONSOLE_NOTE_READ = 1u << 2,   /* failed */
	CONSOLE_NOTE_WRITE = 1u << 3,  /* failed */
};

enum console_task { CONSOLE_IDLE, CONSOLE_QUEUED, CONSOLE_RUNNING, CONSOLE_AGAIN };

struct vmmio_console {
	struct vmmio_backend backend;
	struct vmmio_io *io; /* NULL: memory */
	struct vmmio_log log;
	char name[96]; /* for log lines */
	char pty[64];  /* path, empty: none */
	struct console_end in, out;
	int epoll_fd, event_fd; /* -1: none; the first watches in and out, and is polled itself */
	uint8_t *buffers;       /* of both rings */
	uint16_t queue_sizes[CONSOLE_QUEUES];
	uint8_t config[VMMIO_CONSOLE_CFG_SIZE];

	atomic_uint_least32_t terminal; /* rows << 16 | cols */
	atomic_bool terminal_hidden;    /* the driver did not accept F_SIZE */

	pthread_mutex_t device_lock; /* device against resize */
	struct vmmio_device *device;
	struct vmmio_executor *ex;
	struct vmmio_queue *queues[CONSOLE_QUEUES]; /* from start on */

	struct vmmio_task task;
	struct vmmio_io_poll poll;
	struct vmmio_io_request request; /* of a slow output */
	struct vmmio_iovec iov;          /* its */
	struct console_ring *requested;  /* where its bytes are */
	uint8_t emergency_data[CONSOLE_EMERGENCY];

	pthread_mutex_t lock; /* all below */
	struct console_ring to_guest, from_guest, emergency;
	bool attached;
	bool using_io;
	bool closing;   /* no further request */
	bool writing;   /* the engine has request */
	bool in_ready;  /* there may be something to read */
	bool blocked;   /* the pump waits for room in from_guest */
	bool put_short; /* put left something over */
	bool signalled; /* event_fd is readable */
	/* The guest's side. */
	bool live, paused;
	bool stopping[CONSOLE_QUEUES];
	bool parked;
	struct vmmio_chain chain; /* the parked one */
	uint64_t chain_at;        /* bytes of it in from_guest */
	enum console_task state;
	vmmio_token quiesce, pause;  /* to be answered by the pump; 0: none */
	bool submit;                 /* by vmmio_console_unlock */
	unsigned notes, told;        /* enum console_note */
	int read_error, write_error; /* errno, for the notes */
	struct vmmio_console_counters count;
};

/* A line to the log the embedder gave to the backend. */
void vmmio_console_log(const struct vmmio_log *log, enum vmmio_log_level level, const char *format,
	...) __attribute__((format(printf, 3, 4)));

/* console_config.c */
int vmmio_console_check_options(const struct vmmio_console_options *options);
void vmmio_console_init_config(struct vmmio_console *c, const struct vmmio_console_options *o);
int vmmio_console_features(void *ctx, const uint64_t accepted[VMMIO_FEATURE_WORDS]);
/* The size in force to config space; there is a device. */
void vmmio_console_show_size(struct vmmio_console *c);

/* console_open.c: ends, by options. 0 or -errno, logged. */
int vmmio_console_open(struct vmmio_console *c, const struct vmmio_console_options *options);
void vmmio_console_close(struct vmmio_console *c);
/* Watches out once more, after it was full. */
void vmmio_console_arm(struct vmmio_console *c);

/* console_stream.c: between buffers and ends */
struct console_span vmmio_console_filled(const struct console_ring *ring);
struct console_span vmmio_console_room(const struct console_ring *ring);
size_t vmmio_console_used(const struct console_ring *ring);
/* Bytes read or written, 0 at the end of the input, or -errno. */
ssize_t vmmio_console_fd_read(const struct console_end *end, struct console_span span);
ssize_t vmmio_console_fd_write(const struct console_end *end, struct console_span span);

/* console_move.c: the lock held */
void vmmio_console_read_in(struct vmmio_console *c);
void vmmio_console_write_out(struct vmmio_console *c);
/* The buffers have changed: event_fd. */
void vmmio_console_signal(struct vmmio_console *c);
void vmmio_console_ready(struct vmmio_io_poll *poll);
void vmmio_console_config_write(void *ctx, uint32_t offset, uint32_t size, uint32_t value);
void vmmio_console_take_input(struct vmmio_console *c, ssize_t n);

/* console_pump.c: between queues and buffers */
void vmmio_console_run(struct vmmio_task *task);
/* The lock held: the pump has something to do. */
void vmmio_console_schedule(struct vmmio_console *c);
/* Submits and logs what is due, after unlocking. */
void vmmio_console_unlock(struct vmmio_console *c);

#endif
