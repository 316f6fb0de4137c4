"""Every benchmark loads from a local file of the hub's form, asks what the paper asked, and is asked as often."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import yaml

from ot_grid import api, tables
from ot_grid.planning import recipe
from ot_grid.stages import benchmark, sources
from tests.stages.sources import forms

CONF = recipe.shipped("conf") / "eval"
SHAPES = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(CONF.glob("*.yaml"))}
SUITES = {name: shape["defaults"] for name, shape in SHAPES.items() if "data" not in shape}
SINGLE = {name: shape for name, shape in SHAPES.items() if name not in SUITES}

# A real file, how many questions it gives, and how many of its rows are dropped.
REAL = {
    "aime24": ("aime24.json", 30, 0),
    "aime25": ("aime25.json", 30, 0),
    "amc23": ("amc23.json", 40, 0),
    "math500": ("math500.jsonl", 500, 0),
    "gsm8k": ("gsm8k_test.jsonl", 1319, 0),
    "humaneval": ("humaneval-python.jsonl", 164, 0),
    "mbpp": ("mbpp.jsonl", 500, 0),
    "mmlu_science": ("mmlu_science.jsonl", 1932, 11),
}
MADE = {"hmmt": forms.hmmt, "gpqa_diamond": forms.gpqa, "hle": forms.hle, "mmlu_pro": forms.mmlu_pro,
        "jeebench": forms.jeebench, "livecodebench_v2": forms.livecodebench, "livecodebench_v5": forms.livecodebench,
        "codeelo": forms.codeelo, "codeforces": forms.codeforces, "humaneval": forms.humaneval,
        "mbpp": lambda number: forms.mbpp(number + 11)}  # fmt: skip


def frozen(work, name, file):
    run = work({"benchmark": {**SINGLE[name], "name": name, "data": forms.data(name, file)}})
    counts = benchmark.run(run)
    return counts, tables.read_questions(run.out)


def test_every_benchmark_is_loaded_here():
    """No benchmark is left out of these tests; those of a generator need no file."""
    generated = {name for name, shape in SINGLE.items() if shape["data"]["function"] == "reasoning_gym"}
    assert set(REAL) | set(MADE) | generated == set(SINGLE)


@pytest.mark.parametrize("name", REAL)
def test_a_benchmark_loads_from_the_real_file(work, shared_data, name):
    """The file on this machine gives as many questions as the benchmark has, each with a known answer."""
    file, questions, dropped = REAL[name]
    counts, loaded = frozen(work, name, shared_data / file)
    assert (counts["questions"], counts["dropped"]) == (questions, dropped)
    assert all(question.answer for question in loaded)
    assert sources.check(forms.data(name, shared_data / file)) == []


@pytest.mark.parametrize("name", MADE)
def test_a_benchmark_loads_from_a_file_of_the_hubs_form(work, tmp_path, name):
    """Twelve made-up rows in the form of the hub's become twelve questions with an answer each."""
    file = forms.write(tmp_path / "rows.jsonl", [MADE[name](number) for number in range(12)])
    assert sources.check(forms.data(name, file)) == []
    counts, loaded = frozen(work, name, file)
    assert counts == {"questions": 12, "dropped": 0}
    assert all(question.answer for question in loaded)
    if {"/grade@grade": "code"} in SINGLE[name]["defaults"]:
        assert all(isinstance(json.loads(str(question.answer)), dict) for question in loaded)


def test_mmlu_science_has_its_twelve_subjects(shared_data):
    """The subjects of the YAML are those of the file, and a letter is the answer that the file gives."""
    rows = [json.loads(line) for line in (shared_data / "mmlu_science.jsonl").read_text().splitlines()]
    wanted = [row["answer"] for row in rows if row["split"] == "test"]
    loaded = forms.load(forms.data("mmlu_science", shared_data / "mmlu_science.jsonl"))
    assert [question.answer for question in loaded] == wanted
    assert len(SINGLE["mmlu_science"]["data"]["where"]["subject"]) == len({row["subject"] for row in rows}) == 12


def test_an_index_of_the_hub_is_the_letter_of_the_file(tmp_path):
    """MMLU's answers are indices on the hub, where no column names the split."""
    row = {"question": "Which is it?", "subject": "anatomy", "choices": ["this", "that", "it", "none"], "answer": 2}
    (question,) = forms.load(forms.data("mmlu_science", forms.write(tmp_path / "rows.jsonl", [row])))
    assert question.answer == "C"
    assert question.text == "Problem: Which is it?\nOptions:\nA) this\nB) that\nC) it\nD) none"


def test_repeats_are_those_of_the_paper():
    """10 for small math sets, 6 and 3 for code and science, 1 otherwise; greedy only where the paper is."""
    repeats = Counter(
        {name: shape["repeats"] for name, shape in SINGLE.items() if shape["sampling"]["max_tokens"] > 48}
    )
    assert {name for name in repeats if repeats[name] == 10} == {"aime24", "aime25", "amc23", "hmmt"}
    assert {name for name in repeats if repeats[name] == 6} == {"livecodebench_v2"}
    assert {name for name in repeats if repeats[name] == 3} == {
        "livecodebench_v5", "codeelo", "codeforces", "gpqa_diamond", "jeebench", "hle",
    }  # fmt: skip
    assert {name for name in repeats if SINGLE[name]["sampling"]["temperature"] != 0.7} == {"mmlu_pro"}
    assert {SINGLE[name]["sampling"]["top_p"] for name in repeats} == {1.0}
    assert {SINGLE[name]["sampling"]["max_tokens"] for name in repeats} == {32768}


def test_what_the_paper_held_out_is_held_out():
    """Four benchmarks are held out, and no suite mixes them with those that rank recipes."""
    held = {name for name, shape in SINGLE.items() if shape["held_out"]}
    assert held == set(SUITES["openthoughts_heldout"]) == {"aime25", "hmmt", "hle", "livecodebench_v5"}
    assert all(set(suite) <= held or not set(suite) & held for suite in SUITES.values())


def test_the_development_suite_is_its_three_domains():
    """The paper's eight are three of math, three of code and two of science."""
    parts = ("openthoughts_math", "openthoughts_code", "openthoughts_science")
    assert sorted(SUITES["openthoughts_dev"]) == sorted(name for part in parts for name in SUITES[part])
    assert Counter(SINGLE[name]["data"]["domain"] for name in SUITES["openthoughts_dev"]) == {
        "math": 3, "code": 3, "science": 2,
    }  # fmt: skip


def test_a_suite_of_ones_own_is_one_yaml(tmp_path):
    """A YAML in a folder of the user's names benchmarks of ours and its own, and is chosen like any."""
    folder = tmp_path / "conf" / "eval"
    folder.mkdir(parents=True)
    own = forms.write(tmp_path / "own.jsonl", [{"question": "1 + 1?", "answer": 2}])
    shape = {**SINGLE["gsm8k"], "data": {**SINGLE["gsm8k"]["data"], "file": str(own), "answer_pattern": None}}
    (folder / "own.yaml").write_text("# @package eval.own\n# One sum.\n" + yaml.safe_dump(shape))
    (folder / "mine.yaml").write_text("# My suite.\ndefaults:\n  - aime24\n  - own\n")
    plan = api.plan(["eval=mine"], config_dir=str(tmp_path / "conf"))
    assert {run.label for run in plan.runs.values() if run.stage == "benchmark"} == {"aime24", "own"}
