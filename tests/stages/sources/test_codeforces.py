"""CodeElo and Codeforces: what is shown, what grades, and what cannot be asked."""

from __future__ import annotations

import json

import pytest

from ot_grid import tables
from ot_grid.errors import BadInput
from ot_grid.stages import benchmark
from tests.stages.sources import forms


def one(name, path, row, **more):
    (question,) = forms.load(forms.data(name, forms.write(path, [row]), **more))
    return question


def test_codeelo_is_graded_by_its_examples(tmp_path):
    """The first example is shown; all are tests; limits are in seconds and megabytes."""
    question = one("codeelo", tmp_path / "rows.jsonl", forms.codeelo(1, note="Mind it."))
    assert json.loads(question.answer) == {
        "kind": "stdin", "checker": None, "seconds": 1.5, "memory_mb": 256,
        "tests": [{"input": "1\n", "output": "2\n"}, {"input": "3\n", "output": "4\n"}],
    }  # fmt: skip
    assert question.text == (
        "<html><body><h1>Rope 1</h1><div>Time limit per test: 1500 ms</div><h2>Description</h2><div>Cut rope 1.</div>"
        "<h2>Input</h2><div>Its length.</div><h2>Output</h2><div>Its pieces.</div><h2>Example</h2><h3>Input</h3>"
        "<div>1\n</div><h3>Output</h3><div>2\n</div><h2>Note</h2><div>Mind it.</div></body></html>"
    )


def test_codeforces_is_graded_by_its_official_tests(tmp_path):
    """Tests, limits and the checker are the problem's; its solution is shown only to who asks for it."""
    row = forms.codeforces(1, generated_checker="print(1)")
    question = one("codeforces", tmp_path / "rows.jsonl", row)
    assert json.loads(question.answer) == {
        "kind": "stdin", "checker": {"program": "print(1)"}, "seconds": 2.5, "memory_mb": 512,
        "tests": [{"input": "1\n", "output": "2\n"}, {"input": "5\n", "output": "6\n"}],
    }  # fmt: skip
    assert "Time limit per test: 2.5 s" in question.text
    assert "Cut in the middle." not in question.text
    assert "Cut in the middle." in one("codeforces", tmp_path / "rows.jsonl", row, editorial=True).text


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("codeelo", {"interaction": "Ask for a rope."}),
        ("codeelo", {"examples": []}),
        ("codeforces", {"interaction_format": "Ask for a rope."}),
        ("codeforces", {"official_tests": []}),
        ("codeforces", {"official_tests": None}),
        ("codeforces", {"input_mode": "file"}),
    ],
)
def test_what_no_test_can_grade_is_counted_and_not_asked(work, tmp_path, name, more):
    """Interactive problems, those of files and those without tests are dropped, and the artifact says how many."""
    made = getattr(forms, name)
    file = forms.write(tmp_path / "rows.jsonl", [made(0), made(1, **more), made(2), made(3, **more)])
    run = work({"benchmark": {"name": name, "data": forms.data(name, file)}})
    assert benchmark.run(run) == {"questions": 2, "dropped": 2}
    assert len(tables.read_questions(run.out)) == 2


@pytest.mark.parametrize(
    ("name", "more", "says"),
    [
        ("codeelo", {"time_limit_ms": "2 seconds"}, "time_limit_ms='2 seconds'; it must be a number above 0"),
        ("codeelo", {"examples": [["1\n"]]}, "examples[0]=\"['1\\\\n']\" is no test"),
        ("codeelo", {"description": None}, "column 'description' holds None"),
        ("codeforces", {"time_limit": -1}, "time_limit=-1"),
        ("codeforces", {"memory_limit": None}, "memory_limit=None"),
        ("codeforces", {"official_tests": [{"input": "1\n"}]}, "official_tests[0]="),
    ],
)
def test_a_broken_row_is_named(tmp_path, name, more, says):
    """The file, the row and the column are told."""
    made = getattr(forms, name)
    with pytest.raises(BadInput) as told:
        forms.load(forms.data(name, forms.write(tmp_path / "rows.jsonl", [made(0), made(1, **more)])))
    assert str(told.value).startswith(f"{tmp_path / 'rows.jsonl'} line 2: ")
    assert says in str(told.value)
