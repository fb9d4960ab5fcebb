// SPDX-License-Identifier: BSD-3-Clause
// Which rows show: those of the pressed button that have every word of the search. The address
// keeps both, as #show=fail&find=reset. Without this script all rows show, and no bar.
"use strict";
(function () {
	const bar = document.getElementById("bar");
	const find = document.getElementById("find");
	const shown = document.getElementById("shown");
	const buttons = Array.from(bar.querySelectorAll("button"));
	const sections = Array.from(document.querySelectorAll("main section"));
	const rows = Array.from(document.querySelectorAll("tbody tr"));
	const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
	let show = "all";

	function update() {
		const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
		let n = 0;

		for (const section of sections) {
			const wanted = show === "all" || show === section.dataset.verdict;
			let any = false;

			for (const row of section.querySelectorAll("tbody tr")) {
				row.hidden = !wanted || !words.every((word) => texts.get(row).includes(word));
				any = any || !row.hidden;
				n += row.hidden ? 0 : 1;
			}
			section.hidden = !any;
		}
		for (const button of buttons)
			button.setAttribute("aria-pressed", String(button.dataset.show === show));
		shown.textContent = n + " of " + rows.length + " requirements shown";
	}

	function fromAddress() {
		const wanted = new URLSearchParams(location.hash.slice(1));

		if (!wanted.has("show") && !wanted.has("find"))
			return;
		show = wanted.get("show") || "all";
		if (!buttons.some((button) => button.dataset.show === show))
			show = "all";
		find.value = wanted.get("find") || "";
	}

	function toAddress() {
		const wanted = new URLSearchParams();

		if (show !== "all")
			wanted.set("show", show);
		if (find.value)
			wanted.set("find", find.value);
		history.replaceState(null, "", "#" + wanted);
	}

	for (const button of buttons)
		button.addEventListener("click", () => {
			show = button.dataset.show;
			update();
			toAddress();
		});
	find.addEventListener("input", () => {
		update();
		toAddress();
	});
	window.addEventListener("hashchange", () => {
		fromAddress();
		update();
	});
	fromAddress();
	update();
	bar.hidden = false;
})();
