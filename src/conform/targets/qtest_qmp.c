/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What little of QMP is needed: each message is a JSON object on one line, an answer has a
 * member "return" or "error", all else are events. Two commands do not make a JSON parser.
 */
#include "conform/targets/qtest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The name of the object's first member, which tells what message it is. */
static bool begins_with(const char *line, const char *member)
{
	size_t len = strlen(member);

	line += strspn(line, " \t{");
	return line[0] == '"' && strncmp(line + 1, member, len) == 0 && line[len + 1] == '"';
}

/* Sends text, and reads until its answer is there, and the event, if not NULL: whichever
 * comes first. What QEMU refuses, this machine cannot do. */
static int say(struct qtest_lines *lines, const char *text, const char *event)
{
	uint64_t deadline = qtest_now() + lines->timeout;
	bool answered = false, seen = !event;
	int err = qtest_lines_send(lines, text, strlen(text));

	while (!err && !(answered && seen)) {
		const char *line;

		err = qtest_now() < deadline ? qtest_lines_next(lines, false, &line) : -ETIMEDOUT;
		if (err)
			break;
		if (begins_with(line, "error"))
			return -ENOTSUP;
		answered = answered || begins_with(line, "return");
		seen = seen || strstr(line, event);
	}
	return err;
}

int qmp_greet(struct qtest_lines *lines)
{
	const char *line;
	int err = qtest_lines_next(lines, false, &line);

	if (err)
		return err;
	if (!begins_with(line, "QMP"))
		return -EPROTO;
	return say(lines, "{\"execute\": \"qmp_capabilities\"}\n", NULL);
}

int qmp_block_resize(struct qtest_lines *lines, const char *node, uint64_t bytes)
{
	char text[256];

	snprintf(text, sizeof(text),
		"{\"execute\": \"block_resize\", \"arguments\": {\"node-name\": \"%s\", "
		"\"size\": %" PRIu64 "}}\n",
		node, bytes);
	return say(lines, text, NULL);
}

int qmp_system_reset(struct qtest_lines *lines)
{
	return say(lines, "{\"execute\": \"system_reset\"}\n", "\"event\": \"RESET\"");
}
