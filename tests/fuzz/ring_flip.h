/* SPDX-License-Identifier: BSD-3-Clause */
/* What a driver rewrites while the device looks: after a certain load, or after each. */
#ifndef VMMIO_TESTS_FUZZ_RING_FLIP_H
#define VMMIO_TESTS_FUZZ_RING_FLIP_H

#include "ring_rig.h"

/* Nothing is armed any more. *spoiled becomes true with each flip_later that comes true. */
void flip_up(struct rig *rig, bool *spoiled);
/* So many loads from now writes size bytes (1, 2, 4; 0: takes pages away, or gives them
 * back) at a guest address. Forgotten if too many are armed. */
void flip_later(unsigned loads, uint64_t guest, uint32_t value, unsigned size);

/* From here on whatever has been loaded is overwritten at once: who reads it again reads
 * something else. flip_back ends that and puts all back as it was. */
void flip_all(uint8_t how);
void flip_back(void);

#endif
