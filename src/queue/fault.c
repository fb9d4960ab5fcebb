/* SPDX-License-Identifier: BSD-3-Clause */
/* What each fault means, for log lines and traces. */
#include <vmmio/queue.h>

struct fault_row {
	const char *text;
	const char *section; /* its heading: numbers differ between editions */
};

#define SPLIT_DESC "Split Virtqueues: The Virtqueue Descriptor Table"
#define SPLIT_INDIRECT "Split Virtqueues: Indirect Descriptors"
#define BOTH "Split Virtqueues; Packed Virtqueues: Structure Size and Alignment"
#define HOST "none: a limit of the host"

static const struct fault_row rows[VMMIO_FAULT_COUNT] = {
	[VMMIO_FAULT_NONE] = {"no fault", "none"},
	[VMMIO_FAULT_QUEUE_SIZE] =
		{"QueueSize is 0, above QueueSizeMax, or no power of two on a split queue", BOTH},
	[VMMIO_FAULT_AREA_ALIGNMENT] = {"the address of a queue area is misaligned", BOTH},
	[VMMIO_FAULT_AREA_MEMORY] =
		{"a queue area is not inside one region of memory the device may use", BOTH},
	[VMMIO_FAULT_AREA_OVERLAP] = {"two areas of the queue overlap", BOTH},
	[VMMIO_FAULT_AVAIL_INDEX] = {"more buffers are available than the queue holds",
		"Split Virtqueues: The Virtqueue Available Ring; Packed Virtqueues: Driver and "
		"Device Ring Wrap Counters"},
	[VMMIO_FAULT_HEAD] = {"a descriptor head or buffer id is not below the queue size",
		"Split Virtqueues: The Virtqueue Available Ring; Packed Virtqueues: Virtqueues"},
	[VMMIO_FAULT_NEXT] = {"next points outside the descriptor table", SPLIT_DESC},
	[VMMIO_FAULT_CHAIN_LENGTH] =
		{"a descriptor chain loops or has more buffers than the queue size", SPLIT_DESC},
	[VMMIO_FAULT_CHAIN_BYTES] = {"a descriptor chain holds 2^32 bytes or more", SPLIT_DESC},
	[VMMIO_FAULT_ORDER] = {"a device-readable buffer follows a device-writable one",
		"Message Framing"},
	[VMMIO_FAULT_BUFFER_MEMORY] =
		{"a buffer is not wholly in guest memory, or its end overflows", SPLIT_DESC},
	[VMMIO_FAULT_BUFFER_READ_ONLY] =
		{"a device-writable buffer lies in read-only memory", SPLIT_DESC},
	[VMMIO_FAULT_INDIRECT_DISABLED] =
		{"INDIRECT is set, but VIRTIO_F_INDIRECT_DESC was not negotiated", SPLIT_INDIRECT},
	[VMMIO_FAULT_INDIRECT_FLAGS] =
		{"INDIRECT stands beside NEXT, inside a list, or in an indirect table",
			SPLIT_INDIRECT},
	[VMMIO_FAULT_INDIRECT_LENGTH] = {"the length of an indirect table is 0, no multiple of "
					 "16, or above the queue size in entries",
		SPLIT_INDIRECT},
	[VMMIO_FAULT_INDIRECT_MEMORY] =
		{"an indirect table is not wholly in guest memory", SPLIT_INDIRECT},
	[VMMIO_FAULT_SEGMENTS] =
		{"a descriptor chain has more pieces than the backend takes", "Message Framing"},
	[VMMIO_FAULT_EMPTY_BUFFER] = {"a descriptor has length 0", SPLIT_DESC},
	[VMMIO_FAULT_UNTERMINATED] =
		{"a list has descriptors that are not available", "Packed Virtqueues: Next Flag"},
	[VMMIO_FAULT_NO_MEMORY] = {"the host had no memory to run the queue", HOST},
};

static const struct fault_row *row_of(enum vmmio_fault fault)
{
	static const struct fault_row unknown = {"unknown fault number", "none"};

	return (unsigned)fault < VMMIO_FAULT_COUNT ? &rows[fault] : &unknown;
}

const char *vmmio_fault_text(enum vmmio_fault fault)
{
	return row_of(fault)->text;
}

const char *vmmio_fault_section(enum vmmio_fault fault)
{
	return row_of(fault)->section;
}
