/* SPDX-License-Identifier: BSD-3-Clause */
#include "discovery_rig.h"

#include <stdlib.h>

const struct vmmio_window kinds[KINDS] = {
	{.base = 0xd0000000, .irq = 5},
	{.base = 0xd0000200, .irq = 6, .id = 1, .flags = VMMIO_WINDOW_EDGE},
	{.base = 0xd0001000, .length = 0x1000, .irq = 7, .id = 2, .flags = VMMIO_WINDOW_SHARED},
	{.base = 0xd0002000, .length = 0x100, .irq = 7, .id = 0xab, .flags = VMMIO_WINDOW_SHARED},
	{.base = 0, .length = 0x104, .irq = 23, .id = 0x10},
	{.base = 0xfffffe00, .length = 0x1fc, .irq = 24, .id = 9}, /* the last one below 4 GiB */
	{.base = 0xfffffffc, .length = 0x100, .irq = UINT32_MAX, .id = 255}, /* across it */
	{.base = UINT64_C(0x1000000000), .length = UINT64_C(0x200000000), .irq = 300, .id = 100},
	{.base = (UINT64_C(1) << 63) - 0x200, .irq = 301, .id = 101},
};

static char dir[32];

uint64_t length_of(const struct vmmio_window *window)
{
	return window->length ? window->length : 0x200;
}

void many_windows(struct vmmio_window *windows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		windows[i] = (struct vmmio_window){.base = 0xc0000000 + 0x1000 * i,
			.length = 0x1000, .irq = 1 + (uint32_t)i, .id = (uint32_t)i};
}

bool have_program(const char *name)
{
	char command[64];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", name);
	return system(command) == 0;
}

void make_dir(void)
{
	strcpy(dir, "/tmp/vmmio-discovery-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

void remove_dir(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static FILE *open_file(const char *name, const char *mode)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, mode);
	ck_assert_ptr_nonnull(file);
	return file;
}

FILE *create(const char *name)
{
	return open_file(name, "w");
}

void save(const char *name, const void *data, size_t size)
{
	FILE *file = create(name);

	ck_assert_uint_eq(fwrite(data, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

char *load(const char *name, size_t *size)
{
	FILE *file = open_file(name, "r");
	size_t length;
	char *data;

	fseek(file, 0, SEEK_END);
	length = (size_t)ftell(file);
	rewind(file);
	data = malloc(length + 1);
	ck_assert_ptr_nonnull(data);
	ck_assert_uint_eq(fread(data, 1, length, file), length);
	data[length] = '\0';
	fclose(file);
	if (size)
		*size = length;
	return data;
}

void run(const char *command)
{
	char line[256];

	snprintf(line, sizeof(line), "cd %s && { %s; } >said 2>&1 </dev/null", dir, command);
	if (system(line) != 0) {
		char *said = load("said", NULL);

		ck_abort_msg("%s: %s", command, said);
	}
}
