/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two pictures: the timeline of a reset, and the distribution of the stall in the write to
 * Status. Each is a gnuplot script with its data in it, which stays beside the picture.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

enum { PATH_BYTES = 4096, CURVES_MAX = 16, POINTS = 300, RESETS_MAX = 8 };

/* What has been collected; one thread. */
static struct {
	FILE *stall; /* its script, open while curves come */
	unsigned n_curves;
	char curve[CURVES_MAX][64];
	unsigned n_resets;
	struct plot_reset reset[RESETS_MAX];
} plot;

static FILE *open_script(const struct bench *b, const char *name)
{
	char path[PATH_BYTES];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.gp", b->plot, name);
	file = fopen(path, "w");
	if (!file)
		bench_fail(-errno, path);
	return file;
}

int plot_check(const char *dir)
{
	if (mkdir(dir, 0777) && errno != EEXIST) {
		fprintf(stderr, "vmmio-bench: --plot: cannot make the directory \"%s\": %s\n", dir,
			strerror(errno));
		return -EINVAL;
	}
	if (access(dir, W_OK | X_OK)) {
		fprintf(stderr, "vmmio-bench: --plot: cannot write into \"%s\": %s\n", dir,
			strerror(errno));
		return -EACCES;
	}
	if (system("command -v gnuplot >/dev/null 2>&1")) {
		fputs("vmmio-bench: --plot needs gnuplot, which was not found; install the package "
		      "gnuplot-nox, or leave --plot out\n", stderr);
		return -ENOENT;
	}
	return 0;
}

/* --- Collecting ---------------------------------------------------------------------- */

/* The share of writes that took longer, at ranks that crowd towards the slow end. */
int plot_distribution(const struct bench *b, const char *title, const uint64_t *sorted, size_t n)
{
	if (plot.n_curves == CURVES_MAX)
		return -ENOSPC;
	if (!plot.stall)
		plot.stall = open_script(b, "stall-distribution");
	if (!plot.stall)
		return -EIO;
	snprintf(plot.curve[plot.n_curves], sizeof(plot.curve[0]), "%s", title);
	fprintf(plot.stall, "$c%u << EOD\n", plot.n_curves++);
	for (size_t left = n, step; left; left -= step) {
		fprintf(plot.stall, "%.3f %.3g\n", (double)sorted[n - left] / 1e3,
			(double)left / (double)n);
		step = left > POINTS ? left / POINTS : 1;
	}
	fputs("EOD\n", plot.stall);
	return 0;
}

int plot_timeline(const struct bench *b, const struct plot_reset *reset)
{
	(void)b;
	if (plot.n_resets == RESETS_MAX)
		return -ENOSPC;
	plot.reset[plot.n_resets++] = *reset;
	return 0;
}

/* --- Drawing ------------------------------------------------------------------------- */

static const char preamble[] = "set terminal svg size 900,520 dynamic\nset output '%s.svg'\n"
			       "set title \"%s\"\nset logscale x\nset grid\nset bmargin 8\n";

static void finish_stall(FILE *script)
{
	fprintf(script, preamble, "stall-distribution",
		"Writing 0 to Status, version 3, 32 chains in flight per device");
	fputs("set logscale y\nset xlabel 'the write took longer than (us)'\n"
	      "set ylabel 'share of writes'\nset key outside bottom center horizontal\nplot ", script);
	for (unsigned i = 0; i < plot.n_curves; i++)
		fprintf(script, "%s$c%u with steps lw 2 title '%s'", i ? ", " : "", i, plot.curve[i]);
	fputc('\n', script);
}

/* A bar per case: the vCPU is stuck in its write; then it is free and the reset runs. */
static void finish_timeline(FILE *script)
{
	const double origin = 0.1; /* us: a logarithmic axis has no 0 */

	fputs("$bars << EOD\n", script);
	for (unsigned i = 0; i < plot.n_resets; i++)
		fprintf(script, "%g %g %g %u\n", origin, plot.reset[i].write_ns / 1e3,
			plot.reset[i].zero_ns / 1e3, i);
	fputs("EOD\n", script);
	fprintf(script, preamble, "reset-timeline", "A reset with 32 reads of 100 ms in flight");
	fprintf(script, "set xlabel 'since the write of 0 to Status (us)'\nset yrange [-0.6:%u.6]\n"
		"set style fill solid\nset key outside bottom center horizontal\nset ytics (",
		plot.n_resets - 1);
	for (unsigned i = 0; i < plot.n_resets; i++)
		fprintf(script, "%s'%s' %u", i ? ", " : "", plot.reset[i].title, i);
	fputs(")\nplot $bars using 1:4:1:2:($4-0.3):($4+0.3) with boxxyerror lc rgb '#c03020' "
	      "title 'vCPU stuck in the write', $bars using 2:4:2:3:($4-0.3):($4+0.3) with "
	      "boxxyerror lc rgb '#60a060' title 'reset runs, vCPU free'\n", script);
}

/* In gnuplot's single quotes a quote is written twice. */
static void put_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', out);
		fputc(*text, out);
	}
	fputc('\'', out);
}

static int draw(const struct bench *b)
{
	FILE *gnuplot = popen("gnuplot", "w");

	if (!gnuplot)
		return bench_fail(-errno, "starting gnuplot");
	fputs("cd ", gnuplot);
	put_quoted(gnuplot, b->plot);
	fputc('\n', gnuplot);
	if (plot.n_resets)
		fputs("load 'reset-timeline.gp'\nreset\n", gnuplot);
	if (plot.n_curves)
		fputs("load 'stall-distribution.gp'\n", gnuplot);
	return pclose(gnuplot) ? bench_fail(-EIO, "gnuplot") : 0;
}

int plot_finish(const struct bench *b)
{
	FILE *timeline;
	int error = 0;

	if (!plot.n_resets && !plot.n_curves)
		fputs("vmmio-bench: --plot: nothing to draw without the groups reset and stall\n",
			stderr);
	if (plot.stall) {
		finish_stall(plot.stall);
		error = fclose(plot.stall) ? bench_fail(-errno, "stall-distribution.gp") : 0;
	}
	if (plot.n_resets && !error) {
		timeline = open_script(b, "reset-timeline");
		if (!timeline)
			return -EIO;
		finish_timeline(timeline);
		error = fclose(timeline) ? bench_fail(-errno, "reset-timeline.gp") : 0;
	}
	return error ? error : draw(b);
}
