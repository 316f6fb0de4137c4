"""The data of a cell is looked at where it lies: kept and dropped rows of each stage, never more than may be seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ot_grid import api
from ot_grid.__main__ import main
from ot_grid.errors import BadInput
from ot_grid.inference.replies import Purchase, Replies
from ot_grid.rows import Reply, Trace, question
from ot_grid.stages.training import tokens
from ot_grid.store import Store, read_json, write_json
from ot_grid.tables import write_dropped, write_traces
from tests.report.conftest import Made
from tests.report.page.test_evidence import ASKED, STUDENT, stored


@pytest.fixture
def four(made: Made) -> Made:
    """A store with four finished cells, and rows behind them."""
    return stored(made)


def cell(made: Made) -> str:
    return made.id("length", "qwq")


def said(made: Made, *words: str, code: int | None = None, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command prints for the first cell, in 100 columns."""
    ended = main(["show", cell(made), *words, "--store", str(made.store.root)])
    out = capsys.readouterr().out
    assert code is None or ended == code
    assert max(map(len, out.splitlines())) <= 100
    return out


def test_all_stages_are_told_with_counts_and_reasons_and_no_rows(four: Made, capsys: pytest.CaptureFixture[str]):
    """And how to see rows."""
    out = said(four, code=0, capsys=capsys)
    assert out.splitlines()[0] == f"cell {cell(four)}  filter=length teacher=qwq"
    assert "filter length (math)" in out
    assert "questions in 10, questions 6" in out
    assert "dropped 4: rank … of …" in out
    assert "KEPT" not in out
    assert f"python -m ot_grid show {cell(four)} STAGE" in out


def test_a_filter_shows_what_it_kept_and_threw_away(four: Made, capsys: pytest.CaptureFixture[str]):
    """With scores and reasons, and the text of what is in its input alone."""
    out = said(four, "filter", "-n", "2", code=0, capsys=capsys)
    assert f"1. {ASKED['sums'][0].row}, score 9: label" in out
    assert "Known answer: 0" in out
    assert f"1. {ASKED['sums'][6].row}: rank 7 of 10, score 1" in out
    assert "Question: sums: 6 + 6?" in out
    assert f"{ASKED['sums'][2].row}" not in out


def test_replies_are_shown_with_verdicts_and_known_answers(four: Made, capsys: pytest.CaptureFixture[str]):
    """Of one benchmark, by its name."""
    out = said(four, "gcd", "-n", "1", code=0, capsys=capsys)
    assert f"1. {ASKED['gcd'][0].row}, repeat 0: wrong, 20 tokens" in out
    assert "Extracted: 7" in out
    assert "Reply: ('length', 'qwq') says 0 <b>0</b>" in out
    assert "sums" not in out.partition("\n")[2].replace("sums:", "")


def test_training_rows_say_what_is_trained(four: Made, capsys: pytest.CaptureFixture[str]):
    """Tokens, how many of them have a loss, and whether the end is cut; prompt and completion apart."""
    folder = four.folder("dataset", "chat", "length", "qwq")
    with tokens.writing(folder / "data" / tokens.FILE) as add:
        add([([1, 2, 3, 4, 5], [-100, -100, 3, 4, 5]), ([1, 2, 3], [-100, 2, 3])])
    write_json(folder / "recipe.json", {"inputs": [], "reads": {"max_length": 5}})
    out = said(four, "dataset", "-n", "2", code=0, capsys=capsys)
    assert "1. q#0: 5 tokens, 3 of them trained, cut at train.max_length=5" in out
    assert "2. q#0: 3 tokens, 2 of them trained" in out
    assert "Not trained, user: What?" in out
    assert "Trained, assistant: That." in out


def test_traces_come_from_the_reply_store_and_strangers_cannot_act(four: Made, capsys: pytest.CaptureFixture[str]):
    """What a model wrote stands behind a bar, its escapes shown; a reply that is gone is said."""
    path = four.store.sweep(four.name) / "sweep.json"
    sweep = read_json(path)
    sweep["cells"][0]["runs"].insert(1, {"stage": "traces", "label": "qwq-x1", "branch": "math", "key": "ab" * 8})
    write_json(path, sweep)
    folder = four.store.new_folder("traces", "qwq-x1", "ab" * 8)
    hostile = "\x1b[2J<think>\n" + "long " * 60
    bought, gone = (Reply(f"{STUDENT}:{digit * 32}", hostile, "length", 3, 99) for digit in "ef")
    with_replies = Replies(four.store.replies)
    with_replies.append([Purchase(bought, 0, {}, {})])
    with_replies.close()
    own = Reply("", "the worked solution", "stop", 0, 0)
    asked = question("What?", source="numina", domain="math", answer="4")
    write_traces(folder, [Trace(asked, number, reply, "right") for number, reply in enumerate((bought, gone, own))])
    write_dropped(folder, [])
    write_json(folder / "record.json", {"key": "ab" * 8, "counts": {"traces": 3, "cut": 2}})
    out = said(four, "traces", code=0, capsys=capsys)
    assert "1. " + asked.row + "#0: 99 tokens, stopped by the token limit, right" in out
    assert "\x1b" not in out
    assert "| \\x1b[2J<think>" in out
    assert "Trace: (not in the store any more)" in out
    assert "Trace: the worked solution" in out


def test_held_out_replies_are_shown_only_by_name_and_it_is_noted(four: Made, capsys: pytest.CaptureFixture[str]):
    """Neither counts nor replies; who names them is written down."""
    path = four.store.sweep(four.name) / "sweep.json"
    write_json(path, {**read_json(path), "held_out": ["gcd"]})
    out = said(four, "eval", code=0, capsys=capsys)
    assert "held out; shown only by name, and noted: --held-out gcd" in out
    assert "gcd: 0 + 0?" not in out
    assert not (path.parent / "looks.jsonl").exists()
    assert "gcd: 0 + 0?" in said(four, "eval", "--held-out", "gcd", code=0, capsys=capsys)
    assert json.loads((path.parent / "looks.jsonl").read_text())["benchmarks"] == ["gcd"]


def test_what_is_not_done_is_said(made: Made, capsys: pytest.CaptureFixture[str]):
    """With exit code 1, as for a report that is not complete."""
    made.sweep()
    assert "train sft" in (out := said(made, code=1, capsys=capsys))
    assert out.count("not done yet") == 5


def test_json_has_the_texts_whole(four: Made, capsys: pytest.CaptureFixture[str]):
    """For programs."""
    main(["show", cell(four), "filter", "-n", "1", "--json", "--store", str(four.store.root)])
    told = json.loads(capsys.readouterr().out)
    assert told["cell"] == cell(four)
    [stage] = told["stages"]
    assert (stage["stage"], stage["counts"]["questions"], stage["reasons"]) == ("filter", 6, [["rank … of …", 4]])
    assert stage["kept"][0]["texts"][0] == ["Question", "sums: 0 + 0?"]


def test_it_writes_nothing(four: Made):
    """A store is looked at by anybody."""
    before = {path: path.stat().st_mtime_ns for path in four.store.root.rglob("*")}
    list(api.show(cell(four), "filter", place=four.store.root).to_text())
    assert {path: path.stat().st_mtime_ns for path in four.store.root.rglob("*")} == before


@pytest.mark.parametrize(
    ("stage", "most", "held_out", "told"),
    [
        ("fliter", 5, (), "has no stage 'fliter'; did you mean 'filter'"),
        ("filter", 0, (), "-n 0 shows nothing"),
        ("filter", 5, ("sums",), "--held-out 'sums' is not held out"),
    ],
)
def test_what_cannot_be_shown_is_told(four: Made, stage: str, most: int, held_out: tuple[str, ...], told: str):
    """With the nearest that can."""
    with pytest.raises(BadInput, match=told):
        api.show(cell(four), stage, place=four.store.root, most=most, held_out=held_out)


def test_no_cell_is_told(tmp_path: Path):
    """A store without sweeps, too."""
    with pytest.raises(BadInput, match="no cell 'x'"):
        api.show("x", place=Store(tmp_path).root)
