/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The null backend: completes every chain at once with nothing written, or holds chains
 * until it is told. For transport tests, and the smallest example of a backend.
 */
#ifndef VMMIO_BACKENDS_NULL_H
#define VMMIO_BACKENDS_NULL_H

#include <vmmio/backend.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_null;

struct vmmio_null_options {
	size_t size;         /* sizeof(struct vmmio_null_options) */
	uint32_t device_id;  /* 0: 42, an id without a driver */
	uint32_t n_queues;   /* 0: 1; at most 64 */
	uint16_t queue_size; /* 0: 256 */
	uint64_t features[VMMIO_FEATURE_WORDS]; /* both 0: VMMIO_TRANSPORT_FEATURES_0 */
	uint32_t config_size; /* bytes of config space, 0: none; writable by the driver */
};

/* Any thread. options NULL: defaults. -EINVAL, -ENOMEM. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_null_create(
	const struct vmmio_null_options *options, struct vmmio_null **out);

/* For vmmio_device_options.backend; good until vmmio_null_destroy. */
VMMIO_API const struct vmmio_backend *vmmio_null_backend(const struct vmmio_null *null);

/* -EBUSY: still attached. NULL is fine. */
VMMIO_API int vmmio_null_destroy(struct vmmio_null *null);

#ifdef __cplusplus
}
#endif

#endif
