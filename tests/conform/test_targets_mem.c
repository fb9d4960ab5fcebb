/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mem target over a file in place of /dev/mem, and what it makes of pagemap. Whether a
 * real /dev/mem can be mapped depends on the machine; that every refusal has its line does not.
 */
#include "test_targets.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vmmio/spec.h>

#include "conform/targets/mem.h"

#define ADDRESS 0x1a00u /* not at the begin of a page */
#define WINDOW 0x400u

static int fd;
static char path[64];
static uint8_t *file;
static struct vmmio_target_error error;

static void put(uint32_t offset, uint32_t value)
{
	value = vmmio_le32(value);
	memcpy(file + ADDRESS + offset, &value, sizeof(value));
}

static void setup(void)
{
	fd = memfd_create("registers", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 0x3000), 0);
	file = mmap(NULL, 0x3000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert(file != MAP_FAILED);
	memset(file, 0xa5, 0x3000);
	put(VMMIO_REG_MAGIC, VMMIO_MAGIC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
}

static void teardown(void)
{
	munmap(file, 0x3000);
	close(fd);
}

static void open_file(struct vmmio_target *target, const char *more)
{
	char spec[160];

	snprintf(spec, sizeof(spec), "mem:0x1a00,file=%s%s", path, more);
	ck_assert_msg(vmmio_target_open_spec(spec, NULL, target, &error) == 0, "%s", error.text);
}

START_TEST(accesses_have_their_width)
{
	struct vmmio_target target;
	uint8_t before[0x3000];
	uint64_t value;

	open_file(&target, ",size=0x400");
	ck_assert_str_eq(target.name, "mem:0x1a00");
	ck_assert_uint_eq(target.flags, 0);
	for (unsigned width = 1; width <= 8; width *= 2) {
		uint64_t number = UINT64_C(0x8877665544332211);
		uint64_t mask = width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * width) - 1;
		uint64_t le = vmmio_le64(number & mask);

		memcpy(before, file, sizeof(before));
		ck_assert_int_eq(target.ops->write(target.ctx, WINDOW - 8, width, number), 0);
		ck_assert_int_eq(target.ops->read(target.ctx, WINDOW - 8, width, &value), 0);
		ck_assert_uint_eq(value, number & mask);
		/* These bytes and no others. */
		memcpy(before + ADDRESS + WINDOW - 8, &le, width);
		ck_assert_mem_eq(before, file, sizeof(before));
	}
	vmmio_target_close(&target);
}
END_TEST

START_TEST(ignores_what_is_outside)
{
	struct vmmio_target target;
	uint8_t before[0x3000];
	uint64_t value = 1;

	open_file(&target, "");
	memcpy(before, file, sizeof(before));
	/* The window is 0x200 bytes by default: 0x200 may be the next device. */
	ck_assert_int_eq(target.ops->write(target.ctx, 0x200, 4, 0), 0);
	ck_assert_int_eq(target.ops->write(target.ctx, 0x1fc, 8, 0), 0);
	ck_assert_int_eq(target.ops->write(target.ctx, UINT64_MAX - 3, 4, 0), 0);
	ck_assert_int_eq(target.ops->read(target.ctx, 0x200, 4, &value), 0);
	ck_assert_uint_eq(value, 0);
	ck_assert_mem_eq(before, file, sizeof(before));
	ck_assert_int_eq(target.ops->read(target.ctx, 0x1fc, 4, &value), 0);
	ck_assert_uint_eq(value, 0xa5a5a5a5);
	ck_assert_int_eq(target.ops->read(target.ctx, 0x102, 4, &value), -ENOTSUP);
	ck_assert_int_eq(target.ops->write(target.ctx, 0x101, 2, 0), -ENOTSUP);
	ck_assert_mem_eq(before, file, sizeof(before));
	vmmio_target_close(&target);
}
END_TEST

START_TEST(has_memory_at_its_base)
{
	struct vmmio_target target;
	uint64_t end, value = 0;

	open_file(&target, ",ram=4M,base=0x140000000");
	ck_assert_uint_eq(target.memory_base, UINT64_C(0x140000000));
	ck_assert_uint_eq(target.memory_size, 4u << 20);
	end = target.memory_base + target.memory_size;
	ck_assert_int_eq(target.ops->mem_write(target.ctx, end - 8, "12345678", 8), 0);
	ck_assert_int_eq(target.ops->mem_read(target.ctx, end - 8, &value, 8), 0);
	ck_assert_mem_eq(&value, "12345678", 8);
	ck_assert_int_eq(target.ops->mem_read(target.ctx, end - 4, &value, 8), -EFAULT);
	ck_assert_int_eq(target.ops->mem_write(target.ctx, end, "", 1), -EFAULT);
	ck_assert_int_eq(
		target.ops->mem_read(target.ctx, target.memory_base - 1, &value, 1), -EFAULT);
	vmmio_target_close(&target);
}
END_TEST

/* The device is reset before its memory goes. */
START_TEST(resets_when_closed)
{
	struct vmmio_target target;

	open_file(&target, "");
	put(VMMIO_REG_STATUS, 15);
	vmmio_target_close(&target);
	ck_assert_mem_eq(file + ADDRESS + VMMIO_REG_STATUS, "\0\0\0\0", 4);
}
END_TEST

START_TEST(refuses_bad_arguments)
{
	static const char *const cases[][2] = {
		{"mem", "'' is no address"},
		{"mem:", "'' is no address"},
		{"mem:feb0", "'feb0' is no address"},
		{"mem:0x1002", "a multiple of 4"},
		{"mem:0x8000000000000000", "is no address"},
		{"mem:0x1000,ram=1M", "'ram=1M' is wrong"},
		{"mem:0x1000,ram=3M", "ram has to be a multiple of 2M"},
		{"mem:0x1000,size=0xfc", "'size=0xfc' is wrong"},
		{"mem:0x1000,irq=5", "there is no option 'irq'"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_error(cases[i][0], -EINVAL, cases[i][1]);
}
END_TEST

START_TEST(refuses_what_is_no_device)
{
	char spec[160];

	snprintf(spec, sizeof(spec), "mem:0x1a04,file=%s", path);
	expect_error(spec, -ENODEV, "MagicValue reads 0xa5a5a5a5, not 0x74726976");
	ck_assert_uint_eq(file[ADDRESS + 4 + VMMIO_REG_STATUS], 0xa5); /* nothing was written */
	snprintf(spec, sizeof(spec), "mem:0x2e04,file=%s", path);
	expect_error(spec, -EINVAL, "ends before 0x3004");
	expect_error("mem:0,file=/no/such/file", -ENOENT, "/no/such/file: No such file");
}
END_TEST

/* Address 0 is no device anywhere: with /dev/mem and without it has to be refused. */
START_TEST(refuses_memory_that_is_no_device)
{
	struct vmmio_target target;

	ck_assert_int_lt(vmmio_target_open_spec("mem:0", NULL, &target, &error), 0);
	ck_assert_msg(strstr(error.text, "/dev/mem") || strstr(error.text, "MagicValue"), "%s",
		error.text);
	if (access("/dev/mem", F_OK) < 0)
		ck_assert_msg(strstr(error.text, "CONFIG_DEVMEM"), "%s", error.text);
}
END_TEST

/* --- Where memory lies ------------------------------------------------------------------ */

#define PRESENT (UINT64_C(1) << 63)

/* Two huge pages at 2 MiB, as a file like pagemap says. */
static int locate(uint64_t first, uint64_t second, struct mem_page pages[2])
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t entries[2] = {first, second};
	int err, pagemap = memfd_create("pagemap", MFD_CLOEXEC);

	ck_assert_int_ge(pagemap, 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pwrite(pagemap, &entries[i], 8,
					 (off_t)((unsigned)(i + 1) * MEM_HUGE / page * 8)),
			8);
	err = mem_ram_locate(pagemap, (uint8_t *)(uintptr_t)MEM_HUGE, pages, 2, &error);
	close(pagemap);
	return err;
}

START_TEST(finds_physical_addresses)
{
	uint64_t frames = MEM_HUGE / (uint64_t)sysconf(_SC_PAGESIZE);
	struct mem_page pages[2];

	/* Other bits of an entry are no part of the address. */
	ck_assert_int_eq(
		locate(PRESENT | 5 * frames | UINT64_C(1) << 55, PRESENT | 6 * frames, pages), 0);
	ck_assert_uint_eq(pages[0].physical, 5 * MEM_HUGE);
	ck_assert_uint_eq(pages[0].number, 0);
	ck_assert_int_eq(locate(PRESENT | 6 * frames, PRESENT | 5 * frames, pages), 0);
	ck_assert_uint_eq(pages[0].physical, 5 * MEM_HUGE);
	ck_assert_uint_eq(pages[0].number, 1);
	ck_assert_int_eq(locate(PRESENT | 5 * frames, PRESENT | 8 * frames, pages), -ENOMEM);
	ck_assert(strstr(error.text, "do not lie next to each other"));
	ck_assert_int_eq(locate(PRESENT, PRESENT, pages), -EPERM);
	ck_assert(strstr(error.text, "CAP_SYS_ADMIN"));
	ck_assert_int_eq(locate(5 * frames, PRESENT | 6 * frames, pages), -EIO);
	ck_assert(strstr(error.text, "not present"));
	ck_assert_int_eq(mem_ram_locate(-1, NULL, pages, 1, &error), -EBADF);
	ck_assert(strstr(error.text, "run as root"));
}
END_TEST

/* Where they are not set up, what is missing is said, with the number to ask for. */
START_TEST(says_how_to_get_huge_pages)
{
	struct mem_ram ram;
	int err = mem_ram_get(MEM_MAX, &ram, &error);

	if (!err) {
		mem_ram_put(&ram);
		fixture_skip("this machine has 1 GiB of huge pages to give");
		return;
	}
	ck_assert_msg(strstr(error.text, "echo 514 > /proc/sys/vm/nr_hugepages") ||
			      strstr(error.text, "next to each other") ||
			      strstr(error.text, "hides physical addresses") ||
			      strstr(error.text, "run as root") ||
			      strstr(error.text, "CONFIG_HUGETLBFS"),
		"%s", error.text);
}
END_TEST

void add_mem_tests(Suite *suite)
{
	TCase *tc = fixture_tcase(suite, "mem");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, accesses_have_their_width);
	tcase_add_test(tc, ignores_what_is_outside);
	tcase_add_test(tc, has_memory_at_its_base);
	tcase_add_test(tc, resets_when_closed);
	tcase_add_test(tc, refuses_bad_arguments);
	tcase_add_test(tc, refuses_what_is_no_device);
	tcase_add_test(tc, refuses_memory_that_is_no_device);
	tc = fixture_tcase(suite, "memory");
	tcase_add_test(tc, finds_physical_addresses);
	tcase_add_test(tc, says_how_to_get_huge_pages);
}
