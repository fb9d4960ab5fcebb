/* SPDX-License-Identifier: BSD-3-Clause */
/* The test's hook of sync.h. */
#include "device/sync.h"

#ifdef VMMIO_SYNC_POINTS
void (*vmmio_sync_hook)(struct vmmio_device *dev, enum vmmio_sync_point point);
#endif
