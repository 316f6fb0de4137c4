"""From a choice in YAML to a call of the function that it names.

One idea: the function's annotations say what its plain values become, so a stage hands on what the YAML held. It must
not check a choice as a whole (that is done for all cells at plan time), and it must not load plug-ins.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar, get_args, get_type_hints

from ot_grid.config import Model, Sampling, Wheel
from ot_grid.errors import BadInput
from ot_grid.registry import find

Made = TypeVar("Made", Model, Sampling, Wheel)


def bound(kind: str, choice: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the function that a choice names, with the choice's other keys as its keyword arguments."""
    entry = find(kind, choice["function"])
    types = entry.settings
    settings = {name: _typed(types.get(name), value) for name, value in choice.items() if name != "function"}
    try:
        inspect.signature(entry.function).bind_partial(**settings)
    except TypeError as error:
        raise BadInput(f"{kind} {entry.name!r}: {error}; its settings are {', '.join(types) or 'none'}") from error
    return partial(entry.function, **settings)


def call(kind: str, choice: Mapping[str, Any], *handed: Any) -> Any:
    """Call the function that a choice names with what the stage hands it."""
    return bound(kind, choice)(*handed)


def positional(kind: str, choice: Mapping[str, Any]) -> int:
    """Return how many positional parameters the function of a choice has."""
    parameters = inspect.signature(find(kind, choice["function"]).function).parameters.values()
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def made(kind: type[Made], value: Mapping[str, Any]) -> Made:
    """Return a mapping as a `Model`, `Sampling` or `Wheel`."""
    types = get_type_hints(kind)
    return kind(**{name: _typed(types.get(name), item) for name, item in value.items()})


def _typed(annotation: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    for kind in (annotation, *get_args(annotation)):
        if kind in (Model, Sampling, Wheel):
            return made(kind, value)
    return value
