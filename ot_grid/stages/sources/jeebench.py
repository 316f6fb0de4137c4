"""JEEBench: problems of four types, each asked in its own words.

One idea: a problem's type says how it is asked and how it is graded, so the known answer carries it. It must not score.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Unpack

from ot_grid import rows
from ot_grid.errors import BadInput, nearest
from ot_grid.registry import register
from ot_grid.stages.sources.columns import fill, filled, held, lacking, text
from ot_grid.stages.sources.read import Cells
from ot_grid.stages.sources.table import Hub, Table

_NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)"
FORMS = {"MCQ": "[A-D]", "MCQ(multiple)": "[A-D]{1,4}", "Integer": _NUMBER, "Numeric": _NUMBER}


@register("source")
def jeebench(
    name: str,
    domain: str,
    *,
    instructions: dict[str, str],
    template: str,
    limit: int | None,
    **hub: Unpack[Hub],
) -> Iterator[rows.Question]:
    """Yield the problems, each behind the instruction of its type; the answer is JSON with its type."""

    def make(row: Cells) -> rows.Question:
        kind, gold = filled(row, "type"), text(held(row, "gold"), "gold") or ""
        if kind not in instructions or kind not in FORMS:
            raise BadInput(f"type={kind!r} has no instruction; {nearest(kind, FORMS)}")
        if not re.fullmatch(FORMS[kind], gold):
            raise BadInput(f"gold={gold!r} is no answer of type {kind!r}")
        problem = filled(row, "question").replace("\n\n", "\n").strip()
        asked = fill(template, instruction=instructions[kind], question=problem)
        return rows.question(asked, source=name, domain=domain, answer=json.dumps({"type": kind, "gold": gold}))

    yield from itertools.islice(Table(**hub).questions(make), limit)


def check(settings: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the settings alone."""
    kinds = settings["instructions"]
    problems = [
        f"instructions lacks {kind!r}: a problem of that type cannot be asked" for kind in FORMS if kind not in kinds
    ]
    problems += [
        f"instructions.{kind} is no type of problem; {nearest(kind, FORMS)}" for kind in kinds if kind not in FORMS
    ]
    return problems + lacking(settings["template"], "instruction", "question")
