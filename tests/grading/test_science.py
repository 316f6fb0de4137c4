"""Science answers: letters as choices, the rest as mathematics."""

from __future__ import annotations

import pytest

from ot_grid.grading.science import science

SETTINGS = {"letters": "ABCD", "boxed_only": False, "float_rounding": 6}


@pytest.mark.parametrize(
    ("response", "answer", "score"),
    [
        (r"\boxed{B}", "B", 1),
        (r"\boxed{B}", "(C)", 0),
        ("The answer is (B).", "B.", 1),
        (r"\boxed{\frac12 \text{ m/s}}", "0.5", 1),
        (r"\boxed{E}", "E", 1),  # no letter of a choice: energy, say
        ("A reaction takes place.", "A", 0),
    ],
)
def test_the_known_answer_decides_how_it_is_compared(response, answer, score):
    """One letter of the choices is a choice; any other answer is mathematics."""
    assert science(response, answer, **SETTINGS).score == score
