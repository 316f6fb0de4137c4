// One question: what was asked, the known answer, and the outputs of two rows side by side.
const outputSheet = el("section", { id: "outputs", class: "sheet", "aria-labelledby": "outputs-heading", hidden: true });
const VERDICTS = { right: "✓", wrong: "✗", partial: "◐", unverifiable: "?", error: "!" };

async function openQuestion({ benchmark, question, a, b }) {
  const about = evidence && evidence.benchmarks.find((each) => each.name === benchmark);
  if (!about) return announce(`This page holds no questions of ${benchmark}`);
  for (const [key, id] of [["a", a], ["b", b]]) if (evidence.rows.includes(id)) picked[key] = id;
  const changed = picked.benchmark !== benchmark || !picked.holder;
  picked.benchmark = benchmark;
  drawNow(document.getElementById("questions"));
  if (changed || picked.boxes.benchmark.box.value !== benchmark || picked.boxes.a.box.value !== picked.a || picked.boxes.b.box.value !== picked.b) await showQuestions();
  try {
    const { texts } = await loadBenchmark(benchmark);
    const sides = await Promise.all([picked.a, picked.b].map((id) => outputsOf(benchmark, id)));
    fillOutputs(texts, texts.ids.indexOf(question), question, sides);
  } catch (error) {
    outputSheet.replaceChildren(el("h3", { id: "outputs-heading", tabindex: "-1" }, "Question ", safe(question)), failure(error));
  }
  outputSheet.hidden = false;
  document.getElementById("outputs-heading").focus({ preventScroll: true });
  outputSheet.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
  return undefined;
}

async function outputsOf(benchmark, id) {
  const pack = (evidence.outputs[benchmark] || {})[id];
  return pack ? openJSON(pack) : null;
}

function fillOutputs(texts, at, question, sides) {
  const heading = el("h3", { id: "outputs-heading", tabindex: "-1" }, "Question ", el("code", { class: "quiet" }, safe(question)));
  const close = el("button", { type: "button", class: "more", click: () => { outputSheet.hidden = true; history.replaceState(null, "", "#questions"); document.getElementById("questions-heading").focus(); } }, "Close");
  const asked = at < 0 ? null : texts.texts[at];
  outputSheet.replaceChildren(
    el("div", { class: "row-of" }, heading, close),
    el("h4", {}, "Asked"), asked === null ? el("p", { class: "quiet" }, "The text of this question is not in the store any more.") : long(asked, "Question"),
    el("h4", {}, "Known answer"), at < 0 || texts.answers[at] === null ? el("p", { class: "quiet" }, NONE) : long(texts.answers[at], "Known answer"),
    el("div", { class: "pair" }, sides.map((side, n) => sideOf(side, question, n ? "B" : "A"))));
}

function sideOf(side, question, letter) {
  const i = place.get(picked[letter.toLowerCase()]);
  const title = el("h4", {}, el("span", { class: "letter" }, letter), " ", safe(nameOf(i)), " ", el("code", { class: "quiet" }, safe(ids[i])));
  const replies = side && Object.hasOwn(side, question) ? side[question] : null;
  return el("div", { class: "side" }, title, replies && replies.length ? replies.map((reply) => output(reply, letter)) : leftOut());
}

const leftOut = () => el("p", { class: "warn" }, "The outputs of this row to this question are not in this page, to keep it small. To read them: ", el("code", {}, safe(`python -m ot_grid compare ${picked.a} ${picked.b}`)));

function output([repeat, verdict, score, extracted, reason, finish, tokens, text], letter) {
  const sign = Object.hasOwn(VERDICTS, verdict) ? VERDICTS[verdict] : "?";
  const head_ = el("p", { class: "told" }, el("span", { class: `chip ${verdict}` }, el("span", { "aria-hidden": "true" }, sign), " ", safe(verdict ?? NONE)), ` repeat ${repeat + 1}`, known(score) && score > 0 && score < 1 ? ` · score ${two(score)}` : "", ` · ${whole(tokens)} tokens · `, finish === "length" ? el("strong", { class: "warn" }, "cut at the token limit") : safe(`finished: ${finish}`));
  const found = el("p", { class: "told" }, "Answer found: ", extracted === null ? el("em", {}, "none") : el("code", {}, safe(clip(extracted, 300))), reason ? el("span", { class: "quiet" }, " · ", safe(clip(reason, 300))) : null);
  const said = text === null ? el("p", { class: "quiet" }, "The text is not in the store any more.") : text === "" ? el("p", { class: "quiet" }, "An empty output.") : long(text, `Output of ${letter}, repeat ${repeat + 1}`);
  return el("article", { class: "output" }, head_, found, said);
}
