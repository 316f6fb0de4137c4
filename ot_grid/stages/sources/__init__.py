"""Where questions come from: the functions of kind `source`, for the source stage and for benchmarks.

One idea: a source function is handed the name and the domain that its questions carry, and yields questions in a fixed
order; a question with empty text is one that its source does not hold. It must not write.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ot_grid import key
from ot_grid.errors import BadInput
from ot_grid.planning import local_files
from ot_grid.rows import Question
from ot_grid.stages import bind
from ot_grid.stages.sources import (
    codeforces,
    humaneval,
    jeebench,
    livecodebench,
    mbpp,
    multiple_choice,
    reasoning_gym,
)
from ot_grid.stages.sources import (
    files as row_files,
)

__all__ = ["Census", "census", "check", "codeforces", "humaneval", "load", "provenance"]

_CHECKS: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "jsonl": row_files.check,
    "hf": row_files.check,
    "reasoning_gym": reasoning_gym.check,
    "multiple_choice": multiple_choice.check,
    "jeebench": jeebench.check,
    "livecodebench": livecodebench.check,
    "mbpp": mbpp.check,
}
# Questions of a local file that are read before launch: all, but where each brings megabytes of tests.
_COUNTED = {"jsonl": None, "hf": None, "multiple_choice": None, "jeebench": None, "humaneval": None, "mbpp": None,
            "livecodebench": 8, "codeelo": 100, "codeforces": 20}  # fmt: skip
NOWHERE: Mapping[str, str] = MappingProxyType({})
EMPTY = "empty question"
VERSION = 1  # of what is remembered of a file


def load(
    choice: Mapping[str, Any], *, name: str, domain: str, files: Mapping[str, str] = NOWHERE
) -> Iterator[Question]:
    """Yield the questions of a source, each duplicate text with its copy number; `files` says where its files lie."""
    seen: Counter[str] = Counter()
    choice = local_files.located(choice, files)
    settings = {setting: value for setting, value in choice.items() if setting not in ("name", "domain")}
    questions: Iterable[Question] = bind.call("source", settings, name, domain)
    for question in questions:
        yield replace(question, copy=seen[question.id])
        seen[question.id] += 1


def provenance(choice: Mapping[str, Any], files: Mapping[str, str] = NOWHERE) -> dict[str, Any]:
    """Return what pins a source: the digests of its local files, or which hub dataset no revision pins.

    Raise `BadInput` when a file is not what it was when it was planned.
    """
    local_files.check_unchanged(choice, files)
    choice = local_files.located(choice, files)
    paths = [Path(choice[name]) for name in ("path", "file") if choice.get(name)]
    found: dict[str, Any] = {"files": {str(path): key.file_digest(path) for path in paths}} if paths else {}
    if not paths and "id" in choice and not choice.get("revision"):
        found["unpinned"] = choice["id"]
    return found


@dataclass(frozen=True)
class Census:
    """What a local file holds for a choice: questions, rows that are dropped and why, and what is wrong with it."""

    questions: int = 0
    unanswered: int = 0  # of the questions, those without a known answer
    dropped: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    whole: bool = True  # else only its beginning was read

    def __str__(self) -> str:
        lost = ", ".join(f"{count} dropped: {reason}" for reason, count in self.dropped.items())
        begun = "" if self.whole else " in the part that was read"
        unknown = f"{'all' if self.unanswered == self.questions else self.unanswered} without a known answer"
        return ", ".join(
            [f"{self.questions} questions{begun}", *([unknown] if self.unanswered else []), *filter(None, [lost])]
        )


def check(choice: Mapping[str, Any], files: Mapping[str, str] = NOWHERE) -> list[str]:
    """Return the problems of a source that can be known without the hub; none for a user's own function."""
    known = _CHECKS.get(str(choice.get("function")))
    problems = known(local_files.located(choice, files)) if known else []
    counted = None if problems else census(choice, files)
    return [*problems, *(counted.problems if counted else ())]


def census(choice: Mapping[str, Any], files: Mapping[str, str] = NOWHERE) -> Census | None:
    """Return what the local file of a source holds, as reading it shows; None where it has none, or is not ours.

    Remembered by the content of the file and the settings it is read with.
    """
    settings = {name: value for name, value in choice.items() if name not in ("name", "domain")}
    function = str(settings.get("function"))
    if function not in _COUNTED or not any(settings.get(name) for name in local_files.SETTINGS):
        return None
    counted = partial(_counted, settings, files, _COUNTED[function])
    if not any(str(settings.get(name) or "").startswith(local_files.PREFIX) for name in local_files.SETTINGS):
        return Census(**counted())
    name = key.short([VERSION, settings])
    return Census(**local_files.remembered("census", name, counted))


def _counted(settings: Mapping[str, Any], files: Mapping[str, str], most: int | None) -> dict[str, Any]:
    questions, empty, unanswered = 0, 0, 0
    try:
        for question in itertools.islice(load(settings, name="", domain="", files=files), most):
            there = bool(question.text.strip())
            questions, empty = questions + there, empty + (not there)
            unanswered += there and question.answer is None
    except BadInput as error:
        return {"problems": error.problems}
    found: dict[str, Any] = {"questions": questions, "unanswered": unanswered}
    found["dropped"] = {EMPTY: empty} if empty else {}
    if not questions:
        where = settings.get("path") or settings.get("file")
        found["problems"] = (f"{files.get(str(where), where)} holds no questions for this choice",)
    return {**found, "whole": most is None or questions + empty < most}
