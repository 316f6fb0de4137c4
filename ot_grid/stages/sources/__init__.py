"""Where questions come from: the functions of kind `source`, for the source stage and for benchmarks.

One idea: a source function is handed the name and the domain that its questions carry, and yields questions in a fixed
order; a question with empty text is one that its source does not hold. It must not write.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ot_grid import key
from ot_grid.errors import BadInput
from ot_grid.rows import Question
from ot_grid.stages import bind
from ot_grid.stages.sources import (
    codeforces,
    files,
    humaneval,
    jeebench,
    livecodebench,
    mbpp,
    multiple_choice,
    reasoning_gym,
)

__all__ = ["check", "codeforces", "humaneval", "load", "provenance"]

_CHECKS: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "jsonl": files.check_jsonl,
    "hf": files.check_hf,
    "reasoning_gym": reasoning_gym.check,
    "multiple_choice": multiple_choice.check,
    "jeebench": jeebench.check,
    "livecodebench": livecodebench.check,
    "mbpp": mbpp.check,
}
# Questions of a local file that are loaded before launch; the rest is read when the benchmark is.
_TRIED = {"multiple_choice": 1000, "jeebench": 1000, "livecodebench": 8, "codeelo": 100, "codeforces": 20,
          "humaneval": 1000, "mbpp": 1000}  # fmt: skip


def load(choice: Mapping[str, Any], *, name: str, domain: str) -> Iterator[Question]:
    """Yield the questions of a source, each duplicate text with its copy number."""
    seen: Counter[str] = Counter()
    settings = {setting: value for setting, value in choice.items() if setting not in ("name", "domain")}
    questions: Iterable[Question] = bind.call("source", settings, name, domain)
    for question in questions:
        yield replace(question, copy=seen[question.id])
        seen[question.id] += 1


def provenance(choice: Mapping[str, Any]) -> dict[str, Any]:
    """Return what pins a source: the digests of its local files, or which hub dataset no revision pins."""
    paths = [Path(choice[name]) for name in ("path", "file") if choice.get(name)]
    found: dict[str, Any] = {"files": {str(path): key.file_digest(path) for path in paths}} if paths else {}
    if not paths and "id" in choice and not choice.get("revision"):
        found["unpinned"] = choice["id"]
    return found


def check(choice: Mapping[str, Any]) -> list[str]:
    """Return the problems of a source that can be known without loading all of it; none for a user's own function."""
    function = str(choice.get("function"))
    known = _CHECKS.get(function)
    found = known(choice) if known else []
    return found if found or function not in _TRIED or not choice.get("file") else _tried(choice, _TRIED[function])


def _tried(choice: Mapping[str, Any], count: int) -> list[str]:
    """Return what is wrong with the first questions of a local file."""
    try:
        tried = list(itertools.islice(load(choice, name="", domain=""), count))
    except BadInput as error:
        return list(error.problems)
    return [] if any(question.text for question in tried) else [f"{choice['file']} holds no questions for this choice"]
