// SPDX-License-Identifier: BSD-3-Clause
// Added to a copy of the HTML report by page.sh: does what the query says (?press=flag&type=words)
// and writes what the page then is like into an element of its own, or to the page around it.
"use strict";
(function () {
	const wanted = new URLSearchParams(location.search);
	const visible = (e) => e.checkVisibility({ visibilityProperty: true });
	const seen = (selector) => Array.from(document.querySelectorAll(selector)).filter(visible);

	if (wanted.has("type")) {
		document.getElementById("find").value = wanted.get("type");
		document.getElementById("find").dispatchEvent(new Event("input"));
	}
	if (wanted.has("press"))
		document.querySelector(`button[data-show="${wanted.get("press")}"]`).click();

	// --- Contrast: of every text with what is behind it, as WCAG has it
	function rgb(colour) {
		return colour.match(/[\d.]+/g).map(Number);
	}
	function luminance(colour) {
		const [r, g, b] = colour.map((c) => c / 255)
			.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	}
	function behind(element) {
		for (let e = element; e; e = e.parentElement) {
			const colour = rgb(getComputedStyle(e).backgroundColor);
			if (colour.length === 3 || colour[3] === 1)
				return colour.slice(0, 3);
		}
		return [255, 255, 255];
	}
	function contrast(element) {
		const a = luminance(rgb(getComputedStyle(element).color).slice(0, 3));
		const b = luminance(behind(element));
		return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	}
	function has_text(element) {
		return Array.from(element.childNodes).some((n) => n.nodeType === 3 && n.data.trim());
	}

	const texts = seen("body *").filter((e) => has_text(e) && !e.closest(":disabled, script"));
	const wide = seen("body *").filter((e) => !e.closest(".away, thead") &&
		e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5);
	const facts = {
		rows: seen("tbody tr").length,
		sections: seen("main section").length,
		pressed: seen('button[aria-pressed="true"]').map((b) => b.dataset.show).join(),
		buttons: seen(".buttons button").length,
		heads: seen("thead").filter((e) => e.getBoundingClientRect().width > 10).length,
		shown: document.getElementById("shown").textContent,
		hash: location.hash,
		width: document.documentElement.clientWidth,
		scroll: document.documentElement.scrollWidth,
		wide: wide.map((e) => e.className || e.tagName).join() || "none",
		contrast: Math.min(...texts.map(contrast)).toFixed(2),
		dark: matchMedia("(prefers-color-scheme: dark)").matches,
		small: Math.min(...seen(".buttons button, input").map((e) => e.offsetHeight)),
	};
	const text = Object.entries(facts).map(([name, value]) => `[${name}: ${value}]`).join("\n");

	if (parent !== window) {
		parent.postMessage(text, "*");
		return;
	}
	document.body.insertAdjacentHTML("beforeend", "<pre id=facts></pre>");
	document.getElementById("facts").textContent = text;
})();
