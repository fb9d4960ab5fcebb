/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the author of another driver lets vmmio-conform judge it: a shared object that tells how
 * to bring the driver up, let it work, and stop it. Here the driver is a small one of a source
 * of entropy, written for this, that stands for yours.
 *
 *     vmmio-conform puppet --driver plugin:build/lib/vmmio-example-driver.so
 *
 * Required are begin, use and stop; see vmmio/conform/subject.h. Nothing of libvmmio is needed
 * but its headers.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <vmmio/conform/subject.h>
#include <vmmio/spec.h>

/* --- Your driver: one queue, split, with one buffer ------------------------------------------ */

#define ENTRIES 4u
#define MS UINT64_C(1000000)
#define PATIENCE 5000u /* looks, a millisecond apart */

struct ring {
	struct vmmio_split_desc desc[ENTRIES];
	struct {
		_Atomic uint16_t flags, idx;
		uint16_t heads[ENTRIES + 2];
	} avail;
	struct {
		_Atomic uint16_t flags, idx;
		struct vmmio_split_used_elem elems[ENTRIES];
		uint16_t event[2];
	} used;
	uint8_t buffer[64];
};

static const struct vmmio_bus *bus;
static struct ring *ring;
static uint32_t size; /* entries of the queue */
static uint16_t seen; /* used entries that were taken */
static bool out;      /* the device has the buffer */

static uint32_t reg(uint32_t offset)
{
	return (uint32_t)bus->read(bus->ctx, offset, 4);
}

static void set_reg(uint32_t offset, uint32_t value)
{
	bus->write(bus->ctx, offset, 4, value);
}

static void set_address(uint32_t offset, const void *at)
{
	const uint64_t guest =
		bus->memory_guest + (uint64_t)((const char *)at - (char *)bus->memory);

	set_reg(offset, (uint32_t)guest);
	set_reg(offset + 4, (uint32_t)(guest >> 32));
}

static int reset(void)
{
	set_reg(VMMIO_REG_STATUS, 0);
	for (unsigned i = 0; reg(VMMIO_REG_STATUS) != 0; i++) {
		if (i == PATIENCE)
			return -ETIMEDOUT;
		bus->pass(bus->ctx, MS);
	}
	out = false; /* the memory is ours again */
	return 0;
}

static int fail(void)
{
	set_reg(VMMIO_REG_STATUS, reg(VMMIO_REG_STATUS) | VMMIO_STATUS_FAILED);
	return -ENOTSUP;
}

static void add_status(uint32_t bits)
{
	set_reg(VMMIO_REG_STATUS, reg(VMMIO_REG_STATUS) | bits);
}

/* What we can live with: all that matters is in the second word. */
static int negotiate(void)
{
	uint32_t accepted;

	add_status(VMMIO_STATUS_ACKNOWLEDGE);
	add_status(VMMIO_STATUS_DRIVER);
	set_reg(VMMIO_REG_DEVICE_FEATURES_SEL, 1);
	accepted = reg(VMMIO_REG_DEVICE_FEATURES) & (1u | 1u << (VMMIO_F_ACCESS_PLATFORM - 32) |
							    1u << (VMMIO_F_ORDER_PLATFORM - 32));
	if (!(accepted & 1u)) /* VERSION_1 */
		return fail();
	set_reg(VMMIO_REG_DRIVER_FEATURES_SEL, 0);
	set_reg(VMMIO_REG_DRIVER_FEATURES, 0);
	set_reg(VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	set_reg(VMMIO_REG_DRIVER_FEATURES, accepted);
	add_status(VMMIO_STATUS_FEATURES_OK);
	return reg(VMMIO_REG_STATUS) & VMMIO_STATUS_FEATURES_OK ? 0 : fail();
}

static int set_up_queue(void)
{
	set_reg(VMMIO_REG_QUEUE_SEL, 0);
	if (reg(VMMIO_REG_QUEUE_READY) || !reg(VMMIO_REG_QUEUE_SIZE_MAX))
		return fail();
	for (size = ENTRIES; size > reg(VMMIO_REG_QUEUE_SIZE_MAX);)
		size /= 2;
	ring = memset(bus->memory, 0, sizeof(*ring));
	seen = 0;
	set_reg(VMMIO_REG_QUEUE_SIZE, size);
	set_address(VMMIO_REG_QUEUE_DESC_LOW, ring->desc);
	set_address(VMMIO_REG_QUEUE_DRIVER_LOW, &ring->avail);
	set_address(VMMIO_REG_QUEUE_DEVICE_LOW, &ring->used);
	set_reg(VMMIO_REG_QUEUE_READY, 1);
	return 0;
}

static void give_buffer(void)
{
	const uint64_t guest = bus->memory_guest + offsetof(struct ring, buffer);
	const uint16_t idx = vmmio_le16(atomic_load(&ring->avail.idx));

	ring->desc[0] = (struct vmmio_split_desc){vmmio_le64(guest),
		vmmio_le32(sizeof(ring->buffer)), vmmio_le16(VMMIO_DESC_F_WRITE), 0};
	ring->avail.heads[idx % size] = 0;
	atomic_store(&ring->avail.idx, vmmio_le16((uint16_t)(idx + 1)));
	out = true;
	if (!(vmmio_le16(atomic_load(&ring->used.flags)) & VMMIO_USED_F_NO_NOTIFY))
		set_reg(VMMIO_REG_QUEUE_NOTIFY, 0);
}

/* The device is not to be trusted: neither the id nor the length need be true. */
static int64_t take_buffer(void)
{
	const struct vmmio_split_used_elem *elem = &ring->used.elems[seen++ % size];

	out = false;
	if (elem->id || vmmio_le32(elem->len) > sizeof(ring->buffer))
		return -EPROTO;
	return vmmio_le32(elem->len);
}

/* --- The plugin: these are the 50 lines ------------------------------------------------------- */

static int begin(void *ctx, const struct vmmio_bus *new_bus)
{
	uint32_t version;
	int err;

	(void)ctx;
	bus = new_bus;
	if (reg(VMMIO_REG_MAGIC) != VMMIO_MAGIC)
		return -ENODEV;
	version = reg(VMMIO_REG_VERSION);
	if ((version != 2 && version != 3) || reg(VMMIO_REG_DEVICE_ID) != VMMIO_ID_ENTROPY)
		return -ENODEV;
	err = reset();
	if (!err)
		err = negotiate();
	if (!err)
		err = set_up_queue();
	if (!err)
		add_status(VMMIO_STATUS_DRIVER_OK);
	return err;
}

static int64_t use(void *ctx)
{
	(void)ctx;
	if (!out)
		give_buffer();
	for (unsigned i = 0; vmmio_le16(atomic_load(&ring->used.idx)) == seen; i++) {
		if (reg(VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET)
			return -EIO;
		if (i == PATIENCE)
			return -ETIMEDOUT;
		bus->pass(bus->ctx, MS);
	}
	return take_buffer();
}

static int stop(void *ctx)
{
	(void)ctx;
	return reset();
}

/* What came back is looked for in use; here the line is made low again. */
static void interrupt(void *ctx)
{
	const uint32_t events = reg(VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_ALL;

	(void)ctx;
	if (events)
		set_reg(VMMIO_REG_INTERRUPT_ACK, events);
}

static const struct vmmio_subject_ops subject_ops = {.size = sizeof(subject_ops),
	.begin = begin,
	.use = use,
	.stop = stop,
	.interrupt = interrupt};

VMMIO_API vmmio_subject_open_fn vmmio_subject_open;

int vmmio_subject_open(const char *args, struct vmmio_subject *subject)
{
	(void)args; /* what stands behind the file's name and a comma */
	subject->ops = &subject_ops;
	subject->name = "example driver";
	subject->device_id = VMMIO_ID_ENTROPY;
	return 0;
}
