"""What a function that is called finds beside the built-ins, as on LeetCode: the usual modules and a deep stack.

One idea: the words are those of LiveCodeBench's own runner, so a solution written for it runs here too. A whole program
gets none of it: it has to run alone. It must not define anything of ours.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Source: LiveCodeBench, lcb_runner/evaluation/testing_util.py, `import_string`, in its order.
STARS = (
    "string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random", "statistics", "itertools",
    "functools", "operator", "io", "sys", "json", "builtins", "typing",
)  # fmt: skip
WORDS = "\n".join([*(f"from {name} import *" for name in STARS), *(f"import {name}" for name in STARS[:-2])])
RECURSION = 50_000


def load() -> None:
    """Import the modules once, and not in each child."""
    for name in STARS:
        __import__(name)


def given(space: dict[str, Any]) -> dict[str, Any]:
    """Put the words into the space of a program, and return them: the program has defined none of them."""
    sys.setrecursionlimit(RECURSION)
    exec(WORDS, space)  # noqa: S102 (words of ours)
    return dict(space)
