// What each step of the method kept and dropped, and why.
function stepsSection() {
  if (!evidence) return null;
  const caption = "How to read it: the bar is what came in, its dark part what was kept. A step opens its reasons, with examples.";
  return section("steps", "What each step kept, what it dropped, and why", caption, (body) => openJSON(evidence.steps).then((steps) => body.append(...stepParts(steps))).catch((error) => body.append(failure(error))));
}

function stepParts(steps) {
  if (!steps.length) return [el("p", {}, "No step of this sweep is done and in the store.")];
  const holder = el("div", { id: "step", class: "sheet", hidden: true });
  const columns = [
    { key: "step", label: "step", row: true, cell: (at) => el("button", { type: "button", class: "open", click: () => showStep(holder, steps[at]) }, safe(titleOf(steps[at]))), sort: (at) => at },
    { key: "of", label: "in rows with", cell: (at) => safe(clip(sharedBy(steps[at]), 60) || "all"), sort: (at) => sharedBy(steps[at]) },
    { key: "in", label: "in", kind: "number", down: true, cell: (at) => whole(steps[at].in ?? sum(steps[at])), sort: (at) => steps[at].in ?? sum(steps[at]) },
    { key: "kept", label: "kept", kind: "number", down: true, cell: (at) => whole(steps[at].kept), sort: (at) => steps[at].kept },
    { key: "dropped", label: "dropped", kind: "number", down: true, cell: (at) => whole(steps[at].dropped), sort: (at) => steps[at].dropped },
    { key: "bar", label: "share kept", kind: "plot", cell: (at) => keptBar(steps[at]), sort: (at) => portion(steps[at]), down: true },
    { key: "why", label: "most frequent reason", cell: (at) => (steps[at].reasons.length ? safe(clip(`${steps[at].reasons[0].reason} (${whole(steps[at].reasons[0].count)})`, 60)) : NONE) },
    { key: "cells", label: "cells", kind: "number", down: true, cell: (at) => whole(steps[at].cells.length), sort: (at) => steps[at].cells.length },
  ];
  return [grid({ name: "Steps", columns, rows: steps.map((_, at) => at), tall: steps.length > 20 }).node, holder];
}

const titleOf = (step) => `${step.stage.replace("_", " ")} ${step.label}${step.branch ? ` (${step.branch})` : ""}`;
const rowsWith = new Map();
/** What the rows that use a step have in common, and others have not. */
function sharedBy(step) {
  if (!rowsWith.has(step)) {
    const users = [...new Set(step.cells.map((id) => place.get(id)).filter((i) => i !== undefined))];
    const same = (name, rows) => rows.every((i) => value(name, i) === value(name, rows[0]));
    const names_ = factorNames.filter((name) => users.length && same(name, users) && !same(name, every));
    rowsWith.set(step, names_.map((name) => `${name}=${value(name, users[0])}`).join(" "));
  }
  return rowsWith.get(step);
}
const sum = (step) => (known(step.kept) ? step.kept + step.dropped : null);
const portion = (step) => (known(step.kept) && step.kept + step.dropped ? step.kept / (step.kept + step.dropped) : null);

function keptBar(step) {
  const part = portion(step);
  if (part === null) return NONE;
  return el("span", { class: "barred" }, svg("svg", { width: 120, height: 14, viewBox: "0 0 120 14", "aria-hidden": "true" }, svg("rect", { class: "bar lost", x: 0, y: 2, width: 120, height: 10 }), svg("rect", { class: "bar kept", x: 0, y: 2, width: 120 * part, height: 10 })), share(part));
}

function showStep(holder, step) {
  const heading = el("h3", { tabindex: "-1" }, safe(titleOf(step)), " ", el("code", { class: "quiet" }, safe(step.key)));
  const close = el("button", { type: "button", class: "more", click: () => { holder.hidden = true; document.getElementById("steps-heading").focus(); } }, "Close");
  holder.replaceChildren(el("div", { class: "row-of" }, heading, close), el("p", {}, `Kept ${whole(step.kept)}, dropped ${whole(step.dropped)}; used by ${plural(step.cells.length, "cell")}.`), ...spread(step), ...reasons(step), ...examples("Examples of what was kept", step.kept_examples));
  holder.hidden = false;
  heading.focus({ preventScroll: true });
  holder.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
}

function reasons(step) {
  if (!step.reasons.length) return [el("p", {}, "Nothing was dropped.")];
  const most = step.reasons[0].count;
  const list = step.reasons.map(({ reason, count, examples: shown }) => el("details", {}, el("summary", {}, safe(reason), " ", el("strong", {}, whole(count)), " ", svg("svg", { width: 120, height: 10, viewBox: "0 0 120 10", "aria-hidden": "true" }, svg("rect", { class: "bar lost", x: 0, y: 1, width: 120 * (count / most), height: 8 }))), exampleList(shown)));
  return [el("h4", {}, "Dropped, by reason"), ...list, step.more_reasons ? el("p", { class: "quiet" }, `and ${plural(step.more_reasons, "rarer reason")}`) : null].filter(Boolean);
}

const examples = (title, rows) => (rows.length ? [details(title, exampleList(rows))] : []);
const exampleList = (rows) => el("ul", { class: "examples" }, rows.map((row) => el("li", {}, el("p", { class: "told" }, el("code", {}, safe(row.row)), known(row.score) ? ` · score ${short(row.score)}` : "", row.reason ? el("span", {}, " · ", safe(row.reason)) : null), row.text === null ? el("p", { class: "quiet" }, "Its text was not kept.") : long(row.text, "Question"), row.output ? long(row.output, "Output") : null)));

/** A histogram of scores: kept above, dropped below the line. */
function spread(step) {
  if (!step.spread) return [];
  const { edges, kept, dropped } = step.spread;
  const most = Math.max(1, ...kept, ...dropped), [left, right, middle, tall] = [40, 620, 80, 60];
  const x = linear([edges[0], edges[edges.length - 1]], [left, right]);
  const bars = (counts, kind, way) => counts.map((count, at) => svg("rect", { class: `bar ${kind}`, x: x(edges[at]) + 0.5, width: Math.max(1, x(edges[at + 1]) - x(edges[at]) - 1), y: way > 0 ? middle - (tall * count) / most : middle, height: (tall * count) / most }, svg("title", {}, `${short(edges[at])} to ${short(edges[at + 1])}: ${whole(count)} ${kind === "kept" ? "kept" : "dropped"}`)));
  const plot = drawing(640, 190, `Scores of ${whole(kept.concat(dropped).reduce((a, b) => a + b, 0))} questions: kept above the line, dropped below`, axisX(x, { top: 16, bottom: 146, label: "score of the filter", format: short }), bars(kept, "kept", 1), bars(dropped, "lost", -1), svg("text", { class: "axis", x: left, y: 14 }, "kept"), svg("text", { class: "axis", x: left, y: 138 }, "dropped"));
  return [el("h4", {}, "Its scores"), el("div", { class: "figure" }, plot)];
}
