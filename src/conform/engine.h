/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine's own: one run, and the check that is running. */
#ifndef VMMIO_CONFORM_ENGINE_H
#define VMMIO_CONFORM_ENGINE_H

#include <setjmp.h>

#include "conform/check.h"

#define MAX_JUDGED 24u /* requirements of one check */
#define MAX_QUEUES 64u
#define DETAIL 480u
#define ACCESSES_KEPT 24u
#define ACCESSES_TEXT (ACCESSES_KEPT * 64u)

/* What a check has said of one requirement. */
struct judgement {
	char id[24];
	const struct vmmio_conform_requirement *requirement;
	unsigned judged;
	bool bad;
	bool remarked; /* flagged, whatever the requirement's strength */
	bool fatal; /* fails, whatever the requirement's strength */
	bool hook;
	char detail[DETAIL];
	char accesses[ACCESSES_TEXT];
};

struct access {
	bool write;
	uint8_t width;
	uint64_t offset;
	uint64_t value;
};

struct conform {
	const struct vmmio_target *target;
	struct vmmio_target_ops ops; /* what the target has of them */
	struct vmmio_conform_options options;
	struct vmmio_conform_report *report;
	int error; /* of the report */

	/* The device. */
	uint32_t magic, version, device_id;
	uint64_t offered[2];
	unsigned n_queues;
	uint32_t queue_size_max[MAX_QUEUES];
	bool asked;    /* it was asked for all of this, and answered */
	uint32_t can;  /* enum check_needs */
	uint32_t lost; /* abilities that turned out to be not there */
	bool no_restart;
	bool slow;     /* the check before had it slowed down by hooks */
	bool dead;     /* does not answer any more */
	bool told;     /* ... and a check has failed for it */

	/* The check. */
	const struct check *check;
	struct judgement judgements[MAX_JUDGED];
	unsigned n_judgements;
	bool hook;
	jmp_buf end;
	char reason[DETAIL]; /* why the rest was not judged */
	uint32_t hooked;     /* hooks that were set and stay so until they are undone */
	uint64_t accepted;
	uint64_t taken; /* guest memory */
	struct access accesses[ACCESSES_KEPT];
	uint64_t n_accesses;
};

/* Why the check cannot run here; NULL: it can. */
const char *engine_obstacle(const struct conform *c, const struct check *check);
/* What the target and the device can do, found by looking. */
void engine_identify(struct conform *c);
/* Ends the running check. */
void engine_end(struct conform *c) __attribute__((noreturn));
/* ... because the device does not answer. */
void engine_gone(struct conform *c, int error, const char *doing) __attribute__((noreturn));
/* Ends the check if there is an error: -ENOTSUP is an ability that is not there, else the device
 * does not answer. */
void engine_answer(struct conform *c, int error, uint32_t which, const char *what);
/* Begins and ends the books of a check. */
void engine_open_books(struct conform *c, const struct check *check);
void engine_close_books(struct conform *c);

/* What goes wrong before a check begins would skip all of them: those that judge the requirement
 * say it. */
void engine_accuse(struct conform *c, const char *requirement, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void engine_result(struct conform *c, const struct judgement *judgement);
/* The last accesses as lines. */
void engine_accesses(const struct conform *c, char *text, size_t size);
/* "Status", "Config+0x8", or the offset. */
void engine_register_name(uint64_t offset, char *name, size_t size);
/* All checks, in the order in which they run. */
const struct check *engine_check(size_t i, const char **topic);
/* Next word of a list separated by any of `between`; false: no more. */
bool engine_word(const char **list, const char *between, char *word, size_t size);

#endif
