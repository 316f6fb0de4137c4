// Scores against what they cost, and against how much data the student saw.
const COSTS = { tokens: ["tokens generated", short], seconds: ["time of all its steps", duration], gpu_hours: ["GPU-hours", short], rows: ["training rows", short] };

function costSection() {
  const kinds = Object.keys(COSTS).filter((key) => new Set(every.filter((i) => value(key, i) > 0 && known(value("mean", i))).map((i) => value(key, i))).size > 1);
  if (!kinds.length) return null;
  return section("cost", "What a better score costs", "How to read it: high and left is good; the stepped line joins the rows that no other row beats at the same cost or less (the Pareto front). Its rows are listed below, by number where they are many.", (body) => {
    const holder = el("div");
    const draw = (kind) => holder.replaceChildren(...costFigure(kind));
    body.append(el("div", { class: "tools" }, choice("Cost in", kinds.map((key) => [key, COSTS[key][0]]), kinds[0], draw).node), holder);
    draw(kinds[0]);
  });
}

/** Return the rows that no other beats at the same cost or less, cheapest first. */
function front(rows, cost) {
  let best = -Infinity;
  return [...rows].sort((a, b) => cost(a) - cost(b) || value("mean", b) - value("mean", a)).filter((i) => value("mean", i) > best && ((best = value("mean", i)), true));
}

function costFigure(kind) {
  const cost = (i) => value(kind, i);
  const rows = every.filter((i) => known(cost(i)) && cost(i) > 0 && known(value("mean", i)));
  const [text, format] = COSTS[kind];
  const width = narrow() ? Math.max(300, innerWidth - 48) : 820;
  const [height, left, right, top, bottom] = [380, 56, width - 20, 30, 330];
  const costs = rows.map(cost), wide = Math.max(...costs) / Math.min(...costs) > 8;
  const x = wide ? logarithmic([Math.min(...costs) / 1.15, Math.max(...costs) * 1.15], [left, right]) : linear(extent(costs, 0.08), [left, right]);
  const y = linear(extent(rows.map((i) => value("mean", i)), 0.12), [bottom, top]);
  const best = front(rows, cost), on = new Set(best);
  const path = best.map((i, at) => (at ? `H${x(cost(i))}V${y(value("mean", i))}` : `M${x(cost(i))} ${y(value("mean", i))}`)).join("");
  const dots = [...rows].sort((a, b) => on.has(a) - on.has(b)).map((i) => svg("a", { href: `#cell=${encodeURIComponent(ids[i])}`, tabindex: "-1" }, svg("g", { class: `mark ${on.has(i) ? "front" : "dot"} ${isReference(i) ? "reference" : ""}` }, svg("title", {}, plain(`${nameOf(i)}: ${fixed(value("mean", i))} %, ${format(cost(i))}`)), point(isReference(i) ? "reference" : "", x(cost(i)), y(value("mean", i)), on.has(i) ? 5 : 3.5))));
  const label = `Mean score of ${rows.length} rows against ${text}; ${best.length} are on the Pareto front and listed below.`;
  const plot = drawing(width, height, label, axisY(y, { left, right, label: "mean, percent" }), axisX(x, { top, bottom, label: `${text}${wide ? " (log scale)" : ""}`, format, count: narrow() ? 3 : 6 }), svg("path", { class: "frontline", d: `${path}H${right}` }), dots, names(best, x, y, cost, right));
  const list = el("ol", { class: "front" }, best.slice(0, 30).map((i) => el("li", {}, cellLink(i), ` ${fixed(value("mean", i))} %, ${format(cost(i))}${isReference(i) ? ", the reference" : ""}`)));
  return [el("div", { class: "figure" }, plot), el("p", { class: "quiet" }, `On the front: ${plural(best.length, "row")}`), list];
}

const NAMED = 4; // rows of a front that are named; of more, the numbers of the list below
/** Names or numbers beside the marks of a front, as many as do not lie on each other. */
function names(rows, x, y, cost, right) {
  const used = [];
  const few = rows.length <= NAMED && !narrow(), room = few ? 240 : 20;
  return rows.flatMap((i, n) => {
    const [at, up] = [x(cost(i)), y(value("mean", i)) - 9];
    if (used.some(([otherX, otherY]) => Math.abs(otherY - up) < 13 && Math.abs(otherX - at) < room)) return [];
    used.push([at, up]);
    const last = few && at > right - 180;
    return [svg("text", { class: "name", x: at + (few ? (last ? -8 : 8) : -5), y: up, "text-anchor": few && !last ? "start" : "end" }, few ? plain(clipName(nameOf(i), 34)) : String(n + 1))];
  });
}

function scaleSection() {
  const name = factorNames.find((each) => each === "scale");
  const rows = every.filter((i) => known(value("mean", i)) && known(value("rows", i)) && value("rows", i) > 0);
  if (!name || new Set(rows.map((i) => value("rows", i))).size < 2) return null;
  const others = factorNames.filter((each) => each !== name);
  const lines = new Map();
  for (const i of rows) {
    const key = others.map((each) => value(each, i)).join(" · ") || "all";
    lines.set(key, [...(lines.get(key) || []), i]);
  }
  return section("scaling", "How the score grows with training rows", "How to read it: each line is one recipe at several sizes of its dataset, on a logarithmic axis; lines with a steeper end gain more from more data.", (body) => body.append(scaleFigure(rows, lines)));
}

function scaleFigure(rows, lines) {
  const [width, height, left, right, top, bottom] = [820, 400, 56, 590, 30, 350];
  const sizes = rows.map((i) => value("rows", i));
  const x = logarithmic([Math.min(...sizes) / 1.15, Math.max(...sizes) * 1.15], [left, right]);
  const y = linear(extent(rows.flatMap((i) => [lower(i), upper(i)]), 0.04), [bottom, top]);
  const ends = [];
  const few = lines.size <= 12;
  const lit = (own) => few || own.includes(reference) || own.some((i) => value("rank", i) === 1);
  const sorted = [...lines].sort(([, a], [, b]) => lit(a) - lit(b));
  const drawn = sorted.map(([key, own], at) => {
    const order = own.sort((a, b) => value("rows", a) - value("rows", b));
    const place_ = (i) => [x(value("rows", i)), y(value("mean", i))];
    if (lit(own)) ends.push([clipName(key, 26) + (!few && own.includes(reference) ? " (ref.)" : ""), at, ...place_(order[order.length - 1])]);
    return svg("g", { class: `line s${lit(own) ? at % 6 : "-many"} d${few ? Math.floor(at / 6) % 2 : 0}` }, svg("title", {}, plain(key)), svg("path", { d: order.map((i, n) => `${n ? "L" : "M"}${place_(i).join(" ")}`).join("") }), lit(own) ? order.map((i) => svg("g", {}, svg("title", {}, plain(`${nameOf(i)}: ${fixed(value("mean", i))} (${between(lower(i), upper(i))}), ${whole(value("rows", i))} rows`)), svg("line", { class: "whisker", x1: place_(i)[0], x2: place_(i)[0], y1: y(lower(i)), y2: y(upper(i)) }), svg("circle", { cx: place_(i)[0], cy: place_(i)[1], r: 4 }))) : null);
  });
  return el("div", { class: "figure" }, drawing(width, height, `Mean score against training rows, ${lines.size} lines`, axisY(y, { left, right, label: "mean, percent" }), axisX(x, { top, bottom, label: "training rows (log scale)", format: short }), drawn, endNames(ends, right)));
}

/** Names at the ends of lines, moved apart where they would lie on each other. */
function endNames(ends, right) {
  let last = -Infinity;
  return ends.sort((a, b) => a[3] - b[3]).map(([key, at, , up]) => {
    last = Math.max(up, last + 14);
    return svg("text", { class: `name s${at % 6}`, x: right + 12, y: last + 4 }, plain(clip(key, 34)));
  });
}
