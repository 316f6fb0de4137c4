"""HumanEval and MBPP: reference solutions pass the tests that the known answer holds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ot_grid.errors import BadInput
from ot_grid.stages import sources
from tests.stages.sources import forms

EVERY = {"humaneval": 6, "mbpp": 17}  # one in so many is run: about 30 of each


def passes(answer: str, program: str) -> bool:
    """Whether a program passes the assertions of a known answer, in a process of its own."""
    tests = json.loads(answer)
    text = "\n".join([tests["setup"], tests["before"] + program, *tests["tests"]])
    return subprocess.run([sys.executable, "-c", text], capture_output=True, timeout=60).returncode == 0


@pytest.mark.parametrize("name", ["humaneval", "mbpp"])
def test_reference_solutions_pass_their_own_tests(shared_data, name):
    """Of the real files, one in so many is run as a program: what is there, the solution, the tests."""
    file = shared_data / {"humaneval": "humaneval-python.jsonl", "mbpp": "mbpp.jsonl"}[name]
    loaded = forms.load(forms.data(name, file))[:: EVERY[name]]
    failed = [question.text for question in loaded if not passes(str(question.answer), str(question.solution))]
    assert len(loaded) >= 28
    assert not failed


@pytest.mark.parametrize("name", ["humaneval", "mbpp"])
def test_a_wrong_solution_fails_the_tests(tmp_path, name):
    """The call of a check is there in both forms of HumanEval; without it everything would pass."""
    made = {"humaneval": forms.humaneval, "mbpp": forms.mbpp}[name]
    (question,) = forms.load(forms.data(name, forms.write(tmp_path / "rows.jsonl", [made(20)])))
    assert passes(str(question.answer), str(question.solution))
    assert not passes(str(question.answer), str(question.solution).replace("20", "21"))


def test_the_form_of_humaneval_x_is_read_too(tmp_path):
    """Without an entry point the last function of the prompt is it; a call that is there is not added again."""
    row = {name: value for name, value in forms.humaneval(3).items() if name != "entry_point"}
    called = {**row, "test": row["test"] + "\ncheck(add_3)"}
    answers = [json.loads(str(forms.load(forms.data("humaneval", forms.write(tmp_path / "r.jsonl", [each])))[0].answer))
               for each in (row, called)]  # fmt: skip
    assert [answer["entry"] for answer in answers] == ["add_3", "add_3"]
    assert [answer["tests"][0].count("check(add_3)") for answer in answers] == [1, 1]
    assert answers[0]["before"] == row["prompt"]


def test_mbpp_shows_its_assertions_and_keeps_its_setup(tmp_path):
    """The task names no function; its tests do. Tasks of other splits are not asked."""
    rows = [forms.mbpp(10), forms.mbpp(11, test_setup_code="import math"), forms.mbpp(510), forms.mbpp(511)]
    first, last = forms.load(forms.data("mbpp", forms.write(tmp_path / "rows.jsonl", rows)))
    assert first.text == (
        "Write a function to add 11. Your code should pass these tests:\n\n"
        "assert add(0) == 11\nassert add(1) == 12\nassert add(2) == 13"
    )
    answer = json.loads(str(first.answer))
    assert (answer["setup"], answer["before"], answer["entry"], len(answer["tests"])) == ("import math", "", None, 3)
    assert "510" in last.text


@pytest.mark.parametrize(
    ("name", "more", "says"),
    [
        ("humaneval", {"test": "def check(:"}, "its test is no Python"),
        ("humaneval", {"test": ""}, "column 'test' holds ''"),
        ("humaneval", {"prompt": "# add", "entry_point": None}, "its prompt defines no function"),
        ("mbpp", {"test_list": []}, "holds no tests"),
        ("mbpp", {"test_list": "assert 1"}, "holds no tests"),
        ("mbpp", {"task_id": "x"}, "task_id='x' is no number"),
        ("mbpp", {"code": ""}, "column 'code' holds ''"),
    ],
)
def test_a_broken_row_is_named(tmp_path, name, more, says):
    """The file, the row and what it holds are told."""
    made = {"humaneval": forms.humaneval, "mbpp": forms.mbpp}[name]
    with pytest.raises(BadInput) as told:
        forms.load(forms.data(name, forms.write(tmp_path / "rows.jsonl", [made(20), made(21, **more)])))
    assert str(told.value).startswith(f"{tmp_path / 'rows.jsonl'} line 2: ")
    assert says in str(told.value)


def test_check_says_what_is_wrong_with_mbpp(tmp_path):
    """A range that holds nothing and a template without the tests are problems at plan time."""
    file = forms.write(tmp_path / "rows.jsonl", [forms.mbpp(20)])
    assert "is after last=510" in sources.check(forms.data("mbpp", file, first=511))[0]
    assert "has no {tests}" in sources.check(forms.data("mbpp", file, template="{task}"))[0]
