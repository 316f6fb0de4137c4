"""Questions from files of any common form, and from the Hugging Face hub.

One idea: a hub dataset and a local file of the same form are read by the same columns, so one stands in for the other.
It must not guess a column: what is named and not there is an error.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from ot_grid import rows
from ot_grid.errors import BadInput, nearest
from ot_grid.registry import register
from ot_grid.stages.sources.columns import cell, chat, named, text
from ot_grid.stages.sources.read import Cells, Placed, read
from ot_grid.stages.sources.table import Hub, Table, located

WANTED = ("question", "answer", "solution", "messages")
TRIED_ROWS = 1000  # of a file, to see whether the pattern matches any answer


@register("source")
def jsonl(
    name: str, domain: str, *, path: str, columns: dict[str, Any], answer_pattern: str | None
) -> Iterator[rows.Question]:
    """Yield the questions of a local .jsonl, .json, .csv or .parquet file."""
    yield from _questions(read(Path(path)), (name, domain), columns, answer_pattern, path)


@register("source")
def hf(
    name: str,
    domain: str,
    *,
    columns: dict[str, Any],
    answer_pattern: str | None,
    limit: int | None,
    **hub: Unpack[Hub],
) -> Iterator[rows.Question]:
    """Yield the first `limit` questions of a hub dataset, or of a local file of the same form."""
    table = Table(**hub)
    yield from _questions(itertools.islice(table.rows(), limit), (name, domain), columns, answer_pattern, table.name)


def _questions(
    placed: Iterable[Placed], named: tuple[str, str], columns: Mapping[str, Any], pattern: str | None, table: str
) -> Iterator[rows.Question]:
    for place, row in placed:
        try:
            question, answer, solution = _cells(row, columns)
        except BadInput as error:
            raise located(table, place, error) from error
        if answer is not None and pattern:
            found = re.search(pattern, answer)
            answer = found.group(1).strip() if found else None
        made = rows.question(question or "", source=named[0], domain=named[1], answer=answer, solution=solution)
        yield replace(made, place=place)


def _cells(row: Cells, columns: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Return question, known answer and worked solution; a chat holds the first and the last of them."""
    asked = said = None
    chats = columns.get("messages")
    if chats:
        asked, said = chat(cell(row, chats, "messages"), f"columns.messages={chats!r}")
    question = asked if chats else _text(row, columns, "question")
    solution = _text(row, columns, "solution") if columns.get("solution") else said
    return question, _text(row, columns, "answer"), solution


def _text(row: Cells, columns: Mapping[str, Any], wanted: str) -> str | None:
    name, value = named(row, columns.get(wanted), wanted)
    return text(value, f"columns.{wanted}={name!r}", name)


def check(choice: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the settings, and whether the pattern matches no answer of a local file."""
    problems, path = _check_pattern(choice), choice.get("path") or choice.get("file")
    if problems or not path or not choice.get("answer_pattern"):
        return problems
    first = itertools.islice(read(Path(path)), TRIED_ROWS)
    try:
        questions = list(_questions(first, ("", ""), choice["columns"], choice["answer_pattern"], path))
    except BadInput:
        return []  # told when the whole file is read
    if any(question.answer for question in questions) or not any(question.text for question in questions):
        return []
    return [f"{path}: answer_pattern={choice['answer_pattern']!r} matches no answer of it; correct it or use null"]


def _check_pattern(choice: Mapping[str, Any]) -> list[str]:
    problems = (
        []
        if choice["columns"].get("question") or choice["columns"].get("messages")
        else ["columns.question is not set: say which column holds the questions, or columns.messages for chats"]
    )
    problems += [
        f"columns.{name} is not known; {nearest(name, WANTED)}" for name in choice["columns"] if name not in WANTED
    ]
    try:
        groups = re.compile(choice.get("answer_pattern") or "()").groups
    except re.error as error:
        return [*problems, f"answer_pattern={choice['answer_pattern']!r} is not a regular expression: {error}"]
    if groups != 1:
        problems.append(
            f"answer_pattern={choice['answer_pattern']!r} has {groups} groups; put one group around the answer"
        )
    return problems
