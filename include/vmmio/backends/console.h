/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console backend: one port (device id 3, specification section 5.3), whose bytes go to
 * and come from a pair of descriptors, a pseudo terminal, or the embedder's own code.
 *
 * Three forms
 * -----------
 *  descriptors  in and out: pipes, terminals, stream sockets, files, the same one twice. They
 *               are duplicated, so the caller may close his. Flags of an open file that somebody
 *               else may share are never changed, so a shell finds its terminal as it was;
 *               a pipe or terminal is opened anew (by way of /proc) to be non-blocking. Where
 *               that cannot be done it is looked at before each read, and written by a
 *               thread of the I/O engine's that may block. Terminal modes (raw, no echo) are
 *               the caller's to set.
 *  pty          A new pseudo terminal in raw mode; vmmio_console_pty names its other side.
 *  memory       in and out both 0, as in options that say nothing of them: the embedder calls
 *               vmmio_console_put and vmmio_console_get.
 *
 * What happens to bytes
 * ---------------------
 *  From the guest: copied in order into a buffer of buffer_size bytes, and from there written
 *  on. While it is full the guest's chain waits (a reset ends that wait), no thread does: a
 *  guest whose kernel logs here is as fast as its reader. A chain is completed when its last
 *  byte is in the buffer. What is in the buffer has left the
 *  guest: a reset, pause or destroyed device does not take it back. It is written as soon as
 *  the other side takes it, but not between the device's destruction and the next one's
 *  creation on this backend; vmmio_console_destroy tries a last time.
 *  Dropped, counted, and told to the log once: what is written while nobody has the pseudo
 *  terminal open, while a pipe or socket has no reader, or when writing fails (disk full).
 *  Once somebody is there again, it goes on.
 *
 *  To the guest: read only while its driver runs, at most buffer_size bytes ahead of
 *  the guest's receive buffers. What has been read and did not get into a receive buffer
 *  before a reset is for the next driver. The end of the input (nobody has the pseudo terminal
 *  open, all writers of the pipe have gone, ^D) is no end: what comes later is read again;
 *  but a file's is.
 *
 *  Guest memory is touched by the device's executor only, never by an I/O thread, so it may
 *  be slow to arrive (VMMIO_REGION_PINNED or not).
 */
#ifndef VMMIO_BACKENDS_CONSOLE_H
#define VMMIO_BACKENDS_CONSOLE_H

#include <vmmio/backend.h>
#include <vmmio/io.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_console;

struct vmmio_console_options {
	size_t size; /* sizeof(struct vmmio_console_options) */
	int in;      /* read from; -1: there is no input */
	int out;     /* written to; -1: output is dropped. Both 0, and no pty: memory */
	bool pty;    /* make a pseudo terminal; in and out are not used */
	/* The terminal's size, offered as VIRTIO_CONSOLE_F_SIZE. Both 0: not offered, and
	 * vmmio_console_resize is refused. */
	uint16_t cols, rows;
	/* VIRTIO_CONSOLE_F_EMERG_WRITE: what is written to emerg_wr goes to the output at any
	 * time, before what is in the buffer; 256 bytes of it may wait. */
	bool emergency;
	uint16_t queue_size;  /* 0: 64 */
	uint32_t buffer_size; /* bytes, each way, 0: 4096; at most 1 MiB */
	/* Required unless the form is memory; shared by any number of devices; outlives the
	 * console. Used from the device's creation to its destruction. */
	struct vmmio_io *io;
	uint64_t features_off[VMMIO_FEATURE_WORDS]; /* bits not to offer (tests, old drivers) */
	struct vmmio_log log;
};

/*
 * Control role. Each refusal has one log line that names the value and the remedy; nothing is
 * left behind.
 * -EINVAL: an option; the master's side of a pseudo terminal, without O_NONBLOCK. -EBADF: in
 * or out is not open. -EACCES: not open for reading or writing. -EISDIR: a directory.
 * -EPROTOTYPE: a socket that is no stream. -ENOMEM, -EMFILE, -ENOSPC, ...: what the system
 * said of buffers, descriptors and pseudo terminals.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_console_create(
	const struct vmmio_console_options *options, struct vmmio_console **out);

/* For vmmio_device_options.backend; good until vmmio_console_destroy. */
VMMIO_API const struct vmmio_backend *vmmio_console_backend(const struct vmmio_console *console);

/*
 * Control role; never waits. Output that the other side does not take is lost, and the log
 * says how much. -EBUSY: still attached to a device, or a thread of the I/O engine's is still
 * writing: try again. To a file all of the output gets; a terminal that could not be opened
 * anew may hang until somebody reads it or hangs up. NULL is fine.
 */
VMMIO_API int vmmio_console_destroy(struct vmmio_console *console);

/* The path of the pseudo terminal's other side, valid until vmmio_console_destroy; NULL: there
 * is none. Any thread. */
VMMIO_API const char *vmmio_console_pty(const struct vmmio_console *console);

/*
 * The terminal has a new size: config space changes, and a driver that accepted
 * VIRTIO_CONSOLE_F_SIZE gets a config change interrupt; one that did not sees nothing
 * of it. Also before there is a device. Any thread; waits for no I/O; not from inside the
 * interrupt sink, which it calls.
 * -EINVAL: a zero. -ENOTSUP: F_SIZE is not offered, because the options had no size.
 */
VMMIO_API int vmmio_console_resize(struct vmmio_console *console, uint16_t cols, uint16_t rows);

/* --- Memory --------------------------------------------------------------------------- */

/* Bytes for the guest. Returns how many were taken, as the buffer has room; 0 also for a
 * console of another form. Any thread, also inside callbacks; never waits. */
VMMIO_API size_t vmmio_console_put(struct vmmio_console *console, const void *data, size_t length);

/* Bytes from the guest, at most length. Returns how many; 0 also for a console of another
 * form. Any thread, also inside callbacks; never waits. */
VMMIO_API size_t vmmio_console_get(struct vmmio_console *console, void *data, size_t length);

/* An eventfd to watch for input: it is readable for as long as there is something to get, or
 * room again after a put that was not taken as a whole. Not to be read, nor closed: it is the
 * console's. The same one each time. Any thread; never waits. -EINVAL: not of this form. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_console_eventfd(const struct vmmio_console *console);

struct vmmio_console_counters {
	uint64_t to_guest;   /* bytes copied into receive buffers */
	uint64_t from_guest; /* bytes copied out of transmit buffers, and from emerg_wr: they were
			      * written or dropped, or are in buffered_out */
	uint64_t emergency;  /* of these, from emerg_wr */
	uint64_t written;
	uint64_t dropped;
	uint64_t cancelled;                 /* chains that a reset or queue reset ended early */
	uint32_t buffered_in, buffered_out; /* bytes now */
	bool waiting;                       /* a transmit chain waits for room in the buffer now */
};
/* Any thread; takes a short lock. */
VMMIO_API void vmmio_console_counters(
	struct vmmio_console *console, struct vmmio_console_counters *out);

#ifdef __cplusplus
}
#endif

#endif
