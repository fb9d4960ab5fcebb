/* SPDX-License-Identifier: BSD-3-Clause */
/* The qtest target: who connects to whom, processes, restarts, QMP. */
#include "test_qtest.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <vmmio/conform/targets.h>

#define GREETING                                                                                   \
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22}}, \"capabilities\": [\"oob\"]}}\n"
#define YES "{\"return\": {}}\n"
#define RESET "{\"timestamp\": {\"seconds\": 1}, \"event\": \"RESET\", \"data\": {}}\n"
#define RESIZE(n)                                                                                  \
	"{\"execute\": \"block_resize\", \"arguments\": {\"node-name\": \"d0\", \"size\": " #n "}" \
	"}"

static struct fake machine, monitor;

static const struct fake_step handshake[] = {
	{"endianness", "OK little\n"}, {"clock_step 0", "FAIL\n"}, {NULL, NULL}};

TCase *qtest_tcase(Suite *s, const char *name)
{
	TCase *tc = fixture_tcase(s, name);

	tcase_add_checked_fixture(tc, fake_make_dir, fake_remove_dir);
	return tc;
}

static int restart(void)
{
	return target.ops->restart(target.ctx);
}

/* --- Connecting ---------------------------------------------------------------------- */

START_TEST(nobody_is_there)
{
	char text[512];

	ck_assert_int_eq(open_target("base=0,timeout=20", text), -ENOENT);
	ck_assert_msg(strstr(text, "start QEMU with -qtest unix:"), "%s", text);
}
END_TEST

static void *begin_late(void *arg)
{
	const struct timespec pause = {.tv_nsec = 50000000};

	nanosleep(&pause, NULL);
	fake_begin(&machine, "qtest", handshake);
	return arg;
}

START_TEST(somebody_comes_late)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, begin_late, NULL), 0);
	open_well("base=0");
	pthread_join(thread, NULL);
	vmmio_target_close(&target);
	fake_end(&machine);
}
END_TEST

START_TEST(waits_for_a_call)
{
	struct stat st;

	machine.calls = true;
	fake_begin(&machine, "qtest", handshake);
	open_well("base=0,listen=yes");
	vmmio_target_close(&target);
	fake_end(&machine);
	ck_assert_int_ne(lstat(machine.path, &st), 0);
}
END_TEST

START_TEST(listens_in_place_of_a_dead_socket_only)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[512], path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/qtest", fake_dir());
	strcpy(address.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	open_well("base=0,exec=exec $QTEST_TEST --serve");
	vmmio_target_close(&target);

	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fclose(file);
	ck_assert_int_eq(open_target("base=0,listen=yes", text), -EADDRINUSE);
	ck_assert_msg(strstr(text, "cannot listen at"), "%s", text);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

/* --- Restart without a process ------------------------------------------------------- */

START_TEST(what_runs_stays_as_it_is)
{
	fake_begin(&machine, "qtest", handshake);
	open_well("base=0");
	ck_assert_int_eq(restart(), -ENOTSUP);
	vmmio_target_close(&target);
	fake_end(&machine);
}
END_TEST

START_TEST(calls_again_after_a_loss)
{
	static const struct fake_step again[] = {{"endianness", "OK little\n"},
		{"clock_step 0", "FAIL\n"}, {"readl 0x0", "OK 5\n"}, {NULL, NULL}};
	uint64_t value;

	machine.closes = true;
	fake_begin(&machine, "qtest", handshake);
	open_well("base=0,timeout=1000");
	fake_end(&machine);
	ck_assert_int_eq(target.ops->read(target.ctx, 0, 4, &value), -EPIPE);
	ck_assert_int_eq(restart(), -ENOENT);
	ck_assert_int_eq(target.ops->read(target.ctx, 0, 4, &value), -EPIPE);
	machine.closes = false;
	fake_begin(&machine, "qtest", again);
	/* It answers again, and it is the suite that resets it. */
	ck_assert_int_eq(restart(), -ENOTSUP);
	ck_assert_int_eq(target.ops->read(target.ctx, 0, 4, &value), 0);
	ck_assert_uint_eq(value, 5);
	vmmio_target_close(&target);
	fake_end(&machine);
}
END_TEST

/* --- A process ----------------------------------------------------------------------- */

/* What the command has written to the file. */
static int noted_pid(const char *name)
{
	char path[64], line[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", fake_dir(), name);
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "no file %s", path);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	fclose(file);
	return atoi(line);
}

/* A process that is nobody's child any more may stay a zombie where init is careless. */
static bool is_running(int pid)
{
	char path[64], state = 'X';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'X';
	fclose(file);
	return state != 'Z' && state != 'X';
}

static bool ends(int pid)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (unsigned i = 0; i < 5000 && is_running(pid); i++)
		nanosleep(&pause, NULL);
	return !is_running(pid);
}

static void open_process(void)
{
	char options[512];

	snprintf(options, sizeof(options),
		"base=0,timeout=1000,exec=echo $$ >%s/pid; sleep 600 & echo $! >%s/other; "
		"exec $QTEST_TEST --serve a,b",
		fake_dir(), fake_dir());
	open_well(options);
}

START_TEST(starts_and_ends_a_process)
{
	uint64_t value;
	int pid, other;

	open_process();
	ck_assert_int_eq(target.ops->read(target.ctx, 0, 4, &value), 0);
	ck_assert_uint_eq(value, 7);
	pid = noted_pid("pid");
	other = noted_pid("other");
	ck_assert(is_running(pid) && is_running(other));
	vmmio_target_close(&target);
	ck_assert(ends(pid));
	ck_assert_msg(ends(other), "what the command has started is still there");
}
END_TEST

START_TEST(restarts_a_process)
{
	uint64_t value;
	int pid;

	open_process();
	for (unsigned i = 0; i < 3; i++) {
		pid = noted_pid("pid");
		ck_assert_int_eq(restart(), 0);
		ck_assert_int_ne(noted_pid("pid"), pid);
		ck_assert(ends(pid));
		ck_assert_int_eq(target.ops->read(target.ctx, 0, 4, &value), 0);
	}
	vmmio_target_close(&target);
}
END_TEST

START_TEST(restarts_a_process_that_is_gone)
{
	uint64_t value;
	int err;

	open_process();
	kill(noted_pid("pid"), _i);
	err = target.ops->read(target.ctx, 0, 4, &value);
	if (_i == SIGSTOP)
		ck_assert_int_eq(err, -ETIMEDOUT);
	else
		ck_assert(err == -EPIPE || err == -ECONNRESET);
	ck_assert_int_eq(restart(), 0);
	ck_assert_int_eq(target.ops->read(target.ctx, 0, 4, &value), 0);
	vmmio_target_close(&target);
}
END_TEST

START_TEST(a_process_that_never_connects)
{
	uint64_t before = now_ms();
	char text[512];

	ck_assert_int_eq(open_target("base=0,exec=exit 3", text), -ECHILD);
	ck_assert_msg(strstr(text, "exit code 3"), "%s", text);
	ck_assert_int_eq(open_target("base=0,exec=kill -TERM $$", text), -ECHILD);
	ck_assert_msg(strstr(text, "killed by signal 15"), "%s", text);
	ck_assert_int_eq(open_target("base=0,exec=exec ./no-such-program 2>&-", text), -ECHILD);
	ck_assert_msg(strstr(text, "exit code 127"), "%s", text);
	ck_assert_uint_lt(now_ms() - before, 5000);
}
END_TEST

/* --- QMP ----------------------------------------------------------------------------- */

static void begin_both(const struct fake_step *qtest, const struct fake_step *qmp)
{
	char options[256];

	fake_begin(&machine, "qtest", qtest);
	fake_begin(&monitor, "qmp", qmp);
	snprintf(options, sizeof(options), "base=0x1000,timeout=1000,qmp=%s/qmp,drive=d0",
		fake_dir());
	open_well(options);
}

static void end_both(void)
{
	vmmio_target_close(&target);
	fake_end(&machine);
	fake_end(&monitor);
}

START_TEST(resets_the_machine)
{
	static const char *const answers[] = {YES RESET, RESET YES,
		"{\"timestamp\": {}, \"event\": \"STOP\"}\n" YES "{\"event\": \"RESUME\"}\n" RESET};
	struct fake_step steps[] = {{NULL, GREETING}, {"{\"execute\": \"qmp_capabilities\"}", YES},
		{"{\"execute\": \"system_reset\"}", answers[_i]}, {NULL, NULL}};

	begin_both(handshake, steps);
	ck_assert_int_eq(restart(), 0);
	end_both();
}
END_TEST

START_TEST(a_reset_that_does_not_end)
{
	static const struct fake_step steps[] = {{NULL, GREETING},
		{"{\"execute\": \"qmp_capabilities\"}", YES},
		{"{\"execute\": \"system_reset\"}", YES}, {NULL, NULL}};

	begin_both(handshake, steps);
	ck_assert_int_eq(restart(), -ETIMEDOUT);
	end_both();
}
END_TEST

/* The disk becomes larger, then as it was, and is left as it was. */
START_TEST(resizes_the_disk)
{
	static const struct fake_step disk[] = {{"endianness", "OK little\n"},
		{"clock_step 0", "FAIL\n"}, {"readl 0x1008", "OK 2\n"},
		{"readl 0x1100", "OK 2048\n"}, {"readl 0x1104", "OK 1\n"},
		{"readl 0x1008", "OK 2\n"}, {"readl 0x1100", "OK 2056\n"},
		{"readl 0x1104", "OK 1\n"}, {"readl 0x1008", "OK 2\n"},
		{"readl 0x1100", "OK 2048\n"}, {"readl 0x1104", "OK 1\n"}, {NULL, NULL}};
	static const struct fake_step steps[] = {{NULL, GREETING},
		{"{\"execute\": \"qmp_capabilities\"}", YES}, {RESIZE(2199024308224), YES},
		{RESIZE(2199024304128), YES}, {RESIZE(2199024308224), YES},
		{RESIZE(2199024304128), YES}, {NULL, NULL}};

	begin_both(disk, steps);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(target.ops->change_config(target.ctx), 0);
	end_both();
}
END_TEST

START_TEST(what_cannot_be_resized)
{
	static const struct fake_step disk[] = {{"endianness", "OK little\n"},
		{"clock_step 0", "FAIL\n"}, {"readl 0x1008", "OK 4\n"}, {"readl 0x1008", "OK 2\n"},
		{"readl 0x1100", "OK 8\n"}, {"readl 0x1104", "OK 0\n"}, {NULL, NULL}};
	static const struct fake_step steps[] = {{NULL, GREETING},
		{"{\"execute\": \"qmp_capabilities\"}", YES},
		{RESIZE(8192), "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\n"},
		{NULL, NULL}};

	begin_both(disk, steps);
	/* An entropy device; a disk that QEMU does not resize. */
	ck_assert_int_eq(target.ops->change_config(target.ctx), -ENOTSUP);
	ck_assert_int_eq(target.ops->change_config(target.ctx), -ENOTSUP);
	end_both();
}
END_TEST

START_TEST(no_option_no_hook)
{
	fake_begin(&machine, "qtest", handshake);
	open_well("base=0");
	ck_assert_ptr_null(target.ops->change_config);
	ck_assert_ptr_null(target.ops->delay_io);
	ck_assert_ptr_null(target.ops->reverse_order);
	ck_assert_ptr_null(target.ops->storage_read);
	ck_assert_uint_eq(target.flags, 0);
	vmmio_target_close(&target);
	fake_end(&machine);
}
END_TEST

START_TEST(a_monitor_that_is_none)
{
	static const char *const greetings[] = {
		"hello\n", "{\"event\": \"RESET\"}\n", "{\"QMPx\": 1}\n"};
	static const struct fake_step start[] = {{"endianness", "OK little\n"}, {NULL, NULL}};
	struct fake_step steps[] = {{NULL, greetings[_i]}, {NULL, NULL}};
	char options[256], text[512];

	fake_begin(&machine, "qtest", start);
	fake_begin(&monitor, "qmp", steps);
	snprintf(options, sizeof(options), "base=0,qmp=%s/qmp", fake_dir());
	ck_assert_int_eq(open_target(options, text), -EPROTO);
	ck_assert_msg(strstr(text, "does not speak QMP"), "%s", text);
	fake_end(&machine);
	fake_end(&monitor);
}
END_TEST

void add_machine_tests(Suite *s)
{
	static char self[4096];
	TCase *tc = qtest_tcase(s, "machine");

	/* For the commands of exec. */
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		abort();
	setenv("QTEST_TEST", self, 1);
	tcase_add_test(tc, nobody_is_there);
	tcase_add_test(tc, somebody_comes_late);
	tcase_add_test(tc, waits_for_a_call);
	tcase_add_test(tc, listens_in_place_of_a_dead_socket_only);
	tcase_add_test(tc, what_runs_stays_as_it_is);
	tcase_add_test(tc, calls_again_after_a_loss);
	tcase_add_test(tc, starts_and_ends_a_process);
	tcase_add_test(tc, restarts_a_process);
	tcase_add_test(tc, a_process_that_never_connects);
	tcase_add_loop_test(tc, restarts_a_process_that_is_gone, SIGKILL, SIGKILL + 1);
	tcase_add_loop_test(tc, restarts_a_process_that_is_gone, SIGSTOP, SIGSTOP + 1);
	tc = qtest_tcase(s, "qmp");
	tcase_add_loop_test(tc, resets_the_machine, 0, 3);
	tcase_add_test(tc, a_reset_that_does_not_end);
	tcase_add_test(tc, resizes_the_disk);
	tcase_add_test(tc, what_cannot_be_resized);
	tcase_add_test(tc, no_option_no_hook);
	tcase_add_loop_test(tc, a_monitor_that_is_none, 0, 3);
}
