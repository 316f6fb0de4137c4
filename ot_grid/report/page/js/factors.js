// What each choice of each factor does, and what choices do together.
const PAIRS = 12; // interactions before "show all"

function framed(columns) {
  const names = Object.keys(columns || {});
  return names.length ? columns[names[0]].map((_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]]))) : [];
}

function factorsSection() {
  const effects = framed(facts.effects);
  if (!effects.length) return null;
  const shares = new Map(effects.map((row) => [row.factor, row.share]));
  const most = [...shares].filter(([, part]) => known(part)).sort((a, b) => b[1] - a[1])[0];
  const heading = most ? el("span", {}, safe(most[0]), ` matters most: it explains ${share(most[1])} of what differs between rows`) : "What each choice does, on average over the others";
  return section("factors", heading, "How to read it: a dot is how far a choice lies above or below the average of its factor, a line its 95 % interval; choices whose lines overlap widely are not told apart." + (facts.noise ? ` Here, too, ${facts.noise}.` : ""), (body) => {
    for (const factor of shares.keys()) body.append(factorFigure(factor, shares.get(factor), effects.filter((row) => row.factor === factor)));
    body.append(...interactions());
  });
}

function factorFigure(factor, part, rows) {
  const lines = rows.map((row) => ({ name: String(row.choice), low: row.low, high: row.high, middle: row.effect, kind: row.verdict === "resolved" ? (row.effect > 0 ? "better" : "worse") : "open" }));
  const title = el("h3", {}, safe(factor), known(part) ? el("span", { class: "quiet" }, ` explains ${share(part)} of the differences between rows`) : null);
  const drawn = lines.some((line) => known(line.middle)) ? forest(lines, `Effects of the choices of ${factor}; the table that follows has the numbers.`, "points above or below the factor's average") : null;
  return el("div", { class: "factor" }, title, ...(drawn ? [drawn] : []), details(`Numbers of ${factor}`, effectTable(factor, rows)));
}

const details = (text, ...children) => el("details", {}, el("summary", {}, safe(text)), children);

function effectTable(factor, rows) {
  const columns = [
    { key: "choice", label: "choice", row: true, cell: (i) => safe(rows[i].choice), sort: (i) => rows[i].choice },
    ...[["mean", fixed], ["effect", signed], ["low", signed], ["high", signed], ["difference", signed], ["p_adjusted", pvalue], ["cells", whole]].filter(([key]) => key in rows[0]).map(([key, format]) => ({ key, label: key.replace("_", " "), kind: "number", cell: (i) => format(rows[i][key]), sort: (i) => rows[i][key], down: true })),
    ...("verdict" in rows[0] ? [{ key: "verdict", label: "verdict", cell: (i) => safe(rows[i].verdict || NONE), sort: (i) => rows[i].verdict }] : []),
  ];
  return grid({ name: `Effects of ${factor}`, columns, rows: rows.map((_, i) => i) }).node;
}

function interactions() {
  const rows = framed(facts.interactions).filter((row) => known(row.effect)).sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
  if (!rows.length) return [];
  const resolved = rows.filter((row) => row.verdict === "resolved").length;
  const text = resolved ? `${plural(resolved, "pair")} of choices ${resolved === 1 ? "does" : "do"} more, or less, together than apart` : "No pair of choices does more or less together than apart, as far as these data tell";
  const holder = el("div");
  const draw = (count) => {
    const lines = rows.slice(0, count).map((row) => ({ name: `${row.choices} (${row.factors})`, low: row.low, high: row.high, middle: row.effect, kind: row.verdict === "resolved" ? (row.effect > 0 ? "better" : "worse") : "open" }));
    holder.replaceChildren(forest(lines, "Interactions of pairs of choices with 95 % intervals", "points beyond the sum of both effects"));
    if (count < rows.length) holder.append(more(`Draw all ${whole(rows.length)} pairs`, () => draw(rows.length)));
  };
  draw(PAIRS);
  return [el("h3", {}, text), el("p", { class: "caption" }, "How to read it: a dot right of zero is a pair that works better together than its two effects add up to."), holder];
}
