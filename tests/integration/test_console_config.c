/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a console offers: queues, its size and the change of it, the emergency write; which
 * options it refuses, and what is left behind when its creation fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "integration/console_rig.h"

static struct term_options sized(int variant)
{
	return (struct term_options){.variant = variant, .manual = true, .form = TERM_MEMORY,
		.console = {.cols = 80, .rows = 25}};
}

static uint32_t size_of(struct term *t)
{
	uint64_t at = VMMIO_REG_CONFIG;

	return (uint32_t)vmmio_device_read(t->dev, at + VMMIO_CONSOLE_CFG_COLS, 2) << 16 |
	       (uint32_t)vmmio_device_read(t->dev, at + VMMIO_CONSOLE_CFG_ROWS, 2);
}

#define SIZE(cols, rows) ((uint32_t)(cols) << 16 | (rows))

static uint32_t generation(struct term *t)
{
	return vmmio_driver_reg_read(t->driver, VMMIO_REG_CONFIG_GENERATION);
}

/* CON-DEV-08, GEN-DEV-13 */
START_TEST(one_port_has_two_queues)
{
	struct term_options o = sized(_i);
	struct term *t = term_new(&o);

	ck_assert_uint_eq(vmmio_driver_reg_read(t->driver, VMMIO_REG_DEVICE_ID), 3);
	for (unsigned i = 0; i < 4; i++) {
		vmmio_driver_reg_write(t->driver, VMMIO_REG_QUEUE_SEL, i);
		ck_assert_uint_eq(vmmio_driver_reg_read(t->driver, VMMIO_REG_QUEUE_SIZE_MAX),
			i < 2 ? 64 : 0);
	}
	ck_assert_uint_eq(size_of(t), SIZE(80, 25));
	term_free(t);
}
END_TEST

START_TEST(features_follow_the_options)
{
	struct term_options o = {.variant = _i, .manual = true, .form = TERM_MEMORY};
	struct term *t;

	for (unsigned i = 0; i < 8; i++) {
		bool off = i & 4;
		uint64_t want = 0;

		o.console.cols = o.console.rows = i & 1 ? 10 : 0;
		o.console.emergency = i & 2;
		o.console.features_off[0] = off ? 7 : 0;
		if (!off)
			want = (i & 1 ? VMMIO_FEATURE(VMMIO_CONSOLE_F_SIZE) : 0) |
			       (i & 2 ? VMMIO_FEATURE(VMMIO_CONSOLE_F_EMERG_WRITE) : 0);
		t = term_run(&o);
		ck_assert_uint_eq(vmmio_driver_offered(t->driver, 0) & 0xffffff, want);
		term_free(t);
	}
}
END_TEST

START_TEST(resize_is_a_config_change)
{
	struct term_options o = sized(_i);
	struct term *t = term_run(&o);
	uint32_t before;

	term_settle(t);
	before = generation(t);
	ck_assert_int_eq(vmmio_console_resize(t->console, 132, 43), 0);
	ck_assert_uint_eq(size_of(t), SIZE(132, 43));
	ck_assert_uint_ne(generation(t), before);
	ck_assert(t->line);
	ck_assert_uint_eq(vmmio_driver_interrupt_status(t->driver), VMMIO_INT_CONFIG_CHANGE);
	vmmio_driver_interrupt_ack(t->driver, VMMIO_INT_CONFIG_CHANGE);
	/* The same again is no change. */
	ck_assert_int_eq(vmmio_console_resize(t->console, 132, 43), 0);
	ck_assert(!t->line);
	ck_assert_int_eq(vmmio_console_resize(t->console, 132, 44), 0);
	ck_assert(t->line);
	/* It outlasts a reset, and the device. */
	ck_assert_int_eq(vmmio_driver_reset(t->driver, VMMIO_DRIVER_FOREVER), 0);
	ck_assert_uint_eq(size_of(t), SIZE(132, 44));
	term_destroy_device(t);
	ck_assert_int_eq(vmmio_console_resize(t->console, 20, 30), 0);
	term_make_device(t);
	ck_assert_uint_eq(size_of(t), SIZE(20, 30));
	term_free(t);
}
END_TEST

START_TEST(resize_without_a_driver_makes_no_interrupt)
{
	struct term_options o = sized(_i);
	struct term *t = term_new(&o);

	ck_assert_int_eq(vmmio_console_resize(t->console, 1, 2), 0);
	ck_assert_uint_eq(size_of(t), SIZE(1, 2));
	term_start(t);
	term_settle(t);
	ck_assert(!t->line);
	ck_assert_uint_eq(vmmio_driver_interrupt_status(t->driver), 0);
	ck_assert_uint_eq(size_of(t), SIZE(1, 2));
	term_free(t);
}
END_TEST

/* It cannot know what the fields mean: nothing happens for it, and the next driver sees it. */
START_TEST(resize_is_not_for_a_driver_without_f_size)
{
	struct term_options o = sized(_i);
	struct term *t;

	o.refuse = VMMIO_FEATURE(VMMIO_CONSOLE_F_SIZE);
	t = term_run(&o);
	term_settle(t);
	ck_assert_int_eq(vmmio_console_resize(t->console, 132, 43), 0);
	ck_assert(!t->line);
	ck_assert_uint_eq(size_of(t), SIZE(80, 25));
	ck_assert_int_eq(vmmio_driver_reset(t->driver, VMMIO_DRIVER_FOREVER), 0);
	ck_assert_uint_eq(size_of(t), SIZE(132, 43));
	t->o.refuse = 0;
	term_start(t);
	ck_assert_int_eq(vmmio_console_resize(t->console, 80, 43), 0);
	ck_assert(t->line);
	term_free(t);
}
END_TEST

START_TEST(resize_is_refused)
{
	struct term_options o = sized(0);
	struct term *t = term_new(&o);

	ck_assert_int_eq(vmmio_console_resize(NULL, 1, 1), -EINVAL);
	fixture_expect_log("0 columns and 25 rows");
	ck_assert_int_eq(vmmio_console_resize(t->console, 0, 25), -EINVAL);
	fixture_expect_log("80 columns and 0 rows");
	ck_assert_int_eq(vmmio_console_resize(t->console, 80, 0), -EINVAL);
	ck_assert_uint_eq(size_of(t), SIZE(80, 25));
	term_free(t);
	o.console.cols = o.console.rows = 0;
	t = term_new(&o);
	fixture_expect_log("set cols and rows in the options");
	ck_assert_int_eq(vmmio_console_resize(t->console, 80, 25), -ENOTSUP);
	ck_assert_uint_eq(size_of(t), 0);
	term_free(t);
}
END_TEST

/* --- emerg_wr -------------------------------------------------------------------------------- */

static void emergency(struct term *t, uint32_t value)
{
	ck_assert_int_eq(vmmio_device_write(t->dev,
				 VMMIO_REG_CONFIG + VMMIO_CONSOLE_CFG_EMERG_WR, 4, value),
		0);
}

static void expect(struct term *t, const char *text)
{
	char got[64] = "";

	term_far_get(t, got, strlen(text));
	ck_assert_str_eq(got, text);
}

static struct term_options emergent(int i)
{
	return (struct term_options){.variant = i % TERM_VARIANTS, .manual = true,
		.form = (enum term_form)(i / TERM_VARIANTS), .console = {.emergency = true}};
}

/* CON-DEV-01, 02: at Status 0, with a driver, while a reset is running. Low byte only. */
START_TEST(emergencies_get_out_at_any_time)
{
	struct term_options o = emergent(_i);
	struct term *t = term_new(&o);
	const uint32_t lens[] = {1, 0};

	emergency(t, 0xffffff00 | 'a');
	ck_assert_uint_eq(vmmio_driver_status(t->driver), 0);
	expect(t, "a");
	term_start(t);
	emergency(t, 'b');
	expect(t, "b");
	if (t->o.variant & 1) {
		term_settle(t);
		ck_assert(term_send(t, 0, lens, 'c')); /* the pump is queued, and not run */
		ck_assert_int_eq(vmmio_driver_reset_begin(t->driver), 0);
		ck_assert_int_eq(vmmio_driver_reset_poll(t->driver), -EAGAIN);
		emergency(t, 'd');
		expect(t, "d");
		term_settle(t);
		ck_assert_int_eq(vmmio_driver_reset_poll(t->driver), 0);
	}
	ck_assert_uint_eq(term_count(t).emergency, t->o.variant & 1 ? 3 : 2);
	term_free(t);
}
END_TEST

START_TEST(emergencies_go_first_and_some_wait)
{
	struct term_options o = emergent(_i);
	const uint32_t lens[] = {20000, 0};
	uint8_t bytes[4096];
	struct term *t;

	o.form = _i / TERM_VARIANTS ? TERM_MEMORY : TERM_PIPE;
	t = term_run(&o);
	if (o.form == TERM_PIPE)
		ck_assert_int_eq(fcntl(t->far_in, F_SETPIPE_SZ, 4096), 4096);
	ck_assert(term_send(t, 0, lens, 0));
	term_settle(t);
	ck_assert(term_count(t).waiting);
	for (unsigned i = 0; i < 300; i++)
		emergency(t, 'e');
	ck_assert_uint_eq(term_count(t).dropped, 300 - 256);
	if (o.form == TERM_PIPE) { /* what was in the pipe before */
		ck_assert_uint_eq(term_far_read(t, bytes, 4096), 4096);
		term_check(bytes, 4096, 0);
		term_settle(t);
	}
	ck_assert_uint_eq(term_far_read(t, bytes, 256), 256);
	for (unsigned i = 0; i < 256; i++)
		ck_assert_uint_eq(bytes[i], 'e');
	term_free(t);
}
END_TEST

START_TEST(emergencies_not_offered_are_ignored)
{
	struct term_options o = emergent(_i);
	struct term *t;
	uint8_t byte;

	o.console.emergency = false;
	t = term_run(&o);
	emergency(t, 'x');
	ck_assert_int_eq(vmmio_device_write(t->dev, VMMIO_REG_CONFIG, 4, 0x1234), 0);
	term_settle(t);
	ck_assert_uint_eq(term_far_read(t, &byte, 1), 0);
	ck_assert_uint_eq(size_of(t), 0);
	ck_assert_uint_eq(term_count(t).from_guest, 0);
	term_free(t);
}
END_TEST

/* --- Options ---------------------------------------------------------------------------------- */

static struct vmmio_io *new_io(void)
{
	struct vmmio_io_options o = {
		.size = sizeof(o), .form = VMMIO_IO_MANUAL, .log = fixture_log()};
	struct vmmio_io *io;

	ck_assert_int_eq(vmmio_io_create(&o, &io), 0);
	return io;
}

/* Refused, with one line that contains text (NULL: none), and nothing is left. */
static void refused(struct vmmio_console_options o, int err, const char *text)
{
	struct vmmio_console *console = (struct vmmio_console *)1;
	unsigned before;

	o.log = fixture_log();
	before = text ? fixture_logged(text) : 0;
	if (text)
		fixture_expect_log(text);
	ck_assert_int_eq(vmmio_console_create(&o, &console), err);
	ck_assert_ptr_eq(console, (struct vmmio_console *)1);
	if (text)
		ck_assert_uint_eq(fixture_logged(text), before + 1);
}

#define OPTIONS(...) \
	(struct vmmio_console_options) { .size = sizeof(struct vmmio_console_options), __VA_ARGS__ }

START_TEST(wrong_options_are_refused)
{
	struct vmmio_io *io = new_io();
	struct vmmio_console_options o = OPTIONS(.in = -1, .out = -1, .io = io);
	struct vmmio_console *console;

	ck_assert_int_eq(vmmio_console_create(NULL, &console), -EINVAL);
	ck_assert_int_eq(vmmio_console_create(&o, NULL), -EINVAL);
	o.size = 0;
	refused(o, -EINVAL, "size is 0");
	o.size = sizeof(size_t);
	refused(o, -EINVAL, NULL);
	refused(OPTIONS(.in = -2, .out = -1, .io = io), -EINVAL, "in is -2");
	refused(OPTIONS(.in = -1, .out = -7, .io = io), -EINVAL, "out is -7");
	refused(OPTIONS(.in = -1, .out = -1), -EINVAL, "io is 0");
	refused(OPTIONS(.pty = true), -EINVAL, "io is 0");
	refused(OPTIONS(.cols = 80), -EINVAL, "rows is 0");
	refused(OPTIONS(.rows = 25), -EINVAL, "cols is 0");
	refused(OPTIONS(.queue_size = 32769), -EINVAL, "queue_size is 32769");
	refused(OPTIONS(.buffer_size = (1u << 20) + 1), -EINVAL, "buffer_size is 1048577");
	ck_assert_int_eq(vmmio_io_destroy(io), 0);
}
END_TEST

START_TEST(wrong_descriptors_are_refused)
{
	int readable = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int writable = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int directory = open("/", O_RDONLY | O_CLOEXEC);
	int datagrams = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct vmmio_io *io = new_io();

	refused(OPTIONS(.in = 9999, .out = -1, .io = io), -EBADF, "in is not open");
	refused(OPTIONS(.in = readable, .out = 9999, .io = io), -EBADF, "out is not open");
	refused(OPTIONS(.in = writable, .out = -1, .io = io), -EACCES, "not open for reading");
	refused(OPTIONS(.in = -1, .out = readable, .io = io), -EACCES, "not open for writing");
	refused(OPTIONS(.in = directory, .out = -1, .io = io), -EISDIR, "a directory");
	refused(OPTIONS(.in = datagrams, .out = -1, .io = io), -EPROTOTYPE, "not a stream socket");
	refused(OPTIONS(.in = -1, .out = master, .io = io), -EINVAL, "set O_NONBLOCK on it");
	close(readable);
	close(writable);
	close(directory);
	close(datagrams);
	close(master);
	ck_assert_int_eq(vmmio_io_destroy(io), 0);
}
END_TEST

static struct vmmio_console_options one_of_each(int i, struct vmmio_io *io, const int pipes[2])
{
	struct vmmio_console_options o = OPTIONS(.io = io, .pty = i == 1, .log = fixture_log());

	if (i == 2) {
		o.in = pipes[0];
		o.out = pipes[1];
	}
	return o;
}

/* Each allocation fails once; each descriptor is one too many. */
START_TEST(creation_fails_cleanly)
{
	struct vmmio_io *io = new_io();
	struct vmmio_console *console = NULL;
	struct vmmio_console_options o;
	struct rlimit limit, low;
	int pipes[2], err = -1;

	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	o = one_of_each(_i, io, pipes);
	fixture_expect_log("");
	for (unsigned n = 1; err; n++) {
		ck_assert_uint_lt(n, 10);
		fixture_fail_alloc(n, false);
		err = vmmio_console_create(&o, &console);
		fixture_fail_alloc(0, false);
		ck_assert(err == -ENOMEM || (err == 0 && n == 3));
		ck_assert(!err == !!console);
	}
	ck_assert_int_eq(vmmio_console_destroy(console), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = 3;
	for (err = -1; err; low.rlim_cur++) {
		ck_assert_uint_lt(low.rlim_cur, 100);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
		err = vmmio_console_create(&o, &console);
		ck_assert(err == 0 || err == -EMFILE);
	}
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_uint_ge(low.rlim_cur, 4);
	ck_assert_int_eq(vmmio_console_destroy(console), 0);
	ck_assert_int_eq(vmmio_console_destroy(NULL), 0);
	close(pipes[0]);
	close(pipes[1]);
	ck_assert_int_eq(vmmio_io_destroy(io), 0);
}
END_TEST

/* The device is not created either, and the console is none the worse for it. */
START_TEST(attach_fails_cleanly)
{
	struct term_options o = {.variant = _i, .form = TERM_PIPE};
	struct term *t = term_new(&o);
	struct vmmio_device_options options = {
		.size = sizeof(options),
		.version = 2,
		.backend = vmmio_console_backend(t->console),
		.memory = t->memory,
		.executor = t->ex,
	};
	struct vmmio_device *second = NULL;
	unsigned n = 1;
	int err;

	ck_assert_int_eq(vmmio_device_create(&options, &second), -EBUSY);
	term_destroy_device(t);
	do {
		fixture_fail_alloc(n++, false);
		err = vmmio_device_create(&options, &second);
		fixture_fail_alloc(0, false);
		fixture_expect_log("");
		ck_assert(!err == !!second);
	} while (err);
	t->dev = second;
	ck_assert_int_eq(vmmio_device_destroy(second, NULL, NULL), 0);
	while (vmmio_console_destroy(t->console) == -EBUSY)
		term_relax(t);
	t->console = NULL;
	term_free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("console_config");
	TCase *tc = fixture_tcase(s, "config");

	tcase_add_loop_test(tc, one_port_has_two_queues, 0, TERM_VARIANTS);
	tcase_add_test(tc, features_follow_the_options);
	tcase_add_loop_test(tc, resize_is_a_config_change, 0, TERM_VARIANTS);
	tcase_add_loop_test(tc, resize_without_a_driver_makes_no_interrupt, 0, TERM_VARIANTS);
	tcase_add_loop_test(tc, resize_is_not_for_a_driver_without_f_size, 0, TERM_VARIANTS);
	tcase_add_test(tc, resize_is_refused);
	tc = fixture_tcase(s, "emergency");
	tcase_add_loop_test(tc, emergencies_get_out_at_any_time, 0, TERM_VARIANTS * TERM_FORMS);
	tcase_add_loop_test(tc, emergencies_go_first_and_some_wait, 0, TERM_VARIANTS * 2);
	tcase_add_loop_test(tc, emergencies_not_offered_are_ignored, 0, TERM_VARIANTS);
	tc = fixture_tcase(s, "options");
	tcase_add_test(tc, wrong_options_are_refused);
	tcase_add_test(tc, wrong_descriptors_are_refused);
	tcase_add_loop_test(tc, creation_fails_cleanly, 0, 3);
	tcase_add_loop_test(tc, attach_fails_cleanly, 0, TERM_VARIANTS);
	return fixture_main(s);
}
