"""Questions from files of any common form, and from the Hugging Face hub.

One idea: a hub dataset and a local file of the same form are read by the same columns, so one stands in for the other.
It must not guess a column: what is named and not there is an error.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ot_grid import rows
from ot_grid.errors import BadInput, nearest
from ot_grid.registry import register
from ot_grid.stages.sources.columns import cell, text
from ot_grid.stages.sources.read import Cells, read
from ot_grid.stages.sources.table import Table

WANTED = ("question", "answer", "solution")
CHECKED_ROWS = 1000  # of a file, before launch; the rest is read when the source runs


@register("source")
def jsonl(
    name: str, domain: str, *, path: str, columns: dict[str, Any], answer_pattern: str | None
) -> Iterator[rows.Question]:
    """Yield the questions of a local .jsonl, .json, .csv or .parquet file."""
    yield from _questions(read(Path(path)), (name, domain), columns, answer_pattern)


@register("source")
def hf(
    name: str,
    domain: str,
    *,
    id: str,
    config: str | None,
    split: str,
    revision: str | None,
    file: str | None,
    columns: dict[str, Any],
    answer_pattern: str | None,
    limit: int | None,
) -> Iterator[rows.Question]:
    """Yield the first `limit` questions of a hub dataset, or of a local file of the same form."""
    cells = Table(id, config, split, revision, file).rows()
    yield from _questions(itertools.islice(cells, limit), (name, domain), columns, answer_pattern)


def _questions(
    cells: Iterable[Cells], named: tuple[str, str], columns: Mapping[str, Any], pattern: str | None
) -> Iterator[rows.Question]:
    for row in cells:
        question, answer, solution = (text(cell(row, columns.get(wanted), wanted)) for wanted in WANTED)
        if answer is not None and pattern:
            found = re.search(pattern, answer)
            answer = found.group(1).strip() if found else None
        yield rows.question(question or "", source=named[0], domain=named[1], answer=answer, solution=solution)


def check_jsonl(choice: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a local file: missing, unreadable, without the columns or the pattern."""
    return _check_file(str(choice["path"]), choice)


def check_hf(choice: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the local file or the pattern; the hub is not asked."""
    return _check_file(str(choice["file"]), choice) if choice.get("file") else _check_pattern(choice)


def _check_file(path: str, choice: Mapping[str, Any]) -> list[str]:
    found = _check_pattern(choice)
    if found:
        return found
    first = itertools.islice(read(Path(path)), CHECKED_ROWS)
    try:
        questions = list(_questions(first, ("", ""), choice["columns"], choice.get("answer_pattern")))
    except BadInput as error:
        return [problem if path in problem else f"{path}: {problem}" for problem in error.problems]
    if not any(question.text for question in questions):
        found.append(f"{path} holds no questions in columns.question={choice['columns'].get('question')!r}")
    elif choice.get("answer_pattern") and not any(question.answer for question in questions):
        found.append(
            f"{path}: answer_pattern={choice['answer_pattern']!r} matches no answer of it; correct it or use null"
        )
    return found


def _check_pattern(choice: Mapping[str, Any]) -> list[str]:
    found = (
        []
        if choice["columns"].get("question")
        else ["columns.question is not set: say which column holds the questions"]
    )
    found += [
        f"columns.{name} is not known; {nearest(name, WANTED)}" for name in choice["columns"] if name not in WANTED
    ]
    try:
        groups = re.compile(choice.get("answer_pattern") or "()").groups
    except re.error as error:
        return [*found, f"answer_pattern={choice['answer_pattern']!r} is not a regular expression: {error}"]
    if groups != 1:
        found.append(
            f"answer_pattern={choice['answer_pattern']!r} has {groups} groups; put one group around the answer"
        )
    return found
