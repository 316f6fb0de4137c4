"""HumanEval: Python functions to complete, each with a check; also in the form of HumanEval-X.

One idea: the question is the code that is there, and a completion continues it. It must not run anything.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from typing import Unpack

from ot_grid import rows
from ot_grid.errors import BadInput
from ot_grid.grading.code import known_tests
from ot_grid.registry import register
from ot_grid.stages.sources.columns import filled, prose
from ot_grid.stages.sources.read import Cells
from ot_grid.stages.sources.table import Hub, Table


@register("source")
def humaneval(
    name: str,
    domain: str,
    *,
    limit: int | None,
    **hub: Unpack[Hub],
) -> Iterator[rows.Question]:
    """Yield the functions to complete; the reference solution completes the question."""

    def make(row: Cells) -> rows.Question:
        before = filled(row, "prompt")
        entry = str(row.get("entry_point") or _last_function(before))
        answer = known_tests.asserts([_called(filled(row, "test"), entry)], before=before, entry=entry)
        solution = prose(row, "canonical_solution")
        return rows.question(before.strip("\n"), source=name, domain=domain, answer=answer, solution=solution)

    yield from itertools.islice(Table(**hub).questions(make, unique="task_id"), limit)


def _last_function(prompt: str) -> str:
    found = re.findall(r"^def (\w+)", prompt, re.MULTILINE)
    if not found:
        raise BadInput("there is no column 'entry_point', and its prompt defines no function")
    return str(found[-1])  # helpers come first


def _called(test: str, entry: str) -> str:
    """Return the test with the call of its check, which the form of the hub leaves out."""
    try:
        tree = ast.parse(test)
    except (SyntaxError, ValueError) as error:
        raise BadInput(f"its test is no Python: {error}") from error
    calls = [node.value.func for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    return (
        test
        if any(isinstance(call, ast.Name) and call.id == "check" for call in calls)
        else f"{test}\ncheck({entry})\n"
    )
