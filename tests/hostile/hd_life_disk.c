/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HD-48: a guest may write to its disk what looks like another image format, with a backing
 * file of the host's. A raw image stays raw: its size is the file's, its sectors are the file's
 * bytes, whenever it is opened.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "integration/blk_rig.h"

#define BYTES(text) text, sizeof(text) - 1
#define LAST ((DISK_SECTORS - 1) * 512)

struct format {
	const char *name;
	off_t at;
	const char *bytes;
	size_t len;
};

static const struct format formats[] = {
	/* Version 3, the backing file's name is 11 bytes at 0x48, clusters of 64 KiB, 1 TiB. */
	{"qcow2", 0,
		BYTES("QFI\xfb\0\0\0\3\0\0\0\0\0\0\0\x48\0\0\0\x0b\0\0\0\x10\0\0\1\0\0\0\0\0"
		      "\0\0\0\0\0\0\0\1\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\1\0\0\0\0"
		      "\0\0\0\0\0\0\0\0/etc/passwd")},
	{"qcow", 0, BYTES("QFI\xfb\0\0\0\1\0\0\0\0\0\0\0\x30\0\0\0\x0b")},
	{"qed", 0, BYTES("QED\0\0\0\1\0\4\0\0\0\1\0\0\0")},
	{"vmdk", 0, BYTES("KDMV\1\0\0\0\3\0\0\0\0\0\x20\0\0\0\0\0")},
	{"vmdk descriptor", 0,
		BYTES("# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n"
		      "createType=\"monolithicFlat\"\nRW 4096 FLAT \"/etc/passwd\" 0\n")},
	{"vhdx", 0, BYTES("vhdxfile")},
	{"vhd", LAST, BYTES("conectix\0\0\0\2\0\1\0\0")},
	{"vhd, dynamic", 0, BYTES("conectix\0\0\0\2\0\1\0\0\0\0\0\0\0\0\2\0")},
	{"vdi", 0x40, BYTES("\x7f\x10\xda\xbe\1\0\1\0")},
	{"parallels", 0, BYTES("WithoutFreeSpace\2\0\0\0")},
	{"luks", 0, BYTES("LUKS\xba\xbe\0\1aes")},
	{"bochs", 0, BYTES("Bochs Virtual HD Image\0\0\0\0\0\0\0\0\0\0Redolog")},
	{"cloop", 0, BYTES("#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0\n")},
	{"dmg", LAST, BYTES("koly\0\0\0\4\0\0\2\0")},
	{"gzip", 0, BYTES("\x1f\x8b\x08\0\0\0\0\0")},
};

static uint64_t capacity(const struct disk *d)
{
	return vmmio_device_read(d->dev, VMMIO_REG_CONFIG + VMMIO_BLK_CFG_CAPACITY, 8);
}

/* The sector with the header as the guest reads it. */
static void expect_raw(struct disk *d, const struct format *f)
{
	uint8_t sector[512];
	struct stat st;

	memset(sector, 0xa5, sizeof(sector));
	memcpy(sector + f->at % 512, f->bytes, f->len);
	ck_assert_msg(capacity(d) == DISK_SECTORS, "%s: the size has changed", f->name);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, (uint64_t)f->at / 512, 512), VMMIO_BLK_S_OK);
	ck_assert_msg(!memcmp(d->in.host, sector, 512), "%s: read as something else", f->name);
	ck_assert_int_eq(fstat(d->image, &st), 0);
	ck_assert_int_eq(st.st_size, DISK_SECTORS * 512);
}

/* The guest writes one header over the other, and resets its disk in between. */
static void write_header(struct disk *d, const struct format *f)
{
	uint8_t *data = (uint8_t *)d->out.host + 16;

	memset(data, 0xa5, 512);
	memcpy(data + f->at % 512, f->bytes, f->len);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, (uint64_t)f->at / 512, 512), VMMIO_BLK_S_OK);
	expect_raw(d, f);
	disk_start(d);
	expect_raw(d, f);
}

START_TEST(raw_stays_raw)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		const struct format *f = &formats[i], *next = i ? f - 1 : f;
		struct disk *d = disk_run(&(struct disk_options){.variant = _i, .head = f->bytes,
			.head_size = f->len, .head_at = f->at});

		expect_raw(d, f);
		write_header(d, next);
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 100, 512), VMMIO_BLK_S_OK);
		ck_assert_uint_eq(((uint8_t *)d->in.host)[0], 0xa5);
		disk_free(d);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hd_life_disk");

	tcase_add_loop_test(fixture_tcase(s, "hd_48"), raw_stays_raw, 0, DISK_VARIANTS);
	return fixture_main(s);
}
