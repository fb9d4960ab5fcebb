/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks into rings: what look.c and the two formats have between them. */
#ifndef VMMIO_CONFORM_MONITOR_LOOK_H
#define VMMIO_CONFORM_MONITOR_LOOK_H

#include "conform/monitor/exposed.h"

/* The ring cannot be followed any more. */
void look_lose(struct vmmio_monitor *m, struct queue *q);
/* A buffer with this id came back; with IN_ORDER all before it too. *n: by how much the used
 * position moves. false: there is none. */
bool look_give_back(struct vmmio_monitor *m, struct queue *q, uint16_t id, uint32_t *n);
/* Takes back what the device has used. */
void look_used(struct vmmio_monitor *m, struct queue *q);

void look_split(struct vmmio_monitor *m, struct queue *q);
void look_used_split(struct vmmio_monitor *m, struct queue *q);
void look_packed(struct vmmio_monitor *m, struct queue *q);
void look_used_packed(struct vmmio_monitor *m, struct queue *q);

/* A chain of a block device: asks as a request. */
void look_request(struct vmmio_monitor *m, struct queue *q, const struct exposed *e);

#endif
