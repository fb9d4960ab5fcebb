/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration space and ConfigGeneration. */
#include "conform/checks/config.h"
#include "conform/traffic.h"

/* Fields of the types whose layout the suite knows. feature -1: always there. */
static const struct field {
	uint32_t device_id;
	uint16_t offset;
	uint8_t size;
	int8_t feature;
} fields[] = {
	{VMMIO_ID_NET, 0, 1, 5},
	{VMMIO_ID_NET, 8, 2, 22},
	{VMMIO_ID_NET, 10, 2, 3},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_CAPACITY, 8, -1},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_SIZE_MAX, 4, VMMIO_BLK_F_SIZE_MAX},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_SEG_MAX, 4, VMMIO_BLK_F_SEG_MAX},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_GEOMETRY, 2, VMMIO_BLK_F_GEOMETRY},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_GEOMETRY + 2, 1, VMMIO_BLK_F_GEOMETRY},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_GEOMETRY + 3, 1, VMMIO_BLK_F_GEOMETRY},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_BLK_SIZE, 4, VMMIO_BLK_F_BLK_SIZE},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_TOPOLOGY, 1, VMMIO_BLK_F_TOPOLOGY},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_TOPOLOGY + 1, 1, VMMIO_BLK_F_TOPOLOGY},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_TOPOLOGY + 2, 2, VMMIO_BLK_F_TOPOLOGY},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_TOPOLOGY + 4, 4, VMMIO_BLK_F_TOPOLOGY},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_NUM_QUEUES, 2, VMMIO_BLK_F_MQ},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_MAX_DISCARD_SECTORS, 4, VMMIO_BLK_F_DISCARD},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_MAX_DISCARD_SEG, 4, VMMIO_BLK_F_DISCARD},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_DISCARD_ALIGNMENT, 4, VMMIO_BLK_F_DISCARD},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SECTORS, 4, VMMIO_BLK_F_WRITE_ZEROES},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SEG, 4, VMMIO_BLK_F_WRITE_ZEROES},
	{VMMIO_ID_BLOCK, VMMIO_BLK_CFG_WRITE_ZEROES_MAY_UNMAP, 1, VMMIO_BLK_F_WRITE_ZEROES},
	{VMMIO_ID_BLOCK, 60, 4, 16}, /* of SECURE_ERASE */
	{VMMIO_ID_BLOCK, 64, 4, 16},
	{VMMIO_ID_BLOCK, 68, 4, 16},
};

enum { N_FIELDS = sizeof(fields) / sizeof(fields[0]) };

static uint32_t generation(struct conform *c)
{
	return rd(c, VMMIO_REG_CONFIG_GENERATION);
}

static bool there(const struct conform *c, const struct field *field)
{
	return field->device_id == device_id(c) &&
	       (field->feature < 0 || offered(c, (unsigned)field->feature));
}

bool config_known(struct conform *c)
{
	for (size_t i = 0; i < N_FIELDS; i++) {
		if (there(c, &fields[i]))
			return true;
	}
	return false;
}

static void need_fields(struct conform *c)
{
	need(c, config_known(c), "the suite knows no configuration fields of this type of device");
}

static void read_fields(struct conform *c, uint64_t values[N_FIELDS])
{
	for (size_t i = 0; i < N_FIELDS; i++)
		values[i] = there(c, &fields[i]) ? config_read(c, fields[i].offset, fields[i].size) : 0;
}

uint64_t config_digest(struct conform *c)
{
	uint64_t values[N_FIELDS], digest = 0;

	read_fields(c, values);
	for (size_t i = 0; i < N_FIELDS; i++)
		digest = digest * UINT64_C(0x100000001b3) + values[i];
	return digest;
}

static bool differs_from(struct conform *c, void *arg)
{
	return config_digest(c) != *(uint64_t *)arg;
}

/* Of a type without known fields the hook's word is taken. */
void config_changes(struct conform *c)
{
	uint64_t before = config_known(c) ? config_digest(c) : 0;

	change_config(c);
	if (config_known(c))
		need(c, wait_until(c, differs_from, &before, patience(c)),
			"the target changed the configuration, but no field shows it");
	else
		settle(c);
}

static void judge_same(struct conform *c, const uint64_t early[N_FIELDS], const uint64_t late[N_FIELDS],
	uint32_t status)
{
	for (size_t i = 0; i < N_FIELDS; i++) {
		if (there(c, &fields[i]))
			judge(c, "GEN-DEV-13", early[i] == late[i],
				"expected the field at Config+%u to read 0x%llx at Status 0x%x, as after "
				"FEATURES_OK, saw 0x%llx",
				fields[i].offset, (unsigned long long)late[i], status,
				(unsigned long long)early[i]);
	}
}

static void before_features_ok(struct conform *c)
{
	static const uint32_t statuses[] = {0, VMMIO_STATUS_ACKNOWLEDGE,
		VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER};
	uint64_t early[3][N_FIELDS], late[N_FIELDS];
	uint32_t begin;

	need_fields(c);
	reset(c);
	begin = generation(c);
	for (size_t i = 0; i < 3; i++) {
		if (statuses[i])
			wr(c, VMMIO_REG_STATUS, statuses[i]);
		read_fields(c, early[i]);
	}
	need(c, negotiate(c, offered_word(c, 0), offered_word(c, 1)),
		"the device refused to have all that it offers accepted");
	read_fields(c, late);
	need(c, generation(c) == begin, "the configuration changed meanwhile: ConfigGeneration did");
	for (size_t i = 0; i < 3; i++)
		judge_same(c, early[i], late, statuses[i]);
}

static uint64_t in_bytes(struct conform *c, const struct field *field, unsigned width)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < field->size; i += width)
		value |= rd_width(c, VMMIO_REG_CONFIG + field->offset + i, width) << (8 * i);
	return value;
}

static void widths(struct conform *c)
{
	need_fields(c);
	for (size_t i = 0; i < N_FIELDS; i++) {
		uint64_t whole;

		if (!there(c, &fields[i]))
			continue;
		whole = config_read(c, fields[i].offset, fields[i].size);
		for (unsigned width = 1; width < fields[i].size && width < 4; width *= 2) {
			uint64_t seen = in_bytes(c, &fields[i], width);

			judge(c, "MMIO-DEV-32", seen == whole,
				"expected Config+%u to read 0x%llx in accesses of %u bytes, too, saw 0x%llx",
				fields[i].offset, (unsigned long long)whole, width,
				(unsigned long long)seen);
		}
	}
}

/* The last sector that capacity promises can be read, if capacity was read the right way. */
static void little_endian(struct conform *c)
{
	uint64_t sectors, data = take(c, VMMIO_BLK_SECTOR, 64);
	struct block_request request = {
		.type = VMMIO_BLK_T_IN, .data = data, .n_data = VMMIO_BLK_SECTOR, .data_written = true};
	struct ring ring;
	int status;

	traffic_start(c, &ring, 0, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	sectors = block_capacity(c);
	need(c, sectors, "the disk is empty");
	request.sector = sectors - 1;
	status = block_do(c, &ring, &request);
	need(c, status >= 0, "the device does not answer a read of sector 0x%llx",
		(unsigned long long)request.sector);
	judge(c, "GEN-DEV-42", status == VMMIO_BLK_S_OK,
		"expected capacity little endian, so that sector 0x%llx is the last, saw its read answered "
		"with status %d",
		(unsigned long long)sectors - 1, status);
}

/* num_queues and the queues that are there: the same number, if the bytes are in their order. */
static void number_of_queues(struct conform *c)
{
	uint32_t value, swapped;

	need(c, offered(c, VMMIO_BLK_F_MQ), "the device does not offer VIRTIO_BLK_F_MQ");
	value = (uint32_t)config_read(c, VMMIO_BLK_CFG_NUM_QUEUES, 2);
	swapped = (value & 0xff) << 8 | value >> 8;
	need(c, value == n_queues(c) || swapped == n_queues(c),
		"num_queues is %u, and the suite finds %u queues", value, n_queues(c));
	judge(c, "GEN-DEV-42", value == n_queues(c),
		"expected num_queues little endian, %u as there are queues, saw 0x%04x", n_queues(c), value);
}

/* --- ConfigGeneration ----------------------------------------------------------------------- */

static void generation_still(struct conform *c)
{
	struct ring ring;
	uint32_t before, after;

	negotiate_fresh(c, ring_feature(c));
	before = generation(c);
	if (config_known(c))
		config_digest(c);
	after = generation(c);
	judge(c, "MMIO-DEV-31", before == after,
		"expected ConfigGeneration 0x%x again while nothing changed, saw 0x%x", before, after);
	if (!can(c, NEEDS_MEMORY | NEEDS_TRAFFIC))
		return;
	traffic_start(c, &ring, 0, 0);
	before = generation(c);
	need(c, request_works(c, &ring), "the device does not answer a request");
	after = generation(c);
	judge(c, "MMIO-DEV-31", before == after,
		"expected ConfigGeneration 0x%x again after a request, saw 0x%x", before, after);
}

/* Every change that a driver could see half of shows; also past 256 of them. A device may count
 * when it is next read. */
static void generation_moves(struct conform *c)
{
	unsigned rounds = target(c)->flags & VMMIO_TARGET_VIRTUAL_TIME ? 300 : 20;
	uint32_t first, before;

	negotiate_fresh(c, ring_feature(c));
	by_hook(c);
	first = before = generation(c);
	for (unsigned i = 1; i <= rounds; i++) {
		uint32_t after;

		config_changes(c);
		after = generation(c);
		judge_both(c, "MMIO-DEV-06", "GEN-DEV-43", after != before,
			"expected another ConfigGeneration than 0x%x after the configuration changed, saw it "
			"again (change %u)", before, i);
		judge_both(c, "MMIO-DEV-06", "GEN-DEV-43", after == before || after != first,
			"expected another ConfigGeneration than the first one, 0x%x, saw it again after %u "
			"changes", first, i);
		before = after;
	}
}

static const struct check checks[] = {
	{"config-early", "Every field can be read before FEATURES_OK", "GEN-DEV-13", 0,
		before_features_ok},
	{"config-widths", "The configuration space is made of bytes", "MMIO-DEV-32", 0, widths},
	{"config-little-endian", "Its fields are little endian", "GEN-DEV-42",
		NEEDS_MEMORY | NEEDS_BLOCK, little_endian},
	{"config-num-queues", "... num_queues, too", "GEN-DEV-42", NEEDS_BLOCK, number_of_queues},
	{"config-generation-still", "ConfigGeneration stands still while nothing changes", "MMIO-DEV-31",
		0, generation_still},
	{"config-generation-moves", "ConfigGeneration moves with each change",
		"MMIO-DEV-06 GEN-DEV-43", NEEDS_CHANGE_CONFIG, generation_moves},
};

const struct check_topic checks_config = CHECK_TOPIC("config", checks);
