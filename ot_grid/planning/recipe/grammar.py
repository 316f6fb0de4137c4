"""Overrides, as Hydra's grammar has them.

One idea: an override is parsed and looked at before anything is composed, so that all that is unknown is told at once.
It must not compose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException

from ot_grid.config import Config
from ot_grid.errors import BadInput, nearest

if TYPE_CHECKING:
    from ot_grid.planning.recipe.composer import Composer

TOP_FIELDS = tuple(f.name for f in fields(Config))
SETTINGS = ("store", "plugins")  # fields that are no groups
SEVERAL = ("source", "eval")  # groups of which a recipe may have several choices


def touched(override: Override) -> str:
    """Return the top-level field that an override changes: the package of a group, or the head of a dotted key."""
    return str(override.package or override.key_or_group).split(".")[0]


def lines_of(overrides: Sequence[Override]) -> tuple[str, ...]:
    """Return overrides as they were written."""
    return tuple(override.input_line or "" for override in overrides)


def is_value(override: Override) -> bool:
    """Whether an override changes a setting within a group, or one that is no group's, and nothing else."""
    simple, name = override.type is OverrideType.CHANGE and override.package is None, override.key_or_group
    return simple and ("." in name or name in SETTINGS) and "/" not in name


COMMA = re.compile(r"(?:^|[=,\[])\s*,|,\s*(?:$|\])")  # with nothing before it, or nothing after it


def parse(lines: Sequence[str], composer: Composer, *, multirun: bool) -> list[Override]:
    """Parse override strings; note unknown groups, choices and keys, and sweeps where none are wanted."""
    parsed = []
    for line in lines:
        try:
            override = single(line, composer)
        except HydraException as error:
            why = "a value is missing at a comma" if COMMA.search(line) else " ".join(str(error).split())
            composer.problems.add(f"{line!r} is not an override ({why}); write GROUP=CHOICE or KEY=VALUE")
            continue
        wrong = list(_wrong(override, composer))
        if override.is_sweep_override() and not multirun:
            wrong.append(f"{line!r} names several values: add -m to run them all as a grid")
        for problem in wrong:
            composer.problems.add(problem)
        if not wrong:
            parsed.append(override)
    return parsed


def single(line: str, composer: Composer) -> Override:
    """Return one override string, parsed by Hydra."""
    return OverridesParser.create(config_loader=composer.loader).parse_overrides([line])[0]


def _wrong(override: Override, composer: Composer) -> Iterator[str]:
    """Yield what is wrong with an override before anything is composed: unknown groups, choices and keys."""
    name = str(override.key_or_group)
    choices = composer.choices(name)
    if not choices and touched(override) not in TOP_FIELDS:
        yield f"no group or key {name!r}; {nearest(name.split('.')[0], TOP_FIELDS)}"
    elif choices:
        named = [choice for value in values(override) for choice in _chosen(value)]
        yield from (_unknown(name, choice, choices) for choice in named if choice not in choices)
        yield from _not_several(name, values(override))


def _not_several(group: str, given: Sequence[str]) -> Iterator[str]:
    """Yield the lists that name several choices of a group that takes one, or one choice twice."""
    for value in given:
        named = _chosen(value) if value.startswith("[") else []
        twice = sorted({choice for choice in named if named.count(choice) > 1})
        if len(named) > 1 and group.partition("@")[0] not in SEVERAL:
            cells = f"-m {group}={','.join(named)}"
            yield f"{group}={value} names {len(named)} choices, and {group} takes one; a cell for each: {cells}"
        elif twice:
            yield (
                f"{group}={value} names {', '.join(twice)} twice; for another file or setting of the same kind, copy "
                f"its YAML under a name of its own to {group}/ in your --config-dir"
            )


def _unknown(group: str, choice: str, choices: Sequence[str]) -> str:
    every = f"; every choice is '{group}=glob(*)', or {group}: all in a sweep file" if choice == "all" else ""
    return f"no {group} {choice!r}; {nearest(choice, choices)}{every}"


def _chosen(value: str) -> list[str]:
    """Return the choices that a value names: `a`, `'off'` or `[a,b]`."""
    return [part.strip().strip("'\"") for part in value.strip("[]").split(",")]


def values(override: Override) -> list[str]:
    """Return the values of an override as strings, one for each point of its sweep."""
    if override.is_sweep_override():
        if not override.is_discrete_sweep():
            raise BadInput(f"{override.input_line!r}: an interval has no end of values; use a range or a choice")
        return [str(value) for value in override.sweep_string_iterator()]
    return [override.get_value_element_as_str()]
