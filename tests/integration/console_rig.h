/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A console on a bench: I/O engine, executor, device, driver, and the other side of whatever
 * the console writes to and reads from.
 */
#ifndef VMMIO_TESTS_CONSOLE_RIG_H
#define VMMIO_TESTS_CONSOLE_RIG_H

#include <stdatomic.h>
#include <vmmio/backends/console.h>
#include <vmmio/device.h>
#include <vmmio/driver.h>

#include "support/fixture.h"

/* A test body runs over these: version 2 or 3, split or packed, io_uring or plain engine,
 * guest memory pinned or not. */
#define TERM_VARIANTS 16
#define TERM_BUFFER 262144u
#define TERM_CHAINS 32u

enum term_form { TERM_PIPE, TERM_PTY, TERM_MEMORY, TERM_SOCKET, TERM_FORMS, TERM_OWN };

struct term_options {
	int variant;
	bool manual;         /* executor and I/O engine: nothing moves but by term_relax */
	bool loop;           /* the I/O engine is run by term_relax */
	enum term_form form; /* TERM_OWN: in and out of console are used as they are */
	uint64_t refuse;     /* features that the driver does not accept */
	struct vmmio_console_options console;
};

struct term {
	struct term_options o;
	int far_in, far_out;   /* what the test reads from, and writes to; -1: none */
	int near_in, near_out; /* what the console was given; -1: closed */
	uint8_t *ram;
	struct vmmio_memory *memory;
	struct vmmio_executor *ex;
	struct vmmio_io *io;
	struct vmmio_console *console;
	struct vmmio_device *dev;
	struct vmmio_driver *driver;
	struct vmmio_driver_area out, in; /* what the device reads; what it may write */
	_Atomic bool line;
	bool ending, dying; /* its device is being destroyed; has gone */
	_Atomic unsigned destroyed;
};

struct term *term_new(const struct term_options *options);
void term_start(struct term *term);
struct term *term_run(const struct term_options *options); /* both */
/* The device only: a new one can be made on the same console. */
void term_destroy_device(struct term *term);
void term_make_device(struct term *term);
void term_free(struct term *term);
/* Lets something happen, everything that is due if it is manual. */
void term_relax(struct term *term);
/* Until nothing more happens by itself, if it is manual; else nothing. */
void term_settle(struct term *term);

/* The other side; neither blocks. How many bytes. */
size_t term_far_write(struct term *term, const void *data, size_t len);
size_t term_far_read(struct term *term, void *data, size_t len);
/* All of it, however long it takes: a pty's bytes do not arrive at once. */
void term_far_get(struct term *term, void *data, size_t len);

/* Byte number n of the streams that tests send. */
uint8_t term_byte(uint64_t n);
/* These are the bytes from number n on. */
void term_check(const void *data, size_t len, uint64_t n);

/* The guest's side. Both make a chain available, of pieces of the given lengths (0 ends), from
 * offset at of the area; send fills it with the stream from byte n. Returns whether there
 * was room in the ring. */
bool term_send(struct term *term, uint32_t at, const uint32_t *lens, uint64_t n);
bool term_offer(struct term *term, uint32_t at, const uint32_t *lens);
/* A chain that came back: its area's offset, and len. false: none. */
bool term_sent(struct term *term, uint32_t *at);
bool term_received(struct term *term, uint32_t *at, uint32_t *len);

struct vmmio_console_counters term_count(struct term *term);

#endif
