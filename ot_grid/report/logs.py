"""Evaluations that other tools wrote: lm-evaluation-harness' sample logs, Inspect's logs, question by question.

One idea: a log is who answered, which benchmark, which question, which time, and what that scored; with those it is
ranked by the rules of one's own cells. What a log does not say of a question is not made up. It must not rank.

    results/a-model/samples_gsm8k_2026-11-29T10-00-00.jsonl    lm_eval --log_samples --output_path results
    logs/2026-11-29T10-00-00_gsm8k_x.json, or .eval            inspect eval
"""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ot_grid.errors import BadInput

LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}  # correct, incorrect, partial, no answer, as Inspect writes them
SAMPLES = re.compile(r"samples_(?P<task>.+?)_(?P<when>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?)\.jsonl")
WAY = "give a folder with samples_*.jsonl (lm_eval --log_samples --output_path) or with logs of Inspect"


@dataclass(frozen=True)
class ScoredAnswer:
    """What one answer to one question scored, from 0 to 1."""

    cell: str
    benchmark: str
    question: str
    repeat: int
    score: float


def read(folder: Path) -> list[ScoredAnswer]:
    """Return all answers of the logs below a folder; raise `BadInput` with everything that cannot be read."""
    samples, inspect = sorted(folder.rglob("samples_*.jsonl")), [*folder.rglob("*.eval"), *_json_logs(folder)]
    if not samples and not inspect:
        raise BadInput(f"{folder} holds no logs; {WAY}")
    problems: list[str] = []
    answers: dict[tuple[str, str, str, int], ScoredAnswer] = {}
    for path in [*_newest(samples), *sorted(inspect)]:
        try:
            found = list(_harness(path) if path.suffix == ".jsonl" else _inspect(path))
        except BadInput as error:
            problems += error.problems
            continue
        for each in found:
            if answers.setdefault((each.cell, each.benchmark, each.question, each.repeat), each) is not each:
                problems.append(
                    f"{path}: {each.cell} answers {each.benchmark} twice, e.g. question {each.question}; leave one log"
                )
                break
    if problems:
        raise BadInput(*problems)
    return list(answers.values())


def _json_logs(folder: Path) -> list[Path]:
    """Return the JSON files that begin as logs of Inspect do; results of other tools lie beside them."""
    return [path for path in folder.rglob("*.json") if b'"eval"' in path.open("rb").read(4096)]


def _newest(paths: list[Path]) -> list[Path]:
    """Return of the logs of one model and task the last one."""
    last: dict[tuple[Path, str], Path] = {}
    for path in paths:
        if named := SAMPLES.fullmatch(path.name):
            last[path.parent, named["task"]] = path  # sorted: the times follow each other
    return list(last.values())


def _harness(path: Path) -> Iterator[ScoredAnswer]:
    """Yield the answers of a sample log of lm-evaluation-harness; of several filters the first counts."""
    named = SAMPLES.fullmatch(path.name)
    assert named
    first: str | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        try:
            row = json.loads(line)
            name, metric = str(row["doc_id"]), str(row["metrics"][0])
            score, chosen = row[metric], str(row.get("filter", "none"))
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise BadInput(f"{path}: line {number} is no sample of lm-evaluation-harness ({error!r})") from error
        first = first or chosen
        if chosen == first:
            yield ScoredAnswer(
                path.parent.name, named["task"], name, 0, _share(score, f"{path}: line {number}: {metric}")
            )


def _inspect(path: Path) -> Iterator[ScoredAnswer]:
    """Yield the answers of a log of Inspect, each epoch a repeat; of several scorers the first counts."""
    header, samples = _of_archive(path) if path.suffix == ".eval" else _of_json(path)
    try:
        cell, benchmark, status = str(header["eval"]["model"]), str(header["eval"]["task"]), header.get("status")
    except (KeyError, TypeError) as error:
        raise BadInput(f"{path} is no log of Inspect: it lacks {error}") from error
    if status != "success":
        raise BadInput(f"{path}: its status is {status!r}, so questions are lacking; finish it: inspect eval-retry")
    for sample in samples:
        scores = sample.get("scores") or {}
        if not scores:
            raise BadInput(f"{path}: sample {sample.get('id')!r} has no score; score it: inspect score {path.name}")
        name, first = next(iter(scores.items()))
        where = f"{path}: sample {sample.get('id')!r}, scorer {name!r}"
        yield ScoredAnswer(
            cell, benchmark, str(sample["id"]), int(sample["epoch"]) - 1, _share(first.get("value"), where)
        )


def _of_json(path: Path) -> tuple[Mapping[str, Any], list[Any]]:
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        return whole, list(whole.get("samples") or [])
    except (ValueError, OSError, AttributeError) as error:
        raise BadInput(f"{path} cannot be read as a log of Inspect ({error})") from error


def _of_archive(path: Path) -> tuple[Mapping[str, Any], list[Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.startswith("samples/") and name.endswith(".json")]
            return json.loads(archive.read("header.json")), [json.loads(archive.read(name)) for name in sorted(names)]
    except (ValueError, OSError, KeyError, NotImplementedError, zipfile.BadZipFile) as error:
        raise BadInput(
            f"{path} cannot be read ({error}); as JSON it can: inspect log convert {path.name} --to json --output-dir x"
        ) from error


def _share(value: Any, where: str) -> float:
    """Return a score from 0 to 1."""
    number = LETTERS.get(value, math.nan) if isinstance(value, str) else value
    if not isinstance(number, bool | int | float) or not 0 <= number <= 1:
        raise BadInput(f"{where} scored {value!r}, which is nothing from 0 to 1; give a log whose first score is")
    return float(number)
