// Text as a reader may see it: what has no shape, or turns other text around, is named instead of obeyed.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
const MARKS = 2000; // named signs that get an element of their own; further ones are plain text
const NONE = "–";

const code = (sign) => `U+${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Return the pieces of a text: strings, and {sign} for what cannot be seen. */
function pieces(text) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    const sign = match[0];
    if (sign === "\n" || sign === "\t" || (sign === "\r" && text[match.index + 1] === "\n")) continue;
    found.push(text.slice(from, match.index), { sign });
    from = match.index + sign.length;
  }
  found.push(text.slice(from));
  return found.filter((piece) => piece !== "");
}

/** Return a text for attributes, in one string. */
function plain(text) {
  return pieces(String(text)).map((piece) => (typeof piece === "string" ? piece : `⟨${code(piece.sign)}⟩`)).join("");
}

/** Return a text of a stranger as a node: isolated, so that it turns nothing around it. */
function safe(text, tag = "bdi") {
  const node = document.createElement(tag);
  let marks = 0;
  for (const piece of pieces(String(text))) {
    if (typeof piece === "string") node.append(piece);
    else if (++marks > MARKS) node.append(`⟨${code(piece.sign)}⟩`);
    else node.append(mark(piece.sign));
  }
  return node;
}

function mark(sign) {
  const node = document.createElement("span");
  node.className = "unseen";
  node.append(code(sign));
  return node;
}

const known = (value) => typeof value === "number" && Number.isFinite(value);
const fixed = (value, digits = 1) => (known(value) ? minus(value.toFixed(digits)) : NONE);
const minus = (text) => (Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−"));
const signed = (value, digits = 1) => (known(value) ? (Number(value.toFixed(digits)) > 0 ? "+" : "") + fixed(value, digits) : NONE);
const whole = (value) => (known(value) ? Math.round(value).toLocaleString("en-US") : NONE);
const share = (value) => (known(value) ? `${Math.round(100 * value)} %` : NONE);
const pvalue = (value) => (!known(value) ? NONE : value < 0.001 ? "< 0.001" : value.toFixed(3));
const between = (low, high, digits = 1) => (known(low) && known(high) ? `${fixed(low, digits)} to ${fixed(high, digits)}` : NONE);

function short(value) {
  if (!known(value)) return NONE;
  const size = Math.abs(value);
  for (const [unit, name] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (size >= unit) return `${Number((value / unit).toPrecision(3))} ${name}`;
  }
  return String(Number(value.toPrecision(3)));
}

function duration(seconds) {
  if (!known(seconds)) return NONE;
  if (seconds < 120) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Number((seconds / 3600).toPrecision(3))} h`;
}

const plural = (count, word) => `${whole(count)} ${word}${count === 1 ? "" : "s"}`;
