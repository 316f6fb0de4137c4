// The order of the page, and where a link leads.
function banner() {
  if (!facts.banner.length) return null;
  const sign = () => el("span", { "aria-hidden": "true" }, "⚠ ");
  return el("div", { class: "banner", role: "note" }, facts.banner.map((line) => el("p", {}, sign(), safe(line))));
}

function verdictText() {
  if (facts.verdict && facts.verdict.sentence) return facts.verdict.sentence;
  const done = (table.status || []).filter((each) => each === "complete" || String(each).startsWith("flagged")).length;
  return `${facts.sweep}: ${whole(done)} of ${plural(ids.length, "row")} complete`;
}

function yardstick() {
  const said = facts.verdict || {};
  const named = { holm: "Holm", bh: "Benjamini-Hochberg" };
  const lines = [
    known(said.yardstick) ? `Two rows further apart than ${fixed(said.yardstick)} points differ, all pairs considered.` : null,
    known(said.detectable) ? `A true difference to the reference of ${fixed(said.detectable)} points would be found in 4 of 5 such experiments.` : null,
    known(said.floor) ? `Training the same recipe again moves a score by ${fixed(said.floor)} points (one standard deviation${said.floor_from ? `; ${said.floor_from}` : ""}).` : null,
    known(said.comparisons) && said.comparisons > 0 ? `${plural(said.comparisons, "comparison")}, corrected by ${named[said.correction] || said.correction}.` : null,
  ].filter(Boolean);
  return lines.length ? el("p", { class: "yardstick" }, safe(lines.join(" "))) : null;
}

/** What the numbers cover stands above them: a seed that is not repeated is the usual reason for a false winner. */
function noise() {
  return facts.noise ? el("p", { class: "noise" }, "Intervals cover questions and decoding; ", safe(facts.noise), ".") : null;
}

function notes() {
  if (!facts.notes.length) return null;
  const [first, rest] = [facts.notes.slice(0, 2), facts.notes.slice(2)];
  const list = el("ul", {}, rest.map((note) => el("li", {}, safe(note))));
  return el("div", { class: "notes" }, first.map((note) => el("p", {}, safe(note))), rest.length ? el("details", { open: rest.length < 6 }, el("summary", {}, `${plural(rest.length, "more note")} on what these numbers cover`), list) : null);
}

function header() {
  return el("header", {}, banner(), el("p", { class: "eyebrow" }, "Sweep ", safe(facts.sweep), facts.created ? ` · ${facts.created}` : "", ` · ${plural(ids.length, "row")}`, facts.complete ? "" : " · not complete yet"), facts.question ? el("p", { class: "asked" }, safe(facts.question)) : null, el("h1", {}, safe(verdictText())), noise(), yardstick(), notes());
}

function navigation(sections) {
  const names_ = { ranking: "Ranking", differences: "Differences", baselines: "Models as they are", factors: "Factors", cost: "Cost", scaling: "Scaling", heat: "Benchmarks", questions: "Questions", steps: "Steps" };
  return el("nav", { "aria-label": "Parts of this report" }, el("ul", {}, sections.map((node) => el("li", {}, el("a", { href: `#${node.id}` }, names_[node.id])))));
}

function footer() {
  const left = evidence ? evidence.left_out : [];
  return el("footer", {}, left.map((line) => el("p", {}, safe(line))), left.length ? el("p", {}, "To see more of two rows: ", el("code", {}, "python -m ot_grid compare CELL CELL")) : null, evidence ? null : el("p", {}, "This page holds the numbers alone; questions and outputs lie in the store."), el("p", { class: "quiet" }, "Made by ", el("code", {}, safe(facts.command))), announcer);
}

function build() {
  const sections = [rankingSection(), forestSection(), baselinesSection(), factorsSection(), costSection(), scaleSection(), heatSection(), questionsSection(), stepsSection()].filter(Boolean);
  document.title = plain(`${facts.sweep} · ot_grid report`);
  const page = document.getElementById("page");
  page.replaceChildren(header(), navigation(sections), el("main", {}, sections), footer());
  document.getElementById("cell-place").append(sheet);
  ranking.grid.redraw();
}

/** Go where the fragment points: #cell=ID, or #benchmark=B&question=Q&a=ID&b=ID. */
function follow() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  if (wanted.has("cell")) openCell(wanted.get("cell"));
  else if (wanted.has("question")) openQuestion(Object.fromEntries(wanted));
}

build();
follow();
addEventListener("hashchange", follow);
addEventListener("beforeprint", () => { [...undrawn.keys()].forEach(drawNow); grids.forEach((each) => each.all(true)); });
addEventListener("afterprint", () => grids.forEach((each) => each.all(false)));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => picked.holder && showQuestions());
