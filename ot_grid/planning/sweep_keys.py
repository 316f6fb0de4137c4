"""What each key of a sweep file may hold, and what does not fit between them.

One idea: a reader of one key returns texts or raises what is wrong with it, so that all keys are read and all problems
are told together. It must not know files, Hydra or groups.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ot_grid.errors import BadInput, Problems, nearest
from ot_grid.planning.points import DESIGNS

NAME = re.compile(r"\+{0,2}[\w@./-]+")  # of a group or a setting, as an override has it before the `=`
Values = str | tuple[str, ...]  # a sweep in Hydra's grammar (or `all`), or the values themselves


@dataclass(frozen=True)
class Base:
    """What holds for all cells: overrides, on top of a cell of another sweep where one is named."""

    lines: tuple[str, ...] = ()
    winner: str = ""  # the other sweep
    cell: str = ""  # of it, where not its winner is meant


def one_line(text: str) -> str:
    """Return text without line breaks."""
    return " ".join(text.split())


def _text(value: Any) -> str:
    """Return a value as Hydra's grammar writes it."""
    if isinstance(value, list):
        return f"[{','.join(map(_text, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{_text(key)}:{_text(item)}' for key, item in value.items())}}}"
    return str(value)


def _once(value: Any, wanted: str) -> tuple[str, ...]:
    """Return a list of texts, none of which stands there twice."""
    texts = _texts(value, wanted)
    twice = [text for text, count in Counter(texts).items() if count > 1]
    if twice:
        raise BadInput(f"={list(texts)!r} names {', '.join(map(repr, twice))} twice; name it once")
    return texts


def _texts(value: Any, wanted: str) -> tuple[str, ...]:
    """Return a list of texts; raise `BadInput` for anything else, and for none."""
    if not isinstance(value, list):
        raise BadInput(f"={_text(value)!r} must be a list {wanted}")
    if not value:
        raise BadInput(f"=[] is an empty list; name at least one, or leave it out: a list {wanted}")
    texts = tuple(map(_text, value))
    if "" in texts:
        raise BadInput(f"={list(texts)!r} has an item without a value; write it, or leave it out")
    return texts


def _plain(value: Any) -> str:
    if not isinstance(value, str):
        raise BadInput(f"={_text(value)!r} must be one text")
    return one_line(value)


def _base(value: Any) -> Base:
    items = [value] if isinstance(value, dict) else value
    if not isinstance(items, list):
        return Base(_texts(items, OVERRIDES))
    before = [item for item in items if isinstance(item, dict)]
    lines = [item for item in items if not isinstance(item, dict)]
    if wrong := [item for item in lines if not isinstance(item, str)]:
        raise BadInput(*(f" has {_text(item)!r}; write an override: GROUP=CHOICE or KEY=VALUE" for item in wrong))
    if not before:
        return Base(_texts(lines, OVERRIDES))
    fields = before[0]
    fits = len(before) == 1 and {"winner"} <= fields.keys() <= {"winner", "cell"}
    if not fits or not all(isinstance(text, str) and text for text in fields.values()):
        told = ", ".join(map(_text, before))
        raise BadInput(
            f" has {told!r}; write an override, GROUP=CHOICE or KEY=VALUE, or the sweep to go on from: "
            "{winner: SWEEP}, or {winner: SWEEP, cell: CELL} for another cell of it"
        )
    return Base(_texts(lines, OVERRIDES) if lines else (), **fields)


OVERRIDES = "of overrides, e.g. [scale=ot_1k, train.epochs=3]"


def _varied(value: Any) -> dict[str, Values]:
    if not isinstance(value, dict):
        raise BadInput(f"={_text(value)!r} must give values to each group or setting, e.g. filter: [length, none]")
    if split := [name for name in value if name.endswith(")")]:
        raise BadInput(f" is cut at a comma before {split[0]!r}; inside {{ }} and [ ] quote it: '\"range(0,3)\"'")
    varied: dict[str, Values] = {}
    problems = Problems()
    for name, values in value.items():
        if not NAME.fullmatch(name):
            problems.add(f": {name!r} is no group and no setting; write e.g. filter or train.seed")
        try:
            simple = isinstance(values, str) and values
            varied[name] = values if simple else _texts(values, "of values, all, or a sweep like range(1,4) or glob(*)")
        except BadInput as error:
            problems.add(f": {name}{error}")
    problems.raise_if_any()
    return varied


def _design(value: Any) -> str:
    if value not in DESIGNS:
        raise BadInput(f"={_text(value)!r}: there is no such design; {nearest(_text(value), DESIGNS)}")
    return str(value)


def _zip(value: Any) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list) or not all(isinstance(names, list) and len(names) > 1 for names in value):
        raise BadInput(f"={_text(value)!r} must be a list of lists of two factors or more, e.g. [[filter, teacher]]")
    _once([name for names in value for name in names], "of lists of factors, e.g. [[filter, teacher]]")
    return tuple(tuple(map(_text, names)) for names in value)


def _exclude(value: Any) -> tuple[dict[str, tuple[str, ...]], ...]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) and entry for entry in value):
        raise BadInput(f"={_text(value)!r} must be a list of points, e.g. [{{filter: length, teacher: r1}}]")
    return tuple(map(_point, value))


def _point(entry: Mapping[Any, Any]) -> dict[str, tuple[str, ...]]:
    return {
        name: _once(values if isinstance(values, list) else [values], "of values") for name, values in entry.items()
    }


def _versus(value: Any) -> str:
    text = _plain(value)
    pairs(text)
    return text


def pairs(versus: str) -> dict[str, str]:
    """Return coordinates that were written in words: 'filter=length teacher=qwq'."""
    parts = [part.partition("=") for part in re.split(r"\s+(?=[^\s=]+=)", versus.strip())]
    if not all(name and equals and value for name, equals, value in parts):
        raise BadInput(f"={versus!r} must name a recipe by its coordinates, e.g. 'filter=length teacher=qwq'")
    if len({name for name, _, _ in parts}) < len(parts):
        raise BadInput(f"={versus!r} names a factor twice; one recipe has one value of each")
    return {name: value for name, _, value in parts}


KEYS: dict[str, Callable[[Any], Any]] = {
    "question": _plain,
    "base": _base,
    "vary": _varied,
    "design": _design,
    "zip": _zip,
    "exclude": _exclude,
    "repeat": _varied,
    "versus": _versus,
    "baselines": lambda value: _once(value, "of models to hold students against: [student], [student, teacher]"),
    "rank_by": lambda value: _once(value, "of benchmarks, e.g. [aime24, math500]"),
}


def between(made: Mapping[str, Any]) -> Iterator[str]:
    """Yield what does not fit between the keys of a file."""
    vary = {name.lstrip("+") for name in made.get("vary", ())}
    repeat = {name.lstrip("+") for name in made.get("repeat", ())}
    fixed = {line.partition("=")[0].lstrip("+") for line in (made["base"].lines if "base" in made else ())}
    yield from (f"{name} is in vary and in repeat: compare it or average over it" for name in sorted(vary & repeat))
    yield from (f"{name} is in base and varied; take it out of one" for name in sorted(fixed & (vary | repeat)))
    for names in made.get("zip", ()):
        yield from _lost("zip", names, vary | repeat)
        if set(names) & vary and set(names) & repeat:
            yield f"zip=[{', '.join(names)}]: what is compared cannot step together with what repeats"
    for entry in made.get("exclude", ()):
        yield from _lost("exclude", entry, vary | repeat)
    coordinates = pairs(made["versus"]) if made.get("versus") else {}
    yield from (
        f"versus names {name!r}, which repeats; name the recipe alone" for name in coordinates if name in repeat
    )
    yield from _lost("versus", [name for name in coordinates if name not in repeat], vary)


def _lost(key: str, names: Iterable[str], known: set[str]) -> Iterator[str]:
    yield from (
        f"{key} names {name!r}, which is not varied; {nearest(name, known)}" for name in names if name not in known
    )
