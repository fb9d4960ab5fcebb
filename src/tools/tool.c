/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages, words, output: what the commands share. */
#include "tools/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conform/report/report.h"

int tool_error(const char *format, ...)
{
	va_list args;

	fputs("vmmio-conform: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return TOOL_UNABLE;
}

int tool_choice(const char *choices, const char *word)
{
	size_t length = strlen(word);

	for (int i = 0;; i++) {
		size_t n = strcspn(choices, "|");

		if (n == length && !memcmp(choices, word, n))
			return i;
		if (!choices[n])
			return -1;
		choices += n + 1;
	}
}

uint64_t tool_seconds(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds > 0) || seconds > 86400)
		return 0;
	return (uint64_t)(seconds * 1e9) + 1;
}

/* --- Output -------------------------------------------------------------------------- */

int output_open(struct output *output, const char *path)
{
	int fd;

	*output = (struct output){.file = stdout};
	if (!path || !strcmp(path, "-"))
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	output->made = fd >= 0;
	if (fd < 0 && errno == EEXIST)
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	output->path = path;
	output->file = fdopen(fd, "w");
	if (output->file)
		return 0;
	close(fd);
	return -ENOMEM;
}

int output_begin(struct output *output)
{
	struct stat about;
	int fd = fileno(output->file);

	if (!output->path || fstat(fd, &about) || !S_ISREG(about.st_mode))
		return 0;
	return ftruncate(fd, 0) ? -errno : 0;
}

int output_close(struct output *output, bool keep)
{
	bool bad;

	errno = 0;
	bad = fflush(output->file) || ferror(output->file);
	if (output->path)
		bad |= fclose(output->file) != 0;
	if (!keep && output->made)
		unlink(output->path);
	if (!bad)
		return 0;
	return errno ? -errno : -EIO;
}

int output_report(struct output *output, const struct vmmio_conform_report *report,
	enum vmmio_conform_format format)
{
	int error = output_begin(output);
	int closed;

	if (!error)
		error = vmmio_conform_write(report, format, output->file);
	if (!error && output->path)
		error = write_summary(report, stdout);
	closed = output_close(output, true);
	error = error ? error : closed;
	return error ? tool_error("the report could not be written: %s", strerror(-error))
		     : TOOL_GOOD;
}
