/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Disks with stuck requests.
 */
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "integration/stuck_rig.h"

#define PAGE 4096u
#define SECTORS_PER_PAGE 8u
#define ROUNDS 8u

static bool lies_on(const char *dir, long type)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 && (long)fs.f_type == type && access(dir, W_OK) == 0;
}

static const char *find_dir(long type, const char *const *dirs)
{
	for (; *dirs; dirs++)
		if (lies_on(*dirs, type))
			return *dirs;
	return NULL;
}

static const char *const on_disk[] = {".", "/tmp", "/var/tmp", NULL};
static const char *const in_memory[] = {"/dev/shm", "/tmp", "/run", NULL};
static char made[64], mounted[80]; /* directories; empty: none */

/* With the directory that was made as $1. */
static bool run(const char *script)
{
	char command[512];

	snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin:/sbin; set -- '%s'; %s", made,
		script);
	return system(command) == 0;
}

void stuck_stores_begin(void)
{
	const char *base = find_dir(TMPFS_MAGIC, in_memory);

	if (find_dir(EXT4_SUPER_MAGIC, on_disk) || geteuid() != 0)
		return;
	snprintf(made, sizeof(made), "%s/vmmio-ext4-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(made)) {
		made[0] = '\0';
		return;
	}
	if (run("cd \"$1\" && mkdir mnt && truncate -s 64M image && mkfs.ext4 -q -F image && "
		"mount -o loop image mnt"))
		snprintf(mounted, sizeof(mounted), "%s/mnt", made);
}

void stuck_stores_end(void)
{
	if (mounted[0])
		run("umount \"$1/mnt\"");
	if (made[0])
		run("rm -f \"$1/image\"; rmdir \"$1/mnt\" \"$1\"");
}

static const char *find_ext4(void)
{
	const char *dir = find_dir(EXT4_SUPER_MAGIC, on_disk);

	return dir || !mounted[0] ? dir : mounted;
}

static const char *choose_store(struct disk_options *o, enum stuck_store store)
{
	o->blk.direct = store == STORE_EXT4_DIRECT;
	switch (store) {
	case STORE_EXT4:
	case STORE_EXT4_DIRECT:
		o->dir = find_ext4();
		return o->dir ? NULL : "no ext4 at ., /tmp or /var/tmp, and none could be mounted";
	case STORE_TMPFS:
		o->dir = find_dir(TMPFS_MAGIC, in_memory);
		return o->dir ? NULL : "no writable tmpfs at /dev/shm, /tmp or /run";
	default:
		o->memfd = true;
		return NULL;
	}
}

const char *stuck_options(int number, struct disk_options *options)
{
	*options = (struct disk_options){
		.variant = (number & 7) | 8,
		.manual = number & STUCK_MANUAL,
		.max_threads = STUCK_THREADS,
		.reset_deadline = STUCK_DEADLINE,
		.blk = {.bounce = number & STUCK_BOUNCE},
	};
	return choose_store(options, (enum stuck_store)((number >> 4) & 3));
}

const char *stuck_open(struct stuck *s, int number, unsigned disks)
{
	struct disk_options o;
	const char *why = stuck_options(number, &o);

	*s = (struct stuck){.number = number};
	o.n_disks = disks;
	if (!why)
		s->uffd = uffd_open(&why);
	if (!s->uffd)
		return why;
	fixture_expect_log("is not over");
	for (unsigned i = 0; i < disks; i++) {
		s->disk[i] = disk_run(&o);
		o.first = s->disk[0];
		/* DRIVER_OK only asks for a start. */
		ck_assert_int_eq(disk_do(s->disk[i], VMMIO_BLK_T_IN, 0, 512), VMMIO_BLK_S_OK);
	}
	return NULL;
}

void stuck_close(struct stuck *s)
{
	uffd_serve_all(s->uffd);
	for (unsigned i = STUCK_DISKS; i-- > 0;)
		if (s->disk[i])
			disk_free(s->disk[i]);
	uffd_close(s->uffd);
}

/* --- Requests ---------------------------------------------------------------------------- */

uint8_t *stuck_data(struct disk *d, unsigned n)
{
	return (uint8_t *)d->in.host + n * 2 * PAGE;
}

uint8_t *stuck_status(struct disk *d, unsigned n)
{
	return stuck_data(d, n) + PAGE;
}

void stuck_hide_data(struct stuck *s, struct disk *d)
{
	for (unsigned i = 0; i < STUCK_REQUESTS; i++)
		uffd_hide(s->uffd, stuck_data(d, i), PAGE);
}

static bool device_reads_pages(const struct stuck *s)
{
	return s->number & 8;
}

int stuck_publish(struct stuck *s, struct disk *d, unsigned first, unsigned n)
{
	struct vmmio_driver_queue *queue = vmmio_driver_queue(d->driver, 0);
	int id = -1;

	for (unsigned i = first; i < first + n; i++) {
		uint64_t header = d->out.guest + i * sizeof(struct vmmio_blk_header);
		uint64_t data = d->in.guest + (uint64_t)(stuck_data(d, i) - (uint8_t *)d->in.host);
		struct vmmio_driver_seg segs[] = {
			{header, sizeof(struct vmmio_blk_header)}, {data, PAGE}, {data + PAGE, 1}};
		struct vmmio_driver_chain chain = {.out = segs, .n_out = 1};
		struct vmmio_blk_header h = {.sector = vmmio_le64(i * SECTORS_PER_PAGE)};
		int added;

		chain.n_out += device_reads_pages(s);
		chain.in = segs + chain.n_out;
		chain.n_in = 3 - chain.n_out;
		h.type = vmmio_le32(device_reads_pages(s) ? VMMIO_BLK_T_OUT : VMMIO_BLK_T_IN);
		memcpy((char *)d->out.host + i * sizeof(h), &h, sizeof(h));
		added = vmmio_driver_queue_add(queue, &chain);
		ck_assert_int_ge(added, 0);
		id = i == first ? added : id;
	}
	vmmio_driver_queue_publish(queue);
	return id;
}

int stuck_send(struct stuck *s, struct disk *d)
{
	int id = stuck_publish(s, d, 0, STUCK_REQUESTS);

	vmmio_driver_queue_kick(vmmio_driver_queue(d->driver, 0));
	return id;
}

unsigned stuck_at_once(const struct stuck *s)
{
	bool plain = s->number & 4;

	return plain || device_reads_pages(s) ? 1 : STUCK_REQUESTS;
}

/* --- A vCPU that has to wait --------------------------------------------------------------- */

static void *vcpu_main(void *arg)
{
	struct vcpu *v = arg;

	ck_assert_int_eq(vmmio_device_write(v->disk->dev, v->offset, 4, v->value), 0);
	atomic_store(&v->returned, true);
	return NULL;
}

void vcpu_write(struct vcpu *v, struct disk *d, uint64_t offset, uint32_t value)
{
	*v = (struct vcpu){.disk = d, .offset = offset, .value = value};
	ck_assert_int_eq(pthread_create(&v->thread, NULL, vcpu_main, v), 0);
}

void vcpu_join(struct vcpu *v)
{
	pthread_join(v->thread, NULL);
	ck_assert(atomic_load(&v->returned));
}

/* --- Resets ---------------------------------------------------------------------------------- */

static bool version2(const struct stuck *s)
{
	return !(s->number & 1);
}

static uint32_t status(struct disk *d)
{
	return (uint32_t)vmmio_device_read(d->dev, VMMIO_REG_STATUS, 4);
}

void stuck_check_resetting(struct stuck *s)
{
	ck_assert_uint_ne(status(s->disk[0]), 0);
	ck_assert(!version2(s) || !atomic_load(&s->resetter.returned));
}

void stuck_reset_begin(struct stuck *s)
{
	if (version2(s))
		vcpu_write(&s->resetter, s->disk[0], VMMIO_REG_STATUS, 0);
	else
		ck_assert_int_eq(vmmio_driver_reset_begin(s->disk[0]->driver), 0);
	while (!atomic_load(&s->disk[0]->stuck)) {
		stuck_check_resetting(s);
		disk_relax(s->disk[0]);
	}
}

static void check_image(struct disk *d, const uint8_t *expected)
{
	static uint8_t now[DISK_SECTORS * 512];

	ck_assert_int_eq(pread(d->image, now, sizeof(now), 0), sizeof(now));
	ck_assert_mem_eq(now, expected, sizeof(now));
}

/* The buffers belong to the driver again, and whatever it writes there stays. */
static void check_peace(struct stuck *s)
{
	static uint8_t in[DISK_BUFFER], out[DISK_BUFFER], image[DISK_SECTORS * 512];
	struct disk *d = s->disk[0];

	memcpy(in, d->in.host, sizeof(in));
	memcpy(out, d->out.host, sizeof(out));
	ck_assert_int_eq(pread(d->image, image, sizeof(image), 0), sizeof(image));
	for (unsigned round = 0; round < 2; round++) {
		stuck_neighbour_works(s);
		ck_assert_mem_eq(d->in.host, in, sizeof(in));
		ck_assert_mem_eq(d->out.host, out, sizeof(out));
		check_image(d, image);
		memset(in, 0x11 + (int)round, sizeof(in));
		memset(out, 0x22, sizeof(out));
		memset(image, 0x33, sizeof(image));
		memcpy(d->in.host, in, sizeof(in));
		memcpy(d->out.host, out, sizeof(out));
		ck_assert_int_eq(pwrite(d->image, image, sizeof(image), 0), sizeof(image));
	}
}

void stuck_reset_end(struct stuck *s)
{
	struct disk *d = s->disk[0];

	while (status(d))
		disk_relax(d);
	check_peace(s);
	if (version2(s))
		vcpu_join(&s->resetter);
	/* A reset of a device whose Status is zero is over at once: the driver's own. */
	ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
}

/* --- Neighbours ------------------------------------------------------------------------------ */

void stuck_disk_works(struct disk *d)
{
	uint8_t *out = (uint8_t *)d->out.host + sizeof(struct vmmio_blk_header);

	for (unsigned round = 0; round < ROUNDS; round++) {
		memset(out, (int)round + 1, PAGE);
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 64, PAGE), VMMIO_BLK_S_OK);
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 64, PAGE), VMMIO_BLK_S_OK);
		ck_assert_mem_eq(d->in.host, out, PAGE);
	}
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_FLUSH, 0, 0), VMMIO_BLK_S_OK);
}

void stuck_neighbour_works(struct stuck *s)
{
	struct disk *d = s->disk[s->disk[2] ? 2 : 1];

	stuck_disk_works(d);
	ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
	disk_start(d);
}

void stuck_wait_leases(struct disk *d, uint32_t leases)
{
	struct vmmio_device_counters count;

	for (;;) {
		ck_assert_uint_eq(atomic_load(&d->destroyed), 0);
		vmmio_device_counters(d->dev, &count);
		ck_assert_uint_ge(count.leases, leases);
		if (count.leases == leases)
			return;
		disk_relax(d);
	}
}
