/* SPDX-License-Identifier: BSD-3-Clause */
/* What a process that runs checks tells the one that waits for it, over a pipe. */
#ifndef VMMIO_TOOLS_RECORD_H
#define VMMIO_TOOLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_kind {
	RECORD_OPENED,  /* text: the target's name */
	RECORD_REFUSED, /* text: why it cannot be opened */
	RECORD_BEGIN,   /* text: a check */
	RECORD_RESULT,  /* text: requirement, check, detail, accesses;
			 * number: verdict, proof, flagged */
	RECORD_NOTE,    /* text: check, what happened */
	RECORD_END,     /* number: what vmmio_conform_run returned */
	N_RECORD_KINDS
};

enum { RECORD_NUMBERS = 3, RECORD_TEXTS = 4 };

struct record {
	enum record_kind kind;
	int32_t number[RECORD_NUMBERS];
	const char *text[RECORD_TEXTS]; /* NULL is sent as "" */
};

/* All of it, at once. 0, or -errno. */
int record_send(int fd, const struct record *record);

/* What has come and was not taken yet. Zeroed at first. */
struct record_reader {
	char *data;
	size_t n, room;
	size_t taken;
	bool bad; /* what comes is no record */
};

/* Reads what is there, from a descriptor that does not wait. 1: there may be more, 0: the end,
 * or -errno (-EAGAIN: nothing now). */
int record_read(struct record_reader *reader, int fd);
/* The next record; its texts hold until the next record_read. */
bool record_next(struct record_reader *reader, struct record *out);
void record_reader_free(struct record_reader *reader);

#endif
