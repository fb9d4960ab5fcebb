/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows on the command line of Linux: [virtio_mmio.]device=<size>@<base>:<irq>:<id> */
#include "discovery/sink.h"

/* With the largest suffix that loses nothing. */
static void put_length(struct sink *sink, uint64_t length)
{
	static const char suffixes[] = "KMG";
	unsigned n = 0;

	while (n < sizeof(suffixes) - 1 && length % 1024 == 0) {
		length /= 1024;
		n++;
	}
	put_number(sink, length, 10);
	if (n)
		put_byte(sink, (unsigned char)suffixes[n - 1]);
}

static void put_window(struct sink *sink, const struct vmmio_window *window)
{
	put_text(sink, "virtio_mmio.device=");
	put_length(sink, window_length(window));
	put_text(sink, "@0x");
	put_number(sink, window->base, 16);
	put_byte(sink, ':');
	put_number(sink, window->irq, 10);
	put_byte(sink, ':');
	put_number(sink, window->id, 10);
}

static void put_line(struct sink *sink, const struct request *request)
{
	for (size_t i = 0; i < request->n; i++) {
		if (i)
			put_byte(sink, ' ');
		put_window(sink, &request->windows[i]);
	}
	put_byte(sink, 0);
}

int vmmio_discovery_cmdline(
	const struct vmmio_window *windows, size_t n, char *out, size_t size, size_t *length)
{
	const struct request request = {.windows = windows, .n = n};
	size_t with_zero;
	int error;

	if (!out && !length)
		return -VMMIO_EINVAL;
	error = vmmio_discovery_deliver(&request, &(struct room){out, size, &with_zero}, put_line);
	if (!error && length)
		*length = with_zero - 1;
	return error;
}
