/* SPDX-License-Identifier: BSD-3-Clause */
/* What the commands of the tool share. */
#ifndef VMMIO_TOOLS_TOOL_H
#define VMMIO_TOOLS_TOOL_H

#include <vmmio/conform/targets.h>

/* Exit codes. */
enum { TOOL_GOOD = 0, TOOL_BAD = 1, TOOL_UNABLE = 2 };

/* argv[0] is "vmmio-conform NAME", for messages. Returns the exit code. */
struct command {
	const char *name;
	const char *about; /* one line */
	int (*run)(int argc, char **argv);
};

/* All of them; the last has no name. */
extern const struct command tool_commands[];

int list_main(int argc, char **argv);
int run_main(int argc, char **argv);
int mutants_main(int argc, char **argv);
int monitor_main(int argc, char **argv);
int puppet_main(int argc, char **argv);

/* The targets that are the tool's own, as vmmio_target_open_spec takes them. */
extern const struct vmmio_target_kind tool_kinds[];

/* One line on standard error. Returns TOOL_UNABLE. */
int tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The number of the word in "one|other", -1 if it is none of them. */
int tool_choice(const char *choices, const char *word);
/* Seconds, as "1.5", more than 0 and at most a day, in ns; 0: it is no such thing. */
uint64_t tool_seconds(const char *text);

/* --- Output ----------------------------------------------------------------------- */

/* Standard output, or a file, which keeps its content until there is something to write. */
struct output {
	FILE *file;
	const char *path; /* NULL: standard output */
	bool made;        /* the file was not there before */
};

/* path NULL or "-": standard output. 0, or -errno. */
int output_open(struct output *output, const char *path);
/* What is written from now on is all there will be in the file. */
int output_begin(struct output *output);
/* keep false: nothing was written; a file that was not there before goes away. 0, or
 * -errno of anything that went wrong since. */
int output_close(struct output *output, bool keep);
/* Writes a report, its summary to standard output if it goes to a file, and closes. Returns
 * TOOL_GOOD, or TOOL_UNABLE, which was said. */
int output_report(struct output *output, const struct vmmio_conform_report *report,
	enum vmmio_conform_format format);

#endif
