/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmmio-bench: what every figure group uses. A group measures each of its figures once per
 * run and hands over the series; the report shows the median, the spread and the aim.
 *
 * Times are in nanoseconds of CLOCK_MONOTONIC unless a row says otherwise.
 */
#ifndef VMMIO_BENCH_H
#define VMMIO_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { BENCH_RUNS_MAX = 101, BENCH_ROWS_MAX = 256 };

/* --- statistics: stats.c ----------------------------------------------------- */

/* One value per run. */
struct series {
	unsigned n;
	double value[BENCH_RUNS_MAX];
};

struct spread {
	double median, min, max;
};

void series_add(struct series *series, double value);
struct spread series_spread(const struct series *series);

/* The percentiles that distributions are reported at; the last one is the maximum. */
enum { PERCENTILES = 5 };
extern const char *const percentile_name[PERCENTILES];
extern const double percentile_rank[PERCENTILES];

/* Sorts. */
void samples_sort(uint64_t *samples, size_t n);
/* Nearest rank, rank from 0 to 1; samples are sorted, n is not 0. */
uint64_t samples_at(const uint64_t *sorted, size_t n, double rank);

uint64_t bench_now(void);
/* What bench_now costs: the median distance of two calls in a row. */
double bench_clock_cost(void);

/* --- results: report.c ------------------------------------------------------- */

enum aim_kind { AIM_NONE, AIM_AT_MOST, AIM_AT_LEAST };

struct row {
	const char *group;
	char name[80];
	const char *unit;
	struct spread spread;
	unsigned runs;
	enum aim_kind kind;
	double aim;
	char note[160]; /* what it stands beside, what was in flight; may be empty */
};

struct bench {
	unsigned runs;    /* of each figure */
	bool quick;       /* a small amount of work: shows that it runs, not how fast */
	const char *plot; /* directory, NULL: none */
	const char *group;
	unsigned n_rows;
	struct row rows[BENCH_ROWS_MAX];
	unsigned n_skipped;
	char skipped[8][160]; /* GROUP: reason */
	FILE *progress; /* one line per step */
};

/* Adds a row; the name takes printf arguments. The row may be changed until the next one. */
struct row *bench_row(struct bench *b, const struct series *series, const char *unit,
	const char *name, ...) __attribute__((format(printf, 4, 5)));
void row_aim(struct row *row, enum aim_kind kind, double aim);
void row_note(struct row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line of progress, on standard error. */
void bench_progress(const struct bench *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* This group's figures cannot be had on this machine; goes into every report. Returns 0. */
int bench_skip(struct bench *b, const char *reason);

/* Something that should have worked has not: says what and returns the error. */
int bench_fail(int error, const char *what);

void report_text(const struct bench *b, FILE *out);
void report_json(const struct bench *b, FILE *out);
void report_markdown(const struct bench *b, FILE *out);

/* --- figure groups: 0 or -errno ------------------------------------------------- */

int bench_registers(struct bench *b);  /* registers.c */
int bench_stall(struct bench *b);      /* stall.c */
int bench_reset(struct bench *b);      /* reset.c */
int bench_rings(struct bench *b);      /* rings.c */
int bench_blk(struct bench *b);        /* blk.c */
int bench_idle(struct bench *b);       /* idle.c */

/* --- plots: plot.c ------------------------------------------------------------ */

/* 0, or -errno after one line that says what is missing: DIR, or gnuplot. */
int plot_check(const char *dir);

/* The distribution of n sorted samples, as one curve of the stall plot. */
int plot_distribution(const struct bench *b, const char *title, const uint64_t *sorted, size_t n);

/* One line of the reset timeline, times since just before the write to Status. */
struct plot_reset {
	const char *title;
	double write_ns; /* the write to Status has returned */
	double zero_ns;  /* Status has read zero */
};
int plot_timeline(const struct bench *b, const struct plot_reset *reset);

/* Draws what was collected. */
int plot_finish(const struct bench *b);

#endif
