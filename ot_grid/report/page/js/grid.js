// Tables that sort and search, and that hold only the rows that are near the screen.
const ROW = 31, AHEAD = 15, SMALL = 120;

/**
 * A table. `columns` have {key, label, cell(i), sort(i), kind, help, header}; `rows` are the numbers of its rows.
 * Returns {node, show(rows), order()}.
 */
function grid({ name, columns, rows, first = null, rowClass = () => "", tall = false }) {
  const state = { rows, key: first ? first.key : null, down: first ? first.down : false, drawn: new Map(), all: false };
  const body = el("tbody");
  const heads = new Map(columns.map((column) => [column.key, head(column, state, sorted)]));
  const node = el("table", { "aria-rowcount": rows.length + 1 }, el("caption", { class: "unseen-by-eye" }, name),
    el("thead", {}, el("tr", { "aria-rowindex": 1 }, [...heads.values()])), body);
  const box = el("div", { class: tall ? "scroll tall" : "scroll", tabindex: "0", role: "region", "aria-label": name, scroll: () => fill() }, node);

  function sorted(column) {
    state.down = state.key === column.key ? !state.down : Boolean(column.down);
    state.key = column.key;
    arrange();
    announce(`${name}: sorted by ${column.label}, ${state.down ? "descending" : "ascending"}`);
  }

  function arrange() {
    const column = columns.find((each) => each.key === state.key);
    if (column) state.rows = inOrder(state.rows, column.sort, state.down);
    for (const [key, cell] of heads) cell.setAttribute("aria-sort", key !== state.key ? "none" : state.down ? "descending" : "ascending");
    clear();
    fill();
  }

  function clear() {
    state.drawn.clear();
    body.replaceChildren();
  }

  function fill() {
    const few = state.all || state.rows.length <= SMALL;
    const top = Math.max(0, Math.floor(box.scrollTop / ROW) - AHEAD);
    const end = Math.min(state.rows.length, top + Math.ceil((box.clientHeight || 700) / ROW) + 2 * AHEAD);
    const [from, to] = few ? [0, state.rows.length] : [top, end];
    if (state.from === from && state.to === to && state.drawn.size) return;
    Object.assign(state, { from, to });
    const held = body.contains(document.activeElement) ? document.activeElement : null;
    const kept = new Map();
    for (let at = from; at < to; at++) kept.set(state.rows[at], state.drawn.get(state.rows[at]) || row(state.rows[at], at));
    state.drawn = kept;
    body.replaceChildren(...gap(from), ...kept.values(), ...gap(state.rows.length - to));
    node.setAttribute("aria-rowcount", state.rows.length + 1);
    if (held) (body.contains(held) ? held : box).focus({ preventScroll: true });
  }

  function gap(count) {
    if (count <= 0) return [];
    const space = el("tr", { class: "gap", "aria-hidden": "true" }, el("td", { colspan: columns.length }));
    space.style.height = `${count * ROW}px`;
    return [space];
  }

  function row(i, at) {
    return el("tr", { class: rowClass(i), "aria-rowindex": at + 2 }, columns.map((column) => bodyCell(column, i)));
  }

  function show(chosen) {
    state.rows = chosen;
    box.scrollTop = 0;
    arrange();
  }

  function all(wanted) {
    state.all = wanted;
    state.from = -1;
    fill();
  }

  function reveal(i) {
    const at = state.rows.indexOf(i);
    if (at >= 0) box.scrollTop = Math.max(0, at * ROW - box.clientHeight / 2);
    fill();
    return state.drawn.get(i);
  }

  arrange();
  grids.add({ all });
  return { node: box, show, all, reveal, redraw: () => { clear(); state.from = -1; fill(); } };
}

const grids = new Set();

function bodyCell(column, i) {
  const made = column.cell(i);
  const given = { class: column.kind || "" };
  return column.row ? el("th", { scope: "row", ...given }, made) : el("td", given, made);
}

function head(column, state, sorted) {
  const given = { scope: "col", class: column.kind || "", "aria-sort": column.sort ? "none" : undefined };
  const label = column.hidden ? el("span", { class: "unseen-by-eye" }, safe(column.label)) : safe(column.label);
  if (!column.sort) return el("th", given, label, column.header ? column.header() : null);
  const button = el("button", { type: "button", title: column.help || null, click: () => sorted(column) }, label, el("span", { class: "arrow", "aria-hidden": "true" }));
  return el("th", given, button, column.header ? column.header() : null);
}

/** Return rows in order of a value; what is not known comes last either way, equals stay as they were. */
function inOrder(rows, by, down) {
  const keyed = rows.map((i, at) => [by(i), i, at]);
  const gone = (each) => each === null || each === undefined || Number.isNaN(each);
  keyed.sort(([a, , x], [b, , y]) => {
    if (gone(a) || gone(b)) return gone(a) - gone(b) || x - y;
    const way = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
    return (down ? -way : way) || x - y;
  });
  return keyed.map(([, i]) => i);
}
