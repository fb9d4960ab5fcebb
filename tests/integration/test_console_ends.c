/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a console is connected to: pseudo terminals and pipes whose other side goes away and
 * comes again, files, and descriptors that belong to somebody else.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "integration/console_rig.h"

#define NOBODY "nobody is there to read the output"
#define END "the input is at its end"

/* Opening anew by way of /proc fails, as it does without /proc, or without permission. */
static bool no_reopen;
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	if (no_reopen && !strncmp(path, "/proc/", 6)) {
		errno = EACCES;
		return -1;
	}
	return __real_open(path, flags, mode);
}

/* Manual, or io_uring with threads. */
static struct term_options options(int i, enum term_form form)
{
	return (struct term_options){
		.variant = i % TERM_VARIANTS, .manual = i & 4, .form = form};
}

/* len bytes from the guest, until their chain has come back. */
static void say(struct term *t, uint32_t len, uint64_t n)
{
	const uint32_t lens[] = {len, 0};
	uint32_t at;

	ck_assert(term_send(t, 0, lens, n));
	while (!term_sent(t, &at))
		term_relax(t);
	term_settle(t);
}

/* There is nothing left to be told: polls do not spin. */
static void expect_quiet(struct term *t)
{
	if (t->o.manual)
		ck_assert_int_eq(vmmio_io_run(t->io, 0), 0);
}

static void hear(struct term *t, uint32_t len, uint64_t n)
{
	uint8_t bytes[8192];

	term_far_get(t, bytes, len);
	term_check(bytes, len, n);
}

/* len bytes to the guest. */
static void tell(struct term *t, uint32_t len, uint64_t n)
{
	const uint32_t lens[] = {len, 0};
	uint8_t bytes[1024];
	uint32_t at, got;

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = term_byte(n + i);
	ck_assert_uint_eq(term_far_write(t, bytes, len), len);
	while (len) {
		ck_assert(term_offer(t, 0, lens));
		while (!term_received(t, &at, &got))
			term_relax(t);
		term_check(t->in.host, got, n);
		len -= got;
		n += got;
	}
}

/* --- Pseudo terminals ------------------------------------------------------------------------ */

static void hang_up(struct term *t)
{
	close(t->far_in);
	t->far_in = t->far_out = -1;
	term_settle(t);
}

static void call_again(struct term *t)
{
	t->far_in = open(vmmio_console_pty(t->console), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	ck_assert_int_ge(t->far_in, 0);
	t->far_out = t->far_in;
}

START_TEST(a_pty_is_hung_up_and_called_again)
{
	struct term_options o = options(_i, TERM_PTY);
	struct term *t = term_run(&o);
	struct vmmio_console_counters count;

	for (unsigned i = 0; i < 3; i++) {
		say(t, 100, 0);
		hear(t, 100, 0);
		tell(t, 100, 50);
		hang_up(t);
		count = term_count(t);
		say(t, 70, 100); /* to nobody */
		ck_assert_uint_eq(term_count(t).dropped, count.dropped + 70);
		ck_assert_uint_eq(fixture_logged(NOBODY), 1);
		call_again(t);
	}
	tell(t, 10, 7); /* the guest has said nothing since */
	say(t, 100, 170);
	hear(t, 100, 170);
	ck_assert_uint_eq(fixture_logged(END), 0);
	term_free(t);
}
END_TEST

START_TEST(nobody_has_called_yet)
{
	struct term_options o = options(_i, TERM_PTY);
	struct term *t = term_new(&o);
	struct termios mode;

	hang_up(t);
	term_start(t);
	say(t, 20000, 0);
	ck_assert_uint_eq(term_count(t).dropped, 20000);
	call_again(t);
	ck_assert_int_eq(tcgetattr(t->far_in, &mode), 0);
	ck_assert_uint_eq(mode.c_lflag & (ECHO | ICANON | ISIG), 0);
	say(t, 100, 3);
	hear(t, 100, 3);
	term_free(t);
}
END_TEST

/* Until the kernel, which has buffers and takes its time to move bytes between them, seems to
 * have no more room. */
static void fill(struct term *t)
{
	uint64_t before = 1;

	while (before != term_count(t).from_guest || !term_count(t).waiting) {
		before = term_count(t).from_guest;
		term_settle(t);
		usleep(1000);
		term_settle(t);
	}
}

/* Held back while somebody is there who does not read; not any more when he hangs up. */
START_TEST(a_pty_that_nobody_reads)
{
	struct term_options o = options(_i, TERM_PTY);
	struct term *t = term_run(&o);
	const uint32_t lens[] = {200000, 0};
	uint32_t at;

	ck_assert(term_send(t, 0, lens, 0));
	fill(t);
	ck_assert(!term_sent(t, &at));
	ck_assert_uint_eq(term_count(t).dropped, 0);
	hang_up(t);
	while (!term_sent(t, &at))
		term_relax(t);
	ck_assert_uint_gt(term_count(t).dropped, 0);
	ck_assert_uint_eq(term_count(t).from_guest, 200000);
	term_free(t);
}
END_TEST

/* Raw; the master's side does not block. */
static void make_pty(int *master, int *slave)
{
	struct termios mode;

	ck_assert_int_eq(openpty(master, slave, NULL, NULL, NULL), 0);
	ck_assert_int_eq(tcgetattr(*slave, &mode), 0);
	cfmakeraw(&mode);
	ck_assert_int_eq(tcsetattr(*slave, TCSANOW, &mode), 0);
	ck_assert_int_eq(fcntl(*master, F_SETFL, O_RDWR | O_NONBLOCK), 0);
}

/* The master's side of somebody else's, non-blocking. */
START_TEST(a_masters_side)
{
	struct term_options o = options(_i, TERM_OWN);
	int master, slave;
	struct term *t;

	make_pty(&master, &slave);
	ck_assert_int_eq(fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK), 0);
	o.console.in = o.console.out = master;
	t = term_run(&o);
	close(master);
	t->far_in = t->far_out = slave;
	say(t, 100, 0);
	hear(t, 100, 0);
	tell(t, 100, 50);
	hang_up(t);
	say(t, 100000, 0);
	ck_assert_uint_eq(term_count(t).dropped, 100000);
	expect_quiet(t);
	term_free(t);
}
END_TEST

/* --- Pipes and sockets ------------------------------------------------------------------------ */

/* SIGPIPE would end this process. */
START_TEST(the_reader_goes)
{
	struct term_options o = options(_i, _i / TERM_VARIANTS ? TERM_SOCKET : TERM_PIPE);
	struct term *t = term_run(&o);
	const uint32_t lens[] = {100000, 0};
	uint32_t at;

	ck_assert(term_send(t, 0, lens, 0));
	term_settle(t);
	close(t->far_in);
	if (t->far_out == t->far_in)
		t->far_out = -1;
	t->far_in = -1;
	while (!term_sent(t, &at))
		term_relax(t);
	say(t, 1000, 0);
	ck_assert_uint_gt(term_count(t).dropped, 1000);
	ck_assert_uint_eq(term_count(t).from_guest, 101000);
	ck_assert_uint_eq(fixture_logged(NOBODY), 1);
	expect_quiet(t);
	term_free(t);
}
END_TEST

START_TEST(the_writer_goes)
{
	struct term_options o = options(_i, _i / TERM_VARIANTS ? TERM_SOCKET : TERM_PIPE);
	struct term *t = term_run(&o);

	tell(t, 100, 0);
	if (o.form == TERM_SOCKET) {
		ck_assert_int_eq(shutdown(t->far_out, SHUT_WR), 0);
	} else {
		close(t->far_out);
		t->far_out = -1;
		close(t->near_in); /* as an embedder may */
		t->near_in = -1;
	}
	while (!fixture_logged(END))
		term_relax(t);
	expect_quiet(t);
	ck_assert_uint_eq(fixture_logged(END), 1);
	say(t, 100, 0); /* the other direction goes on */
	hear(t, 100, 0);
	term_free(t);
}
END_TEST

/* A named pipe, whose readers and writers come and go. */
START_TEST(a_fifo_is_opened_again)
{
	struct term_options o = options(_i, TERM_OWN);
	char in[] = "/tmp/vmmio-console-XXXXXX", out[sizeof(in) + 4];
	struct term *t;
	int fds[2];

	ck_assert_ptr_nonnull(mkdtemp(in));
	rmdir(in);
	strcpy(stpcpy(out, in), ".out");
	ck_assert_int_eq(mkfifo(in, 0600), 0);
	ck_assert_int_eq(mkfifo(out, 0600), 0);
	fds[0] = open(in, O_RDONLY | O_NONBLOCK);
	ck_assert_int_ge(fds[0], 0);
	no_reopen = _i / TERM_VARIANTS;
	for (unsigned i = 0; i < 2; i++) {
		int far_in = open(out, O_RDONLY | O_NONBLOCK);

		if (i == 0) {
			fds[1] = open(out, O_WRONLY);
			ck_assert_int_ge(fds[1], 0);
			o.console.in = fds[0];
			o.console.out = fds[1];
			t = term_run(&o);
			close(fds[0]);
			close(fds[1]);
		}
		t->far_in = far_in;
		t->far_out = open(in, O_WRONLY | O_NONBLOCK);
		ck_assert_int_ge(t->far_out, 0);
		say(t, 5000, i);
		hear(t, 5000, i);
		tell(t, 100, i);
		close(t->far_out);
		close(t->far_in);
		t->far_in = t->far_out = -1;
		say(t, 1000, 0);
		ck_assert_uint_eq(term_count(t).dropped, (i + 1) * 1000);
	}
	term_free(t);
	unlink(in);
	unlink(out);
}
END_TEST

/* --- Files ------------------------------------------------------------------------------------ */

static char image[] = "/tmp/vmmio-console-XXXXXX";

START_TEST(a_file_is_written)
{
	struct term_options o = options(_i, TERM_OWN);
	static uint8_t bytes[160000];
	const uint32_t lens[] = {50000, 0};
	int fd = mkstemp(image);
	struct term *t;
	uint32_t at;

	ck_assert_int_eq(write(fd, "before", 6), 6);
	o.console.in = -1;
	o.console.out = fd;
	t = term_run(&o);
	for (unsigned i = 0; i < 3; i++)
		ck_assert(term_send(t, i * 50000, lens, i * 50000));
	for (unsigned i = 0; i < 3;) {
		i += term_sent(t, &at);
		term_relax(t);
	}
	ck_assert_int_eq(vmmio_driver_reset(t->driver, VMMIO_DRIVER_FOREVER), 0);
	term_free(t); /* what is still in the buffer is on its way, and waited for */
	ck_assert_int_eq(write(fd, "behind", 6), 6);
	ck_assert_int_eq(pread(fd, bytes, sizeof(bytes), 0), 6 + 150000 + 6);
	ck_assert_mem_eq(bytes, "before", 6);
	term_check(bytes + 6, 150000, 0);
	ck_assert_mem_eq(bytes + 150006, "behind", 6);
	close(fd);
	unlink(image);
}
END_TEST

START_TEST(a_full_disk_drops)
{
	struct term_options o = options(_i, TERM_OWN);
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct term *t;

	o.console.in = -1;
	o.console.out = fd;
	t = term_run(&o);
	close(fd);
	fixture_expect_log("writing the output failed (error 28)");
	say(t, 10000, 0);
	say(t, 10000, 0);
	while (term_count(t).buffered_out)
		term_relax(t);
	ck_assert_uint_eq(term_count(t).dropped, 20000);
	ck_assert_uint_eq(fixture_logged("writing the output failed"), 1);
	term_free(t);
}
END_TEST

START_TEST(a_file_is_read_to_its_end)
{
	struct term_options o = options(_i, TERM_OWN);
	const uint32_t lens[] = {3000, 0};
	int fd = mkstemp(image);
	uint8_t bytes[10000];
	uint32_t at, len;
	struct term *t;

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = term_byte(i);
	ck_assert_int_eq(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	ck_assert_int_eq(lseek(fd, 100, SEEK_SET), 100);
	o.console.in = fd;
	o.console.out = -1;
	t = term_run(&o);
	for (uint64_t got = 100; got < sizeof(bytes); got += len) {
		ck_assert(term_offer(t, 0, lens));
		while (!term_received(t, &at, &len))
			term_relax(t);
		term_check(t->in.host, len, got);
	}
	ck_assert(term_offer(t, 0, lens));
	while (!fixture_logged(END))
		term_relax(t);
	ck_assert_uint_eq(term_count(t).to_guest, sizeof(bytes) - 100);
	say(t, 100, 0); /* to nowhere */
	ck_assert_uint_eq(term_count(t).dropped, 100);
	ck_assert_uint_eq(fixture_logged(NOBODY), 0);
	term_free(t);
	close(fd);
	unlink(image);
}
END_TEST

/* --- What is shared ----------------------------------------------------------------------------- */

START_TEST(flags_of_others_stay)
{
	const enum term_form forms[] = {TERM_PIPE, TERM_SOCKET};
	struct term_options o = options(_i, forms[_i / TERM_VARIANTS]);
	struct term *t = term_run(&o);

	say(t, 100, 0);
	tell(t, 100, 0);
	ck_assert_int_eq(fcntl(t->near_in, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(fcntl(t->near_out, F_GETFL) & O_NONBLOCK, 0);
	term_free(t);
}
END_TEST

/* The terminal of whoever started the VMM, in the hands of its shell as well. Where it cannot be
 * opened anew, a thread of the engine's writes, and can be in the middle of it. */
START_TEST(a_terminal_of_others)
{
	struct term_options o = options(_i, TERM_OWN);
	const uint32_t lens[] = {50000, 0};
	static uint8_t bytes[50000];
	int master, slave;
	struct term *t;
	uint32_t at;

	no_reopen = _i / TERM_VARIANTS;
	o.manual = o.manual && !no_reopen; /* the write would block */
	make_pty(&master, &slave);
	o.console.in = o.console.out = slave;
	t = term_run(&o);
	t->far_in = t->far_out = master;
	ck_assert(term_send(t, 0, lens, 0));
	term_far_get(t, bytes, 50000);
	term_check(bytes, 50000, 0);
	while (!term_sent(t, &at))
		term_relax(t);
	tell(t, 100, 50);
	ck_assert_int_eq(fcntl(slave, F_GETFL) & O_NONBLOCK, 0);
	term_free(t);
	close(slave);
}
END_TEST

/* The same; nobody reads. A reset does not wait for that thread, nor does the device's end; the
 * console's does, until somebody reads what was being written, and no more than that. */
START_TEST(a_terminal_of_others_is_stuck)
{
	struct term_options o = {.variant = _i, .form = TERM_OWN};
	const uint32_t lens[] = {200000, 0};
	static uint8_t bytes[50000];
	int master, slave;
	struct term *t;

	no_reopen = true;
	make_pty(&master, &slave);
	o.console.in = o.console.out = slave;
	t = term_run(&o);
	t->far_in = t->far_out = master;
	ck_assert(term_send(t, 0, lens, 0));
	fill(t);
	ck_assert_int_eq(vmmio_driver_reset(t->driver, VMMIO_DRIVER_FOREVER), 0);
	term_destroy_device(t);
	while (vmmio_console_destroy(t->console) == -EBUSY)
		if (!term_far_read(t, bytes, sizeof(bytes)))
			term_relax(t);
	t->console = NULL;
	term_free(t);
	close(slave);
}
END_TEST

/* Pipes that cannot be opened anew: looked at before, and never more than fits. */
START_TEST(a_pipe_of_others)
{
	struct term_options o = options(_i, TERM_PIPE);
	const uint32_t lens[] = {50000, 0};
	static uint8_t bytes[50000];
	struct term *t;
	uint32_t at;

	no_reopen = true;
	o.console.buffer_size = 65536;
	t = term_run(&o);
	ck_assert(term_send(t, 0, lens, 0));
	while (!term_sent(t, &at))
		term_relax(t);
	term_far_get(t, bytes, 50000);
	term_check(bytes, 50000, 0);
	for (unsigned i = 0; i < 3; i++) /* more than it holds */
		ck_assert(term_send(t, i * 50000, lens, i * 50000));
	while (!term_count(t).waiting)
		term_relax(t);
	for (unsigned i = 0; i < 3; i++) {
		term_far_get(t, bytes, 50000);
		term_check(bytes, 50000, i * 50000);
	}
	tell(t, 100, 0);
	ck_assert_int_eq(fcntl(t->near_in, F_GETFL) & O_NONBLOCK, 0);
	term_free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("console_ends");
	TCase *tc = fixture_tcase(s, "pty");
	const int n = TERM_VARIANTS;

	tcase_add_loop_test(tc, a_pty_is_hung_up_and_called_again, 0, n);
	tcase_add_loop_test(tc, nobody_has_called_yet, 0, n);
	tcase_add_loop_test(tc, a_pty_that_nobody_reads, 0, n);
	tcase_add_loop_test(tc, a_masters_side, 0, n);
	tc = fixture_tcase(s, "pipes");
	tcase_add_loop_test(tc, the_reader_goes, 0, 2 * n);
	tcase_add_loop_test(tc, the_writer_goes, 0, 2 * n);
	tcase_add_loop_test(tc, a_fifo_is_opened_again, 0, 2 * n);
	tc = fixture_tcase(s, "files");
	tcase_add_loop_test(tc, a_file_is_written, 0, n);
	tcase_add_loop_test(tc, a_full_disk_drops, 0, n);
	tcase_add_loop_test(tc, a_file_is_read_to_its_end, 0, n);
	tc = fixture_tcase(s, "shared");
	tcase_add_loop_test(tc, flags_of_others_stay, 0, 2 * n);
	tcase_add_loop_test(tc, a_terminal_of_others, 0, 2 * n);
	tcase_add_loop_test(tc, a_terminal_of_others_is_stuck, 0, n);
	tcase_add_loop_test(tc, a_pipe_of_others, 0, n);
	return fixture_main(s);
}
