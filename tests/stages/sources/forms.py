"""Rows in the forms of the hub's benchmarks, with made-up content: what the tests of sources share."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ot_grid.planning.recipe import shipped
from ot_grid.rows import Question
from ot_grid.stages import sources


def data(benchmark: str, file: Path | None = None, **more: Any) -> dict[str, Any]:
    """Return how a benchmark's YAML reads its data, from a local file."""
    content = yaml.safe_load((shipped("conf") / "eval" / f"{benchmark}.yaml").read_text())
    return {**content["data"], "file": str(file) if file else None, **more}


def write(path: Path, rows: Sequence[Any]) -> Path:
    """Write rows as JSON lines; a string stands as it is."""
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def load(choice: Mapping[str, Any]) -> list[Question]:
    return list(sources.load(choice, name="bench", domain="science"))


def gpqa(number: int, **more: Any) -> dict[str, Any]:
    wrong = {f"Incorrect Answer {n}": f"{number * 10 + n} metres\n" for n in (1, 2, 3)}
    row = {"Question": f"How long is rope {number}?", "Correct Answer": f"{number * 10} metres", **wrong}
    return {**row, "Explanation": "measure it", "Subdomain": "Ropes", "Record ID": f"rec{number}", **more}


def hle(number: int, **more: Any) -> dict[str, Any]:
    row = {"id": f"h{number}", "question": f"Which is {number}?\n\nAnswer Choices:\nA. {number}\nB. none", "image": ""}
    return {**row, "answer": "AB"[number % 2], "answer_type": "multipleChoice", "rationale": "", **more}


def mmlu_pro(number: int, **more: Any) -> dict[str, Any]:
    options = [f"{number + n} J" for n in range(3 + number % 8)]
    answer = number % len(options)
    row = {"question_id": number, "question": f"What is the energy of spring {number}?", "options": options}
    return {**row, "answer": "ABCDEFGHIJ"[answer], "answer_index": answer, "category": "physics", **more}


def jeebench(number: int, **more: Any) -> dict[str, Any]:
    kind, gold = [("MCQ", "B"), ("MCQ(multiple)", "ACD"), ("Integer", "7"), ("Numeric", "-0.25")][number % 4]
    row = {"subject": "phy", "description": "JEE Adv 2099 Paper 1", "index": number, "type": kind, "gold": gold}
    return {**row, "question": f"A body of mass {number} kg falls.\n\nWhat is right?\n", **more}


def packed(tests: Any) -> str:
    """Return tests as the hub packs private ones."""
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(tests)))).decode()


def livecodebench(number: int, **more: Any) -> dict[str, Any]:
    called = number % 2 == 1
    kind = "functional" if called else "stdin"
    tests = [{"input": f"[{number}]\n{n}" if called else f"{number} {n}\n", "output": str(n), "testtype": kind}
             for n in range(4)]  # fmt: skip
    starter = "class Solution:\n    def nthRope(self, ropes: List[int], n: int) -> int:\n        " if called else ""
    return {
        "question_title": f"Rope {number}", "question_content": f"Print the rope of {number}.", "platform": "atcoder",
        "question_id": f"abc{number}_a", "contest_id": f"abc{number}",
        "contest_date": f"2024-0{number % 9 + 1}-15T00:00:00",
        "starter_code": starter, "difficulty": "easy", "public_test_cases": json.dumps(tests[:1]),
        "private_test_cases": packed(tests[1:]),
        "metadata": json.dumps({"func_name": "nthRope"} if called else {}), **more,
    }  # fmt: skip


def codeelo(number: int, **more: Any) -> dict[str, Any]:
    row = {"problem_id": f"99{number}A", "title": f"Rope {number}", "rating": 800, "tags": [], "time_limit_ms": 1500}
    shown = {"description": f"Cut rope {number}.", "input": "Its length.", "output": "Its pieces.", "interaction": ""}
    return {**row, **shown, "memory_limit_mb": 256, "note": "", "examples": [["1\n", "2\n"], ["3\n", "4\n"]], **more}


def codeforces(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"99{number}/A", "title": f"Rope {number}", "time_limit": 2.5, "memory_limit": 512.0,
        "description": f"Cut rope {number}.", "input_format": "Its length.", "output_format": "Its pieces.",
        "interaction_format": None, "note": "Mind the ends.", "editorial": "Cut in the middle.", "input_mode": "stdio",
        "examples": [{"input": "1\n", "output": "2\n"}], "official_tests_complete": True, "generated_checker": None,
        "official_tests": [{"input": "1\n", "output": "2\n"}, {"input": "5\n", "output": "6\n"}], **more,
    }  # fmt: skip


def hmmt(number: int, **more: Any) -> dict[str, Any]:
    row = {"problem_idx": number, "problem": f"Compute $\\frac{{{number}}}{{7}}$.", "problem_type": ["Algebra"]}
    return {**row, "answer": f"\\frac{{{number}}}{{7}}", **more}


def humaneval(number: int, **more: Any) -> dict[str, Any]:
    before = f'def helper(a):\n    return a\n\n\ndef add_{number}(a):\n    """Add {number} to a."""\n'
    row = {
        "task_id": f"HumanEval/{number}",
        "prompt": before,
        "canonical_solution": f"    return helper(a) + {number}\n",
    }
    test = f"def check(candidate):\n    assert candidate(1) == {number + 1}\n"
    return {**row, "test": test, "entry_point": f"add_{number}", **more}


def mbpp(number: int, **more: Any) -> dict[str, Any]:
    row = {
        "task_id": number,
        "text": f"Write a function to add {number}.",
        "code": f"def add(a):\r\n  return a + {number}",
    }
    tests = [f"assert add({n}) == {number + n}" for n in range(3)]
    return {**row, "test_list": tests, "test_setup_code": "", "challenge_test_list": [], **more}
