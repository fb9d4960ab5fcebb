# SPDX-License-Identifier: BSD-3-Clause
# Sourced by run: mistakes in the source, and the unit that has to find each.

mutants() {
	mutant regfile-few src/regfile/internal.h 's/queue >= rf->n_queues/queue > rf->n_queues/' \
		"a queue's flags: bound one too high"
	mutant regfile-few src/regfile/internal.h 's/return queue < rf->n_queues ? \(.*\) : 0;/return \1;/' \
		"QueueSizeMax without a bound"
	mutant regfile-few src/regfile/write.c 's/word >= 2 \* VMMIO_FEATURE_WORDS/word >= 999/' \
		"DriverFeaturesSel: bound too high"
	mutant regfile-few src/regfile/read.c 's/if (word >= 2 \* VMMIO_FEATURE_WORDS)/if (word >= 99)/' \
		"DeviceFeaturesSel: bound too high"
	mutant regfile-few src/regfile/write.c 's/return queue_size_max(rf, queue) &&/return/' \
		"the gate does not ask whether the queue exists"
	mutant regfile-few src/regfile/config.c 's/offset <= rf->config_size - size/offset < rf->config_size/' \
		"config space: the access may reach beyond the end"
	mutant regfile-most src/regfile/config.c 's/if (skip + size > 4)/if (skip + size >= 4)/' \
		"config space: one word too many is read"
	mutant regfile-most src/regfile/write.c 's/(offset - VMMIO_REG_QUEUE_DESC_LOW) \/ 0x10/(offset - VMMIO_REG_QUEUE_DESC_LOW) \/ 8/' \
		"the halves of a queue's addresses: wrong stride"
	mutant memory src/memory/table.c 's/if (at == 0 || /if (/' \
		"a look-up below the first region"
	mutant memory src/memory/table.c 's/\*hint < table->n/*hint <= table->n/' \
		"the hint: bound one too high"
	mutant memory src/memory/table.c 's/if (i != place)/if (old)/' \
		"a table without a region: all regions are taken over"
	mutant memory src/memory/access.c 's/(last < end ? last : end)/last/' \
		"the dirty log: beyond the region's end"
	mutant split src/queue/split.c '/steps/,/FAULT_HEAD/s/i >= table.n/i > table.n/' \
		"the head: bound one too high" 'shared_load64.mem_access'
	mutant split src/queue/split.c '/desc.high/,/FAULT_NEXT/s/i >= table.n/i > table.n/' \
		"the next index: bound one too high" 'shared_load64.mem_access'
	mutant split src/queue/split.c 's/there > ring->size - ring->in_flight/there > ring->size/' \
		"the available index: chains that are out do not count" '(slot|walk_).*mem_access'
	mutant split src/queue/split.c 's/mask = ring->size - 1/mask = ring->size + 1/' \
		"the available ring: wrong mask" 'shared_load16.mem_access'
	mutant split src/queue/walk.h 's/ || walk->next >= walk->end))/))/' \
		"the pieces of a chain: no bound" 'walk_put.mem_access'
	mutant packed src/queue/packed.c 's/if (last.low >= ring->size)/if (last.low > ring->size)/' \
		"the buffer id: bound one too high" 'chains.0..head < 3'
	mutant packed src/queue/packed.c 's/if (pos->at >= ring->size)/if (pos->at > ring->size)/' \
		"a position: bound one too high" 'shared_load[0-9]+(_acquire)?.mem_access'
	mutant packed src/queue/packed.c 's/if (room == 0)/if (room > ring->size)/' \
		"a list while all descriptors are out" '(slot|walk_).*mem_access'
	mutant packed src/queue/walk.c 's/if (walk->next >= walk->end) {/if (walk->next > walk->end) {/' \
		"the pieces of a buffer: bound one too high" 'walk_put.mem_access'
	mutant walks-wp src/queue/split.c 's/if (--steps == 0)/if (steps == 0)/' \
		"a chain is never too long" 'walk_chain_loop_variant_decrease'
	mutant walks-wp src/queue/packed.c 's/if (--room == 0)/if (room == 0)/' \
		"a list is never too long" 'walk_list_loop_variant_decrease'
	mutant walks-wp src/queue/walk.c '/add_pieces/,/^}/s/if (n == 0)/if (n > len)/' \
		"a buffer that is no memory" 'add_pieces_loop_variant_decrease'
	mutant walks-wp src/queue/walk.c '/add_translated/,/^}/s/if (n == 0)/if (n > len)/' \
		"a translation that gets nowhere" 'add_translated_loop_variant_decrease'
	mutant memory-wp src/memory/table.c 's/low = middle + 1/low = middle/' \
		"a look-up that does not get nearer" 'count_up_to_loop_variant_decrease'
}
