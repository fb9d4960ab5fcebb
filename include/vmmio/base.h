/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Types shared by every part, from the freestanding core to the backends.
 *
 * Needs nothing but the compiler's own headers.
 */
#ifndef VMMIO_BASE_H
#define VMMIO_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The version of these headers. The build, the packages and the soname take theirs from
 * here. The library that a program meets at run time may be a later one: vmmio_version().
 * A higher minor number adds, a higher major number may take away and changes the soname.
 */
#define VMMIO_VERSION_MAJOR 0
#define VMMIO_VERSION_MINOR 1
#define VMMIO_VERSION_PATCH 0

/* One number that grows with every release; minor and patch stay below 100. For #if too. */
#define VMMIO_VERSION_NUMBER(major, minor, patch) ((major) * 10000 + (minor) * 100 + (patch))
#define VMMIO_VERSION \
	VMMIO_VERSION_NUMBER(VMMIO_VERSION_MAJOR, VMMIO_VERSION_MINOR, VMMIO_VERSION_PATCH)
#define VMMIO_VERSION_AT_LEAST(major, minor, patch) \
	(VMMIO_VERSION >= VMMIO_VERSION_NUMBER(major, minor, patch))

#define VMMIO_VERSION_TEXT_(major, minor, patch) #major "." #minor "." #patch
#define VMMIO_VERSION_TEXT(major, minor, patch) VMMIO_VERSION_TEXT_(major, minor, patch)
#define VMMIO_VERSION_STRING \
	VMMIO_VERSION_TEXT(VMMIO_VERSION_MAJOR, VMMIO_VERSION_MINOR, VMMIO_VERSION_PATCH)

#if defined(__GNUC__)
#define VMMIO_API __attribute__((visibility("default")))
#define VMMIO_MUST_CHECK __attribute__((warn_unused_result))
#else
#define VMMIO_API
#define VMMIO_MUST_CHECK
#endif

/*
 * The version of the library itself, as VMMIO_VERSION and VMMIO_VERSION_STRING were when it
 * was built. Any thread; never waits, cannot fail. The string is the library's, for ever.
 * Freestanding.
 */
VMMIO_API unsigned vmmio_version(void);
VMMIO_API const char *vmmio_version_string(void);

/*
 * Errors are negative errno values. The freestanding core has no errno.h, so
 * the ones it returns are spelled out here; hosted code asserts that they equal
 * the host's.
 */
enum {
	VMMIO_EIO = 5,
	VMMIO_ENOMEM = 12,
	VMMIO_EFAULT = 14,
	VMMIO_EBUSY = 16,
	VMMIO_EEXIST = 17,
	VMMIO_EINVAL = 22,
	VMMIO_ENOSPC = 28,
	VMMIO_ERANGE = 34,
	VMMIO_ENOTSUP = 95,
};

/* A piece of guest memory as the host sees it. Layout equals struct iovec. */
struct vmmio_iovec {
	void *base;
	size_t len;
};

/* A shared memory region (SHMSel and friends). base: guest physical. */
struct vmmio_shm_region {
	uint32_t id;
	uint64_t base;
	uint64_t length;
};

/*
 * A token names one thing that has to be answered exactly once: a descriptor
 * chain, or a lifecycle hook that answered VMMIO_PENDING. It carries a slot and
 * a generation; a wrong or second answer is recognised, ignored, counted and
 * logged (ever more rarely), in every build. Zero is never a valid token.
 */
typedef uint64_t vmmio_token;

/* An answer "later": of a backend's hook, or of a call that was given a waiter. */
#define VMMIO_PENDING 1

/* How urgent a log line is. */
enum vmmio_log_level {
	VMMIO_LOG_ERROR = 0, /* a call was refused, or the embedder has to do something */
	VMMIO_LOG_WARN = 1,  /* somebody held it wrong, and it was put right or ignored */
	VMMIO_LOG_INFO = 2,  /* a choice the library made; or "not yet", to be tried again */
	VMMIO_LOG_DEBUG = 3,
};

/*
 * Where log lines go. The library itself never prints.
 *
 * fn: called from any thread, never with a lock of the library held; one
 *     complete line without a newline, valid during the call only. It must not
 *     block for long, nor write a device's registers: it may be called from inside
 *     such a write. NULL: lines are dropped.
 */
struct vmmio_log {
	void (*fn)(void *ctx, enum vmmio_log_level level, const char *line);
	void *ctx;
};

#ifdef __cplusplus
}
#endif

#endif
