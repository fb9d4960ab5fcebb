/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other side of a qtest or QMP socket, on a thread: it reads a line, holds it against what
 * is expected, and sends what it is told to, however mad that is.
 */
#ifndef VMMIO_TESTS_CONFORM_FAKE_QTEST_H
#define VMMIO_TESTS_CONFORM_FAKE_QTEST_H

#include <pthread.h>
#include <stdbool.h>

/* expect NULL: it says its answer unasked. answer NULL: it says nothing. */
struct fake_step {
	const char *expect;
	const char *answer;
};

struct fake {
	pthread_t thread;
	int listener, fd;
	char path[108];
	const struct fake_step *steps; /* the last one has neither */
	bool calls;                    /* connects to path instead of listening there */
	bool closes;   /* closes the connection after the last step; else it falls silent */
	bool dribbles; /* byte by byte, with pauses */
	bool floods;   /* after the last step it repeats the last answer until nobody listens */
	/* Filled in by fake_end. */
	char wrong[256]; /* the first line that was not expected, "" for none */
	unsigned done;   /* steps */
};

/* At name in the directory that fake_dir has made. */
void fake_begin(struct fake *fake, const char *name, const struct fake_step *steps);
/* Ends it; the test fails if a line was not as expected, or steps were left over. */
void fake_end(struct fake *fake);

const char *fake_dir(void);
void fake_make_dir(void);
void fake_remove_dir(void);

/* A machine as a process of its own: connects to $QTEST_SOCKET, and says yes to everything. */
int fake_serve(void);

#endif
