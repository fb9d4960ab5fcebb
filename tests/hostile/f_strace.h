/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * System calls that fail: a program runs one of its test cases once more, under strace. Such a
 * case is in main's table only if strace runs it.
 */
#ifndef VMMIO_TESTS_F_STRACE_H
#define VMMIO_TESTS_F_STRACE_H

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile/f_rig.h"

/* This program's test case name again, with a system call that fails. */
static inline void f_strace(const char *inject, const char *name)
{
	char self[256] = "";
	int status;
	pid_t pid;

	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		setenv("CK_RUN_CASE", name, 1);
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* needs ptrace for itself */
		execlp("strace", "strace", "-f", "-o", "/dev/null", "-e", inject, self,
			(char *)NULL);
		_exit(77);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		fixture_skip("there is no strace");
	else
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}

static inline bool f_strace_runs(const char *name)
{
	const char *asked = getenv("CK_RUN_CASE");

	return asked && strcmp(asked, name) == 0;
}

#endif
