"""MBPP: small Python tasks in a sentence, with the assertions that check them.

One idea: the assertions are shown with the task, as they name the function. It must not run anything.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Unpack

from ot_grid import rows
from ot_grid.errors import BadInput
from ot_grid.grading.code import known_tests
from ot_grid.registry import register
from ot_grid.stages.sources.columns import fill, filled, held, lacking, prose
from ot_grid.stages.sources.read import Cells
from ot_grid.stages.sources.table import Hub, Table


@register("source")
def mbpp(
    name: str,
    domain: str,
    *,
    first: int,
    last: int,
    template: str,
    limit: int | None,
    **hub: Unpack[Hub],
) -> Iterator[rows.Question]:
    """Yield the tasks whose id is from `first` to `last`, with the reference code as the solution."""

    def make(row: Cells) -> rows.Question | None:
        number = held(row, "task_id")
        if not str(number).isdecimal():
            raise BadInput(f"task_id={number!r} is no number")
        if not first <= int(number) <= last:
            return None
        tests = known_tests.listed(held(row, "test_list"), "test_list")
        asked = fill(template, task=filled(row, "text").strip(), tests="\n".join(tests))
        answer = known_tests.asserts(tests, setup=prose(row, "test_setup_code"))
        return rows.question(asked, source=name, domain=domain, answer=answer, solution=filled(row, "code"))

    yield from itertools.islice(Table(**hub).questions(make, unique="task_id"), limit)


def check(settings: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the settings alone."""
    first, last = settings["first"], settings["last"]
    empty = [] if first <= last else [f"first={first} is after last={last}: no task is between them"]
    return empty + lacking(settings["template"], "task", "tests")
