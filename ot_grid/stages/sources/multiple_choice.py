"""Questions with choices: their order, and the letter that is right.

One idea: the order of the choices is a permutation that the question itself seeds, so no letter is favoured and none
moves with the file, the process or the other rows. It must not judge replies.
"""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Unpack

from ot_grid import key, rows
from ot_grid.config import AnswerIs
from ot_grid.errors import BadInput, nearest
from ot_grid.registry import register
from ot_grid.stages.sources.columns import cell, fill, held, lacking, matches, text
from ot_grid.stages.sources.read import Cells
from ot_grid.stages.sources.table import Hub, Table

LETTERS = string.ascii_uppercase
WANTED = ("question", "choices", "answer")


@register("source")
def multiple_choice(
    name: str,
    domain: str,
    *,
    columns: dict[str, Any],
    answer_is: AnswerIs,
    where: dict[str, Any],
    shuffle: bool,
    choice: str,
    between: str,
    template: str,
    limit: int | None,
    **hub: Unpack[Hub],
) -> Iterator[rows.Question]:
    """Yield the questions of a hub dataset or a local file whose rows match; the answer is a capital letter."""

    def make(row: Cells) -> rows.Question | None:
        if not matches(row, where):
            return None
        asked = text(cell(row, columns["question"], "question"), f"columns.question={columns['question']!r}") or ""
        choices = _choices(row, columns["choices"])
        right = _right(row, columns["answer"], choices, answer_is)
        if (shuffle or answer_is == "text") and choices.count(choices[right]) > 1:
            raise BadInput(f"the right choice {choices[right]!r} is there twice, so two letters are right; correct it")
        ordered = order(asked, choices) if shuffle else choices
        shown = between.join(
            fill(choice, letter=letter, choice=each) for letter, each in zip(LETTERS, ordered, strict=False)
        )
        letter = LETTERS[ordered.index(choices[right]) if shuffle else right]
        return rows.question(
            fill(template, question=asked, choices=shown) if asked else "", source=name, domain=domain, answer=letter
        )

    yield from itertools.islice(Table(**hub).questions(make), limit)


def order(question: str, choices: Sequence[str]) -> list[str]:
    """Return the choices in an order that depends on the question and the set of choices alone, each equally likely."""
    drawn = key.digest([question, sorted(choices)])
    return sorted(choices, key=lambda choice: key.digest([drawn, choice]))


def _choices(row: Cells, names: str | list[str] | None) -> list[str]:
    """Return the choices as they are stored; none where the question's text holds them."""
    if names is None:
        return []
    values = held(row, names) if isinstance(names, str) else [held(row, name) for name in names]
    if not isinstance(values, (list, tuple)) or not 2 <= len(values) <= len(LETTERS):
        raise BadInput(f"columns.choices={names!r} holds {str(values)[:60]!r}; it must be 2 to 26 choices")
    found = [text(value, f"columns.choices={names!r}") for value in values]
    if None in found:
        raise BadInput(f"columns.choices={names!r} has an empty choice among {str(values)[:60]!r}")
    return [str(choice) for choice in found]


def _right(row: Cells, column: str | list[str | None] | None, choices: Sequence[str], form: str) -> int:
    """Return the index of the right choice; it must be one of them."""
    value = 0 if column is None else cell(row, column, "answer")
    right = _index(value, choices, form) if column is not None else 0
    if right is None or (choices and right >= len(choices)):
        raise BadInput(f"the answer {value!r} is no {form} of {len(choices) or 26} choices {str(list(choices))[:80]}")
    return right


def _index(value: Any, choices: Sequence[str], form: str) -> int | None:
    written = text(value, "columns.answer") or ""
    if form == "text":
        return choices.index(written) if written in choices else None
    if written.isdecimal():
        return int(written)
    return LETTERS.index(written) if len(written) == 1 and written in LETTERS else None


def check(settings: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the settings alone."""
    columns, template = settings["columns"], settings["template"]
    problems = [f"columns.{name} is not known; {nearest(name, WANTED)}" for name in columns if name not in WANTED]
    problems += [f"columns lacks {name!r}: give a column, or null" for name in WANTED if name not in columns]
    if problems:
        return problems
    if not columns["question"]:
        problems.append("columns.question is not set: say which column holds the questions")
    if columns["choices"] is None and (settings["shuffle"] or settings["answer_is"] == "text" or not columns["answer"]):
        problems.append(
            "columns.choices=null: choices within the question cannot be shuffled or looked up; "
            "use shuffle=false, answer_is=letter and a column with the letter"
        )
    elif not columns["answer"] and not settings["shuffle"]:
        problems.append("columns.answer=null without shuffle: the first choice is right, so every answer is A")
    places = ["question"] if columns["choices"] is None else ["question", "choices"]
    return problems + lacking(template, *places) + lacking(settings["choice"], "letter", "choice", where="choice")
