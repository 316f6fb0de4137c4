// Elements are made, never parsed: no string becomes markup.
const SVG = "http://www.w3.org/2000/svg";

/** Make an element; a property that is a function listens, `class` and others are attributes. */
function el(tag, given = {}, ...children) {
  return filled(document.createElement(tag), given, children);
}

function svg(tag, given = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), given, children);
}

function filled(node, given, children) {
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value === true ? "" : plain(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

/** A section of the page: its heading says what is seen; `draw` fills it when it comes near the screen. */
function section(id, heading, caption, draw) {
  const body = el("div", { class: "body" });
  const title = el("h2", { id: `${id}-heading`, tabindex: "-1" }, heading);
  const node = el("section", { id, "aria-labelledby": title.id }, title, caption ? el("p", { class: "caption" }, caption) : null, body);
  lazily(node, () => draw(body));
  return node;
}

const undrawn = new Map();
const watcher = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => drawNow(entry.target)), { rootMargin: "600px" });

function lazily(node, draw) {
  node.classList.add("undrawn");
  undrawn.set(node, draw);
  watcher.observe(node);
}

function drawNow(node) {
  const draw = undrawn.get(node);
  if (!draw) return;
  undrawn.delete(node);
  watcher.unobserve(node);
  node.classList.remove("undrawn");
  draw();
}

function labelled(text, control) {
  return el("label", { class: "control" }, el("span", {}, text), control);
}

/** A list to choose from: options are [value, text]. */
function choice(text, options, value, changed) {
  const box = el("select", { change: () => changed(box.value) }, options.map(([key, name]) => option(key, name, key === value)));
  return { node: labelled(text, box), box };
}

function option(key, name, chosen) {
  const node = el("option", { selected: chosen }, plain(name));
  node.value = key;
  return node;
}

/** A button that unfolds more, once. */
function more(text, show) {
  const button = el("button", { type: "button", class: "more", click: () => { button.remove(); show(); } }, text);
  return button;
}

const announcer = el("p", { class: "unseen-by-eye", role: "status", "aria-live": "polite" });
const announce = (text) => { announcer.textContent = plain(text); };

/** Text of any length: its beginning, and all of it on demand, in blocks that are laid out when they are seen. */
const VIEW = 4000, BLOCK = 20000;
function long(text, name) {
  const box = el("pre", { class: "text", dir: "auto", tabindex: "0", role: "group", "aria-label": name });
  if (text.length <= VIEW) return filled(box, {}, [safe(text, "span")]);
  const rest = () => {
    box.replaceChildren(...blocks(text).map((part) => el("span", { class: "block" }, safe(part, "span"))));
    box.focus();
  };
  return el("div", {}, filled(box, {}, [safe(text.slice(0, cleft(text, VIEW)), "span"), "…"]), more(`Show all ${whole(text.length)} characters`, rest));
}

function blocks(text) {
  const found = [];
  for (let from = 0; from < text.length;) {
    const to = cleft(text, from + BLOCK);
    found.push(text.slice(from, to));
    from = to;
  }
  return found;
}

/** Return a place near `at` that does not cleave a pair of surrogates. */
function cleft(text, at) {
  const half = text.charCodeAt(at - 1);
  return half >= 0xd800 && half < 0xdc00 ? at + 1 : at;
}
