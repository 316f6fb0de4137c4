"""Equal questions."""

from __future__ import annotations

import pytest

from ot_grid import tables
from ot_grid.errors import BadInput
from ot_grid.stages import dedup
from tests.stages.conftest import ask


def test_exact_keeps_the_first_of_equal_texts(work, questions_at, reasons):
    """Case, width and white space make no difference; the first in order stays, and the reason names it."""
    first, other = ask("What is  X?", source="a"), ask("What is Y?")
    same = ask("what is \uff38?\n", source="b")
    run = work({"dedup": {"function": "exact"}}, questions_at("in", [first, other, same]))
    assert dedup.run(run) == {"questions_in": 3, "questions": 2, "dropped": {"same text": 1}}
    assert tables.read_questions(run.out) == [first, other]
    assert reasons(run.out) == {same.row: f"same text: {first.row}"}


def test_no_questions_are_bad_input(work, questions_at):
    """Nothing in is nothing to keep."""
    with pytest.raises(BadInput, match="dedup keeps none of 0 rows"):
        dedup.run(work({"dedup": {"function": "exact"}}, questions_at("in", [])))
