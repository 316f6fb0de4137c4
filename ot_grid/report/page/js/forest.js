// Differences to the reference, one line each.
const FOREST = 40; // rows before "show all"

function forestSection() {
  if (reference === null) return null;
  const rows = every.filter((i) => !isReference(i) && known(value("difference", i)));
  if (!rows.length) return null;
  const resolved = rows.filter((i) => kindOf(i) !== "open").length;
  const heading = resolved ? `${whole(resolved)} of ${plural(rows.length, "row")} ${resolved === 1 ? "differs" : "differ"} from the reference beyond the noise` : "No row differs from the reference beyond the noise";
  const caption = "How to read it: a line that crosses zero may be no difference at all; filled dots are resolved after correction for many comparisons, hollow ones are not.";
  return section("differences", heading, caption, (body) => drawForest(body, rows.sort((a, b) => value("difference", b) - value("difference", a)), FOREST));
}

function drawForest(body, rows, most) {
  const shown = rows.length <= most ? rows : [...rows.slice(0, most / 2), ...rows.slice(-most / 2)];
  const label = `Differences of ${shown.length} rows to the reference ${nameOf(reference)} with 95 % intervals; the same numbers are in the ranking table.`;
  const figure = forest(shown.map((i) => ({ name: nameOf(i), href: `#cell=${encodeURIComponent(ids[i])}`, low: diffLow(i), high: diffHigh(i), middle: value("difference", i), kind: kindOf(i) })), label, "points above or below the reference");
  const rest = shown.length < rows.length ? el("p", {}, `The ${most / 2} best and the ${most / 2} worst are drawn. `, more(`Draw all ${whole(rows.length)}`, () => { body.replaceChildren(); drawForest(body, rows, rows.length); })) : null;
  body.append(figure, ...(rest ? [rest] : []));
}

/** A forest plot: lines have {name, low, high, middle, kind, href}. */
function forest(lines, label, axis) {
  const longest = lines.reduce((most, line) => Math.max(most, line.name.length), 6), step = narrow() ? 34 : 20;
  const left = narrow() ? 12 : 30 + Math.min(330, 6.6 * longest), width = narrow() ? Math.max(300, innerWidth - 48) : left + 560;
  const bottom = 14 + step * lines.length;
  const scale = linear(extent([0, ...lines.flatMap((line) => [line.low, line.high, line.middle])]), [left, width - (narrow() ? 12 : 130)]);
  const zero = svg("line", { class: "zero", x1: scale(0), x2: scale(0), y1: 4, y2: bottom });
  return el("div", { class: "figure" }, drawing(width, bottom + 38, label, axisX(scale, { top: 4, bottom, label: axis, count: narrow() ? 3 : 6, format: (x) => signed(x, Number.isInteger(x) ? 0 : 1) }), zero, lines.map((line, at) => forestLine(scale, line, { y: (narrow() ? 28 : 16) + step * at, left, width }))));
}

function forestLine(scale, line, { y, left, width }) {
  const where = narrow() ? { x: 0, y: y - 9, "text-anchor": "start" } : { x: left - 10, y: y + 4, "text-anchor": "end" };
  const text = svg("text", { class: "name", ...where }, plain(clipName(line.name, 50)));
  const said = `${line.name}: ${signed(line.middle)} (${between(line.low, line.high)})`;
  const figures = narrow() ? null : svg("text", { class: "figures", x: width - 2, y: y + 4, "text-anchor": "end" }, `${signed(line.middle)}  (${between(line.low, line.high)})`);
  return svg("g", {}, line.href ? svg("a", { href: line.href, tabindex: "-1" }, text) : text, whisker(scale, y, { ...line, title: said }), figures);
}
