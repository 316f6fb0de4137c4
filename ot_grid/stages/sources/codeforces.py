"""Problems of Codeforces: CodeElo, and the test split of open-r1/codeforces.

One idea: both are shown as a page of HTML, as their evaluator shows them, and graded by tests that are here. A problem
that no test can grade (interactive, files, no tests) has no text, so it is counted and not asked. It must not ask
Codeforces.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Unpack

from ot_grid import rows
from ot_grid.errors import BadInput
from ot_grid.grading.code import known_tests
from ot_grid.registry import register
from ot_grid.stages.sources.columns import filled, held, prose
from ot_grid.stages.sources.read import Cells
from ot_grid.stages.sources.table import Hub, Table

Part = tuple[str, object]


@register("source")
def codeelo(
    name: str,
    domain: str,
    *,
    limit: int | None,
    **hub: Unpack[Hub],
) -> Iterator[rows.Question]:
    """Yield the problems of CodeElo; the tests are its examples, and the first one is shown."""

    def make(row: Cells) -> rows.Question:
        tests = known_tests.pairs(held(row, "examples"), "examples")
        limit_ms = _number(row, "time_limit_ms")
        parts = [("Description", filled(row, "description")), ("Input", prose(row, "input")),
                 ("Output", prose(row, "output")), *_shown(tests[:1])]  # fmt: skip
        page = _page(filled(row, "title"), f"{limit_ms:g} ms", [*parts, ("Note", row.get("note"))])
        memory = _number(row, "memory_limit_mb") if row.get("memory_limit_mb") else None
        answer = known_tests.stdin(tests, seconds=limit_ms / 1000, memory_mb=int(memory) if memory else None)
        graded = tests and not row.get("interaction")
        return rows.question(page if graded else "", source=name, domain=domain, answer=answer)

    table = Table(**hub)
    yield from itertools.islice(table.questions(make, unique="problem_id"), limit)


@register("source")
def codeforces(
    name: str,
    domain: str,
    *,
    editorial: bool,
    limit: int | None,
    **hub: Unpack[Hub],
) -> Iterator[rows.Question]:
    """Yield the problems of open-r1/codeforces with their official tests, limits and checkers."""

    def make(row: Cells) -> rows.Question:
        tests, seconds = known_tests.pairs(held(row, "official_tests"), "official_tests"), _number(row, "time_limit")
        shown = [*_shown(known_tests.pairs(held(row, "examples"), "examples")), ("Note", row.get("note"))]
        parts = [("Description", filled(row, "description")), ("Input Format", prose(row, "input_format")),
                 ("Output Format", prose(row, "output_format")), *shown]  # fmt: skip
        page = _page(
            filled(row, "title"), f"{seconds} s", [*parts, ("Editorial", row.get("editorial") if editorial else None)]
        )
        checker = {"program": row["generated_checker"]} if row.get("generated_checker") else None
        memory = int(_number(row, "memory_limit"))
        answer = known_tests.stdin(tests, checker=checker, seconds=seconds, memory_mb=memory)
        graded = tests and not row.get("interaction_format") and row.get("input_mode") in (None, "stdio")
        return rows.question(page if graded else "", source=name, domain=domain, answer=answer)

    table = Table(**hub)
    yield from itertools.islice(table.questions(make, unique="id"), limit)


def _number(row: Cells, column: str) -> float:
    value = held(row, column)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
        raise BadInput(f"{column}={value!r}; it must be a number above 0")
    return float(value)


def _shown(tests: Sequence[known_tests.Pair]) -> list[Part]:
    return [("Example", f"<h3>Input</h3><div>{one['input']}</div><h3>Output</h3><div>{one['output']}</div>")
            for one in tests]  # fmt: skip


def _page(title: str, limit: str, parts: Sequence[Part]) -> str:
    head = f"<html><body><h1>{title}</h1><div>Time limit per test: {limit}</div>"
    body = "".join(
        f"<h2>{name}</h2>{text if name == 'Example' else f'<div>{text}</div>'}" for name, text in parts if text
    )
    return f"{head}{body}</body></html>"
