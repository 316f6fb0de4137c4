// Rows by benchmarks: where a row gains and where it loses.
function heatSection() {
  if (!benchmarkNames.some((name) => has(`score:${name}`))) return null;
  const caption = "How to read it: numbers are scores in percent; the colour says how far a score lies above (blue) or below (orange) the median of its column, strongest at the largest distance in the table.";
  return section("heat", "Where each row gains and loses, benchmark by benchmark", caption, (body) => body.append(heatGrid()));
}

function heatGrid() {
  const middles = new Map(benchmarkNames.map((name) => [name, median(table[`score:${name}`])]));
  const away = (name, i) => (known(value(`score:${name}`, i)) ? value(`score:${name}`, i) - middles.get(name) : null);
  const most = Math.max(1e-9, ...benchmarkNames.flatMap((name) => every.map((i) => Math.abs(away(name, i) ?? 0))));
  const columns = [
    { key: "rank", label: "rank", kind: "number", cell: (i) => whole(value("rank", i)), sort: (i) => value("rank", i) },
    { key: "cell", label: "row", row: true, cell: cellLink, sort: nameOf },
    ...benchmarkNames.map((name) => ({ key: name, label: name, kind: "number heat", down: true, sort: (i) => value(`score:${name}`, i), cell: (i) => heatCell(value(`score:${name}`, i), away(name, i), most) })),
  ];
  return grid({ name: "Scores by benchmark", columns, rows: every, first: { key: "rank", down: false }, tall: true }).node;
}

function heatCell(score, distance, most) {
  const node = el("span", { class: `heat ${distance === null ? "" : distance < 0 ? "below" : "above"}` }, fixed(score));
  node.style.setProperty("--strength", distance === null ? 0 : Math.round(45 * Math.abs(distance) / most));
  return node;
}

function median(values) {
  const seen = values.filter(known).sort((a, b) => a - b);
  return seen.length ? (seen[Math.floor((seen.length - 1) / 2)] + seen[Math.ceil((seen.length - 1) / 2)]) / 2 : 0;
}
