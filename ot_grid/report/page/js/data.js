// The numbers of the report: columns of the table, and packs that are opened when they are asked for.
const facts = JSON.parse(document.getElementById("facts").textContent);
const table = facts.table;
const ids = table.cell || [];
const evidence = facts.evidence;
const factorNames = Object.keys(facts.factors).filter((name) => Object.hasOwn(table, name));
const place = new Map(ids.map((id, i) => [id, i]));
(table.members || []).forEach((members, i) => String(members).split(" ").forEach((id) => place.has(id) || place.set(id, i)));
const benchmarkNames = Object.keys(table).filter((name) => name.startsWith("score:")).map((name) => name.slice(6));
const reference = place.has(facts.reference) ? place.get(facts.reference) : null;
const every = ids.map((_, i) => i);

const value = (name, i) => (Object.hasOwn(table, name) ? table[name][i] : null);
const has = (name) => Object.hasOwn(table, name) && table[name].some((each) => each !== null && each !== "");
const lower = (i) => value("low", i) ?? minusHalf("mean", "se_questions", i, -1.96);
const upper = (i) => value("high", i) ?? minusHalf("mean", "se_questions", i, 1.96);
const diffLow = (i) => value("diff_low", i) ?? minusHalf("difference", "half_width", i, -1);
const diffHigh = (i) => value("diff_high", i) ?? minusHalf("difference", "half_width", i, 1);

function minusHalf(middle, half, i, times) {
  const [from, width] = [value(middle, i), value(half, i)];
  return known(from) && known(width) ? from + times * width : null;
}

/** What a reader calls a row: its choices; its id where nothing was varied. */
function nameOf(i) {
  const said = factorNames.map((name) => value(name, i)).filter((each) => each !== null && each !== "");
  return said.length ? said.join(" · ") : ids[i];
}

const isReference = (i) => i === reference;
const ranked = every.filter((i) => known(value("rank", i)));
const kindOf = (i) => (isReference(i) ? "reference" : value("verdict", i) === "resolved" ? (value("difference", i) > 0 ? "better" : "worse") : "open");
const KINDS = { reference: ["◆", "reference"], better: ["▲", "better, resolved"], worse: ["▼", "worse, resolved"], open: ["○", "not resolved"] };

const opened = new Map();
/** Open a pack; the same pack is opened once. */
function open(name) {
  if (!opened.has(name)) opened.set(name, unpack(document.getElementById(`blob-${name}`).textContent));
  return opened.get(name);
}

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const parsed = new Map();
function openJSON(name) {
  if (!parsed.has(name)) parsed.set(name, open(name).then((bytes) => JSON.parse(new TextDecoder().decode(bytes))));
  return parsed.get(name);
}

/** The rows of a frame by cell. */
async function rowsOf(frame, cells) {
  const columns = (await openJSON("frames"))[frame] || {};
  const wanted = new Set(cells);
  const at = (columns.cell || []).flatMap((id, i) => (wanted.has(id) ? [i] : []));
  return at.map((i) => Object.fromEntries(Object.entries(columns).map(([name, list]) => [name, list[i]])));
}

const membersOf = (i) => String(value("members", i) || ids[i]).split(" ");
