// From values to places on a drawing, and the small marks that all drawings share.
function linear([from, to], [left, right]) {
  const scale = (x) => left + ((x - from) / (to - from || 1)) * (right - left);
  return Object.assign(scale, { domain: [from, to], ticks: (count) => ticks(from, to, count) });
}

function logarithmic([from, to], [left, right]) {
  const inner = linear([Math.log10(from), Math.log10(to)], [left, right]);
  return Object.assign((x) => inner(Math.log10(x)), { domain: [from, to], ticks: (count) => logTicks(from, to, count) });
}

function ticks(from, to, count = 5) {
  const raw = (to - from || 1) / count;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((each) => each * size).find((each) => each >= raw);
  const found = [];
  for (let at = Math.ceil(from / step); at * step <= to + step * 1e-9; at++) found.push(Number((at * step).toPrecision(12)));
  return found;
}

function logTicks(from, to, most = 8) {
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    const found = [];
    for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
      found.push(...steps.map((each) => each * 10 ** power));
    }
    const seen = found.filter((each) => each >= from * 0.999 && each <= to * 1.001);
    if (seen.length <= most || steps.length === 1) return seen.length ? seen : [from, to];
  }
  return [from, to];
}

/** Return the least and greatest of known values, with room beside them. */
function extent(values, room = 0.06) {
  const seen = values.filter(known);
  if (!seen.length) return [0, 1];
  const [low, high] = [seen.reduce((a, b) => Math.min(a, b)), seen.reduce((a, b) => Math.max(a, b))];
  const space = (high - low || Math.abs(high) || 1) * room;
  return [low - space, high + space];
}

/** Whether the screen is that of a phone: drawings are narrower, and say their numbers only in tables. */
const narrow = () => innerWidth < 640;
const axisOf = (values, made) => (values.some(known) ? made : undefined);

/** Return a horizontal axis with its ticks at the bottom. */
function axisX(scale, { top, bottom, label, format = (x) => minus(String(x)), count = 6 }) {
  const [left, right] = scale.domain.map(scale);
  const marks = scale.ticks(count).map((at) => svg("g", {},
    svg("line", { class: "rule", x1: scale(at), x2: scale(at), y1: top, y2: bottom }),
    svg("text", { class: "tick", x: scale(at), y: bottom + 14, "text-anchor": "middle" }, format(at))));
  return svg("g", { "aria-hidden": "true" }, marks, svg("text", { class: "axis", x: (left + right) / 2, y: bottom + 32, "text-anchor": "middle" }, label));
}

function axisY(scale, { left, right, label, format = (x) => minus(String(x)), count = 5 }) {
  const marks = scale.ticks(count).map((at) => svg("g", {},
    svg("line", { class: "rule", x1: left, x2: right, y1: scale(at), y2: scale(at) }),
    svg("text", { class: "tick", x: left - 6, y: scale(at) + 4, "text-anchor": "end" }, format(at))));
  const top = Math.min(...scale.domain.map(scale));
  return svg("g", { "aria-hidden": "true" }, marks, svg("text", { class: "axis", x: 4, y: top - 10 }, label));
}

/** Return an interval with its middle: filled where it is resolved, hollow where not, a diamond for the reference. */
function whisker(scale, y, { low, high, middle, kind, title }) {
  const from = known(low) ? scale(low) : null, to = known(high) ? scale(high) : null;
  const line = from === null || to === null ? null : svg("line", { class: "whisker", x1: from, x2: to, y1: y, y2: y });
  return svg("g", { class: `mark ${kind || ""}` }, title ? svg("title", {}, plain(title)) : null, line, known(middle) ? point(kind, scale(middle), y) : null);
}

function point(kind, x, y, size = 4) {
  if (kind === "reference") return svg("path", { class: "point", d: `M${x} ${y - size - 1}L${x + size + 1} ${y}L${x} ${y + size + 1}L${x - size - 1} ${y}Z` });
  return svg("circle", { class: "point", cx: x, cy: y, r: size });
}

function drawing(width, height, label, ...children) {
  const drawn = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-label": label }, children);
  // An image has no parts to a screen reader, and no links either.
  drawn.setAttribute("role", drawn.querySelector("a") ? "group" : "img");
  return drawn;
}

/** Cut the name of a row: of its choices the longest first, so that rows stay different. */
function clipName(text, most) {
  const parts = text.split(" · "), room = most - 3 * (parts.length - 1);
  let cap = most;
  while (cap > 2 && parts.reduce((sum, part) => sum + Math.min(part.length, cap), 0) > room) cap--;
  return clip(parts.map((part) => clip(part, cap)).join(" · "), most);
}

const clip = (text, most) => (text.length > most ? `${[...text.slice(0, most - 1)].filter((sign) => !/\p{Cs}/u.test(sign)).join("")}…` : text);
