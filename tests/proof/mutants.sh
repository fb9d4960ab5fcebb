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
}
