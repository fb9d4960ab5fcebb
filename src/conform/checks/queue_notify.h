/* SPDX-License-Identifier: BSD-3-Clause */
/* Notifications in both directions, for split and packed rings. */
#ifndef VMMIO_CONFORM_QUEUE_NOTIFY_H
#define VMMIO_CONFORM_QUEUE_NOTIFY_H

#include "conform/checks/queue_work.h"

/* Sends the request n times at once, with all interrupts acknowledged before, and waits until
 * all are used. */
void notify_send(struct conform *c, struct ring *ring, struct request *request, unsigned n);
/* ... and then: whether the used buffer notification came that has to, */
bool notify_came(struct conform *c, struct ring *ring, struct request *request, unsigned n);
/* or none that should not. */
bool notify_stayed_away(
	struct conform *c, struct ring *ring, struct request *request, unsigned n);

/* A driver that sends no available buffer notification where the device says that it needs none:
 * its buffers are used all the same. */
void notify_honoured(struct conform *c, const char *requirement, uint64_t features);

#endif
