/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a server has to know of the NBD protocol: one disk, whatever it is called, simple
 * replies, nothing optional. Numbers are big endian.
 */
#include "conform/targets/qtest_disk.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MAGIC_SERVER UINT64_C(0x4e42444d41474943) /* "NBDMAGIC" */
#define MAGIC_OPTION UINT64_C(0x49484156454f5054) /* "IHAVEOPT" */
#define MAGIC_OPTION_REPLY UINT64_C(0x0003e889045565a9)
#define MAGIC_REQUEST 0x25609513u
#define MAGIC_REPLY 0x67446698u

#define HANDSHAKE_FIXED_NEWSTYLE 1u
#define HANDSHAKE_NO_ZEROES 2u

#define OPTION_ABORT 2u
#define OPTION_GO 7u
#define OPTION_MAX 4096u
#define REPLY_ACK 1u
#define REPLY_INFO 3u
#define REPLY_UNSUPPORTED 0x80000001u

/* Has flags, flush, FUA, trim, write zeroes. */
#define DISK_FLAGS (1u | 4u | 8u | 0x20u | 0x40u)

#define COMMAND_READ 0u
#define COMMAND_WRITE 1u
#define COMMAND_DISCONNECT 2u
#define COMMAND_FLUSH 3u
#define COMMAND_TRIM 4u
#define COMMAND_WRITE_ZEROES 6u

#define NBD_EINVAL 22u

struct __attribute__((packed)) option_request {
	uint64_t magic;
	uint32_t option;
	uint32_t length;
};

struct __attribute__((packed)) option_reply {
	uint64_t magic;
	uint32_t option;
	uint32_t type;
	uint32_t length;
};

struct __attribute__((packed)) export_info {
	uint16_t type; /* 0 */
	uint64_t size;
	uint16_t flags;
};

struct __attribute__((packed)) request {
	uint32_t magic;
	uint16_t flags;
	uint16_t type;
	uint64_t handle;
	uint64_t offset;
	uint32_t length;
};

struct __attribute__((packed)) reply {
	uint32_t magic;
	uint32_t error;
	uint64_t handle;
};

/* --- Bytes ---------------------------------------------------------------------------- */

/* The machine may be stopped in the middle of anything, so closing the disk ends the wait. */
static int wait_for(struct qtest_disk *disk, short events)
{
	struct pollfd fds[] = {{.fd = disk->fd, .events = events}};
	bool stop;

	if (poll(fds, 1, 20) < 0 && errno != EINTR)
		return -errno;
	pthread_mutex_lock(&disk->lock);
	stop = disk->stop;
	pthread_mutex_unlock(&disk->lock);
	return stop ? -ECANCELED : 0;
}

static bool is_not_now(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

int nbd_receive(struct qtest_disk *disk, void *data, size_t size)
{
	uint8_t *at = data;
	int err = 0;

	while (size > 0 && !err) {
		ssize_t n = recv(disk->fd, at, size, MSG_DONTWAIT);

		if (n > 0)
			at += n, size -= (size_t)n;
		else if (n == 0)
			err = -EPIPE;
		else
			err = is_not_now(errno) ? wait_for(disk, POLLIN) : -errno;
	}
	return err;
}

int nbd_send(struct qtest_disk *disk, const void *data, size_t size)
{
	const uint8_t *at = data;
	int err = 0;

	while (size > 0 && !err) {
		ssize_t n = send(disk->fd, at, size, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			at += n, size -= (size_t)n;
		else
			err = is_not_now(errno) ? wait_for(disk, POLLOUT) : -errno;
	}
	return err;
}

/* --- Handshake -------------------------------------------------------------------------- */

static int say_hello(struct qtest_disk *disk)
{
	const struct __attribute__((packed)) {
		uint64_t server, option;
		uint16_t flags;
	} hello = {htobe64(MAGIC_SERVER), htobe64(MAGIC_OPTION),
		htobe16(HANDSHAKE_FIXED_NEWSTYLE | HANDSHAKE_NO_ZEROES)};
	uint32_t flags;
	int err = nbd_send(disk, &hello, sizeof(hello));

	return err ? err : nbd_receive(disk, &flags, sizeof(flags));
}

static int reply_to_option(
	struct qtest_disk *disk, uint32_t option, uint32_t type, const void *data, uint32_t length)
{
	struct option_reply reply = {htobe64(MAGIC_OPTION_REPLY), htobe32(option), htobe32(type),
		htobe32(length)};
	int err = nbd_send(disk, &reply, sizeof(reply));

	return err ? err : nbd_send(disk, data, length);
}

static int go(struct qtest_disk *disk)
{
	const struct export_info info = {0, htobe64(disk->size), htobe16(DISK_FLAGS)};
	int err = reply_to_option(disk, OPTION_GO, REPLY_INFO, &info, sizeof(info));

	return err ? err : reply_to_option(disk, OPTION_GO, REPLY_ACK, NULL, 0);
}

int nbd_greet(struct qtest_disk *disk)
{
	int err = say_hello(disk);

	while (!err) {
		struct option_request request;
		uint8_t data[OPTION_MAX];
		uint32_t option, length;

		err = nbd_receive(disk, &request, sizeof(request));
		if (err)
			break;
		option = be32toh(request.option);
		length = be32toh(request.length);
		if (request.magic != htobe64(MAGIC_OPTION) || length > sizeof(data))
			return -EPROTO;
		err = nbd_receive(disk, data, length);
		if (!err && option == OPTION_GO)
			return go(disk);
		if (!err && option == OPTION_ABORT)
			return -EPIPE;
		if (!err)
			err = reply_to_option(disk, option, REPLY_UNSUPPORTED, NULL, 0);
	}
	return err;
}

/* --- Requests ----------------------------------------------------------------------------- */

static int reply_to(struct qtest_disk *disk, uint64_t handle, uint32_t error)
{
	struct reply reply = {htobe32(MAGIC_REPLY), htobe32(error), handle};

	return nbd_send(disk, &reply, sizeof(reply));
}

static bool is_valid(const struct qtest_disk *disk, const struct qtest_disk_request *request)
{
	if (request->type > COMMAND_WRITE_ZEROES || request->type == COMMAND_WRITE_ZEROES - 1)
		return false;
	return request->offset <= disk->size && request->length <= disk->size - request->offset;
}

int nbd_take(struct qtest_disk *disk, struct qtest_disk_request **out)
{
	struct request wire;
	struct qtest_disk_request *request;
	uint32_t n_data;
	int err = nbd_receive(disk, &wire, sizeof(wire));

	*out = NULL;
	if (err)
		return err;
	if (wire.magic != htobe32(MAGIC_REQUEST))
		return -EPROTO;
	if (be16toh(wire.type) == COMMAND_DISCONNECT)
		return -EPIPE;
	n_data = be16toh(wire.type) == COMMAND_WRITE ? be32toh(wire.length) : 0;
	if (n_data > disk->size)
		return -EPROTO;
	request = malloc(sizeof(*request) + n_data);
	if (!request)
		return -ENOMEM;
	*request = (struct qtest_disk_request){.handle = wire.handle,
		.offset = be64toh(wire.offset), .length = be32toh(wire.length),
		.type = be16toh(wire.type)};
	err = nbd_receive(disk, request->data, n_data);
	/* A flush has neither, whatever it says. */
	if (request->type == COMMAND_FLUSH)
		request->offset = request->length = 0;
	if (!err && is_valid(disk, request)) {
		*out = request;
		return 0;
	}
	free(request);
	return err ? err : reply_to(disk, wire.handle, NBD_EINVAL);
}

int nbd_answer(struct qtest_disk *disk, const struct qtest_disk_request *request)
{
	uint8_t *data = NULL;
	uint8_t *stored = disk->data + request->offset;
	int err;

	if (request->type == COMMAND_READ) {
		data = malloc(request->length ? request->length : 1);
		if (!data)
			return -ENOMEM;
	}
	pthread_mutex_lock(&disk->lock);
	if (request->type == COMMAND_READ)
		memcpy(data, stored, request->length);
	else if (request->type == COMMAND_WRITE)
		memcpy(stored, request->data, request->length);
	else if (request->type != COMMAND_FLUSH)
		memset(stored, 0, request->length);
	pthread_mutex_unlock(&disk->lock);
	err = reply_to(disk, request->handle, 0);
	if (!err && data)
		err = nbd_send(disk, data, request->length);
	free(data);
	return err;
}
