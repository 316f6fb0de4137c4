"""Two cells in depth: numbers, questions, texts; on made stores with real replies."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ot_grid import api, key, store, tables
from ot_grid.cli import main
from ot_grid.errors import BadInput, Corrupt
from ot_grid.inference.replies import Purchase, Replies
from ot_grid.report.compare import build
from ot_grid.rows import Reply, question
from ot_grid.stages import eval as eval_stage
from tests.report.conftest import Made, answers, key_of

A, B = ("length", "qwq"), ("length", "r1")
C = ("difficulty", "qwq")
SAMPLING = {"temperature": 0.7, "top_p": 1.0, "top_k": None, "max_tokens": 64}
READS = {"name": "sums", "prompt": "Q: {question}", "system": None, "repeats": 2, "sampling": SAMPLING,
         "grade": {"function": "number"}, "limit": None}  # fmt: skip
EVIL = "\x1b[2J\x1b]0;owned\x07\u202eevil\r<script>alert(1)</script>\x9b31m```\n## fake\x7f"


def told(made: Made, name: str, point: tuple[str, ...], said: Sequence[Sequence[str]], **reads) -> None:
    """Finish a benchmark of a cell with real questions ('1+1?', '1+2?', ...), replies and verdicts."""
    asked = []
    frozen = made.store.new_folder("benchmark", name, key_of("frozen", name))
    questions = [question(f"1+{n}?", source=name, domain="math", answer=str(1 + n)) for n in range(1, len(said) + 1)]
    tables.write_questions(frozen, questions)
    store.write_json(frozen / store.RECORD, {"key": key_of("frozen", name)})
    for each, repeats in zip(questions, said, strict=True):
        for repeat, text in enumerate(repeats):
            cut = "length" if text.endswith("...") else "stop"
            digits = key.digest([name, *point, each.text, repeat])[:32]
            reply = Reply(f"student-1:{digits}", text, cut, 3, len(text), "ab")
            asked.append(eval_stage.Answered(each, repeat, reply))
    replies = Replies(made.store.replies)
    replies.append([Purchase(item.reply, item.repeat, {}, {}) for item in asked])
    replies.close()
    folder = made.folder("eval", name, *point)
    read = {**READS, "name": name, **reads}
    store.freeze(folder, {"reads": {"benchmark": read}, "inputs": [key_of("t"), key_of("frozen", name)]})
    rows = eval_stage.score(asked, eval_stage.Scoring.of(READS["grade"], "auto"), lambda done, of: None)
    tables.write_rows(folder / "data" / "matrix.parquet", rows, eval_stage.MATRIX)
    made.record("eval", name, *point, counts={"questions": len(said), "repeats": len(said[0])})


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two cells with real replies: A wins '1+1?' wholly and '1+3?' by half, loses '1+2?', ties '1+4?'."""
    made = Made(store.Store(tmp_path_factory.mktemp("graded")))
    made.sweep()
    for point in made.points:
        made.trained(*point)
    told(made, "sums", A, [("It is 2.", "2"), ("8", "9"), ("4", "5"), ("5", "5")])
    told(made, "sums", B, [(EVIL, "no idea ..."), ("3", "So 3."), ("7", "7"), ("5", "5")])
    told(made, "gcd", A, [("2",), ("3",)])
    told(made, "gcd", B, [("2",), ("4",)])
    return made


@pytest.fixture
def spoken(graded: Made, own_store: Path) -> Made:
    """A copy of it, which a test may change."""
    shutil.copytree(graded.store.root, own_store)
    return replace(graded, store=store.Store(own_store))


def compare(made: Made, *points: tuple[str, ...], **more):
    return build(made.store, (made.id(*points[0]), made.id(*points[1])), **more)


def test_scores_differences_and_questions(spoken):
    """Per benchmark: both scores, the paired difference, who won which questions, and the right test."""
    compared = compare(spoken, A, B).compared
    sums, gcd = compared.benchmarks
    assert (sums.one.mean, sums.other.mean, sums.difference.mean) == pytest.approx((62.5, 50, 12.5))
    assert (sums.won, sums.lost, sums.tied, sums.questions, sums.repeats) == (2, 1, 1, 4, "2")
    assert (gcd.won, gcd.lost, gcd.tied, gcd.test, gcd.p) == (1, 0, 1, "McNemar", 1)
    assert sums.test == "permutation"
    assert sums.difference.low <= sums.difference.mean <= sums.difference.high
    assert compared.overall.difference.mean == pytest.approx((12.5 + 50) / 2)
    assert compared.overall.verdict == "not resolved"


def test_the_other_way_round_everything_turns(spoken):
    """B - A is A - B with the sign turned, and the same p."""
    ab, ba = (compare(spoken, *order).compared.overall for order in ((A, B), (B, A)))
    assert ab.difference.mean == pytest.approx(-ba.difference.mean)
    assert (ab.won, ab.lost, ab.p) == (ba.lost, ba.won, pytest.approx(ba.p))


def test_exact_p_values_of_single_runs_and_holm(make):
    """12 questions won and 1 lost: McNemar's exact p is 2 * (1 + 13) / 2^13; Holm doubles the smaller of two."""
    made = make()
    made.sweep()
    for point in (A, B):
        made.trained(*point)
    made.answered("sums", [[True]] * 12 + [[False]] + [[True]] * 7, *A)
    made.answered("sums", [[False]] * 12 + [[True]] + [[True]] * 7, *B)
    for point in (A, B):
        made.answered("gcd", answers(0.5), *point)
    sums, gcd = compare(made, A, B).compared.benchmarks
    assert (sums.p, sums.p_adjusted) == pytest.approx((28 / 2**13, 56 / 2**13))
    assert (sums.verdict, sums.winner) == ("resolved", "A")
    assert (gcd.p, gcd.verdict, gcd.winner) == (1, "equal", "")


def test_recipes_say_what_differs_is_shared_and_where_they_part(made):
    """Two teachers share the filter; two filters share nothing."""
    made.complete()
    of_teachers = compare(made, A, B).compared.recipes
    assert [(each.name, each.one, each.other) for each in of_teachers.coordinates] == [("teacher", "qwq", "r1")]
    assert of_teachers.shared == ["filter length (math)"]
    assert of_teachers.own[0].stage == "dataset"
    of_filters = compare(made, A, C).compared.recipes
    assert (of_filters.shared, of_filters.own[0].stage, of_filters.own[0].other) == ([], "filter", "difficulty")
    text = compare(made, A, B).to_text()
    assert "STAGE RUNS: 1 shared; they part at dataset" in text
    assert "teacher  qwq  r1" in text


def test_cost_of_what_is_shared_counts_in_both_and_not_in_their_own(made):
    """Each made stage run bought 100 tokens; the filter is shared."""
    made.complete()
    one, other = compare(made, A, B).compared.sides
    assert (one.result.tokens, one.own.tokens, other.own.tokens) == (500, 400, 400)


def test_fields_of_frozen_recipes_are_compared(made):
    """Where sweep.json holds recipes, every field that differs is named, an absent one too."""
    made.complete()
    path = made.store.sweep(made.name) / "sweep.json"
    sweep = json.loads(path.read_text())
    sweep["cells"][0]["recipe"] = {"teacher": {"id": "qwq", "top": 1}}
    sweep["cells"][1]["recipe"] = {"teacher": {"id": "r1"}}
    store.write_json(path, sweep)
    settings = compare(made, A, B).compared.recipes.settings
    assert [(each.name, each.one, each.other) for each in settings] == [
        ("teacher.id", "qwq", "r1"),
        ("teacher.top", "1", "(absent)"),
    ]


def test_examples_show_what_both_said(spoken):
    """The question won by the most comes first, with prompt, answer, verdicts and the replies that tell."""
    won, lost = compare(spoken, A, B, benchmark="sums").shelves
    assert [each.prompt for each in won.examples] == ["Q: 1+1?", "Q: 1+3?"]
    assert [each.prompt for each in lost.examples] == ["Q: 1+2?"]
    first = won.examples[0]
    assert (first.gold, first.one_mean, first.other_mean) == ("2", 100, 0)
    assert [each.reply for each in first.one] == ["It is 2.", "2"]
    assert first.other[first.telling[1]].reply == EVIL
    text = compare(spoken, A, B).to_text()
    assert "  Known answer:\n  | 2\n" in text
    assert "A: right x 2 of 2; extracted 2 x 2" in text
    assert "A, repeat 0: right, extracted 2, 8 tokens\n  | It is 2.\n" in text
    assert len(compare(spoken, A, B, most=0).shelves) == 2 * 0


def test_nothing_that_a_model_said_acts(spoken):
    """Escape sequences, bells, carriage returns, right-to-left marks are shown as text in every form."""
    made = compare(spoken, A, B)
    for form in (made.to_text(), made.to_markdown(), made.to_json()):
        assert not set(form) & set("\x1b\x07\r\x9b\x7f\x00")
    assert "\\x1b[2J\\x1b]0;owned\\x07\\u202eevil\\x0d<script>" in made.to_text()
    assert "\u202e" not in made.to_text() + made.to_markdown()
    assert "\n  | ## fake\\x7f\n" in made.to_text()
    fenced = made.to_markdown().split("````text\n")[1].split("\n````")[0]
    assert fenced.endswith("```\n## fake\\x7f")
    assert json.loads(made.to_json())["examples"][0]["other"][0]["reply"] == EVIL


def test_one_question_whole(spoken, capsys):
    """Every repeat of both, by the beginning of its id; an unknown or shared beginning is bad input."""
    name = compare(spoken, A, B).shelves[0].examples[0].question
    words = ["compare", spoken.id(*A), spoken.id(*B), "--store", str(spoken.store.root), "--benchmark", "sums"]
    assert main([*words, "--question", name[:12]]) == 0
    out = capsys.readouterr().out
    assert [f"{side}, repeat {n}:" in out for side in "AB" for n in (0, 1)] == [True] * 4
    assert "no idea ..." in out
    assert "stopped by the token limit" in out
    assert main([*words, "--question", "zzz"]) == 2
    assert "'zzz' is no question that both cells answered; there are 4, e.g. " in capsys.readouterr().err
    with pytest.raises(BadInput, match="fits 2"):
        compare(spoken, A, B, question=name.split("/")[0])


def test_text_fits_100_columns_and_long_replies_are_cut_in_the_middle(spoken):
    """Words without a space are broken, wide characters count twice, and both ends of a reply are kept."""
    long = "日本語テキスト" * 300 + "a" * 5000 + " so 3"
    told(spoken, "sums", C, [("2", "2"), (long, "3"), ("4", "4"), ("5", "5")])
    told(spoken, "gcd", C, [("2",), ("3",)])
    made = compare(spoken, A, C, benchmark="sums")
    from ot_grid.report.compare.visible import columns

    lines = made.to_text().splitlines()
    assert max(map(columns, lines)) <= 100
    assert any("characters left out" in line for line in lines)
    assert any(line.endswith("so 3") for line in lines)
    assert (
        compare(spoken, A, C, question=made.shelves[-1].examples[0].question, benchmark="sums").to_text().count("日")
        == 300
    )


def test_unfinished_cells_are_compared_by_what_both_have(spoken, capsys):
    """What is lacking is said with its cause, and the exit code tells."""
    (spoken.folder("eval", "gcd", *B) / "record.json").unlink()
    made = compare(spoken, A, B)
    assert [each.benchmark for each in made.compared.benchmarks] == ["sums"]
    assert not made.complete
    assert f"gcd of B ({spoken.id(*B)}) is missing, so it is not compared: not done yet" in made.to_text()
    assert main(["compare", spoken.id(*A), spoken.id(*B), "--store", str(spoken.store.root)]) == 1
    capsys.readouterr()
    nothing = compare(spoken, A, C)
    assert nothing.compared.overall is None
    assert "no benchmark that both have done" in nothing.to_text()
    assert json.loads(nothing.to_json())["overall"] is None


def test_texts_that_are_gone_leave_the_numbers(spoken):
    """Without replies there are no examples, and it says why; a question that was asked for is an error."""
    for path in spoken.store.replies.glob("*/*.jsonl"):
        path.unlink()
    made = compare(spoken, A, B)
    assert made.compared.overall.difference.mean == pytest.approx(31.25)
    assert "NO EXAMPLES:" in made.to_text()
    assert "not in the store any more" in " ".join(made.to_text().split())
    with pytest.raises(Corrupt, match="not in the store any more"):
        compare(spoken, A, B, question=made.compared.pairs[0].question)


def test_held_out_scores_are_shown_by_name_only_and_noted(make, capsys):
    """Neither scores, questions nor examples of a held-out benchmark come unasked."""
    made = make(benchmarks=("sums", "aime"), held_out=["aime"])
    made.complete()
    for point in made.points:
        made.answered("aime", answers(0.77, 100, 1), *point)
    words = ["compare", made.id(*A), made.id(*B), "--store", str(made.store.root)]
    for form in ([], ["--json"], ["--markdown"]):
        assert main([*words, *form]) == 0
        shown = capsys.readouterr().out
        assert "77" not in shown.replace(str(made.store.root), "")
        assert "--held-out aime" in shown
    assert not (made.store.sweep(made.name) / "looks.jsonl").exists()
    with pytest.raises(BadInput, match="'aime' is held out; to see it, and have the look noted: --held-out aime"):
        compare(made, A, B, benchmark="aime")
    assert main([*words, "--held-out", "aime"]) == 0
    told = capsys.readouterr()
    assert "77.0 [" in told.out
    assert "this look is noted" in told.err
    (look,) = (made.store.sweep(made.name) / "looks.jsonl").read_text().splitlines()
    assert json.loads(look)["benchmarks"] == ["aime"]


def test_cells_of_two_sweeps(make):
    """SWEEP:CELL names a cell of another sweep of the store; an id alone is found in any."""
    first = make()
    first.complete()
    second = make(
        name="second", factors={"filter": ["length"], "teacher": ["phi"]}, created="2026-11-24T12:00:00+00:00"
    )
    second.complete()
    named = build(first.store, (f"first-light:{first.id(*A)}", f"second:{second.id('length', 'phi')}"))
    found = build(first.store, (first.id(*A), "filter=length"))
    for made in (named, found):
        assert [side.sweep.name for side in made.compared.sides] == ["first-light", "second"]
    with pytest.raises(BadInput, match="fits 2 cells"):
        build(first.store, (f"first-light:{first.id(*A)}", "filter=length"), sweep="first-light")


@pytest.mark.parametrize(
    ("named", "more", "says"),
    [
        (("same", "same"), {}, "are one cell"),
        (("nobody", "same"), {}, "cell 'nobody' is no cell of sweep 'first-light'"),
        (("teacher=qwq", "same"), {}, "fits 2 cells"),
        (
            ("other", "same"),
            {"benchmark": "sum"},
            "--benchmark 'sum' is no benchmark of these cells; did you mean 'sums'",
        ),
        (("other", "same"), {"held_out": ["sums"]}, "'sums' is not held out"),
        (("other", "same"), {"held_out": ["x"]}, "'x' is no benchmark"),
        (("other", "same"), {"most": -1}, "--examples -1"),
        (("other", "same"), {"sweep": "nope"}, "no sweep 'nope'"),
        (("other", "same"), {"grade": "math"}, "scored once only"),
    ],
)
def test_names_that_there_are_not(made, named, more, says):
    """Each is said with what would be right."""
    made.complete()
    ids = {"same": made.id(*A), "other": made.id(*B)}
    with pytest.raises(BadInput, match=says):
        build(made.store, (ids.get(named[0], named[0]), ids[named[1]]), **more)


def test_a_later_scoring_is_read_when_asked_for(spoken):
    """--grade reads the scores that rescore made, and says where there are none."""
    path = spoken.store.sweep(spoken.name) / "sweep.json"
    store.write_json(path, {**json.loads(path.read_text()), "plugins": []})
    list(api.rescore(place=spoken.store.root, grade="math", only=["sums"]))
    made = compare(spoken, A, B, grade="math")
    sums = next(each for each in made.compared.benchmarks if each.benchmark == "sums")
    assert (sums.one.mean, sums.other.mean) == (0, 0)
    assert "gcd: A as first scored, B as first scored." in made.to_text()


def test_other_questions_and_other_prompts_are_said(spoken):
    """What only one was asked does not count, and another wording is shown."""
    told(spoken, "sums", C, [("8",), ("3",)], prompt="Say: {question}")
    told(spoken, "gcd", C, [("2",), ("3",)])
    text = compare(spoken, A, C).to_text()
    assert "sums: A was asked 4 questions, B 2; the 2 that both answered count." in text
    assert "Prompt of B:\n  | Say: 1+1?" in text
