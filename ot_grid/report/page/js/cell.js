// All that is known of one row: its numbers, its benchmarks, what its student was trained on.
const sheet = el("section", { id: "cell", class: "sheet", "aria-labelledby": "cell-heading", hidden: true });

function openCell(id) {
  const i = place.get(id);
  if (i === undefined) {
    announce(`This report has no row ${id}`);
    sheet.replaceChildren(el("h2", { id: "cell-heading", tabindex: "-1" }, "This report has no row ", safe(id)));
  } else {
    sheet.replaceChildren(...cellParts(i));
    markRow(i);
  }
  sheet.hidden = false;
  const heading = sheet.querySelector("h2");
  heading.focus({ preventScroll: true });
  sheet.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function markRow(i) {
  document.querySelectorAll("tr[aria-current]").forEach((row) => row.removeAttribute("aria-current"));
  const row = ranking.grid.reveal(i);
  if (row) row.setAttribute("aria-current", "true");
}

function closeCell() {
  sheet.hidden = true;
  history.replaceState(null, "", "#ranking");
  document.getElementById("ranking-heading").focus();
}

function cellParts(i) {
  const heading = el("h2", { id: "cell-heading", tabindex: "-1" }, safe(nameOf(i)), " ", el("code", { class: "quiet" }, safe(ids[i])));
  return [
    el("div", { class: "row-of" }, heading, el("button", { type: "button", class: "more", click: closeCell }, "Close")),
    el("p", {}, sentence(i)),
    value("cause", i) ? el("p", { class: "warn" }, safe(value("cause", i))) : null,
    el("dl", { class: "facts" }, factPairs(i).map(([name, said]) => el("div", {}, el("dt", {}, safe(name)), el("dd", {}, safe(said))))),
    ...cellBenchmarks(i),
    ...taught(i),
    commands(i),
  ].filter(Boolean);
}

function sentence(i) {
  const mean = `Mean ${fixed(value("mean", i))} % (95 %: ${between(lower(i), upper(i))})`;
  if (isReference(i)) return `${mean}. This is the reference that the others are compared with.`;
  if (!known(value("difference", i))) return `${mean}. It is not compared with the reference.`;
  return `${mean}; ${signed(value("difference", i))} points to the reference (${between(diffLow(i), diffHigh(i))}): ${KINDS[kindOf(i)][1]}.`;
}

function factPairs(i) {
  const pairs = [
    ...factorNames.map((name) => [name, String(value(name, i) ?? NONE)]),
    ["rank", `${whole(value("rank", i))}${known(value("rank_low", i)) ? `, may be ${value("rank_low", i)} to ${value("rank_high", i)}` : ""}`],
    ["probability of being best", share(value("best", i))], ["p, adjusted", pvalue(value("p_adjusted", i))],
    ["standard error over questions", two(value("se_questions", i))], ["standard error of decoding", two(value("se_decoding", i))],
    ["training seeds", whole(value("seeds", i))], ["cells", membersOf(i).join(", ")], ["questions × repeats", `${whole(value("questions", i))} × ${value("repeats", i) ?? NONE}`],
    ["cut by the token limit", `${fixed(value("cut", i))} %`], ["training rows", whole(value("rows", i))], ["tokens", short(value("tokens", i))],
    ["time", duration(value("seconds", i))], ["GPU-hours", short(value("gpu_hours", i))], ["status", String(value("status", i) ?? NONE)],
  ];
  return pairs.filter(([, said]) => said !== NONE && !String(said).startsWith(`${NONE} %`));
}

function cellBenchmarks(i) {
  const holder = el("div", {}, el("p", { class: "quiet" }, "Opening …"));
  Promise.all([rowsOf("benchmarks", membersOf(i)), rowsOf("apart", membersOf(i))]).then(([own, apart]) => {
    const rows = [...own, ...apart.map((row) => ({ ...row, benchmark: `${row.benchmark} (held out)` }))];
    holder.replaceChildren(rows.length ? benchmarkGrid(rows) : el("p", {}, "No benchmark of this row is there."));
  }).catch((error) => holder.replaceChildren(failure(error)));
  return [el("h3", {}, "Its benchmarks"), holder];
}

const failure = (error) => el("p", { class: "warn" }, "This part cannot be opened: ", safe(String(error)));

function benchmarkGrid(rows) {
  const scale = linear(extent(rows.flatMap((row) => [row.low, row.high])), [4, 156]);
  const number = (key, label, format = fixed) => (rows.some((row) => known(row[key])) ? [{ key, label, kind: "number", cell: (i) => format(rows[i][key]), sort: (i) => rows[i][key], down: true }] : []);
  const seeds = new Set(rows.map((row) => row.cell)).size > 1;
  const columns = [
    { key: "benchmark", label: "benchmark", row: true, cell: (i) => safe(rows[i].benchmark), sort: (i) => rows[i].benchmark },
    ...(seeds ? [{ key: "cell", label: "cell", cell: (i) => el("code", {}, safe(rows[i].cell)), sort: (i) => rows[i].cell }] : []),
    ...number("mean", "mean"),
    { key: "interval", label: "95 % interval", kind: "plot", header: () => miniAxis(scale, 160), cell: (i) => small(160, between(rows[i].low, rows[i].high), whisker(scale, 11, { low: rows[i].low, high: rows[i].high, middle: rows[i].mean, kind: "open" })) },
    ...number("questions", "questions", whole), ...number("repeats", "repeats", whole), ...number("cut", "cut %"), ...number("unextracted", "no answer %"), ...number("output_tokens", "tokens an output", whole),
    { key: "status", label: "status", cell: (i) => safe([rows[i].status, rows[i].flags, rows[i].cause].filter(Boolean).join("; ") || NONE) },
  ];
  return grid({ name: "Benchmarks of this row", columns, rows: rows.map((_, at) => at) }).node;
}

/** What the student was trained on: the first rows of its datasets. */
function taught(i) {
  const packs = evidence ? evidence.datasets[ids[i]] || [] : [];
  if (!packs.length) return [];
  const holder = el("div");
  const open_ = () => Promise.all(packs.map(openJSON)).then((found) => holder.replaceChildren(...found.flatMap(({ rows }) => rows.map(taughtRow)))).catch((error) => holder.replaceChildren(failure(error)));
  const box = el("details", { toggle: () => { if (box.open && !holder.firstChild) open_(); } }, el("summary", {}, "Traces its student was trained on (the first rows of its dataset)"), holder);
  return [box];
}

const taughtRow = (row) => el("article", { class: "pair" }, el("div", {}, el("h4", {}, "Question ", el("span", { class: "quiet" }, safe(`${row.domain} · ${row.source}`))), long(row.prompt, "Question")), el("div", {}, el("h4", {}, "What it was to answer"), long(row.completion, "Completion")));

function commands(i) {
  const lines = [`python -m ot_grid reproduce ${ids[i]}`, ...(reference !== null && !isReference(i) ? [`python -m ot_grid compare ${ids[reference]} ${ids[i]}`] : [])];
  return el("div", {}, el("h3", {}, "To see more"), el("pre", { class: "text", tabindex: "0" }, safe(lines.join("\n"), "span")));
}
