// Models that were evaluated as they are, beside the reference.
function baselinesSection() {
  const rows = framed(facts.baselines);
  if (!rows.length) return null;
  const lines = rows.filter((row) => known(row.difference)).map((row) => ({ name: String(row.baseline), low: row.diff_low, high: row.diff_high, middle: row.difference, kind: row.verdict === "resolved" ? (row.difference > 0 ? "better" : "worse") : "open" }));
  const names = Object.keys(rows[0]).filter((name) => name.startsWith("score:"));
  const numbers = [["mean", "mean", fixed], ["difference", "± ref.", signed], ["p_adjusted", "adj. p", pvalue], ...names.map((name) => [name, name.slice(6), fixed]), ["cut", "cut %", fixed], ["unextracted", "no answer %", fixed]];
  const columns = [
    { key: "baseline", label: "model", row: true, cell: (i) => safe(rows[i].baseline), sort: (i) => rows[i].baseline },
    ...numbers.map(([key, label, format]) => ({ key, label, kind: "number", cell: (i) => format(rows[i][key]), sort: (i) => rows[i][key], down: true })),
    { key: "verdict", label: "verdict", cell: (i) => safe(rows[i].verdict || rows[i].status), sort: (i) => rows[i].verdict },
  ];
  return section("baselines", "Models as they are, held against the reference", "How to read it: a dot left of zero is a model that scores less than the reference row, on the same questions; they were not trained here, and take no rank.", (body) => {
    if (lines.length) body.append(forest(lines, "Models as they are against the reference, with 95 % intervals; the table that follows has the numbers.", "points above or below the reference"));
    body.append(grid({ name: "Models as they are", columns, rows: rows.map((_, i) => i) }).node);
  });
}
