/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The entropy backend's options and sources: good ones, bad ones, and no memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "integration/rng_rig.h"

static char dir[] = "/tmp/vmmio-rng-XXXXXX";
static char path[64];
static struct vmmio_io *io;

/* Options for a fifo that is there. */
static struct vmmio_rng_options setup(void)
{
	struct vmmio_io_options o = {.size = sizeof(o), .engine = VMMIO_IO_PLAIN};
	struct vmmio_rng_options options = {.size = sizeof(options), .path = path,
		.log = fixture_log()};

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(vmmio_io_create(&o, &io), 0);
	options.io = io;
	return options;
}

static void teardown(void)
{
	ck_assert_int_eq(vmmio_io_destroy(io), 0);
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

/* Refused with err and one line that holds both texts. */
static void refused(const struct vmmio_rng_options *o, int err, const char *value, const char *remedy)
{
	struct vmmio_rng *rng = (struct vmmio_rng *)path;
	unsigned before = fixture_logged("");

	fixture_expect_log(remedy);
	ck_assert_int_eq(vmmio_rng_create(o, &rng), err);
	ck_assert_ptr_eq(rng, (void *)path);
	ck_assert_uint_eq(fixture_logged(""), before + 1);
	ck_assert_uint_ge(fixture_logged(value), 1);
	ck_assert_uint_ge(fixture_logged(remedy), 1);
}

START_TEST(bad_options)
{
	struct vmmio_rng_options good = setup(), o;
	struct vmmio_rng *rng;

#define BAD(field, value, text) \
	(o = good, o.field = value, refused(&o, -EINVAL, #field " is ", text))
	BAD(size, 0, "sizeof(struct vmmio_rng_options)");
	BAD(io, NULL, "vmmio_io_create");
	BAD(queue_size, 32769, "at most 32768");
	BAD(max_bytes, (1 << 20) + 1, "at most 1048576");
	o = good;
	o.rate_period = 1;
	refused(&o, -EINVAL, "rate_bytes is 0", "how many in each");
	o.size = 8; /* no log there */
	ck_assert_int_eq(vmmio_rng_create(&o, &rng), -EINVAL);
	ck_assert_int_eq(vmmio_rng_create(&good, NULL), -EINVAL);
	teardown();
}
END_TEST

START_TEST(bad_sources)
{
	struct vmmio_rng_options o = setup();
	int fds[2], fd;

	o.path = "/tmp/vmmio-no-such-source";
	refused(&o, -ENOENT, "vmmio-no-such-source", "correct the path");
	o.path = dir;
	refused(&o, -EISDIR, dir, "name the file in it");
	o.path = NULL;
	o.fd = 999;
	refused(&o, -EBADF, "descriptor 999", "give a path or an open fd");
	o.fd = -1;
	refused(&o, -EBADF, "descriptor -1", "give a path or an open fd");
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	o.fd = fds[1];
	refused(&o, -EACCES, "write-only", "open it for reading");
	close(fds[0]);
	close(fds[1]);
	fd = open(dir, O_RDONLY | O_CLOEXEC);
	o.fd = fd;
	refused(&o, -EISDIR, "directory", "name the file in it");
	close(fd);
	fd = epoll_create1(EPOLL_CLOEXEC);
	o.fd = fd;
	refused(&o, -ENOTSUP, "no source", "a fifo, a pipe, a socket or a file");
	close(fd);
	teardown();
}
END_TEST

/* A listening socket's name is no way in. */
START_TEST(unopenable_source)
{
	struct vmmio_rng_options o = setup();
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", dir);
	ck_assert_int_eq(bind(fd, (void *)&address, sizeof(address)), 0);
	o.path = address.sun_path;
	refused(&o, -ENXIO, "socket", "give a character device, a fifo or a file");
	close(fd);
	unlink(address.sun_path);
	teardown();
}
END_TEST

START_TEST(unreadable_source)
{
	struct vmmio_rng_options o = setup();

	ck_assert_int_eq(chmod(path, 0), 0);
	ck_assert_int_eq(chmod(dir, 0755), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	refused(&o, -EACCES, path, "grant read access");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	teardown();
}
END_TEST

START_TEST(no_memory)
{
	struct vmmio_rng_options o = setup();
	struct vmmio_rng *rng = NULL;
	unsigned n;

	for (n = 1; !rng; n++) {
		int err;

		fixture_fail_alloc(n, false);
		err = vmmio_rng_create(&o, &rng);
		ck_assert_int_eq(err, rng ? 0 : -ENOMEM);
	}
	fixture_fail_alloc(0, false);
	ck_assert_uint_eq(n, 6); /* four allocations */
	ck_assert_int_eq(vmmio_rng_destroy(rng), 0);
	teardown();
}
END_TEST

START_TEST(defaults)
{
	const struct vmmio_backend *backend;
	struct vmmio_rng *rng;
	struct vmmio_rng_options o = {.size = sizeof(o), .queue_size = 7,
		.features_off = {VMMIO_FEATURE(VMMIO_F_RING_PACKED)}};

	ck_assert_int_eq(vmmio_rng_create(NULL, &rng), 0);
	backend = vmmio_rng_backend(rng);
	ck_assert_uint_eq(backend->device_id, 4);
	ck_assert_uint_eq(backend->features[0], VMMIO_TRANSPORT_FEATURES_0);
	ck_assert_uint_eq(backend->features[1], 0);
	ck_assert_uint_eq(backend->config_size, 0);
	ck_assert_uint_eq(backend->n_queues, 1);
	ck_assert_uint_eq(backend->queue_sizes[0], 64);
	ck_assert_int_eq(vmmio_rng_destroy(rng), 0);
	ck_assert_int_eq(vmmio_rng_create(&o, &rng), 0);
	backend = vmmio_rng_backend(rng);
	ck_assert_uint_eq(backend->queue_sizes[0], 7);
	ck_assert_uint_eq(backend->features[0],
		VMMIO_TRANSPORT_FEATURES_0 & ~VMMIO_FEATURE(VMMIO_F_RING_PACKED));
	ck_assert_int_eq(vmmio_rng_destroy(rng), 0);
	ck_assert_int_eq(vmmio_rng_destroy(NULL), 0);
}
END_TEST

START_TEST(engine_is_held)
{
	struct vmmio_rng_options o = setup();
	struct vmmio_rng *rng;

	ck_assert_int_eq(vmmio_rng_create(&o, &rng), 0);
	ck_assert_int_eq(vmmio_io_destroy(io), -EBUSY);
	ck_assert_int_eq(vmmio_rng_destroy(rng), 0);
	teardown();
}
END_TEST

/* --- Good ones --------------------------------------------------------------------------------- */

/* Whether one of our descriptors is of that file; its flags. */
static int flags_of(const char *name)
{
	char link[64], target[64];

	for (int fd = 3; fd < 64; fd++) {
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, target, sizeof(target));
		if (n == (ssize_t)strlen(name) && !memcmp(target, name, (size_t)n))
			return fcntl(fd, F_GETFL);
	}
	return -1;
}

START_TEST(devices)
{
	static const char *const names[] = {"/dev/urandom", "/dev/random", "/dev/zero"};

	for (unsigned i = 0; i < 3; i++) {
		struct rng_rig_options o = {.variant = _i, .rng = {.path = names[i]}};
		struct rng_rig *r = rng_rig_run(&o);
		const uint8_t *in = r->in.host;
		unsigned zeroes = 0;
		int flags = flags_of(names[i]);

		/* What is polled must not block, what the engine reads may. */
		ck_assert_int_ge(flags, 0);
		ck_assert_int_eq(!(flags & O_NONBLOCK), i != 1);
		for (unsigned n = 0; n < 50; n++) {
			rng_add(r, 0, 2000);
			ck_assert_uint_eq(rng_wait(r, 0), 2000);
		}
		for (unsigned n = 0; n < 2000; n++)
			zeroes += in[n] == 0;
		ck_assert_uint_eq(zeroes == 2000, i == 2);
		ck_assert_uint_le(zeroes, i == 2 ? 2000 : 100);
		rng_rig_free(r);
	}
}
END_TEST

/* By path: no writer yet, which is its end; then one. */
START_TEST(fifo)
{
	struct vmmio_rng_options good = setup();
	struct rng_rig_options o = {.variant = _i, .manual = true, .rng = {.path = good.path}};
	struct rng_rig *r = rng_rig_run(&o);
	uint32_t at, len;

	fixture_expect_log("at its end");
	rng_add(r, 0, 64);
	rng_settle(r);
	ck_assert(!rng_poll(r, &at, &len));
	r->feed = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(r->feed, 0);
	vmmio_manual_advance(r->ex, RNG_SECOND);
	rng_settle(r);
	ck_assert(!rng_poll(r, &at, &len));
	rng_feed(r, 20); /* at once now */
	rng_settle(r);
	ck_assert(rng_poll(r, &at, &len) && len == 20);
	ck_assert(rng_known(r, 0, 0, 20));
	ck_assert_uint_eq(rng_counters(r).failures, 1);
	rng_rig_free(r);
	teardown();
}
END_TEST

/* The caller's descriptor is the caller's: position, flags and life. */
START_TEST(descriptors)
{
	for (int source = RNG_SOURCE_PIPE; source < RNG_SOURCES; source++) {
		struct rng_rig_options o = {.variant = _i, .source = source, .file_size = 100};
		struct rng_rig *r = rng_rig_run(&o);

		if (source != RNG_SOURCE_FILE)
			rng_feed(r, 100);
		rng_add(r, 0, 30);
		ck_assert_uint_eq(rng_wait(r, 0), 30);
		ck_assert(!(fcntl(r->source, F_GETFL) & O_NONBLOCK));
		if (source == RNG_SOURCE_FILE)
			ck_assert_int_eq(lseek(r->source, 0, SEEK_CUR), 0);
		close(r->source);
		r->source = -1;
		rng_add(r, 0, 30);
		ck_assert_uint_eq(rng_wait(r, 0), 30);
		ck_assert(rng_known(r, 0, 30, 30));
		rng_rig_free(r);
	}
}
END_TEST

/* A file is read from where its descriptor is. */
START_TEST(position)
{
	struct rng_rig_options o = {.variant = _i};
	struct rng_rig *r;
	char name[] = "/tmp/vmmio-rng-XXXXXX";
	uint8_t bytes[100];
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = rng_byte(i);
	ck_assert_int_eq(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	ck_assert_int_eq(lseek(fd, 40, SEEK_SET), 40);
	o.rng.fd = fd;
	r = rng_rig_run(&o);
	rng_add(r, 0, 64);
	ck_assert_uint_eq(rng_wait(r, 0), 60);
	ck_assert(rng_known(r, 0, 40, 60));
	rng_rig_free(r);
	close(fd);
	unlink(name);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rng_source");
	TCase *tc = fixture_tcase(s, "create");

	tcase_add_test(tc, bad_options);
	tcase_add_test(tc, bad_sources);
	tcase_add_test(tc, unopenable_source);
	tcase_add_test(tc, unreadable_source);
	tcase_add_test(tc, no_memory);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, engine_is_held);
	tc = fixture_tcase(s, "sources");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, devices, 0, RNG_VARIANTS);
	tcase_add_loop_test(tc, fifo, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, descriptors, 0, RNG_VARIANTS);
	tcase_add_loop_test(tc, position, 0, RNG_VARIANTS);
	return fixture_main(s);
}
