// The ranked table: search, filters, groups of columns.
const GROUPS = {
  benchmarks: "each benchmark",
  noise: "standard errors and seeds",
  answers: "how answers came",
  cost: "cost",
};
const ranking = { shown: new Set(), text: "", only: new Map(), grid: null, rows: every };

function rankingSection() {
  const heading = ranked.length ? `${plural(ranked.length, "row")} ranked by the mean of ${facts.ranked_by.length === 1 ? plain(facts.ranked_by[0]) : `${facts.ranked_by.length} benchmarks`}` : "No row is ranked yet";
  const caption = "Dots are scores in percent, lines their 95 % intervals; the thin vertical line is the reference. Rows that share a letter under “tie” are not told apart by these data. A heading sorts; a row's name opens all that is known of it.";
  const node = section("ranking", heading, caption, drawRanking);
  drawNow(node);
  return node;
}

function drawRanking(body) {
  const count = el("p", { class: "count", "aria-live": "polite" });
  ranking.count = count;
  ranking.holder = el("div");
  body.append(el("div", { class: "tools", role: "search" }, searchBox(), ...factorNames.map(factorFilter), columnBoxes(), count), ranking.holder, el("div", { id: "cell-place" }));
  drawGrid();
}

function searchBox() {
  const box = el("input", { type: "search", id: "search", placeholder: "name, choice, cause …", autocomplete: "off", spellcheck: "false", input: () => { ranking.text = box.value.toLowerCase(); filterRows(); } });
  return labelled("Search", box);
}

function factorFilter(name) {
  const choices = [...new Set(table[name].filter((each) => each !== null && each !== ""))];
  if (choices.length < 2 || choices.length > 300) return null;
  return choice(safe(name), [["", "any"], ...choices.map((each, at) => [String(at), String(each)])], "", (chosen) => {
    ranking.only.set(name, chosen === "" ? null : choices[Number(chosen)]);
    filterRows();
  }).node;
}

function columnBoxes() {
  const boxes = Object.entries(GROUPS).map(([key, text]) => {
    const box = el("input", { type: "checkbox", change: () => { box.checked ? ranking.shown.add(key) : ranking.shown.delete(key); drawGrid(); } });
    return el("label", { class: "check" }, box, text);
  });
  return el("fieldset", { class: "boxes" }, el("legend", {}, "Also show"), boxes);
}

const haystack = every.map((i) => [ids[i], nameOf(i), ...factorNames.map((name) => `${name}=${value(name, i)}`), value("members", i), value("status", i), value("cause", i), value("verdict", i)].join(" ").toLowerCase());

function filterRows() {
  const words = ranking.text.split(/\s+/).filter(Boolean);
  const fits = (i) => words.every((word) => haystack[i].includes(word)) && [...ranking.only].every(([name, chosen]) => chosen === null || value(name, i) === chosen);
  ranking.rows = every.filter(fits);
  ranking.grid.show(ranking.rows);
  ranking.count.textContent = ranking.rows.length === ids.length ? plural(ids.length, "row") : `${whole(ranking.rows.length)} of ${plural(ids.length, "row")}`;
}

function drawGrid() {
  const columns = rankingColumns();
  ranking.grid = grid({ name: "Ranking", columns, rows: every, first: { key: "rank", down: false }, rowClass: (i) => (isReference(i) ? "reference" : known(value("rank", i)) ? "" : "unranked"), tall: true });
  ranking.holder.replaceChildren(ranking.grid.node);
  filterRows();
  ranking.grid.redraw();
}

function rankingColumns() {
  const extra = [["benchmarks", benchmarkColumns], ["noise", noiseColumns], ["answers", answerColumns], ["cost", costColumns]];
  return [...mainColumns(), ...extra.flatMap(([key, made]) => (ranking.shown.has(key) ? made() : [])), ...statusColumn()].filter(Boolean);
}

const textColumn = (key, label, more_ = {}) => ({ key, label, cell: (i) => safe(value(key, i) ?? NONE), sort: (i) => value(key, i), ...more_ });
const numberColumn = (key, label, format = fixed, help = "") => (has(key) ? { key, label, help, kind: "number", down: true, cell: (i) => format(value(key, i)), sort: (i) => value(key, i) } : null);

function mainColumns() {
  const scores = linear(extent(every.flatMap((i) => [lower(i), upper(i)])), [4, 136]);
  const gaps = linear(extent([0, ...every.flatMap((i) => [diffLow(i), diffHigh(i)])]), [4, 116]);
  return [
    { key: "rank", label: "rank", kind: "number", cell: rankCell, sort: (i) => value("rank", i), help: "in brackets the ranks that these data leave possible (95 %)" },
    has("group") ? textColumn("group", "tie", { help: "rows that share a letter are not told apart" }) : null,
    { key: "cell", label: "row", row: true, cell: cellLink, sort: nameOf },
    { key: "mean", label: "mean", kind: "number", down: true, cell: (i) => el("strong", {}, fixed(value("mean", i))), sort: (i) => value("mean", i), help: "plain mean of the benchmarks, percent" },
    { key: "interval", label: "95 % interval", kind: "plot", cell: (i) => scoreMark(scores, i), sort: lower, down: true, help: "sorts by the lower end", header: axisOf(every.map(lower), () => miniAxis(scores, 140)) },
    { key: "difference", label: "± ref.", kind: "number", down: true, cell: (i) => (isReference(i) ? NONE : signed(value("difference", i))), sort: (i) => value("difference", i), help: "difference of means, points" },
    { key: "gap", label: "to reference, 95 %", kind: "plot", cell: (i) => gapMark(gaps, i), sort: diffLow, down: true, help: "sorts by the lower end", header: axisOf(every.map(diffLow), () => miniAxis(gaps, 120, signed)) },
    { key: "verdict", label: "verdict", cell: verdictCell, sort: (i) => value("verdict", i) },
    has("p_adjusted") ? { key: "p_adjusted", label: "adj. p", kind: "number", cell: (i) => (isReference(i) ? NONE : pvalue(value("p_adjusted", i))), sort: (i) => (isReference(i) ? null : value("p_adjusted", i)), help: "chance of such a difference where there is none, corrected for the number of comparisons" } : null,
    numberColumn("best", "best", share, "probability of being the best row"),
  ];
}

const benchmarkColumns = () => [
  ...benchmarkNames.map((name) => numberColumn(`score:${name}`, name)),
  ...Object.keys(table).filter((name) => name.startsWith("domain:")).map((name) => numberColumn(name, `all ${name.slice(7)}`)),
  ...Object.keys(table).filter((name) => name.startsWith("held_out:")).map((name) => numberColumn(name, `${name.slice(9)} (held out)`)),
];
const two = (x) => fixed(x, 2);
const noiseColumns = () => [numberColumn("se_questions", "s.e. questions", two), numberColumn("se_decoding", "s.e. decoding", two), numberColumn("seeds", "seeds", whole), numberColumn("detectable", "detectable", two, "smallest difference to the reference that would be found in 4 of 5 such experiments"), numberColumn("corrected", "corrected mean", fixed, "without the luck of being looked at because it is high")];
const answerColumns = () => [numberColumn("questions", "questions", whole), textColumn("repeats", "repeats", { kind: "number" }), numberColumn("cut", "cut %", fixed, "outputs stopped by the token limit"), numberColumn("unextracted", "no answer %", fixed, "outputs in which no answer was found"), numberColumn("ungraded", "ungraded %", fixed)];
const costColumns = () => [numberColumn("rows", "training rows", whole), numberColumn("tokens", "tokens", short), numberColumn("seconds", "time", duration), numberColumn("gpu_hours", "GPU-hours", short)];

function statusColumn() {
  if (!(table.status || []).some((each) => each && each !== "complete") && !(table.source || []).includes("published")) return [];
  const said = (i) => [value("status", i), value("source", i) === "published" ? "published scores" : null].filter(Boolean).join("; ");
  return [{ key: "status", label: "status", cell: (i) => el("span", { class: value("status", i) === "complete" ? "" : "warn" }, safe(said(i) || NONE)), sort: said }];
}

function rankCell(i) {
  const rank = value("rank", i);
  if (!known(rank)) return NONE;
  const [low, high] = [value("rank_low", i), value("rank_high", i)];
  return el("span", {}, el("strong", {}, whole(rank)), known(low) && known(high) ? el("span", { class: "quiet" }, ` (${low}–${high})`) : null);
}

function cellLink(i) {
  return el("a", { href: `#cell=${encodeURIComponent(ids[i])}`, title: `${nameOf(i)} (${ids[i]})` }, safe(nameOf(i)), " ", el("code", { class: "quiet" }, safe(ids[i])));
}

function verdictCell(i) {
  const said = value("verdict", i);
  if (!said) return NONE;
  const [sign, text] = KINDS[kindOf(i)];
  return el("span", { class: `verdict ${kindOf(i)}` }, el("span", { "aria-hidden": "true" }, sign), ` ${text}`);
}

function scoreMark(scale, i) {
  const at = reference === null ? null : value("mean", reference);
  const line = known(at) ? svg("line", { class: "guide", x1: scale(at), x2: scale(at), y1: 0, y2: 22 }) : null;
  return small(140, between(lower(i), upper(i)), line, whisker(scale, 11, { low: lower(i), high: upper(i), middle: value("mean", i), kind: kindOf(i) }));
}

function gapMark(scale, i) {
  if (isReference(i)) return small(120, "reference", svg("line", { class: "guide", x1: scale(0), x2: scale(0), y1: 0, y2: 22 }));
  const line = svg("line", { class: "guide", x1: scale(0), x2: scale(0), y1: 0, y2: 22 });
  return small(120, between(diffLow(i), diffHigh(i)), line, whisker(scale, 11, { low: diffLow(i), high: diffHigh(i), middle: value("difference", i), kind: kindOf(i) }));
}

const small = (width, label, ...children) => drawing(width, 22, label, svg("title", {}, label), children);

function miniAxis(scale, width, format = (x) => minus(String(x))) {
  const marks = scale.ticks(3).map((at) => svg("text", { class: "tick", x: Math.min(width - 10, Math.max(10, scale(at))), y: 10, "text-anchor": "middle" }, format(at, 0)));
  return svg("svg", { class: "mini", width, height: 12, viewBox: `0 0 ${width} 12`, "aria-hidden": "true" }, marks);
}
