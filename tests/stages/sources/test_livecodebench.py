"""LiveCodeBench: dates, kinds of test, and packed tests that would do harm."""

from __future__ import annotations

import base64
import json
import pickle
import zlib

import pytest

from ot_grid.errors import BadInput
from ot_grid.stages import sources
from ot_grid.stages.sources import pickled
from tests.stages.sources import forms


class Harm:
    """Runs a command when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        import os

        return os.system, (f"touch {self.path}",)


def pack(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


def lcb(path, rows, **more):
    return forms.data("livecodebench_v2", forms.write(path, rows), **more)


def test_a_program_and_a_call_have_all_their_tests(tmp_path):
    """Public tests come first, then the private ones; a call knows its function, and its starter code is shown."""
    program, called = forms.load(lcb(tmp_path / "rows.jsonl", [forms.livecodebench(0), forms.livecodebench(1)]))
    answer = json.loads(program.answer)
    assert answer.pop("tests") == [{"input": f"0 {n}\n", "output": str(n)} for n in range(4)]
    assert answer == {"kind": "stdin", "checker": None, "seconds": None, "memory_mb": None}
    answer = json.loads(called.answer)
    assert answer.pop("tests")[0] == {"input": "[1]\n0", "output": "0"}
    assert answer == {"kind": "call", "function": "nthRope", "checker": None, "seconds": None, "memory_mb": None}
    starter = "class Solution:\n    def nthRope(self, ropes: List[int], n: int) -> int:"
    assert called.text.endswith(f"Print the rope of 1.\n\n```python\n{starter}\n```")
    assert "stdin as input" in program.text


def test_private_tests_may_be_plain(tmp_path):
    """Tests that are written as JSON are not unpacked."""
    row = forms.livecodebench(0, private_test_cases='[{"input": "x", "output": "y", "testtype": "stdin"}]')
    (question,) = forms.load(lcb(tmp_path / "rows.jsonl", [row]))
    assert json.loads(question.answer)["tests"][1:] == [{"input": "x", "output": "y"}]


def test_a_window_of_dates_includes_both_days(tmp_path):
    """Problems of the first and of the last day are asked, those around them are not."""
    days = ["2024-05-31", "2024-06-01", "2024-06-02", "2024-06-03", "2024-06-04"]
    rows = [forms.livecodebench(number, contest_date=f"{day}T00:00:00") for number, day in enumerate(days)]
    loaded = forms.load(lcb(tmp_path / "rows.jsonl", rows, since="2024-06-01", until="2024-06-03"))
    assert len(loaded) == 3
    assert "rope of 1" in loaded[0].text
    assert len(forms.load(lcb(tmp_path / "rows.jsonl", rows, since="2024-06-03"))) == 2


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"since": "06/2024"}, "since='06/2024' is no date; write 'YYYY-MM-DD'"),
        ({"until": "2024-13-01"}, "until='2024-13-01' is no date"),
        ({"since": "2024-06-01", "until": "2023-06-01"}, "is after until='2023-06-01'"),
        ({"stdin_template": "Solve it."}, "stdin_template='Solve it.' has no {question}"),
        ({"call_template": "{question}"}, "has no {starter_code}"),
        ({"since": "2030-01-01"}, "holds no questions for this choice"),
    ],
)
def test_check_says_what_is_wrong_before_launch(tmp_path, more, says):
    """Bad dates and templates are problems at plan time."""
    problems = sources.check(lcb(tmp_path / "rows.jsonl", [forms.livecodebench(0)], **more))
    assert any(says in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"contest_date": "May 2024"}, "contest_date='May 2024' is no date"),
        ({"question_content": " "}, "column 'question_content' holds ' '"),
        ({"public_test_cases": "[oops"}, "public_test_cases is not JSON"),
        ({"public_test_cases": "{}"}, "public_test_cases holds dict"),
        ({"public_test_cases": "[]", "private_test_cases": "[]"}, "its 0 tests"),
        ({"public_test_cases": '[{"input": "1", "output": "2", "testtype": "functional"}]'}, "functional', 'stdin'"),
        ({"public_test_cases": '[{"input": "1", "output": 2, "testtype": "stdin"}]'}, "tests[0]="),
        ({"private_test_cases": "not base64!"}, "packed data cannot be read"),
        ({"private_test_cases": base64.b64encode(b"no zlib").decode()}, "packed data cannot be read"),
        ({"private_test_cases": forms.packed({"input": "1"})}, "private_test_cases holds dict"),
        ({"private_test_cases": pack(pickle.dumps("[" * 100_000))}, "private_test_cases is not JSON"),
    ],
)
def test_a_broken_row_is_named(tmp_path, more, says):
    """The file, the row and what it holds are told."""
    rows = [forms.livecodebench(0), forms.livecodebench(2, **more)]
    with pytest.raises(BadInput) as told:
        forms.load(lcb(tmp_path / "rows.jsonl", rows))
    assert str(told.value).startswith(f"{tmp_path / 'rows.jsonl'} line 2: ")
    assert says in str(told.value)


def test_a_function_without_a_name_is_named(tmp_path):
    """Tests that call nothing cannot be run."""
    for name in (None, 7, "os.system('x')"):
        row = forms.livecodebench(1, metadata=json.dumps({"func_name": name}))
        with pytest.raises(BadInput, match="is no name of the function"):
            forms.load(lcb(tmp_path / "rows.jsonl", [row]))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_string_is_read(protocol):
    """Every protocol since 2, and texts of every length and script."""
    for text in ("", "[]", "ü" * 300, "中" * 70_000):
        assert pickled.unpacked(pack(pickle.dumps(text, protocol))) == text


def test_a_pickle_that_does_harm_is_refused_and_not_loaded(tmp_path):
    """A call of os.system, also deep within, is refused by its opcode; nothing runs."""
    mark = tmp_path / "ran"
    for harm in (Harm(mark), [Harm(mark)], {"tests": ("[]", Harm(mark))}):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(BadInput, match="it is refused, not loaded"):
                pickled.unpacked(pack(pickle.dumps(harm, protocol)))
    with pytest.raises(BadInput, match="refused, not loaded"):
        pickled.unpacked(pack(b"cos\nsystem\n(S'touch x'\ntR."))
    assert not mark.exists()


@pytest.mark.parametrize("value", [b"bytes", 1, None, ["[]"], ("[]", "[]"), {"a": "b"}, 1.5, True])
def test_a_pickle_of_anything_but_a_string_is_refused(value):
    """One string is expected, not a list of one."""
    with pytest.raises(BadInput, match="packed data holds"):
        pickled.unpacked(pack(pickle.dumps(value)))


def test_strings_before_or_after_the_one_are_refused():
    """Two strings, no string, and bytes after the end are no packed tests."""
    whole = pickle.dumps("[]")
    for data in (pickle.dumps("[]")[:-1] + pickle.dumps("{}"), b"\x80\x04.", whole + b"more", whole + whole):
        with pytest.raises(BadInput, match="packed data"):
            pickled.unpacked(pack(data))


def test_a_truncated_pickle_is_refused():
    """Cut anywhere, in the pickle or in what packs it."""
    whole = pickle.dumps("[1, 2, 3]" * 40)
    for length in range(len(whole)):
        with pytest.raises(BadInput, match="packed data"):
            pickled.unpacked(pack(whole[:length]))
    packed = zlib.compress(whole)
    for length in range(len(packed)):
        with pytest.raises(BadInput, match="packed data"):
            pickled.unpacked(base64.b64encode(packed[:length]).decode())


def test_a_bomb_is_refused_before_it_grows(monkeypatch):
    """A megabyte that would become a gigabyte is not unpacked beyond the bound."""
    monkeypatch.setattr(pickled, "LARGEST", 2**20)
    stream = zlib.compressobj()
    bomb = b"".join(stream.compress(bytes(2**20)) for _ in range(64)) + stream.flush()
    with pytest.raises(BadInput, match="grows beyond 1048576 bytes"):
        pickled.unpacked(base64.b64encode(bomb).decode())


def test_nothing_here_can_load_a_pickle():
    """No module of the sources imports pickle."""
    from pathlib import Path

    for path in Path(sources.__file__).parent.glob("*.py"):
        assert "import pickle\n" not in path.read_text()
        assert "pickle.load" not in path.read_text()
