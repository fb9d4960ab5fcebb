/* SPDX-License-Identifier: BSD-3-Clause */
/* The report as one page that needs nothing else: requirements by what they come to, each
 * with its checks. The style is in page.css, the filter in page.js. */
#include <string.h>

#include "conform/report/out.h"
#include "conform/report/report.h"

static const struct {
	const char *class, *word, *title;
} outcomes[N_OUTCOMES] = {
	[OUTCOME_FAIL] = {"fail", "fail", "Broken"},
	[OUTCOME_FLAG] = {"flag", "flagged", "Flagged"},
	[OUTCOME_PASS] = {"pass", "pass", "Kept"},
	[OUTCOME_SKIP] = {"skip", "skipped", "Skipped"},
};

struct page {
	const struct vmmio_conform_report *report;
	struct view view;
	size_t n[N_OUTCOMES]; /* requirements */
	size_t n_all;
	FILE *file;
};

static void element(FILE *file, const char *open, const char *text, const char *close)
{
	fputs(open, file);
	out_xml(file, text);
	fputs(close, file);
}

/* --- Head ------------------------------------------------------------------------------ */

static void write_verdict(const struct page *page)
{
	if (page->n[OUTCOME_FAIL])
		fprintf(page->file, "%zu of %zu requirements broken", page->n[OUTCOME_FAIL],
			page->n_all);
	else if (page->n[OUTCOME_PASS] + page->n[OUTCOME_FLAG])
		fprintf(page->file, "No requirement broken, %zu kept",
			page->n[OUTCOME_PASS] + page->n[OUTCOME_FLAG]);
	else
		fputs("Nothing was judged", page->file);
}

static void write_head(const struct page *page)
{
	FILE *file = page->file;

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<title>",
		file);
	write_verdict(page);
	element(file, ": ", page->report->target, "</title>\n<style>\n");
	fputs(page_style, file);
	fputs("</style>\n</head>\n", file);
}

static void write_facts(const struct page *page)
{
	struct vmmio_conform_counts counts = vmmio_conform_counts(page->report);
	size_t by_hook = 0;

	for (size_t i = 0; i < page->view.n; i++)
		by_hook += page->view.entries[i]->result.verdict == VMMIO_CONFORM_PASS &&
			   page->view.entries[i]->result.proof == VMMIO_CONFORM_HOOK;
	fputs("<p class=\"facts\">", page->file);
	if (page->report->version)
		fprintf(page->file, "virtio-mmio version %u. ", page->report->version);
	fprintf(page->file,
		"%zu results: %zu failed, %zu passed (%zu proven by a hook, %zu seen from "
		"outside), "
		"%zu skipped.</p>\n",
		page->view.n, counts.failed, counts.passed, by_hook, counts.passed - by_hook,
		counts.skipped);
}

/* The shares of the four as a bar. */
static void write_shares(const struct page *page)
{
	fputs("<div class=\"share\" aria-hidden=\"true\">", page->file);
	for (unsigned i = 0; i < N_OUTCOMES; i++)
		if (page->n[i])
			fprintf(page->file, "<span class=\"%s\" style=\"flex: %zu\"></span>",
				outcomes[i].class, page->n[i]);
	fputs("</div>\n", page->file);
}

/* The target's name, which may be long: lines may end behind its commas. */
static void write_target(const struct page *page)
{
	fputs("<h1>", page->file);
	for (const char *name = page->report->target; *name;) {
		const char *next = name;
		char piece[8] = "";

		out_next(&next);
		memcpy(piece, name, (size_t)(next - name));
		out_xml(page->file, piece);
		if (*name == ',')
			fputs("<wbr>", page->file);
		name = next;
	}
	fputs("</h1>\n", page->file);
}

static void write_header(const struct page *page)
{
	const char *class = outcomes[OUTCOME_SKIP].class;

	if (page->n[OUTCOME_FAIL])
		class = outcomes[OUTCOME_FAIL].class;
	else if (page->n[OUTCOME_PASS] + page->n[OUTCOME_FLAG])
		class = outcomes[OUTCOME_PASS].class;
	fputs("<body>\n<header>\n<p class=\"kind\">virtio-mmio conformance report</p>\n",
		page->file);
	write_target(page);
	fprintf(page->file, "<p class=\"verdict %s\">", class);
	write_verdict(page);
	fputs("</p>\n", page->file);
	write_facts(page);
	write_shares(page);
	fputs("</header>\n", page->file);
}

static void write_bar(const struct page *page)
{
	FILE *file = page->file;

	fprintf(file,
		"<div class=\"bar\" id=\"bar\" hidden><div>\n"
		"<div class=\"buttons\" role=\"group\" aria-label=\"Show\">\n"
		"<button type=\"button\" data-show=\"all\" aria-pressed=\"true\">All "
		"<b>%zu</b></button>\n",
		page->n_all);
	for (unsigned i = 0; i < N_OUTCOMES; i++)
		fprintf(file,
			"<button type=\"button\" class=\"%s\" data-show=\"%s\" "
			"aria-pressed=\"false\"%s>"
			"%s <b>%zu</b></button>\n",
			outcomes[i].class, outcomes[i].class, page->n[i] ? "" : " disabled",
			outcomes[i].title, page->n[i]);
	fputs("</div>\n<label class=\"search\"><span class=\"away\">Search</span>"
	      "<input id=\"find\" type=\"search\" placeholder=\"Search ids, texts, checks\" "
	      "autocomplete=\"off\"></label>\n"
	      "<p class=\"shown\" id=\"shown\" role=\"status\"></p>\n</div></div>\n",
		file);
}

/* --- Requirements ------------------------------------------------------------------------ */

static void write_accesses(const struct entry *entry, FILE *file)
{
	if (!*entry->result.accesses)
		return;
	fprintf(file, "<details%s><summary>Last accesses</summary>",
		entry->outcome == OUTCOME_FAIL ? " open" : "");
	element(file, "<pre>", entry->result.accesses, "</pre></details>");
}

static void write_check(const struct entry *entry, FILE *file)
{
	const struct vmmio_conform_result *result = &entry->result;

	fprintf(file, "<li class=\"%s\"><span class=\"word\">%s</span>\n",
		outcomes[entry->outcome].class, outcomes[entry->outcome].word);
	element(file, "<span class=\"check\"><span class=\"topic\">", entry->topic, "/</span>");
	element(file, "", result->check, "</span>");
	if (result->verdict == VMMIO_CONFORM_PASS)
		fprintf(file, " <span class=\"proof\">%s</span>",
			result->proof == VMMIO_CONFORM_HOOK ? "proven by a hook" : "black box");
	if (*result->detail)
		element(file, "<p class=\"detail\">", result->detail, "</p>");
	if (entry->title && entry->outcome <= OUTCOME_FLAG)
		element(file, "<p class=\"detail\">checked: ", entry->title, "</p>");
	write_accesses(entry, file);
	fputs("</li>\n", file);
}

static void write_requirement(const struct page *page, size_t begin, size_t end)
{
	const struct vmmio_conform_requirement *requirement =
		page->view.entries[begin]->result.requirement;
	FILE *file = page->file;

	element(file, "<tr id=\"", requirement->id, "\">\n<th scope=\"row\">");
	element(file, "<a class=\"id\" href=\"#", requirement->id, "\">");
	element(file, "", requirement->id, "</a>");
	fprintf(file, "<span class=\"marks\">%s%s</span>", strength_name(requirement->strength),
		requirement->descriptive ? " [desc]" : "");
	element(file, "<p class=\"text\">", requirement->text, "</p></th>\n<td><ul>\n");
	for (enum outcome outcome = 0; outcome < N_OUTCOMES; outcome++)
		for (size_t i = begin; i < end; i++)
			if (page->view.entries[i]->outcome == outcome)
				write_check(page->view.entries[i], file);
	element(file, "</ul></td>\n<td class=\"where\">", requirement->section, "</td>\n</tr>\n");
}

static void write_section(const struct page *page, enum outcome outcome)
{
	FILE *file = page->file;

	if (!page->n[outcome])
		return;
	fprintf(file,
		"<section class=\"%s\" data-verdict=\"%s\" aria-labelledby=\"%s\">\n"
		"<h2 id=\"%s\">%s <span>%zu</span></h2>\n"
		"<table>\n<colgroup><col class=\"what\"><col><col class=\"where\"></colgroup>\n"
		"<thead><tr><th scope=\"col\">Requirement</th><th scope=\"col\">Checks</th>"
		"<th scope=\"col\">Section</th></tr></thead>\n<tbody>\n",
		outcomes[outcome].class, outcomes[outcome].class, outcomes[outcome].class,
		outcomes[outcome].class, outcomes[outcome].title, page->n[outcome]);
	for (size_t i = 0; i < page->view.n;) {
		size_t end = view_run(&page->view, i, same_requirement);

		if (view_outcome(&page->view, i, end) == outcome)
			write_requirement(page, i, end);
		i = end;
	}
	fputs("</tbody>\n</table>\n</section>\n", file);
}

static void write_notes(const struct page *page)
{
	FILE *file = page->file;

	if (!page->report->n_notes)
		return;
	fputs("<details class=\"notes\"><summary>What happened</summary>\n<dl>\n", file);
	for (size_t i = 0; i < page->report->n_notes; i++) {
		element(file, "<dt>", page->report->notes[i].check, "</dt>");
		element(file, "<dd>", page->report->notes[i].text, "</dd>\n");
	}
	fputs("</dl>\n</details>\n", file);
}

static void write_footer(FILE *file)
{
	fputs("<footer>\n<p>A requirement is broken if one of its checks failed. Flagged: a "
	      "recommendation that is not kept, which breaks nothing. Proven by a hook: the check "
	      "brought about what it looks for (slowed the reset, held a request); black box: it "
	      "looked from outside. [desc]: the specification describes it without a keyword, the "
	      "strength is a reading of it.</p>\n</footer>\n<script>\n",
		file);
	fputs(page_script, file);
	fputs("</script>\n</body>\n</html>\n", file);
}

int write_html(const struct vmmio_conform_report *report, FILE *file)
{
	struct page page = {.report = report, .file = file};
	int err = view_make(report, view_by_requirement, &page.view);

	if (err)
		return err;
	for (size_t i = 0; i < page.view.n; page.n_all++) {
		size_t end = view_run(&page.view, i, same_requirement);

		page.n[view_outcome(&page.view, i, end)]++;
		i = end;
	}
	write_head(&page);
	write_header(&page);
	write_bar(&page);
	fputs("<main>\n", file);
	for (enum outcome outcome = 0; outcome < N_OUTCOMES; outcome++)
		write_section(&page, outcome);
	write_notes(&page);
	fputs("</main>\n", file);
	write_footer(file);
	view_free(&page.view);
	return 0;
}
