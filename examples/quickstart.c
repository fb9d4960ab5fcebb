/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The quickstart: plugs a disk image into a virtio-mmio device of this library, and is its
 * driver: probes it, negotiates, reads the image through the rings, optionally replaces its
 * contents the same way, and measures resets. examples/quickstart is the script around it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quickstart.h"

#define SUPERBLOCK 1024u /* where ext4 keeps it: byte offsets below count from there */
#define EXT4_MAGIC_AT 0x38u
#define EXT4_LABEL_AT 0x78u
#define EXT4_LABEL_SIZE 16u
#define EXT4_MAGIC 0xef53u
#define DEFAULT_RUNS 5u
/* More of somebody's disk is not read without being asked. */
#define MAX_COMPARED (UINT64_C(1) << 30)

struct arguments {
	const char *image;
	const char *copy_from;
	bool json;
	unsigned runs;
};

static FILE *out; /* for people */

static void heading(const char *text)
{
	fprintf(out, "\n== %s\n", text);
}

static const char *feature_name(unsigned bit)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{VMMIO_BLK_F_SIZE_MAX, "SIZE_MAX"},
		{VMMIO_BLK_F_SEG_MAX, "SEG_MAX"},
		{VMMIO_BLK_F_GEOMETRY, "GEOMETRY"},
		{VMMIO_BLK_F_RO, "RO"},
		{VMMIO_BLK_F_BLK_SIZE, "BLK_SIZE"},
		{VMMIO_BLK_F_FLUSH, "FLUSH"},
		{VMMIO_BLK_F_TOPOLOGY, "TOPOLOGY"},
		{VMMIO_BLK_F_CONFIG_WCE, "CONFIG_WCE"},
		{VMMIO_BLK_F_MQ, "MQ"},
		{VMMIO_BLK_F_DISCARD, "DISCARD"},
		{VMMIO_BLK_F_WRITE_ZEROES, "WRITE_ZEROES"},
		{VMMIO_F_INDIRECT_DESC, "INDIRECT_DESC"},
		{VMMIO_F_EVENT_IDX, "EVENT_IDX"},
		{VMMIO_F_VERSION_1, "VERSION_1"},
		{VMMIO_F_ACCESS_PLATFORM, "ACCESS_PLATFORM"},
		{VMMIO_F_RING_PACKED, "RING_PACKED"},
		{VMMIO_F_IN_ORDER, "IN_ORDER"},
		{VMMIO_F_ORDER_PLATFORM, "ORDER_PLATFORM"},
		{VMMIO_F_NOTIFICATION_DATA, "NOTIFICATION_DATA"},
		{VMMIO_F_RING_RESET, "RING_RESET"},
		{VMMIO_F_SUSPEND, "SUSPEND"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].bit == bit)
			return names[i].name;
	}
	return NULL;
}

static void print_features(const char *who, uint64_t features)
{
	fprintf(out, "  %-14s 0x%016" PRIx64 ":", who, features);
	for (unsigned bit = 0; bit < 64; bit++) {
		const char *name = feature_name(bit);

		if (!(features >> bit & 1))
			continue;
		if (name)
			fprintf(out, " %s", name);
		else
			fprintf(out, " bit %u", bit);
	}
	fprintf(out, "\n");
}

static uint64_t offered(struct vmmio_driver *driver)
{
	uint64_t features = 0;

	for (uint32_t word = 2; word-- > 0;) {
		vmmio_driver_reg_write(driver, VMMIO_REG_DEVICE_FEATURES_SEL, word);
		features = features << 32 | vmmio_driver_reg_read(driver, VMMIO_REG_DEVICE_FEATURES);
	}
	return features;
}

static int show_probe(struct disk *disk)
{
	int error = vmmio_driver_probe(disk->driver);

	heading("Probing, as a driver does");
	if (error)
		return explain(error, "probing the device", "This is a bug.");
	fprintf(out, "  MagicValue     0x%08x (\"virt\")\n",
		vmmio_driver_reg_read(disk->driver, VMMIO_REG_MAGIC));
	fprintf(out, "  Version        %u (3: reset is asynchronous)\n",
		vmmio_driver_version(disk->driver));
	fprintf(out, "  DeviceID       %u (block device)\n", vmmio_driver_device_id(disk->driver));
	print_features("DeviceFeatures", offered(disk->driver));
	return 0;
}

static int show_negotiation(struct disk *disk)
{
	int error = disk_start(disk, true);
	struct vmmio_driver_blk_info info;

	if (error)
		return error;
	heading("Negotiation");
	print_features("DriverFeatures", vmmio_driver_features(disk->driver));
	fprintf(out, "  Status         0x%02x (ACKNOWLEDGE DRIVER FEATURES_OK DRIVER_OK)\n",
		vmmio_driver_status(disk->driver));
	info = vmmio_driver_blk_info(disk->requests);
	fprintf(out, "  Queue 0        packed ring, %u entries\n",
		vmmio_driver_queue_size(vmmio_driver_queue(disk->driver, 0)));
	fprintf(out, "  Config         %" PRIu64 " sectors, blocks of %u bytes%s\n", info.capacity,
		info.blk_size, info.read_only ? ", read only" : "");
	return 0;
}

static int read_disk(struct disk *disk, uint64_t at, void *data, size_t len)
{
	return vmmio_driver_blk_read(disk->requests, 0, at / 512, data, len, PATIENCE);
}

static int show_label(struct disk *disk)
{
	unsigned char super[1024];
	int error;

	heading("The ext4 superblock, read through the rings");
	if (vmmio_driver_blk_info(disk->requests).capacity < (SUPERBLOCK + sizeof(super)) / 512) {
		fprintf(out, "  The image is too small to have one; going on.\n");
		return 0;
	}
	error = read_disk(disk, SUPERBLOCK, super, sizeof(super));
	if (error)
		return explain(error, "reading the superblock", "Can the image be read?");
	if ((super[EXT4_MAGIC_AT] | super[EXT4_MAGIC_AT + 1] << 8) != EXT4_MAGIC)
		fprintf(out, "  No ext2, ext3 or ext4 file system on the bare image; going on.\n");
	else
		fprintf(out, "  magic 0x%x, label \"%.*s\"\n", EXT4_MAGIC, (int)EXT4_LABEL_SIZE,
			(const char *)super + EXT4_LABEL_AT);
	return 0;
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return explain(-errno, path, "Is the path right, and may you read it?");
	return fd;
}

/* pread that does not come back short before the end of the file. */
static int read_file(int fd, uint64_t at, unsigned char *data, size_t len)
{
	while (len > 0) {
		ssize_t got = pread(fd, data, len, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return explain(got < 0 ? -errno : -EIO, "reading a file",
				"It is shorter than it was, or its medium has a fault.");
		data += got;
		at += (uint64_t)got;
		len -= (size_t)got;
	}
	return 0;
}

/* Is what the device delivers what the file holds? size: bytes, a multiple of 512. */
static int compare_all(struct disk *disk, const char *path, uint64_t size)
{
	static unsigned char from_device[BOUNCE], from_file[BOUNCE];
	int fd = open_file(path), error = fd < 0 ? fd : 0;

	for (uint64_t at = 0; at < size && !error; at += BOUNCE) {
		size_t len = size - at < BOUNCE ? (size_t)(size - at) : BOUNCE;

		error = read_disk(disk, at, from_device, len);
		if (error)
			explain(error, "reading through the device", "Can the image be read?");
		else
			error = read_file(fd, at, from_file, len);
		if (!error && memcmp(from_device, from_file, len) != 0) {
			fprintf(stderr, "%s: the 256 KiB at byte %" PRIu64 " differ\n", path, at);
			error = explain(-EIO, "comparing with the file",
				"If nobody else writes to it, this is a bug.");
		}
	}
	if (fd >= 0)
		close(fd);
	return error;
}

static void print_rate(const char *what, uint64_t bytes, uint64_t ns)
{
	fprintf(out, "  %s %" PRIu64 " bytes in %.1f ms\n", what, bytes, (double)ns / 1e6);
}

static int show_reading(struct disk *disk, const char *path)
{
	uint64_t size = vmmio_driver_blk_info(disk->requests).capacity * 512;
	uint64_t begin = nanoseconds();
	int error;

	heading("Every byte of the image, read through the device");
	if (size > MAX_COMPARED) {
		fprintf(out, "  (the first GiB only)\n");
		size = MAX_COMPARED;
	}
	error = compare_all(disk, path, size);
	if (!error)
		print_rate("equal to the file:", size, nanoseconds() - begin);
	return error;
}

static int write_all(struct disk *disk, int fd, uint64_t size)
{
	static unsigned char data[BOUNCE];
	int error = 0;

	for (uint64_t at = 0; at < size && !error; at += BOUNCE) {
		size_t len = size - at < BOUNCE ? (size_t)(size - at) : BOUNCE;

		error = read_file(fd, at, data, len);
		if (!error)
			error = vmmio_driver_blk_write(
				disk->requests, 0, at / 512, data, len, PATIENCE);
	}
	if (!error)
		error = vmmio_driver_blk_flush(disk->requests, 0, PATIENCE);
	return error;
}

/* The other image's contents go through the rings onto the first one's file. */
static int show_writing(struct disk *disk, const char *copy_from)
{
	uint64_t size = vmmio_driver_blk_info(disk->requests).capacity * 512;
	uint64_t begin = nanoseconds();
	int fd = open_file(copy_from), error;

	if (fd < 0)
		return fd;
	heading("Another file system, written through the device, block by block");
	error = lseek(fd, 0, SEEK_END) == (off_t)size ? 0 : -EINVAL;
	if (error)
		explain(error, copy_from, "Both images have to have the same size.");
	if (!error) {
		error = write_all(disk, fd, size);
		if (error)
			explain(error, "writing through the device", "Is the disk full?");
	}
	close(fd);
	if (error)
		return error;
	print_rate("written and flushed:", size, nanoseconds() - begin);
	error = compare_all(disk, copy_from, size);
	if (!error)
		fprintf(out, "  read back, and equal to %s\n", strrchr(copy_from, '/')
				? strrchr(copy_from, '/') + 1 : copy_from);
	return error;
}

static int tour(struct machine *machine, const struct arguments *arguments)
{
	struct disk_options options = {
		.path = arguments->image,
		.version = 3,
		.packed = true,
		.read_only = !arguments->copy_from,
	};
	struct disk disk;
	int error = disk_plug(machine, &options, &disk);

	if (error)
		return error;
	error = show_probe(&disk);
	if (!error)
		error = show_negotiation(&disk);
	if (!error)
		error = show_label(&disk);
	if (!error)
		error = show_reading(&disk, arguments->image);
	if (!error && arguments->copy_from)
		error = show_writing(&disk, arguments->copy_from);
	if (!error && arguments->copy_from)
		error = show_label(&disk);
	disk_unplug(&disk);
	return error;
}

static void usage(FILE *to)
{
	fprintf(to, "usage: vmmio-quickstart [OPTION...] IMAGE\n"
		    "  --copy-from OTHER  overwrite IMAGE with OTHER, through the device\n"
		    "                     (without it IMAGE is opened read-only)\n"
		    "  --runs N           resets per line of the table, 5 to 1000 (default %u)\n"
		    "  --json             the table as JSON on standard output, the rest on\n"
		    "                     standard error\n",
		DEFAULT_RUNS);
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{"copy-from", required_argument, NULL, 'c'},
		{"runs", required_argument, NULL, 'r'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			arguments->copy_from = optarg;
			break;
		case 'r':
			arguments->runs = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'j':
			arguments->json = true;
			break;
		case 'h':
			usage(stdout);
			exit(EXIT_SUCCESS);
		default:
			return -EINVAL;
		}
	}
	if (optind != argc - 1 || arguments->runs < 5 || arguments->runs > 1000)
		return -EINVAL;
	arguments->image = argv[optind];
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.runs = DEFAULT_RUNS};
	struct machine machine;
	int error;

	if (parse(argc, argv, &arguments)) {
		usage(stderr);
		return 2;
	}
	out = arguments.json ? stderr : stdout;
	if (machine_create(&machine))
		return EXIT_FAILURE;
	error = tour(&machine, &arguments);
	if (!error) {
		heading("Resets under load");
		error = show_resets(&machine, arguments.image, arguments.runs, out,
			arguments.json ? stdout : NULL);
	}
	machine_destroy(&machine);
	return error ? EXIT_FAILURE : EXIT_SUCCESS;
}
