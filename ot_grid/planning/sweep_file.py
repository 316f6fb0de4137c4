"""A sweep as a file: one question asked of the grid, in YAML.

One idea: every scalar is the text that one would type after the `=` of an override, so `on`, `1e-4` and `null` mean
what they mean on a command line, and never what YAML makes of them. What a file may hold, every key of it optional:

    question: Which filter for which teacher?   # one line; else the first comment of the file
    base: [scale=ot_1k, domain=math]            # overrides of one value, for all cells; {winner: SWEEP} among them goes
                                                # on from the recipe that won another sweep (see `winners`)
    vary:                                       # what is compared: a list, a sweep of Hydra's, or every choice there is
      filter: all                               # those that compose without a setting being given, sorted
      teacher: [qwq, r1]
      train.learning_rate: range(1e-5,4e-5,1e-5)
    design: product                             # or one_at_a_time: from `versus`, each factor changed alone
    zip: [[filter, teacher]]                    # step together: first with first, second with second
    exclude: [{filter: none, teacher: [r1]}]    # points left out; of several values any fits
    repeat: {train.seed: [1, 2, 3]}             # the same recipe drawn again: averaged over, and never ranked
    versus: filter=length teacher=qwq           # the recipe to compare with; a factor not named is at its first value
    rank_by: [aime24, math500]                  # benchmarks that rank; the others are shown
    baselines: [student, teacher]               # evaluated beside the cells, as they are (see `baselines`)

All problems of a file are told at once. It must not import Hydra: groups and values are checked where it is composed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ot_grid.config import shipped
from ot_grid.errors import BadInput, Problems, nearest
from ot_grid.planning.points import PRODUCT
from ot_grid.planning.sweep_keys import KEYS, Base, Values, between, one_line

ALL = "all"


@dataclass(frozen=True)
class SweepFile:
    """What a file says, as text; whether groups and values are there is not known yet."""

    path: Path
    question: str = ""
    base: Base = field(default_factory=Base)
    vary: Mapping[str, Values] = field(default_factory=dict)
    repeat: Mapping[str, Values] = field(default_factory=dict)
    design: str = PRODUCT
    zip: tuple[tuple[str, ...], ...] = ()
    exclude: tuple[Mapping[str, tuple[str, ...]], ...] = ()
    versus: str = ""
    rank_by: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()


class _Texts(yaml.BaseLoader):
    """Leaves every scalar the text that was written, and takes no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping; raise when a key stands in it twice, of which YAML would drop one in silence."""
        content = super().construct_mapping(node, deep=deep)
        count = Counter(str(key.value) for key, _ in node.value)
        for key, _ in node.value:
            if count[str(key.value)] > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands twice", key.start_mark)
        return content


def folders(config_dir: str | None) -> list[Path]:
    """Return where sweep files lie: in `sweeps/` of the user's config dir, of the current folder, and ours at last."""
    own = [Path(config_dir) / "sweeps"] if config_dir else []
    return [*own, Path.cwd() / "sweeps", shipped("sweeps")]


def find(name: str, config_dir: str | None) -> Path:
    """Return a sweep file by name."""
    known = listed(config_dir)
    if name not in known:
        places = ", ".join(dict.fromkeys(map(str, folders(config_dir))))
        raise BadInput(f"no sweep {name!r} in {places}; {nearest(name, known)}")
    return known[name]


def listed(config_dir: str | None = None) -> dict[str, Path]:
    """Return all sweep files by name."""
    found = [path for folder in reversed(folders(config_dir)) for path in folder.glob("*.yaml")]
    return {path.stem: path for path in sorted(found, key=lambda path: path.stem)}


def headline(path: Path) -> str:
    """Return what a file asks, in one line; what it lacks otherwise does not matter here."""
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, _Texts)  # noqa: S506 (it makes nothing but text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return "(not readable)"
    asked = content.get("question") if isinstance(content, dict) else None
    return one_line(asked) if isinstance(asked, str) and asked else _comment(text)


def _comment(text: str) -> str:
    comments = (line.lstrip("# ") for line in text.splitlines() if line.startswith("#"))
    return next(comments, "")


def read(path: Path) -> SweepFile:
    """Read a sweep file; raise `BadInput` with everything that is wrong with it as a file."""
    text, content = _content(path)
    problems = Problems()
    for key in content:
        if key not in KEYS:
            problems.add(f"{path} has {key!r}; a sweep holds {', '.join(KEYS)}: {nearest(key, KEYS)}")
    given = {key: value for key, value in content.items() if key in KEYS and value != ""}
    made: dict[str, Any] = {}
    for key, value in given.items():
        try:
            made[key] = KEYS[key](value)
        except BadInput as error:
            for problem in error.problems:
                problems.add(f"{path}: {key}{problem}")
    made = {"question": _comment(text), **made}
    for problem in between(made):
        problems.add(f"{path}: {problem}")
    problems.raise_if_any()
    return SweepFile(path, **made)


def _content(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, _Texts)  # noqa: S506 (it makes nothing but text)
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8: {error}; save it as UTF-8") from error
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        tab = "; YAML is indented with spaces, not with tabs" if r"'\t'" in told else ""
        raise BadInput(f"{path} is not YAML: {told}{tab}") from error
    if not isinstance(content, dict):
        is_there = "holds nothing" if content in (None, "") else f"is a {type(content).__name__}"
        raise BadInput(f"{path} {is_there}; a sweep is a mapping with some of {', '.join(KEYS)}")
    return text, content
