"""The code grader: programs in replies, their outputs, and the reference solutions of real benchmarks."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import pytest

from ot_grid.grading import Graded, pool
from ot_grid.grading.code import outputs, programs
from ot_grid.grading.code.code import code
from ot_grid.grading.math.number import number

GRADE = partial(code, seconds=6.0, memory_mb=1024, tolerance=None)
ECHO = json.dumps({"kind": "stdin", "tests": [{"input": f"{n}\n", "output": f"{n}\n"} for n in (5, 6)]})


def grade(*pairs, grader=GRADE, **more):
    done = dict(pool.grade(grader, pairs, **more))
    return [done[index] for index in range(len(pairs))]


def fence(text: str, mark: str = "python") -> str:
    return f"Here it is:\n```{mark}\n{text}\n```\nDone."


@pytest.mark.parametrize(
    ("reply", "program"),
    [
        (fence("print(1)"), "print(1)"),
        (fence("print(1)", "py"), "print(1)"),
        (fence("print(1)", ""), "print(1)"),
        (fence("int main() {}", "cpp"), None),
        (fence("print(1)") + fence("print(2)"), "print(2)"),
        (fence("print(1)") + fence("1", ""), "print(1)"),
        (fence("print(1)") + fence("$ python x.py", "bash"), "print(1)"),
        ("<think>" + fence("print(1)"), None),
        ("<think>" + fence("print(1)") + "</think>" + fence("print(2)"), "print(2)"),
        ("```python\nprint(1)\n", "print(1)\n"),
        ("```python\nprint(1", None),
        (fence("print(1)") + "```python\nprint(", "print(1)"),
        ("print(1)", "print(1)"),
        ("Yes", None),
        ("42", None),
        ("The answer is 5.", None),
        ("", None),
        ("- item\n  ```python\n  if 1:\n      print(1)\n  ```", "if 1:\n    print(1)"),
        ("~~~python\nprint('```')\n~~~", "print('```')"),
        ("```python\r\nprint(1)\r\n```\r\n", "print(1)\r"),
    ],
)
def test_the_program_of_a_reply(reply: str, program: str | None):
    """The last Python block after the thinking; a cut block, or plain text, only if it is working Python."""
    assert programs.extract(reply) == program


@pytest.mark.parametrize(
    ("reply", "program"),
    [
        (fence("def f(): pass") + fence("print(f())"), "def f(): pass"),
        (fence("class Solution: pass") + fence("assert Solution().f() == 1"), "class Solution: pass"),
        (fence("def f(): pass") + fence("def f(): return 1"), "def f(): return 1"),
        (fence("f = lambda: 1") + fence("f()"), "f = lambda: 1"),
        (fence("def g(): pass") + fence("g()"), "g()"),
        ("Answer: ```python\nprint(1)\n```\nwords\n", "print(1)"),
        ("1. ```python\n   print(1)\n   ```\nwords\n", "print(1)"),
        ("```python\ndef f():\n    '''\n    ```\n    '''\n```\n", "def f():\n    '''\n    ```\n    '''"),
    ],
)
def test_a_block_that_defines_what_is_called(reply: str, program: str):
    """A block that merely uses the solution is not the solution; a fence inside the code does not end it."""
    assert programs.extract(reply, names=("f", "Solution")) == program


@pytest.mark.slow
def test_the_end_of_the_time_of_all_tests_is_no_verdict(monkeypatch: pytest.MonkeyPatch):
    """A test that was cut short because the others took long is not held against the program."""
    monkeypatch.setattr("ot_grid.grading.code.code.TOTAL_SECONDS", 2.0)
    found = GRADE(fence("import time; time.sleep(1.2); print(input())"), ECHO)
    assert (found.score, found.reason) == (None, "test 2 of 2: all tests together took more than 2 s")


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("1 2\n3", "1 2 \n3\n\n", True),
        ("1\r\n2\r\n", "1\n2", True),
        ("1", "1.0", True),
        ("0.10", "0.1", True),
        ("010", "10", False),
        ("1.0", "1.0000001", False),
        ("1e3", "1000", True),
        ("a-", "a", False),
        ("-", "", False),
        ("YES", "yes", False),
        ("1 2", "1\n2", False),
        ("1  2", "1 2", True),
        ("nan", "NaN", False),
        ("", "\n", True),
        ("6", "\n\n6\n", True),
        ("6\n\n7", "6\n7", False),
        ("9" * 30, "9" * 29 + "8", False),
    ],
)
def test_outputs_are_compared(expected: str, actual: str, same: bool):
    """Space at line ends does not matter; numbers are exact decimals; everything else is text."""
    assert (outputs.difference(expected, actual) == "") == same


def test_a_tolerance_and_special_checkers():
    """Within a tolerance numbers are equal; lines or words may come in any order where the question says so."""
    assert outputs.difference("0.3333", "0.33331", 1e-3) == ""
    assert outputs.difference("100", "101", 1e-3)
    assert outputs.checked({"function": "any_order_lines"}, "a b\nc", "c\na b\n") == ""
    assert "is missing" in outputs.checked({"function": "any_order_lines"}, "a\na\nb", "a\nb\nb")
    assert outputs.checked({"function": "any_order_tokens"}, "1 2 3", "3\n2 1") == ""
    assert outputs.returned("[1.0, 2]", "[1.05, 2]", 0.1) == ""
    assert "cannot be read" in outputs.returned("1", "[" * 100_000)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("print(5)", "test 2 of 2: wrong output, expected '6', got '5'"),
        ("pass", "test 1 of 2: wrote nothing, expected '5'"),
        ("print(input())\nprint(7)", "test 1 of 2: wrong output, expected 1 lines, got 2"),
        ("1 / 0", "test 1 of 2: ended with exit code 1: ZeroDivisionError: division by zero"),
        ("while True: pass", "test 1 of 2: took more than 1 s of CPU time"),
        ("x = bytearray(2**30)", "test 1 of 2: needed more than 512 MB of memory"),
        ("import os; os.abort()", "test 1 of 2: was ended by SIGABRT"),
    ],
)
def test_the_first_failing_test_is_told(program: str, reason: str):
    """The reason names the first test that fails, and why."""
    (found,) = grade((fence(program), ECHO), grader=partial(code, seconds=1.0, memory_mb=512, tolerance=None))
    assert found == Graded(0, program, reason)


def calling(function: str, given: str, expected: str) -> str:
    """A known answer that calls a function."""
    return json.dumps({"kind": "call", "function": function, "tests": [{"input": given, "output": expected}]})


@pytest.mark.parametrize(
    ("function", "given", "expected", "body"),
    [
        ("top", '["a","b","a"]', '"a"', "return Counter(given).most_common(1)[0][0]"),
        ("low", "[3,1,2]", "1", "heapify(given)\n        return min(inf, heappop(given))"),
        ("g", "12", "4", "return math.gcd(given, 8)"),
        ("fib", "30", "832040",
         "@cache\n        def f(k):\n            return k if k < 2 else f(k - 1) + f(k - 2)\n        return f(given)"),
        ("depth", "20000", "20000",
         "def f(k):\n            return 0 if k == 0 else 1 + f(k - 1)\n        return f(given)"),
        ("typed", "3", "[3]", "found: List[Optional[int]] = [given]\n        return found"),
    ],
)  # fmt: skip
def test_a_function_that_is_called_finds_what_leetcode_gives(function: str, given: str, expected: str, body: str):
    """Modules, their names, and a deep stack, as LiveCodeBench's own runner does."""
    program = f"class Solution:\n    def {function}(self, given: List[int]) -> Optional[int]:\n        {body}\n"
    assert grade((fence(program), calling(function, given, expected)))[0].score == 1


def test_what_is_given_is_no_solution():
    """A function of a module that is given has the name of the one that is asked for: nobody has written it."""
    (found,) = grade((fence("x = 1"), calling("gcd", "12\n18", "6")))
    assert found.score == 0
    assert "defines no function 'gcd'" in found.reason


@pytest.mark.parametrize(
    ("program", "right"),
    [
        ("from dataclasses import dataclass, fields\n@dataclass\nclass P:\n    x: int\n"
         "print(fields(P)[0].type.__name__)", True),
        ("def f(x: int): return x\nprint(f.__annotations__['x'].__name__)", True),
        ("def f(x: Undefined): return x\nprint('int')", False),
        ("print(gcd(4, 6) and 'int')", False),
        ("def f(k): return 0 if k == 0 else 1 + f(k - 1)\nprint('int' if f(20000) else '')", False),
    ],
)  # fmt: skip
def test_a_whole_program_runs_as_it_would_alone(program: str, right: bool):
    """Its annotations are values, and nothing is imported for it."""
    (found,) = grade((fence(program), json.dumps({"kind": "stdin", "tests": [{"input": "", "output": "int\n"}]})))
    assert bool(found.score) == right, found


def test_limits_of_the_question_win():
    """A question that allows less time than the grader is asked with less."""
    answer = json.dumps({**json.loads(ECHO), "seconds": 1})
    (found,) = grade((fence("while True: pass"), answer))
    assert found.reason == "test 1 of 2: took more than 1 s of CPU time"


@pytest.mark.parametrize(
    "answer",
    ["5", "no json", "{}", '{"kind": "stdin", "tests": []}', '{"kind": "stdin", "tests": [{"input": 1, "output": ""}]}',
     '{"kind": "call", "tests": [{"input": "1", "output": "1"}]}',
     '{"kind": "stdin", "tests": [{"input": "", "output": ""}], "checker": {"function": "os.system"}}'],
)  # fmt: skip
def test_an_unreadable_answer_is_no_verdict(answer: str):
    """A question whose tests cannot be read is not held against the reply."""
    found = GRADE("print(1)", answer)
    assert found.score is None
    assert found.reason.startswith("the known answer cannot be read: ")


def test_no_program_is_no_answer():
    """A reply without a program has no answer; it is wrong, and nothing is run."""
    assert GRADE("I do not know.", ECHO) == Graded(0, None, "no answer extracted")


def test_a_long_program_is_shortened_in_the_record():
    """What is kept of a program is bounded, and can be written to a file."""
    found = GRADE(fence("# \ud800" + "x" * 5000 + "\nprint(input())"), ECHO)
    assert len(found.extracted) <= 2000
    found.extracted.encode()


def test_a_checker_program_that_fails_is_no_verdict():
    """A broken checker of the data is not held against the program."""
    (found,) = grade((fence("print(1)"), json.dumps({**json.loads(ECHO), "checker": {"program": "1 / 0"}})))
    assert found.score is None
    assert "checker of the question failed" in found.reason


def test_the_tier_is_known_before_anything_runs():
    """A grader that runs programs says in which tier; one that runs none needs none."""
    assert pool.tier(GRADE) in ("bubblewrap", "namespaces", "rlimits")
    assert pool.tier(GRADE, "rlimits") == "rlimits"
    assert pool.tier(number) is None


@pytest.mark.slow
def test_reference_solutions_of_mbpp_are_right(shared_data: Path):
    """The solutions of MBPP pass its tests, and those of the next question do not."""
    rows = [json.loads(line) for line in (shared_data / "mbpp.jsonl").read_text().splitlines()[:60]]
    answers = [json.dumps({"kind": "assert", "setup": r["test_setup_code"], "tests": r["test_list"]}) for r in rows]
    right = grade(*[(fence(row["code"]), answer) for row, answer in zip(rows, answers, strict=True)])
    assert [found.reason for found in right if found.score != 1] == []
    wrong = grade(*[(fence(row["code"]), answer) for row, answer in zip(rows, answers[1:], strict=False)])
    assert {found.score for found in wrong} == {0}


@pytest.mark.slow
def test_reference_solutions_of_humaneval_are_right(shared_data: Path):
    """A whole solution and a mere continuation, with and without a fence, pass; a body of `pass` does not."""
    rows = [json.loads(line) for line in (shared_data / "humaneval-python.jsonl").read_text().splitlines()[:15]]
    pairs = []
    for row in rows:
        entry = re.findall(r"^def (\w+)", row["prompt"], re.M)[-1]
        answer = json.dumps({"kind": "assert", "before": row["prompt"], "tests": [row["test"]], "entry": entry})
        solution = row["canonical_solution"]
        pairs += [
            (text, answer) for text in (fence(row["prompt"] + solution), fence(solution), solution, fence("    pass"))
        ]
    found = grade(*pairs)
    assert [found[n].score for n in range(len(pairs))] == [1, 1, 1, 0] * len(rows)
