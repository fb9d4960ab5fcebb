/* SPDX-License-Identifier: BSD-3-Clause */
/* Block devices: what requests do, and what they are answered. */
#include "conform/checks/block.h"

#define BLOCK_F_LIFETIME 15
#define BLOCK_T_GET_LIFETIME 10

/* --- Status --------------------------------------------------------------------------------- */

static void status_ok(struct conform *c)
{
	struct request request;
	struct ring ring;
	struct used used;
	uint8_t status;

	block_start(c, &ring, 0);
	request_make(c, &request, 0);
	request_add(c, &ring, &request);
	ring_kick(c, &ring);
	need(c, ring_wait(c, &ring, &used), "the device does not answer a request");
	get(c, request.status, &status, 1);
	judge(c, "BLK-DEV-58", status <= VMMIO_BLK_S_UNSUPP,
		"expected status 0 to 2 in the last byte of a read, which held 0x%x before, saw 0x%x", POISON,
		status);
}

/* Types that nobody defines, not even with the legacy bit that marks a barrier. */
static void unknown_type(struct conform *c)
{
	static const uint32_t types[] = {0x7ff0, 0x00a50000};
	struct ring ring;

	block_start(c, &ring, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int status = block_do(c, &ring, &(struct block_request){.type = types[i],
			.data = take(c, 512, 16), .n_data = 512, .data_written = true});

		block_judge(c, "BLK-DEV-58", status, VMMIO_BLK_S_UNSUPP,
			i ? "a request of type 0xa50000" : "a request of type 0x7ff0");
	}
}

static void zone_request(struct conform *c, struct ring *ring, uint32_t type, const char *name)
{
	/* Behind a header: a report that is written, or data and the place they came to. */
	const struct seg more[] = {
		{take(c, 512, 16), 512, type == 16}, {take(c, 8, 8), 8, true}, {take(c, 1, 1), 1, true}};
	struct vmmio_blk_header header = {.type = vmmio_le32(type)};
	struct seg segs[4] = {{take(c, sizeof(header), 16), sizeof(header), false}};
	struct used used;
	unsigned n = 1;
	uint8_t status;

	put(c, segs[0].addr, &header, sizeof(header));
	fill(c, more[2].addr, POISON, 1);
	if (type <= 16)
		segs[n++] = more[0];
	if (type == 15)
		segs[n++] = more[1];
	segs[n++] = more[2];
	ring_add(c, ring, segs, n);
	ring_kick(c, ring);
	if (!ring_wait(c, ring, &used)) {
		block_judge(c, "BLK-DEV-35", -1, VMMIO_BLK_S_UNSUPP, name);
		return;
	}
	get(c, more[2].addr, &status, 1);
	block_judge(c, "BLK-DEV-35", status, VMMIO_BLK_S_UNSUPP, name);
}

/* A device that carries them out nevertheless may lose data by some of them. */
static void zone_requests(struct conform *c)
{
	static const struct {
		uint32_t type;
		bool changes;
		const char *name;
	} requests[] = {
		{16, false, "ZONE_REPORT without VIRTIO_BLK_F_ZONED"},
		{18, false, "ZONE_OPEN without VIRTIO_BLK_F_ZONED"},
		{20, false, "ZONE_CLOSE without VIRTIO_BLK_F_ZONED"},
		{15, true, "ZONE_APPEND without VIRTIO_BLK_F_ZONED"},
		{22, true, "ZONE_FINISH without VIRTIO_BLK_F_ZONED"},
		{24, true, "ZONE_RESET without VIRTIO_BLK_F_ZONED"},
		{26, true, "ZONE_RESET_ALL without VIRTIO_BLK_F_ZONED"},
	};
	struct ring ring;

	block_start(c, &ring, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (!requests[i].changes || can(c, NEEDS_WRITES))
			zone_request(c, &ring, requests[i].type, requests[i].name);
	}
}

/* Only as much as the device says it has written. */
static void get_id(struct conform *c)
{
	struct block_request request = {.type = VMMIO_BLK_T_GET_ID, .data = take(c, 20, 16),
		.n_data = VMMIO_BLK_ID_BYTES, .data_written = true};
	uint8_t id[VMMIO_BLK_ID_BYTES];
	struct ring ring;
	bool ended = false;
	int status;

	block_start(c, &ring, 0);
	fill(c, request.data, POISON, VMMIO_BLK_ID_BYTES);
	status = block_do(c, &ring, &request);
	need(c, status >= 0, "GET_ID was not answered");
	need(c, status == VMMIO_BLK_S_OK, "GET_ID was answered with status %d", status);
	get(c, request.data, id, sizeof(id));
	for (uint32_t i = 0; i < sizeof(id) && i < request.used.len; i++) {
		judge(c, "BLK-DEV-60", id[i] < 0x80,
			"expected an ASCII string from GET_ID, saw byte 0x%x at %u", id[i], i);
		judge(c, "BLK-DEV-60", !ended || id[i] == 0,
			"expected the string of GET_ID padded with NUL, saw byte 0x%x at %u behind its end",
			id[i], i);
		ended |= id[i] == 0;
	}
}

/* --- Lifetime ------------------------------------------------------------------------------- */

/* A device that has no metrics to give, though it offers them, has none that can be had. */
static void lifetime(struct conform *c)
{
	struct block_request request = {
		.type = BLOCK_T_GET_LIFETIME, .data = take(c, 6, 16), .n_data = 6, .data_written = true};
	uint16_t end_of_life, slc, mlc;
	struct ring ring;
	int status;

	need(c, offered(c, BLOCK_F_LIFETIME), "the device does not offer VIRTIO_BLK_F_LIFETIME");
	block_start(c, &ring, VMMIO_FEATURE(BLOCK_F_LIFETIME));
	status = block_do(c, &ring, &request);
	need(c, status >= 0, "GET_LIFETIME is not answered");
	judge(c, "BLK-DEV-33", status != VMMIO_BLK_S_UNSUPP,
		"expected lifetime metrics of a device that offers VIRTIO_BLK_F_LIFETIME, saw GET_LIFETIME "
		"answered with status 2 (UNSUPP)");
	need(c, status == VMMIO_BLK_S_OK, "GET_LIFETIME is answered with status %d", status);
	end_of_life = get16(c, request.data);
	slc = get16(c, request.data + 2);
	mlc = get16(c, request.data + 4);
	judge(c, "BLK-DEV-34", end_of_life <= 3 && slc <= 11 && mlc <= 11,
		"expected pre_eol_info at most 3 and estimates at most 11, saw %u, %u and %u", end_of_life,
		slc, mlc);
}

#define NEEDS (NEEDS_BLOCK | NEEDS_MEMORY)

static const struct check checks[] = {
	{"block-status", "The device writes a status into the last byte", "BLK-DEV-58", NEEDS, status_ok},
	{"block-unknown-type", "A request of an unknown type is answered UNSUPP", "BLK-DEV-58", NEEDS,
		unknown_type},
	{"block-zone-requests", "Zone requests are answered UNSUPP where zones were not negotiated",
		"BLK-DEV-35", NEEDS, zone_requests},
	{"block-get-id", "GET_ID returns 20 bytes of ASCII, padded", "BLK-DEV-60", NEEDS, get_id},
	{"block-lifetime", "Lifetime metrics that are offered are there, and are none that are reserved",
		"BLK-DEV-33 BLK-DEV-34", NEEDS, lifetime},
};

const struct check_topic checks_block = CHECK_TOPIC("block", checks);
