// Question by question: what two rows answer differently.
const UNKNOWN = 255, STEPS = 240;
const picked = { benchmark: null, a: null, b: null };

function questionsSection() {
  if (!evidence || !evidence.benchmarks.length) return null;
  const heading = "Which questions make the difference";
  const caption = "How to read it: each line of the picture is a row of the ranking, each column a question, hardest left; the bluer, the more often right. The table compares two rows question by question; a question opens the outputs of both.";
  return section("questions", heading, caption, drawQuestions);
}

function drawQuestions(body) {
  const names_ = evidence.benchmarks.map((each) => each.name);
  const others = evidence.rows.map((id) => place.get(id)).filter((i) => i !== reference);
  picked.benchmark ??= names_[0];
  picked.a ??= ids[reference ?? place.get(evidence.rows[0])];
  picked.b ??= ids[others[0] ?? place.get(evidence.rows[0])];
  const rows = evidence.rows.map((id) => [id, `${value("rank", place.get(id)) ?? NONE}. ${nameOf(place.get(id))} (${id})`]);
  picked.holder = el("div");
  picked.boxes = {
    benchmark: choice("Benchmark", names_.map((each) => [each, each]), picked.benchmark, (chosen) => choose({ benchmark: chosen })),
    a: choice("Row A", rows, picked.a, (chosen) => choose({ a: chosen })),
    b: choice("Row B", rows, picked.b, (chosen) => choose({ b: chosen })),
  };
  body.append(el("div", { class: "tools" }, Object.values(picked.boxes).map((each) => each.node)), picked.holder, outputSheet);
  return showQuestions();
}

function choose(change) {
  Object.assign(picked, change);
  outputSheet.hidden = true;
  return showQuestions();
}

async function loadBenchmark(name) {
  const about = evidence.benchmarks.find((each) => each.name === name);
  const [means, texts] = await Promise.all([open(about.means), openJSON(about.texts)]);
  return { about, means, texts, count: about.count };
}

const shareAt = (loaded, row, question) => {
  const byte = row < 0 ? UNKNOWN : loaded.means[row * loaded.count + question];
  return byte === UNKNOWN || byte === undefined ? null : byte / STEPS;
};

async function showQuestions() {
  for (const [key, each] of Object.entries(picked.boxes)) each.box.value = picked[key];
  try {
    const loaded = await loadBenchmark(picked.benchmark);
    const [a, b] = [evidence.rows.indexOf(picked.a), evidence.rows.indexOf(picked.b)];
    const all = averages(loaded);
    loaded.here = await Promise.all([picked.a, picked.b].map((id) => outputsOf(picked.benchmark, id)));
    picked.holder.replaceChildren(picture(loaded, all), tally(loaded, a, b), questionGrid(loaded, all, a, b));
  } catch (error) {
    picked.holder.replaceChildren(failure(error));
  }
}

/** Return the mean over rows of each question. */
function averages({ means, count }) {
  const total = new Float64Array(count), seen = new Float64Array(count);
  for (let at = 0; at < means.length; at++) {
    if (means[at] === UNKNOWN) continue;
    total[at % count] += means[at];
    seen[at % count] += 1;
  }
  return Array.from(total, (sum, at) => (seen[at] ? sum / seen[at] / STEPS : null));
}

function picture(loaded, all) {
  const order = inOrder(all.map((_, at) => at), (at) => all[at], false);
  const rows = evidence.rows.length;
  const canvas = el("canvas", { class: "strip", width: loaded.count, height: rows, role: "img", "aria-label": `Share of right answers of ${rows} rows on ${loaded.count} questions of ${loaded.about.name}; the table below has the numbers of two rows.` });
  const draw = canvas.getContext("2d"), image = draw.createImageData(loaded.count, rows), [from, to, gone] = ramp();
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < loaded.count; x++) {
      const part = shareAt(loaded, y, order[x]);
      const colour = part === null ? gone : from.map((low, at) => low + (to[at] - low) * part);
      image.data.set([...colour, 255], 4 * (y * loaded.count + x));
    }
  }
  draw.putImageData(image, 0, 0);
  canvas.style.height = `${Math.max(36, Math.min(360, rows * (rows > 60 ? 1 : 14)))}px`;
  return el("figure", { class: "strip" }, canvas, el("figcaption", { class: "quiet" }, `${plural(rows, "row")}, best on top; ${plural(loaded.count, "question")}, hardest left. `, el("span", { class: "key none" }), " never right ", el("span", { class: "key all" }), " always right"));
}

const dark = () => matchMedia("(prefers-color-scheme: dark)").matches;
const ramp = () => (dark() ? [[38, 41, 46], [122, 176, 224], [70, 58, 40]] : [[238, 240, 242], [33, 84, 130], [250, 236, 214]]);

function tally(loaded, a, b) {
  const found = { more: 0, less: 0, same: 0 };
  for (let at = 0; at < loaded.count; at++) {
    const [left, right] = [shareAt(loaded, a, at), shareAt(loaded, b, at)];
    if (left !== null && right !== null) found[right > left ? "more" : right < left ? "less" : "same"] += 1;
  }
  return el("p", {}, el("strong", {}, "B"), ` is right more often than `, el("strong", {}, "A"), ` on ${plural(found.more, "question")}, less often on ${whole(found.less)}, and equally often on ${whole(found.same)}.`);
}

function questionGrid(loaded, all, a, b) {
  const { texts } = loaded;
  const apart = (at) => { const [left, right] = [shareAt(loaded, a, at), shareAt(loaded, b, at)]; return left === null || right === null ? null : right - left; };
  const here = (at) => ["A", "B"].filter((_, n) => loaded.here[n] && Object.hasOwn(loaded.here[n], texts.ids[at])).join(" ");
  const percent = (key, label, of) => ({ key, label, kind: "number", down: true, cell: (at) => share(of(at)), sort: of });
  const columns = [
    { key: "question", label: "question", row: true, cell: (at) => el("button", { type: "button", class: "open", click: () => ask(texts.ids[at]) }, safe(clip(oneLine(texts.texts[at] ?? texts.ids[at]), 110))), sort: (at) => texts.texts[at] ?? texts.ids[at] },
    percent("a", "A right", (at) => shareAt(loaded, a, at)), percent("b", "B right", (at) => shareAt(loaded, b, at)),
    { key: "apart", label: "B − A", kind: "number", down: true, help: "sorts by the difference", cell: (at) => bar(apart(at)), sort: apart },
    { key: "size", label: "distance", kind: "number", down: true, help: "the size of the difference, either way", cell: (at) => share(Math.abs(apart(at) ?? NaN)), sort: (at) => (apart(at) === null ? null : Math.abs(apart(at))) },
    percent("all", "all rows", (at) => all[at]),
    { key: "here", label: "outputs", down: true, help: "of which rows this page has the outputs", cell: (at) => here(at) || NONE, sort: (at) => here(at).length },
  ];
  return grid({ name: `Questions of ${loaded.about.name}`, columns, rows: texts.ids.map((_, at) => at), first: { key: "size", down: true }, tall: true }).node;
}

const oneLine = (text) => text.slice(0, 400).replace(/\s+/g, " ").trim();

function bar(part) {
  if (part === null) return NONE;
  const scale = linear([-1, 1], [2, 58]);
  const drawn = svg("svg", { width: 60, height: 14, viewBox: "0 0 60 14", "aria-hidden": "true" }, svg("rect", { class: `bar ${part < 0 ? "worse" : "better"}`, x: Math.min(scale(0), scale(part)), y: 3, width: Math.abs(scale(part) - scale(0)), height: 8 }), svg("line", { class: "guide", x1: 30, x2: 30, y1: 0, y2: 14 }));
  return el("span", { class: "barred" }, signed(100 * part, 0), drawn);
}

const ask = (question) => { location.hash = `benchmark=${encodeURIComponent(picked.benchmark)}&question=${encodeURIComponent(question)}&a=${encodeURIComponent(picked.a)}&b=${encodeURIComponent(picked.b)}`; };
