/* SPDX-License-Identifier: BSD-3-Clause */
/* Records: a length, a kind, numbers, texts with the 0 at their end. */
#include "tools/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECORD_MAX = 1 << 20, ROOM = 1 << 16 };

struct head {
	uint32_t size; /* of what follows the head */
	uint32_t kind;
	int32_t number[RECORD_NUMBERS];
};

/* --- Sending ------------------------------------------------------------------------- */

static int send_all(int fd, const char *data, size_t n)
{
	while (n) {
		ssize_t done = write(fd, data, n);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			data += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

int record_send(int fd, const struct record *record)
{
	struct head head = {.kind = record->kind};
	size_t size = sizeof(head);
	char *data, *to;
	int err;

	for (unsigned i = 0; i < RECORD_TEXTS; i++)
		size += (record->text[i] ? strlen(record->text[i]) : 0) + 1;
	if (size > RECORD_MAX)
		return -EMSGSIZE;
	data = malloc(size);
	if (!data)
		return -ENOMEM;
	head.size = (uint32_t)(size - sizeof(head));
	memcpy(head.number, record->number, sizeof(head.number));
	memcpy(data, &head, sizeof(head));
	to = data + sizeof(head);
	for (unsigned i = 0; i < RECORD_TEXTS; i++)
		to = stpcpy(to, record->text[i] ? record->text[i] : "") + 1;
	err = send_all(fd, data, size);
	free(data);
	return err;
}

/* --- Reading ------------------------------------------------------------------------- */

static int make_room(struct record_reader *reader)
{
	char *data;

	memmove(reader->data, reader->data + reader->taken, reader->n - reader->taken);
	reader->n -= reader->taken;
	reader->taken = 0;
	if (reader->room - reader->n >= ROOM)
		return 0;
	data = realloc(reader->data, reader->n + 2 * ROOM);
	if (!data)
		return -ENOMEM;
	reader->data = data;
	reader->room = reader->n + 2 * ROOM;
	return 0;
}

int record_read(struct record_reader *reader, int fd)
{
	ssize_t n;
	int err;

	if (!reader->data) {
		reader->data = malloc(ROOM);
		if (!reader->data)
			return -ENOMEM;
		reader->room = ROOM;
	}
	err = make_room(reader);
	if (err)
		return err;
	do
		n = read(fd, reader->data + reader->n, reader->room - reader->n);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	reader->n += (size_t)n;
	return n > 0;
}

/* The texts between from and end; false: they do not fill it exactly. */
static bool take_texts(const char *from, const char *end, struct record *out)
{
	for (unsigned i = 0; i < RECORD_TEXTS; i++) {
		const char *stop = memchr(from, '\0', (size_t)(end - from));

		if (!stop)
			return false;
		out->text[i] = from;
		from = stop + 1;
	}
	return from == end;
}

bool record_next(struct record_reader *reader, struct record *out)
{
	const char *at = reader->data ? reader->data + reader->taken : NULL;
	size_t n = reader->n - reader->taken;
	struct head head;

	if (reader->bad || n < sizeof(head))
		return false;
	memcpy(&head, at, sizeof(head));
	reader->bad = head.size > RECORD_MAX || head.kind >= N_RECORD_KINDS;
	if (reader->bad || n < sizeof(head) + head.size)
		return false;
	at += sizeof(head);
	out->kind = (enum record_kind)head.kind;
	memcpy(out->number, head.number, sizeof(out->number));
	reader->bad = !take_texts(at, at + head.size, out);
	reader->taken += sizeof(head) + head.size;
	return !reader->bad;
}

void record_reader_free(struct record_reader *reader)
{
	free(reader->data);
	*reader = (struct record_reader){0};
}
