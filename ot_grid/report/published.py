"""Cells from elsewhere: a table of published numbers, a line a cell and benchmark; or answers, question by question.

One idea: they stand in the same table as one's own cells, marked, and are never taken for more than they are. Columns:
cell, benchmark, score (percent); and where known se (of decoding, percent, as published), questions, repeats, domain,
recipe (cells of one recipe, trained again, are its training seeds). All other columns are factors. With a column
question (and repeat, from 0), a line is one answer, its score from 0 to 1; so are lines of logs (see `logs`). Such
answers are paired among each other, and are scores alone beside a sweep, whose questions have other names. It must not
compare.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ot_grid.errors import BadInput
from ot_grid.planning.frozen import FrozenCell, FrozenRun, Sweep
from ot_grid.report import logs
from ot_grid.report.logs import ScoredAnswer
from ot_grid.report.matrices import DONE, FAILED, BenchmarkResult, Published
from ot_grid.report.results import EVAL, Result

NEEDED, KNOWN = ("cell", "benchmark", "score"), ("se", "questions", "repeats", "domain", "recipe")
QUESTION, REPEAT = "question", "repeat"  # columns of a file that holds answers
MOST = 10**9  # questions, or repeats
RECIPE = "recipe"  # the factor that repeats where the file has that column


@dataclass(frozen=True)
class Line:
    """One score of a file."""

    number: int  # in the file, from 1
    cell: str
    benchmark: BenchmarkResult
    domain: str
    recipe: str
    coordinates: Mapping[str, str]


@dataclass(frozen=True)
class PublishedScores:
    """What a file of scores holds."""

    path: Path
    results: tuple[Result, ...]
    factors: Mapping[str, tuple[str, ...]]
    repeat: tuple[str, ...]  # the factor that tells the cells of one recipe apart
    domains: Mapping[str, str]


def read(path: Path) -> PublishedScores:
    """Read a CSV or parquet file of scores, or a folder of logs; raise `BadInput` with all its problems."""
    problems: list[str] = []
    if path.is_dir():
        return _scores(path, _answered(logs.read(path)))
    rows = _raw(path)
    if rows and QUESTION in rows[0][1]:
        lines = _of_answers(rows, problems)
    else:
        lines = [line for number, row in rows if (line := _line(number, row, problems))]
    problems += _contradictions(lines)
    if problems:
        raise BadInput(*(f"{path}: {problem}" for problem in problems))
    return _scores(path, lines)


def _of_answers(rows: Sequence[tuple[int, Mapping[str, str]]], problems: list[str]) -> list[Line]:
    """Return a line a cell and benchmark, of rows that hold one answer each."""
    answers: list[ScoredAnswer] = []
    factors: dict[str, dict[str, str]] = {}
    first: dict[tuple[str, str, str, int], int] = {}
    for number, row in rows:
        fields = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
        before = len(problems)
        problems += [
            f"line {number} names no {name}" for name in ("cell", "benchmark", QUESTION) if not fields.get(name)
        ]
        score = _number(fields, "score", 1, number, problems)
        repeat = fields.get(REPEAT, "") or "0"
        if not repeat.isdecimal():
            problems.append(f"line {number}: repeat={repeat!r} is no whole number from 0")
        if math.isnan(score) and len(problems) == before:
            problems.append(f"line {number} has no score")
        if len(problems) > before:
            continue
        answer = ScoredAnswer(fields["cell"], fields["benchmark"], fields[QUESTION], int(repeat), score)
        at = (answer.cell, answer.benchmark, answer.question, answer.repeat)
        if first.setdefault(at, number) != number:
            problems.append(f"line {number} answers {answer.cell!r} {answer.question!r} again, after line {first[at]}")
        answers.append(answer)
        own = {name: value for name, value in fields.items() if name not in (*NEEDED, *KNOWN, QUESTION, REPEAT)}
        factors.setdefault(answer.cell, own)
    return _answered(answers, factors) if not problems else []


def _answered(answers: Sequence[ScoredAnswer], factors: Mapping[str, Mapping[str, str]] | None = None) -> list[Line]:
    """Return a line a cell and benchmark with the whole matrix; holes make it unfinished, as anywhere."""
    grouped: dict[tuple[str, str], list[ScoredAnswer]] = {}
    for each in answers:
        grouped.setdefault((each.cell, each.benchmark), []).append(each)
    return [
        Line(number, cell, _matrix(name, own), "", "", (factors or {}).get(cell, {}))
        for number, ((cell, name), own) in enumerate(grouped.items(), 1)
    ]


def _matrix(name: str, answers: Sequence[ScoredAnswer]) -> BenchmarkResult:
    questions = tuple(sorted({each.question for each in answers}))
    place = {question: number for number, question in enumerate(questions)}
    matrix = np.full((len(questions), 1 + max(each.repeat for each in answers)), np.nan)
    for each in answers:
        matrix[place[each.question], each.repeat] = each.score
    holes = int(np.isnan(matrix).sum())
    cause = f"{holes} of {matrix.size} answers are lacking ({len(questions)} questions x {matrix.shape[1]} repeats)"
    return BenchmarkResult(name, FAILED if holes else DONE, cause if holes else "", matrix, questions)


def _contradictions(lines: Sequence[Line]) -> Iterator[str]:
    """Yield what lines say twice, and what they say otherwise than a line before."""
    earlier: dict[tuple[str, ...], tuple[int, str]] = {}
    for line in lines:
        name = line.benchmark.name
        first, _ = earlier.setdefault((line.cell, name), (line.number, ""))
        if first != line.number:
            yield f"line {line.number} says {line.cell!r} {name!r} again, after line {first}"
        facts = {**{(line.cell, "", factor): choice for factor, choice in line.coordinates.items()},
                 (line.cell, "", RECIPE): line.recipe, ("", name, "domain"): line.domain}  # fmt: skip
        for about, choice in facts.items():
            first, before = earlier.setdefault(about, (line.number, choice))
            if before != choice:
                whose = about[0] or about[1]
                yield f"line {line.number} says {about[2]}={choice!r} of {whose!r}, line {first} says {before!r}"


def _raw(path: Path) -> list[tuple[int, dict[str, str]]]:
    rows, names = _of_parquet(path) if path.suffix == ".parquet" else _of_csv(path)
    lacking = [name for name in NEEDED if name not in names]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1 or not name.strip()]
    if lacking or twice or not rows:
        what = (
            f"lacks the column {', '.join(map(repr, lacking))}" if lacking
            else f"has columns of no name or of the same: {', '.join(map(repr, twice))}" if twice
            else "holds no line"
        )  # fmt: skip
        raise BadInput(
            f"{path} {what}; it takes one line a cell and benchmark: {','.join((*NEEDED, *KNOWN))}, and a column for "
            f"each factor (it has {', '.join(names) or 'none'})"
        )
    return rows


def _of_csv(path: Path) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            kept = [(number, line) for number, line in enumerate(file, 1) if not line.startswith("#")]
        reader = csv.DictReader((line for _, line in kept), strict=True)
        return [(kept[reader.line_num - 1][0], row) for row in reader], list(reader.fieldnames or [])
    except FileNotFoundError as error:
        raise BadInput(f"--scores {str(path)!r} is not there") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"--scores {str(path)!r} is not a CSV in UTF-8 ({error})") from error


def _of_parquet(path: Path) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except FileNotFoundError as error:
        raise BadInput(f"--scores {str(path)!r} is not there") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInput(f"--scores {str(path)!r} is not a parquet file ({error})") from error
    rows = []
    for number, row in enumerate(table.to_pylist(), 1):
        known = {name: "" if value is None or value != value else str(value) for name, value in row.items()}
        rows.append((number, known))
    return rows, list(table.column_names)


def _line(number: int, row: Mapping[str, str | None], problems: list[str]) -> Line | None:
    fields = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    before = len(problems)
    if None in row or any(value is None for value in row.values()):
        problems.append(f"line {number} has more or fewer fields than the first line")
    problems += [f"line {number} names no {name}" for name in ("cell", "benchmark") if not fields.get(name)]
    score = _number(fields, "score", 100, number, problems)
    se = _number(fields, "se", 100, number, problems)
    questions, repeats = (_count(fields, name, number, problems) for name in ("questions", "repeats"))
    if not fields.get("score"):
        problems.append(f"line {number} has no score")
    if len(problems) > before:
        return None
    known = Published(se / 100, questions or 0, repeats or 1)
    benchmark = BenchmarkResult(fields["benchmark"], DONE, matrix=np.array([[score / 100]]), published=known)
    factors = {name: value for name, value in fields.items() if name not in (*NEEDED, *KNOWN)}
    return Line(number, fields["cell"], benchmark, fields.get("domain", ""), fields.get(RECIPE, ""), factors)


def _number(said: Mapping[str, str], name: str, most: float, number: int, problems: list[str]) -> float:
    text = said.get(name, "")
    try:
        value = float(text) if text else math.nan
    except ValueError:
        value = math.inf
    if text and not 0 <= value <= most:
        problems.append(f"line {number}: {name}={text!r} is no number from 0 to {most:g}")
    return value


def _count(said: Mapping[str, str], name: str, number: int, problems: list[str]) -> int | None:
    text = said.get(name, "")
    if not text or (text.isdecimal() and 0 < int(text) <= MOST):
        return int(text) if text else None
    problems.append(f"line {number}: {name}={text!r} is no whole number from 1 to {MOST:,}")
    return None


def _scores(path: Path, lines: Sequence[Line]) -> PublishedScores:
    cells: dict[str, list[Line]] = {}
    for line in lines:
        cells.setdefault(line.cell, []).append(line)
    again = any(line.recipe for line in lines)
    results = tuple(_result(name, own, again) for name, own in cells.items())
    factors: dict[str, tuple[str, ...]] = {}
    for result in results:
        for name, choice in result.cell.coordinates.items():
            factors[name] = tuple(dict.fromkeys((*factors.get(name, ()), choice)))
    domains = {line.benchmark.name: line.domain for line in lines if line.domain}
    return PublishedScores(path, results, factors, ("cell",) if again else (), domains)


def _result(name: str, lines: Sequence[Line], again: bool) -> Result:
    first = lines[0]
    coordinates = {**first.coordinates, **({RECIPE: first.recipe or name, "cell": name} if again else {})}
    runs = tuple(FrozenRun(EVAL, line.benchmark.name, "", "") for line in lines)
    label = " ".join(f"{factor}={choice}" for factor, choice in coordinates.items() if choice) or name
    return Result(FrozenCell(name, label, coordinates, runs), tuple(line.benchmark for line in lines), None, 0, 0.0)


def alone(scores: PublishedScores) -> Sweep:
    """Return a sweep that holds published cells only."""
    empty = Sweep(scores.path.stem, ("report", "-", "--scores", str(scores.path)), {}, (), datetime.now(UTC), ())
    return joined(empty, scores)


def joined(sweep: Sweep, scores: PublishedScores) -> Sweep:
    """Return a sweep with published cells after its own; raise `BadInput` where ids are the same."""
    known = {cell.id for cell in sweep.cells}
    twice = [result.cell.id for result in scores.results if result.cell.id in known]
    if twice:
        raise BadInput(f"{scores.path}: {', '.join(twice)} are cells of sweep {sweep.name!r}; give them other names")
    names = dict.fromkeys((*sweep.factors, *scores.factors))
    factors = {
        name: tuple(dict.fromkeys((*sweep.factors.get(name, ()), *scores.factors.get(name, ())))) for name in names
    }
    return replace(
        sweep, factors=factors, cells=(*sweep.cells, *(result.cell for result in scores.results)),
        repeat=(*sweep.repeat, *scores.repeat), domains={**scores.domains, **sweep.domains},
    )  # fmt: skip


def without_questions(scores: PublishedScores) -> PublishedScores:
    """Return the same cells with their scores alone, each with the binomial bound of what it is of.

    Beside a sweep answers from elsewhere cannot be paired: their questions have other names.
    """
    results = []
    for result in scores.results:
        benchmarks = tuple(
            replace(each, matrix=np.array([[each.score]]), questions=(), published=_known(each))
            if each.done and not each.published
            else each
            for each in result.benchmarks
        )
        results.append(replace(result, benchmarks=benchmarks))
    return replace(scores, results=tuple(results))


def _known(each: BenchmarkResult) -> Published:
    return Published(math.nan, each.asked, each.repeats)
