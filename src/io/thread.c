/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads and log lines of the I/O engine.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "io/engine.h"

int vmmio_io_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *arg)
{
	sigset_t all, old;
	char comm[16];
	int err;

	/* Inherited by the new thread: the embedder's handlers never run there. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return -err;
	snprintf(comm, sizeof(comm), "%s", name);
	pthread_setname_np(*thread, comm);
	return 0;
}

void vmmio_io_log(const struct vmmio_log *log, enum vmmio_log_level level, const char *format, ...)
{
	char line[256];
	va_list args;

	if (!log->fn)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log->fn(log->ctx, level, line);
}
