"""JEEBench: each type in its own words, and answers that fit their type."""

from __future__ import annotations

import json

import pytest

from ot_grid.errors import BadInput
from ot_grid.stages import sources
from tests.stages.sources import forms


def test_each_type_is_asked_in_its_own_words(tmp_path):
    """The instruction of the type comes first; the answer carries the type and the gold."""
    file = forms.write(tmp_path / "rows.jsonl", [forms.jeebench(number) for number in range(4)])
    loaded = forms.load(forms.data("jeebench", file))
    wanted = [("MCQ", "B"), ("MCQ(multiple)", "ACD"), ("Integer", "7"), ("Numeric", "-0.25")]
    assert [tuple(json.loads(str(question.answer)).values()) for question in loaded] == wanted
    assert loaded[1].text.startswith("In this problem, multiple options can be correct.")
    assert loaded[1].text.endswith("with \\boxed\nAnswer:\n\nProblem: A body of mass 1 kg falls.\nWhat is right?")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"type": "Essay"}, "type='Essay' has no instruction"),
        ({"gold": "E"}, "gold='E' is no answer of type 'MCQ'"),
        ({"gold": "AB"}, "gold='AB' is no answer of type 'MCQ'"),
        ({"gold": ""}, "gold='' is no answer of type 'MCQ'"),
        ({"gold": None}, "gold='' is no answer of type 'MCQ'"),
        ({"type": "Integer", "gold": "nan"}, "gold='nan' is no answer of type 'Integer'"),
        ({"type": "Numeric", "gold": "half"}, "gold='half' is no answer of type 'Numeric'"),
        ({"question": "\n"}, "column 'question' holds '\\n'"),
    ],
)
def test_a_broken_row_is_named(tmp_path, more, says):
    """The file, the row and what it holds are told."""
    file = forms.write(tmp_path / "rows.jsonl", [forms.jeebench(1), forms.jeebench(0, **more)])
    with pytest.raises(BadInput) as told:
        forms.load(forms.data("jeebench", file))
    assert str(told.value).startswith(f"{file} line 2: ")
    assert says in str(told.value)


def test_check_says_what_is_wrong_with_the_instructions():
    """Every type has an instruction, and every instruction a type."""
    choice = forms.data("jeebench")
    without = {kind: text for kind, text in choice["instructions"].items() if kind != "Integer"}
    assert sources.check({**choice, "instructions": without}) == [
        "instructions lacks 'Integer': a problem of that type cannot be asked"
    ]
    (problem,) = sources.check({**choice, "instructions": {**choice["instructions"], "Essay": "Write."}})
    assert problem.startswith("instructions.Essay is no type of problem")
