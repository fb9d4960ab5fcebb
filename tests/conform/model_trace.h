/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a driver can see of a model, as a list of numbers, while it does what it likes: a raw
 * driver that asserts nothing and believes nothing. Two models that differ in what they show
 * differ in their traces.
 */
#ifndef VMMIO_TESTS_CONFORM_MODEL_TRACE_H
#define VMMIO_TESTS_CONFORM_MODEL_TRACE_H

#include "conform/model/model.h"
#include <vmmio/spec.h>

#define TRACE_RAM 0x10000u
/* Of the guest memory: areas of queue 0 and 1, header, status byte, indirect table, data. */
#define AT_QUEUE(i) (0x3000u * (i))
#define AT_HEADER 0x6000u
#define AT_STATUS 0x6800u
#define AT_TABLE 0x7000u
#define AT_DATA 0x8000u

#define TRACE_MS UINT64_C(1000000)

struct trace {
	struct model *m;
	uint64_t *seen;
	size_t n, room;
	uint8_t *ram;
	uint64_t begin; /* the clock does not start anew with the device */
};

/* The driver's side of a queue. */
struct raw {
	unsigned index;
	bool packed, event_idx;
	uint32_t size;
	uint16_t avail;
	bool wrap;
	uint32_t descs; /* split: handed out so far */
};

struct raw_desc {
	uint32_t at; /* offset in the guest's memory */
	uint32_t len;
	uint16_t flags; /* WRITE, INDIRECT */
};

void trace_create(struct trace *t, const struct model_options *options);
void trace_destroy(struct trace *t);

void trace_see(struct trace *t, uint64_t value);
/* Everything that can be looked at without an effect. */
void trace_look(struct trace *t);
/* ns pass; looks. */
void trace_pass(struct trace *t, uint64_t ns);

uint32_t trace_read(struct trace *t, uint32_t offset);
void trace_write(struct trace *t, uint32_t offset, uint32_t value);
/* Writes a register, and looks. */
void trace_act(struct trace *t, uint32_t offset, uint32_t value);

/* The bytes of guest memory at an offset. */
void trace_put16(struct trace *t, uint32_t at, uint16_t value);
void trace_put32(struct trace *t, uint32_t at, uint32_t value);
void trace_put64(struct trace *t, uint32_t at, uint64_t value);
uint64_t trace_guest(uint32_t at);

/* Zero to Status, until it reads 0; ACKNOWLEDGE, DRIVER, features, FEATURES_OK. */
void raw_negotiate(struct trace *t, uint64_t features);
/* Sets up a queue for these features, ready unless told otherwise. */
void raw_init(struct trace *t, struct raw *q, unsigned index, uint32_t size, uint64_t features);
void raw_program(struct trace *t, struct raw *q);
/* Negotiated, queue 0 with size entries, DRIVER_OK. */
void raw_start(struct trace *t, struct raw *q, uint32_t size, uint64_t features);

/* Makes a chain available; returns the offset of its first descriptor. */
uint32_t raw_push(struct trace *t, struct raw *q, const struct raw_desc *descs, unsigned n);
/* Notifies, and looks. */
void raw_kick(struct trace *t, struct raw *q);
/* Offsets of what the driver says of notifications: avail flags, used_event; packed: offset, flags.
 */
uint32_t raw_driver_area(const struct raw *q);
uint32_t raw_used_event(const struct raw *q);

/* A request for a disk, in three descriptors; sent, looked at, acknowledged. */
void raw_request(struct trace *t, struct raw *q, uint32_t type, uint64_t sector, uint32_t len,
	bool writable);

#endif
