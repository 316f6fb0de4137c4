"""Evaluations in forms that other tools read: sample logs as lm-evaluation-harness writes them, and parquet.

One idea: what is scattered in a store to be stored once comes out whole: prompt, outputs, verdicts. It must not change
a score or the store.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from ot_grid import key, store, tables
from ot_grid.errors import BadInput, nearest
from ot_grid.inference.replies import Replies
from ot_grid.planning.frozen import FrozenCell, Sweep
from ot_grid.report import evaluations, inspect_logs
from ot_grid.report.evaluations import Evaluation
from ot_grid.stages.eval import MATRIX, Answered, chat
from ot_grid.store import Store

FORMATS = ("lm-eval", "inspect", "parquet")
COLUMNS = {**MATRIX, "text": "string", "answer": "string", "output": "string", "grader": "string"}


def export(place: Store, sweep: Sweep, folder: Path, *, form: str, only: Sequence[str] = ()) -> list[Path]:
    """Write the finished evaluations of a sweep below `folder`, a folder for each cell; return the files.

    Of cells that share an evaluation the first has it.
    """
    if form not in FORMATS:
        raise BadInput(f"format {form!r} is not known; {nearest(form, FORMATS)}")
    write = {"parquet": _parquet, "inspect": _inspect}.get(form, _lm_eval)
    held_out = set(sweep.held_out) - set(only)  # what is held out comes only to who names it
    names = {run.key: named(cell) for cell in reversed(sweep.cells) for run in cell.runs}
    written: list[Path] = []
    with closing(Replies(place.replies)) as replies:
        for artifact in evaluations.of_sweep(place, sweep, only):
            evaluation = evaluations.load(place, artifact, replies)
            if evaluation.name not in held_out:
                written += write(evaluation, folder / names[evaluation.record["key"]])
    if not written:
        raise BadInput(
            f"sweep {sweep.name!r} has no finished evaluation that is not held out; name held-out ones (--only), or "
            "see how far it is: python -m ot_grid status"
        )
    return written


def named(cell: FrozenCell) -> str:
    """Return what a cell's folder is called: its coordinates, and its id."""
    return f"{store.slug(cell.label)}-{cell.id}"


def _parquet(evaluation: Evaluation, folder: Path) -> Iterator[Path]:
    grader = key.canonical(evaluation.record.get("grader") or evaluation.benchmark["grade"])
    rows = (
        {**row, "text": item.question.text, "answer": item.question.answer, "output": item.reply.text, "grader": grader}
        for row, item in zip(evaluation.rows, evaluation.asked, strict=True)
    )
    path = folder / f"{evaluation.name}-{evaluation.record['key']}.parquet"
    tables.write_rows(path, rows, COLUMNS)
    yield path


def _inspect(evaluation: Evaluation, folder: Path) -> Iterator[Path]:
    """Write a log as Inspect does: `<time>_<benchmark>_<key>.json`."""
    when = datetime.fromisoformat(evaluation.record["finished"]).strftime("%Y-%m-%dT%H-%M-%S")
    path = folder / f"{when}_{evaluation.name}_{evaluation.record['key']}.json"
    store.write_json(path, inspect_logs.log(evaluation, folder.name))
    yield path


def _lm_eval(evaluation: Evaluation, folder: Path) -> Iterator[Path]:
    """Write `samples_<benchmark>_<time>.jsonl`, a line a question with all its repeats, and `results_...json`."""
    finished = datetime.fromisoformat(evaluation.record["finished"])
    when = finished.strftime("%Y-%m-%dT%H-%M-%S")
    lines = list(_samples(evaluation))
    samples = folder / f"samples_{evaluation.name}_{when}.jsonl"
    store.write_text(samples, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    results = folder / f"results_{evaluation.name}_{when}.json"
    store.write_json(results, _results(evaluation, lines, folder.name, finished.timestamp()))
    yield from (samples, results)


def _samples(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    pairs = sorted(zip(evaluation.rows, evaluation.asked, strict=True), key=lambda pair: pair[0]["question"])
    for number, (_, group) in enumerate(groupby(pairs, key=lambda pair: pair[0]["question"])):
        repeats = sorted(group, key=lambda pair: pair[0]["repeat"])
        yield _sample(number, evaluation, [row for row, _ in repeats], [item for _, item in repeats])


def _sample(
    number: int, evaluation: Evaluation, rows: Sequence[Mapping[str, Any]], asked: Sequence[Answered]
) -> dict[str, Any]:
    question, sampling = asked[0].question, evaluation.benchmark["sampling"]
    prompt = json.dumps(chat(evaluation.benchmark, question), ensure_ascii=False)
    doc = {"id": question.row, "question": question.text, "answer": question.answer}
    generation = {
        "max_gen_toks": sampling["max_tokens"], "temperature": sampling["temperature"], "top_p": sampling["top_p"],
        "do_sample": sampling["temperature"] > 0, "until": [],
    }  # fmt: skip
    return {
        "doc_id": number,
        "doc": doc,
        "target": question.answer,
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": generation}},
        "resps": [[item.reply.text for item in asked]],
        "filtered_resps": [row["extracted"] for row in rows],
        "filter": "none",
        "metrics": ["exact_match"],
        "doc_hash": key.digest(doc),
        "prompt_hash": key.digest(prompt),
        "target_hash": key.digest(question.answer),
        "exact_match": sum(row["score"] or 0.0 for row in rows) / len(rows),
        "verdicts": [row["verdict"] for row in rows],
        "finish_reasons": [row["finish_reason"] for row in rows],
    }


def _results(evaluation: Evaluation, lines: Sequence[Mapping[str, Any]], model: str, date: float) -> dict[str, Any]:
    name, scores = evaluation.name, [line["exact_match"] for line in lines]
    mean = sum(scores) / len(scores)
    # Over questions, with n - 1: what the harness prints for a mean.
    spread = sum((score - mean) ** 2 for score in scores) / max(1, len(scores) - 1)
    return {
        "results": {
            name: {
                "alias": name, "exact_match,none": mean, "exact_match_stderr,none": (spread / len(scores)) ** 0.5,
            }
        },
        "configs": {name: {"task": name, "repeats": evaluation.benchmark["repeats"], "metadata": evaluation.benchmark}},
        "versions": {name: evaluation.record["key"]},
        "n-shot": {name: 0},
        "higher_is_better": {name: {"exact_match": True}},
        "n-samples": {name: {"original": len(lines), "effective": len(lines)}},
        "model_name": model,
        "date": date,
    }  # fmt: skip
