"""Answers that other tools wrote are ranked by the rules of one's own cells: paired, question by question."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ot_grid.cli import main
from ot_grid.errors import BadInput
from ot_grid.report import logs, published
from ot_grid.report.build import Report
from ot_grid.store import Store
from tests.report.conftest import Made, asked

SCORES = {"strong": [1] * 30 + [0] * 10, "weak": [1] * 8 + [0] * 32}  # of forty questions


def harness(folder: Path, model: str, scores: Sequence[float], task: str = "gsm8k", when: str = "10-00-00") -> Path:
    """Write a sample log as lm-evaluation-harness does, with two filters."""
    path = folder / model / f"samples_{task}_2026-11-29T{when}.json"
    path = path.with_suffix(".jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {"doc_id": number, "filter": name, "metrics": ["exact_match"], "exact_match": score if name == "strict" else 0}
        for number, score in enumerate(scores)
        for name in ("strict", "flexible")
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / model / f"results_2026-11-29T{when}.json").write_text(json.dumps({"results": {}}))
    return path


def inspect(model: str, scores: Sequence[Any], *, status: str = "success", epochs: int = 2) -> dict[str, Any]:
    """A log as Inspect writes it."""
    samples = [
        {"id": number, "epoch": epoch, "scores": {"match": {"value": score}, "other": {"value": "I"}}}
        for number, score in enumerate(scores)
        for epoch in range(1, epochs + 1)
    ]
    header = {"version": 2, "status": status, "eval": {"task": "gsm8k", "model": model}}
    return {**header, "samples": samples}


def archived(path: Path, log: Mapping[str, Any]) -> None:
    """Write a log as Inspect's own form, an archive."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps({name: log[name] for name in ("version", "status", "eval")}))
        for sample in log["samples"]:
            archive.writestr(f"samples/{sample['id']}_epoch_{sample['epoch']}.json", json.dumps(sample))


def alone(tmp_path: Path, path: Path) -> Report:
    return asked(Store(tmp_path / "none"), "-", scores=path)


def check(report: Report, repeats: str = "1") -> None:
    """The strong one is better than the weak one by 55 points, told from paired questions."""
    table = report.table.set_index("cell")
    assert list(table.index) == ["strong", "weak"]
    assert table.loc["strong", "mean"] == pytest.approx(75)
    assert table.loc["weak", "difference"] == pytest.approx(-55)
    assert table.loc["weak", "verdict"] == "resolved"
    assert set(table["questions"]) == {40}
    assert set(table["repeats"]) == {repeats}
    assert table["tokens"].isna().all()
    assert report.verdict.winner == "strong"
    assert "paired by question" in report.to_text()


def test_sample_logs_of_the_harness(tmp_path: Path):
    """A folder a model; the first of several filters, the last of several runs; results beside them are no logs."""
    for model, scores in SCORES.items():
        harness(tmp_path / "out", model, [0] * 40, when="09-00-00")
        harness(tmp_path / "out", model, scores)
    check(alone(tmp_path, tmp_path / "out"))


def test_logs_of_inspect_in_both_forms(tmp_path: Path):
    """Epochs are repeats; letters and numbers are scores; of several scorers the first counts."""
    (tmp_path / "logs").mkdir()
    letters = [{1: "C", 0: "I"}[score] for score in SCORES["strong"]]
    (tmp_path / "logs" / "one.json").write_text(json.dumps(inspect("strong", letters)))
    archived(tmp_path / "logs" / "two.eval", inspect("weak", SCORES["weak"]))
    check(alone(tmp_path, tmp_path / "logs"), repeats="2")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_with_a_question_in_each_line(form: str, tmp_path: Path):
    """Scores are shares of one there; other columns are factors."""
    rows = [
        {"cell": model, "benchmark": "gsm8k", "question": str(n), "repeat": 0, "score": float(score), "size": model[:1]}
        for model, scores in SCORES.items()
        for n, score in enumerate(scores)
    ]
    path = tmp_path / f"answers.{form}"
    if form == "csv":
        path.write_text("\n".join([",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    made = alone(tmp_path, path)
    check(made)
    assert list(made.table["size"]) == ["s", "w"]


def test_a_parquet_file_of_scores_reads_as_its_csv(tmp_path: Path):
    """Numbers and nulls as text."""
    rows = [{"cell": "a", "benchmark": "x", "score": 60.0, "se": 1.5, "domain": None, "filter": "f"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "scores.parquet")
    (tmp_path / "scores.csv").write_text("cell,benchmark,score,se,domain,filter\na,x,60.0,1.5,,f\n")
    one, other = (published.read(tmp_path / f"scores.{form}") for form in ("parquet", "csv"))
    assert one.factors == other.factors == {"filter": ("f",)}
    assert one.results[0].benchmarks[0].published == other.results[0].benchmarks[0].published


def test_what_our_own_export_writes_comes_back(made: Made, tmp_path: Path):
    """Beside the sweep it is of, as scores alone: their questions have other names, and nothing is paired with them."""
    made.complete()
    for model, scores in SCORES.items():
        for task in made.benchmarks:
            harness(tmp_path / "out", model, scores, task=task)
    report = asked(made.store, None, scores=tmp_path / "out")
    sources = report.table.set_index("cell")["source"]
    assert (sources["strong"], sources["weak"]) == ("published", "published")
    assert list(sources).count("measured") == 4
    assert report.table["rank"].notna().all()


def test_answers_that_are_lacking_keep_a_cell_from_its_rank(tmp_path: Path):
    """As of one's own cells: it is said how many there are."""
    lines = ["cell,benchmark,question,repeat,score", "a,x,1,0,1", "a,x,1,1,1", "a,x,2,0,0", "b,x,1,0,1", "b,x,2,0,0"]
    (tmp_path / "answers.csv").write_text("\n".join(lines))
    made = alone(tmp_path, tmp_path / "answers.csv")
    assert not made.complete
    assert "1 of 4 answers are lacking (2 questions x 2 repeats)" in made.table.set_index("cell").loc["a", "cause"]


def test_the_command_takes_both_names_of_the_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """`--from`, and `--scores` as before."""
    for model, scores in SCORES.items():
        harness(tmp_path / "out", model, scores)
    for option in ("--from", "--scores"):
        assert main(["report", "-", option, str(tmp_path / "out")]) == 0
        assert "strong is the best of 2" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (inspect("m", ["C"], status="error"), r"its status is 'error', so questions are lacking"),
        (inspect("m", [{"a": 1}]), r"scored \{'a': 1\}, which is nothing from 0 to 1"),
        (inspect("m", [7]), "scored 7, which is nothing from 0 to 1"),
        (inspect("m", ["X"]), "scored 'X', which is nothing from 0 to 1"),
        ({"eval": {"task": "t"}, "status": "success"}, "it lacks 'model'"),
        ({"eval": {}, "samples": [{"id": 1, "epoch": 1}]}, "it lacks 'model'"),
    ],
)
def test_logs_of_inspect_that_cannot_be_ranked_are_refused(log: Mapping[str, Any], told: str, tmp_path: Path):
    """With the file, the value and the way out."""
    (tmp_path / "log.json").write_text(json.dumps(log))
    with pytest.raises(BadInput, match=told):
        logs.read(tmp_path)


def test_a_sample_without_a_score_is_told(tmp_path: Path):
    """It was run without a scorer."""
    log = inspect("m", ["C"])
    log["samples"][0]["scores"] = {}
    (tmp_path / "log.json").write_text(json.dumps(log))
    with pytest.raises(BadInput, match=r"sample 0 has no score; score it: inspect score log.json"):
        logs.read(tmp_path)


def test_broken_logs_are_told_all_at_once(tmp_path: Path):
    """A torn line, an archive that is none, an empty folder; two logs with the same answers."""
    with pytest.raises(BadInput, match=r"holds no logs; give a folder with samples_\*.jsonl"):
        logs.read(tmp_path)
    path = harness(tmp_path, "m", [1, 0])
    path.write_text(path.read_text()[:-5])
    (tmp_path / "torn.eval").write_bytes(b"no archive")
    with pytest.raises(BadInput) as caught:
        logs.read(tmp_path)
    assert "line 4 is no sample of lm-evaluation-harness" in str(caught.value)
    assert "inspect log convert torn.eval --to json" in str(caught.value)


def test_the_same_answers_twice_are_told(tmp_path: Path):
    """Which of two logs of one model and task counts is not for us to say."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text(json.dumps(inspect("m", ["C"])))
    with pytest.raises(BadInput, match=r"m answers gsm8k twice, e.g. question 0; leave one log"):
        logs.read(tmp_path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a,x,1,0,60", "score='60' is no number from 0 to 1"),
        ("a,x,,0,1", "names no question"),
        ("a,x,1,first,1", "repeat='first' is no whole number from 0"),
        ("a,x,1,0,", "has no score"),
        ("a,x,9,0,1", "answers 'a' '9' again, after line 2"),
    ],
)
def test_bad_lines_of_answers_are_told(line: str, told: str, tmp_path: Path):
    """With their numbers."""
    (tmp_path / "answers.csv").write_text(f"cell,benchmark,question,repeat,score\na,x,9,0,1\n{line}\n")
    with pytest.raises(BadInput, match=told):
        published.read(tmp_path / "answers.csv")
