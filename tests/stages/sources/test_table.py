"""Rows that contradict each other, cannot be read, or come from the hub."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ot_grid.errors import BadInput, OtGridError
from ot_grid.stages import sources
from tests.stages.sources import forms

CODE = {"humaneval": forms.humaneval, "codeelo": forms.codeelo, "codeforces": forms.codeforces,
        "livecodebench_v2": forms.livecodebench, "mbpp": lambda number: forms.mbpp(number + 11)}  # fmt: skip


@pytest.mark.parametrize("name", CODE)
def test_an_id_that_comes_twice_is_named(tmp_path, name):
    """Both rows are told."""
    file = forms.write(tmp_path / "rows.jsonl", [CODE[name](0), CODE[name](1), CODE[name](0)])
    with pytest.raises(BadInput, match=r"rows.jsonl line 3: the id .* is that of line 1 too"):
        forms.load(forms.data(name, file))


def test_a_question_with_another_answer_is_named(tmp_path):
    """The same question twice is a copy; with two answers neither can be trusted."""
    file = forms.write(tmp_path / "rows.jsonl", [forms.jeebench(0), forms.jeebench(4), forms.jeebench(0, index=9)])
    assert [question.copy for question in forms.load(forms.data("jeebench", file))] == [0, 0, 1]
    forms.write(file, [forms.jeebench(0), forms.jeebench(4), forms.jeebench(0, gold="C")])
    with pytest.raises(
        BadInput, match=r"rows.jsonl line 3: the question of line 1 with another answer: 'In this problem"
    ):
        forms.load(forms.data("jeebench", file))


@pytest.mark.parametrize("name", [*CODE, "jeebench", "gpqa_diamond"])
def test_a_missing_column_is_named(tmp_path, name):
    """Every column that a source needs is told by name, with the file and the row."""
    made = {**CODE, "jeebench": forms.jeebench, "gpqa_diamond": forms.gpqa}[name]
    rows = [made(0), {"nothing": 1, "of": 2, "use": 3}]
    problems = sources.check(forms.data(name, forms.write(tmp_path / "rows.jsonl", rows)))
    assert len(problems) == 1
    assert problems[0].startswith(f"{tmp_path / 'rows.jsonl'} line 2: ")
    assert "no such column" in problems[0] or "there is no column" in problems[0]
    assert "valid: nothing, of, use" in problems[0]


def test_another_encoding_is_named(tmp_path):
    """A latin-1 file is told by its line, before launch."""
    file = tmp_path / "rows.jsonl"
    lines = [json.dumps(forms.jeebench(number, question=f"Prüfung {number}"), ensure_ascii=False) for number in (0, 1)]
    file.write_bytes(lines[0].encode() + b"\n" + lines[1].encode("latin-1") + b"\n")
    (problem,) = sources.check(forms.data("jeebench", file))
    assert problem.startswith(f"{file} cannot be read as .jsonl: 'utf-8' codec")
    assert "(line 2)" in problem


def test_a_lone_surrogate_is_named(tmp_path):
    """JSON can hold text that is no Unicode; no question can."""
    file = forms.write(tmp_path / "rows.jsonl", [json.dumps(forms.jeebench(0)).replace("A body", "\\ud800 body")])
    with pytest.raises(BadInput, match=r"rows.jsonl line 1: .* half a character"):
        forms.load(forms.data("jeebench", file))


def test_a_missing_file_is_told_with_its_neighbour(tmp_path):
    """The likeliest file beside it is named."""
    forms.write(tmp_path / "jeebench.jsonl", [forms.jeebench(0)])
    (problem,) = sources.check(forms.data("jeebench", tmp_path / "jeebensh.jsonl"))
    assert "did you mean 'jeebench.jsonl'?" in problem


def test_the_hub_is_asked_for_what_the_yaml_names(monkeypatch):
    """Without a file the dataset is streamed by config, split and revision; an error says the way out."""
    import datasets

    asked: list[Any] = []

    def offline(*arguments: Any, **more: Any) -> Any:
        asked.append((arguments, more))
        raise ConnectionError("no route")

    monkeypatch.setattr(datasets, "load_dataset", offline)
    with pytest.raises(OtGridError, match=r"'Idavidrein/gpqa'.*'gpqa_diamond'.*no route.*file=PATH"):
        forms.load(forms.data("gpqa_diamond"))
    assert asked == [(("Idavidrein/gpqa", "gpqa_diamond"), {"split": "train", "revision": None, "streaming": True})]
    assert sources.check(forms.data("gpqa_diamond")) == []


def test_a_hub_dataset_of_plain_files_is_downloaded_file_by_file(monkeypatch, tmp_path):
    """LiveCodeBench is read from the lines of its release's files, in their order, at one commit."""
    import huggingface_hub

    asked: list[Any] = []

    def download(id: str, name: str, **more: Any) -> str:
        asked.append((id, name, more))
        return str(forms.write(tmp_path / name, [forms.livecodebench(len(asked))]))

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    choice = forms.data("livecodebench_v5")
    assert len(forms.load(choice)) == 3
    assert [name for _, name, _ in asked] == ["test3.jsonl", "test4.jsonl", "test5.jsonl"]
    assert asked[0][2] == {"repo_type": "dataset", "revision": choice["revision"]}
