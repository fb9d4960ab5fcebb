/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The image: open, check, lock. Its contents are never looked at, so a guest cannot turn
 * its disk into another format.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "backends/blk.h"

void vmmio_blk_log(const struct vmmio_log *log, enum vmmio_log_level level, const char *format, ...)
{
	char line[512];
	va_list args;

	if (!log->fn)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log->fn(log->ctx, level, line);
}

static int refuse(const struct vmmio_blk *blk, int err, const char *what, const char *remedy)
{
	vmmio_blk_log(&blk->log, VMMIO_LOG_ERROR, "disk image %s: %s (error %d): %s", blk->name,
		what, -err, remedy);
	return err;
}

static int open_path(struct vmmio_blk *blk)
{
	/* O_NONBLOCK: a FIFO given by mistake must not hang; it means nothing for images. */
	int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (blk->read_only ? O_RDONLY : O_RDWR);
	int err;

	blk->fd = open(blk->name, flags | (blk->direct ? O_DIRECT : 0));
	if (blk->fd >= 0)
		return 0;
	err = -errno;
	if (err == -EINVAL && blk->direct)
		return refuse(blk, -ENOTSUP, "its file system refuses O_DIRECT",
			"switch direct off, or move the image");
	switch (-err) {
	case ENOENT:
		return refuse(blk, err, "there is no such file",
			"correct the path, or create the image first; nothing is created here");
	case EACCES:
	case EPERM:
		return refuse(blk, err, "permission denied",
			"grant access, or set read_only if only writing is denied");
	case EISDIR:
		return refuse(blk, err, "it is a directory", "name the image file in it");
	case EROFS:
		return refuse(blk, err, "its file system is read-only", "set read_only");
	default:
		return refuse(blk, err, strerrordesc_np(-err) ? strerrordesc_np(-err) : "open failed",
			"give a raw image or a block device");
	}
}

/* An open file of our own: locks belong to the open file, and the caller's is the caller's.
 * Where that cannot be had (no /proc), the two are shared. */
static int open_again(const struct vmmio_blk *blk, int fd)
{
	int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (blk->read_only ? O_RDONLY : O_RDWR);
	char path[48];
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, flags | (blk->direct ? O_DIRECT : 0));
	return own < 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : own;
}

static int take_fd(struct vmmio_blk *blk, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (fd == 0)
		return refuse(blk, -EINVAL, "standard input is no image",
			"set path, or fd to another descriptor");
	if (flags < 0)
		return refuse(blk, -errno, "not an open descriptor", "give a path or an open fd");
	if (!blk->read_only && (flags & O_ACCMODE) != O_RDWR)
		return refuse(blk, -EACCES, "the descriptor is not open for reading and writing",
			"open it O_RDWR, or set read_only");
	if ((flags & O_ACCMODE) == O_WRONLY)
		return refuse(blk, -EACCES, "the descriptor is write-only", "open it for reading");
	/* The flag belongs to whoever shares the descriptor: it is not ours to set. */
	if (blk->direct && !(flags & O_DIRECT))
		return refuse(blk, -EINVAL, "direct is set, but the descriptor has no O_DIRECT",
			"open it with O_DIRECT");
	blk->direct = flags & O_DIRECT;
	blk->fd = open_again(blk, fd);
	return blk->fd < 0 ? refuse(blk, -errno, "cannot be duplicated", "close descriptors") : 0;
}

int vmmio_blk_image_size(const struct vmmio_blk *blk, uint64_t *bytes)
{
	struct stat st;

	if (fstat(blk->fd, &st) < 0)
		return -errno;
	*bytes = (uint64_t)st.st_size;
	if (blk->is_block && ioctl(blk->fd, BLKGETSIZE64, bytes) < 0)
		return -errno;
	return *bytes % blk->block_size ? -EINVAL : 0;
}

void vmmio_blk_log_size(const struct vmmio_blk *blk, int err, uint64_t bytes)
{
	if (err != -EINVAL)
		refuse(blk, err, "its size cannot be read", "check the store");
	else
		vmmio_blk_log(&blk->log, VMMIO_LOG_ERROR,
			"disk image %s: its size of %llu bytes is not a multiple of %u: use a raw "
			"image and round its size up with truncate -s %%%u",
			blk->name, (unsigned long long)bytes, blk->block_size, blk->block_size);
}

static int check_type(struct vmmio_blk *blk)
{
	struct stat st;

	if (fstat(blk->fd, &st) < 0)
		return refuse(blk, -errno, "fstat failed", "check the file system");
	if (S_ISDIR(st.st_mode))
		return refuse(blk, -EISDIR, "it is a directory", "name the image file in it");
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return refuse(blk, -ENOTBLK, "neither a regular file nor a block device",
			"give a raw image or a block device");
	blk->is_block = S_ISBLK(st.st_mode);
	return 0;
}

/* A write lock keeps every other user out, a read lock keeps writers out. It belongs to
 * the open file, so a fork or another descriptor of this process does not lose it. */
static int lock_image(struct vmmio_blk *blk)
{
	struct flock lock = {
		.l_type = blk->read_only ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
	};

	if (fcntl(blk->fd, F_OFD_SETLK, &lock) == 0) {
		blk->locked = true;
		return 0;
	}
	if (errno == EAGAIN || errno == EACCES)
		return refuse(blk, -EAGAIN, "locked by another process",
			"stop whoever uses it, or open it read_only on all sides");
	return refuse(blk, -errno, "cannot be locked",
		"set no_lock if something else keeps a second writer away");
}

static uint32_t direct_align(const struct vmmio_blk *blk, uint32_t *offset_align)
{
	int sector = 0;
#ifdef STATX_DIOALIGN
	struct statx stx;

	if (statx(blk->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) == 0 &&
		(stx.stx_mask & STATX_DIOALIGN) && stx.stx_dio_mem_align) {
		*offset_align = stx.stx_dio_offset_align;
		return stx.stx_dio_mem_align;
	}
#endif
	if (blk->is_block && ioctl(blk->fd, BLKSSZGET, &sector) == 0 && sector > 0)
		*offset_align = (uint32_t)sector;
	else
		*offset_align = VMMIO_BLK_SECTOR;
	return *offset_align;
}

static int check_direct(struct vmmio_blk *blk)
{
	uint32_t offset_align;

	blk->align = 1;
	if (!blk->direct)
		return 0;
	blk->align = direct_align(blk, &offset_align);
	if (offset_align <= blk->block_size)
		return 0;
	vmmio_blk_log(&blk->log, VMMIO_LOG_ERROR,
		"disk image %s: O_DIRECT needs blocks of %u bytes here, block_size is %u: set "
		"block_size to %u, or direct off",
		blk->name, offset_align, blk->block_size, offset_align);
	return -EINVAL;
}

/* tmpfs and its kin never wait for a device; nothing else is known not to. */
static bool in_memory(const struct vmmio_blk *blk)
{
	struct statfs fs;

	if (blk->is_block || fstatfs(blk->fd, &fs) < 0)
		return false;
	return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC ||
	       fs.f_type == HUGETLBFS_MAGIC;
}

static int name_image(struct vmmio_blk *blk, const struct vmmio_blk_options *options)
{
	char number[32];

	snprintf(number, sizeof(number), "of descriptor %d", options->fd);
	blk->name = strdup(options->path ? options->path : number);
	return blk->name ? 0 : -ENOMEM;
}

int vmmio_blk_open(struct vmmio_blk *blk, const struct vmmio_blk_options *options)
{
	uint64_t bytes = 0;
	int err = name_image(blk, options);

	if (!err)
		err = options->path ? open_path(blk) : take_fd(blk, options->fd);
	if (!err)
		err = check_type(blk);
	if (!err && options->path)
		fcntl(blk->fd, F_SETFL, blk->direct ? O_DIRECT : 0);
	if (!err)
		err = check_direct(blk);
	if (!err && !options->no_lock)
		err = lock_image(blk);
	/* After the lock: nobody who honours it changes the size now. */
	if (!err) {
		err = vmmio_blk_image_size(blk, &bytes);
		if (err)
			vmmio_blk_log_size(blk, err, bytes);
	}
	if (err) {
		vmmio_blk_close(blk);
		return err;
	}
	blk->io_flags = blk->direct || in_memory(blk) ? 0 : VMMIO_IO_PAGE_CACHE;
	atomic_init(&blk->capacity, bytes / VMMIO_BLK_SECTOR);
	return 0;
}

void vmmio_blk_close(struct vmmio_blk *blk)
{
	struct flock unlock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

	/* By hand: a descriptor that was duplicated keeps the open file, and the lock. */
	if (blk->locked)
		fcntl(blk->fd, F_OFD_SETLK, &unlock);
	if (blk->fd >= 0)
		close(blk->fd);
	free(blk->name);
	blk->name = NULL;
	blk->fd = -1;
	blk->locked = false;
}
