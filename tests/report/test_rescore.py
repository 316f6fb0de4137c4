"""Scores again, and evaluations in the forms of other tools: on a store with a real benchmark and made replies."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ot_grid import api, key, store, tables
from ot_grid.cli import main
from ot_grid.errors import BadInput, Corrupt
from ot_grid.inference.replies import Purchase, Replies
from ot_grid.planning import frozen
from ot_grid.report import logs
from ot_grid.rows import Reply, question
from ot_grid.stages import eval as eval_stage
from ot_grid.store import Store

pytestmark = pytest.mark.slow  # graders in processes of their own

SAMPLING = {"temperature": 0.7, "top_p": 1.0, "top_k": None, "max_tokens": 64}
READS = {"name": "bench", "prompt": "Q: {question}", "system": None, "repeats": 2, "sampling": SAMPLING,
         "grade": {"function": "number"}, "limit": None}  # fmt: skip
SAID = {"1+1?": ("It is 2.", "2, or rather 3"), "2+2?": (r"\boxed{4} of 9", "no idea")}


@pytest.fixture
def place(tmp_path: Path) -> Store:
    """A store with one sweep of one cell and one benchmark, scored by its own grader."""
    made = Store(tmp_path / "store")
    questions = [question(text, source="bench", domain="math", answer=answer) for text, answer in
                 (("1+1?", "2"), ("2+2?", "4"))]  # fmt: skip
    frozen = made.new_folder("benchmark", "bench", "b" * 16)
    tables.write_questions(frozen, questions)
    store.write_json(frozen / store.RECORD, {"key": "b" * 16})
    asked = [eval_stage.Answered(each, repeat, _reply(each.text, repeat)) for each in questions for repeat in range(2)]
    replies = Replies(made.replies)
    replies.append([Purchase(item.reply, item.repeat, {}, {}) for item in asked])
    replies.close()
    scored = made.new_folder("eval", "bench", "e" * 16)
    store.freeze(scored, {"reads": {"benchmark": READS}, "inputs": ["t" * 16, "b" * 16]})
    rows = eval_stage.score(asked, eval_stage.Scoring.of(READS["grade"], "auto"), lambda done, of: None)
    tables.write_rows(scored / "data" / "matrix.parquet", rows, eval_stage.MATRIX)
    store.write_json(scored / store.RECORD, {"key": "e" * 16, "finished": "2026-11-23T12:00:00+00:00"})
    runs = [{"stage": "eval", "label": "bench", "branch": "", "key": "e" * 16}]
    cell = {"cell": "c", "label": "base", "coordinates": {}, "runs": runs}
    sweep = {
        "name": "one",
        "command": [],
        "factors": {},
        "banner": [],
        "created": "2026-11-23T12:00:00+00:00",
        "plugins": [],
        "cells": [cell],
    }
    store.write_json(made.sweep("one") / "sweep.json", sweep)
    return made


def _reply(text: str, repeat: int) -> Reply:
    return Reply(f"student-1:{key.digest([text, repeat])[:32]}", SAID[text][repeat], "stop", 3, 5, "ab")


def scores(path: Path) -> list[float | None]:
    return [row["score"] for row in tables.read_rows(path)]


def test_other_scores_lie_beside_the_first(place, capsys):
    """Another grader's matrix and its score.json are written under its name; the first matrix keeps its bytes."""
    first = next((place.root / "eval").glob("*/data/matrix.parquet"))
    before = first.read_bytes()
    assert main(["rescore", "--store", str(place.root), "--grade", "math"]) == 0
    assert first.read_bytes() == before
    folder = first.parent.parent / "scores" / "math"
    assert (scores(first), scores(folder / "matrix.parquet")) == ([1, 0, 0, 0], [0, 0, 1, 0])
    told = json.loads((folder / "score.json").read_text())
    assert (told["label"], told["changed"], told["before"], told["after"]) == ("math", 2, 0.25, 0.25)
    assert told["graded_by"]["function"] == "math"
    assert [change["is"] for change in told["changes"]] == ["wrong", "right"]
    assert "25.0 ->  25.0  2 of 4 verdicts changed" in capsys.readouterr().out


def test_the_same_grader_is_not_run_twice_and_another_version_gets_a_number(place):
    """What is there stays: the same scores are found again, and those of another version lie beside them."""
    (made,) = api.rescore(place=place.root)
    (again,) = api.rescore(place=place.root)
    assert (made.made, again.made, again.folder, made.changed) == (True, False, made.folder, 0)
    told = json.loads((made.folder / "score.json").read_text())
    store.write_json(made.folder / "score.json", {**told, "graded_by": {"function": "number", "version": 0}})
    (newer,) = api.rescore(place=place.root)
    assert (newer.made, newer.folder.name) == (True, "again.2")


def test_a_grader_for_other_answers_is_not_asked_unless_a_benchmark_is_named(place, capsys):
    """Tests of programs are no mathematics: a mean with such zeros in it would rank nothing."""
    assert main(["rescore", "--store", str(place.root), "--grade", "choice"]) == 0
    assert "bench                skipped: its known answers are for the grader 'number'" in capsys.readouterr().out
    (named,) = api.rescore(place=place.root, grade="choice", only=["bench"])
    assert named.folder.name == "choice"


def test_held_out_scores_are_not_told(place, capsys):
    """A held-out benchmark is graded again, but its score is shown only to who names it, and not exported."""
    sweep = place.sweep("one") / "sweep.json"
    store.write_json(sweep, {**json.loads(sweep.read_text()), "held_out": ["bench"]})
    assert main(["rescore", "--store", str(place.root)]) == 0
    assert "25.0" not in capsys.readouterr().out
    assert not (place.sweep("one") / "looks.jsonl").exists()
    assert main(["rescore", "--store", str(place.root), "--only", "bench"]) == 0
    assert "25.0" in capsys.readouterr().out
    assert len(api.export(place=place.root, to=place.root / "out", only=["bench"])) == 2
    looks = [json.loads(line) for line in (place.sweep("one") / "looks.jsonl").read_text().splitlines()]
    assert [look["benchmarks"] for look in looks] == [["bench"]] * 2
    with pytest.raises(BadInput, match="not held out"):
        api.export(place=place.root, to=place.root / "out")


def test_logs_are_written_as_inspect_writes_them(place, tmp_path):
    """A sample for each question and repeat, with its verdict; read back, the same scores."""
    [path] = api.export(place=place.root, to=tmp_path / "out", form="inspect")
    log = json.loads(path.read_text())
    assert (log["status"], log["eval"]["task"], log["results"]["scores"][0]["metrics"]["mean"]["value"]) == (
        "success", "bench", 0.25,
    )  # fmt: skip
    assert {(sample["epoch"], sample["target"]) for sample in log["samples"]} >= {(1, "2"), (2, "2")}
    first = next(sample for sample in log["samples"] if sample["input"][0]["content"] == "Q: 1+1?")
    assert first["messages"][-1]["content"] == SAID["1+1?"][first["epoch"] - 1]
    answers = logs.read(tmp_path / "out")
    assert sum(answer.score for answer in answers) / len(answers) == 0.25
    assert {answer.cell for answer in answers} == {path.parent.name}


def own_environment(folder: Path, package: str) -> str:
    """Return the Python of a new environment that has a package."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=True)
    return python


@pytest.mark.slow
@pytest.mark.long  # installs Inspect in an environment of its own
def test_inspect_itself_reads_our_logs(place, tmp_path):
    """The reader of the tool that the form is of."""
    [path] = api.export(place=place.root, to=tmp_path / "out", form="inspect")
    python = own_environment(tmp_path / "env", "inspect-ai")
    ask = (
        "import sys; from inspect_ai.log import read_eval_log; log = read_eval_log(sys.argv[1]);"
        "print(log.status, log.eval.task, len(log.samples), log.samples[0].score.value)"
    )
    done = subprocess.run([python, "-c", ask, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split()[:3] == ["success", "bench", "4"]


HARNESS = """
import json, sys
from pathlib import Path
from lm_eval.loggers import EvaluationTracker
from lm_eval.utils import get_file_task_name, get_results_filenames, get_sample_results_filenames, make_table
files = [str(path) for path in Path(sys.argv[1]).iterdir()]
[results], [samples] = get_results_filenames(files), get_sample_results_filenames(files)
print(get_file_task_name(Path(samples).name))
print(make_table(json.loads(Path(results).read_text())))
lines = [json.loads(line) for line in Path(samples).read_text().splitlines()]
for line in lines:
    line["arguments"] = [list(given.values()) for given in line["arguments"].values()]
tracker = EvaluationTracker(output_path=sys.argv[2])
tracker.general_config_tracker.model_name_sanitized = "their-model"
tracker.save_results_aggregated({"results": {}}, {"bench": lines})
tracker.save_results_samples("bench", lines)
"""


@pytest.mark.slow
@pytest.mark.long  # installs the harness in an environment of its own
def test_the_harness_itself_reads_our_samples_and_we_read_its_own(place, tmp_path):
    """Its table has our mean with our standard error; what its tracker writes has the same scores for us."""
    samples, _ = api.export(place=place.root, to=tmp_path / "out")
    python = own_environment(tmp_path / "env", "lm-eval")
    line = [python, "-c", HARNESS, str(samples.parent), str(tmp_path / "theirs")]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    task, *table = done.stdout.splitlines()
    assert task == "bench"
    [row] = [[word.strip() for word in line.split("|")] for line in table if "exact_match" in line]
    assert row[row.index("exact_match") + 2 :][:4] == ["0.25", "±", "0.25", ""]
    answers = logs.read(tmp_path / "theirs")
    assert [(answer.cell, answer.benchmark) for answer in answers] == [("their-model", "bench")] * 2
    assert sum(answer.score for answer in answers) / 2 == 0.25


def test_samples_are_written_as_the_harness_writes_them(place, tmp_path):
    """One line a question with all repeats, and the results with mean and standard error."""
    samples, results = api.export(place=place.root, to=tmp_path / "out")
    [cell] = frozen.find_sweep(place, "one").cells
    assert samples.parent.name == f"{store.slug(cell.label)}-{cell.id}"
    assert samples.name == "samples_bench_2026-11-23T12-00-00.jsonl"
    lines = [json.loads(line) for line in samples.read_text().splitlines()]
    assert [line["doc_id"] for line in lines] == [0, 1]
    line = next(line for line in lines if line["doc"]["question"] == "1+1?")
    assert (line["target"], line["resps"], line["exact_match"]) == ("2", [list(SAID["1+1?"])], 0.5)
    assert json.loads(line["arguments"]["gen_args_0"]["arg_0"]) == [{"role": "user", "content": "Q: 1+1?"}]
    found = json.loads(results.read_text())["results"]["bench"]
    assert (found["exact_match,none"], found["exact_match_stderr,none"]) == (0.25, 0.25)


def test_parquet_holds_everything_of_a_question(place, tmp_path):
    """Question, answer, output, verdict and grader in one row."""
    (path,) = api.export(place=place.root, to=tmp_path / "out", form="parquet", only=["bench"])
    rows = tables.read_rows(path)
    assert len(rows) == 4
    assert {row["output"] for row in rows} == {text for texts in SAID.values() for text in texts}
    assert {row["prompt_digest"] for row in rows} == {"ab"}
    assert json.loads(rows[0]["grader"]) == {"function": "number"}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"grade": "hendriks"}, "no grade 'hendriks'"),
        ({"only": ["bensh"]}, "no benchmark 'bensh'; did you mean 'bench'"),
        ({"name": "other"}, "no sweep 'other'"),
    ],
)
def test_what_is_not_there_is_bad_input(place, more, says):
    """Graders, benchmarks and sweeps by names that do not exist."""
    with pytest.raises(BadInput, match=says):
        list(api.rescore(place=place.root, **more))


def test_a_reply_that_is_gone_is_an_error(place):
    """Scores are never made of what is not there."""
    for path in place.replies.glob("*/*.jsonl"):
        path.unlink()
    with pytest.raises(Corrupt, match=r"refers to the reply student-1:.*not in the store any more"):
        list(api.rescore(place=place.root))
