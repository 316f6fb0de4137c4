"""Names for functions, so that a YAML can choose one.

One idea: a choice is a registered function plus a YAML with its arguments; the signature says which arguments there
are. It must not import the functions it names, and it must not read YAML.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, TypeVar, Unpack, get_args, get_origin, get_type_hints

from ot_grid.errors import BadInput, nearest

F = TypeVar("F", bound=Callable[..., Any])

# Every kind of function that a YAML can name.
KINDS = ("source", "mix", "filter", "dedup", "teacher", "verify", "answer_filter", "format", "train", "grader")
BUILT_IN = "ot_grid.stages"


@dataclass(frozen=True)
class Registered:
    """A function under its name, with the version that enters keys."""

    kind: str
    name: str
    version: int
    function: Callable[..., Any]

    @property
    def settings(self) -> dict[str, Any]:
        """The keyword-only parameters, by name, with their types: what its YAML must give.

        Those of `**hub: Unpack[Hub]` are the names of that TypedDict: settings that several functions share.
        """
        hints, types = get_type_hints(self.function), {}
        for parameter in inspect.signature(self.function).parameters.values():
            kind = hints.get(parameter.name, Any)
            if parameter.kind is parameter.KEYWORD_ONLY:
                types[parameter.name] = kind
            elif parameter.kind is parameter.VAR_KEYWORD and get_origin(kind) is Unpack:
                types.update(get_type_hints(*get_args(kind)))
        return types


_FUNCTIONS: dict[tuple[str, str], Registered] = {}


def register(kind: str, *, version: int = 1, name: str | None = None) -> Callable[[F], F]:
    """Make a function choosable from YAML under its own name.

    Raise `version` when the function starts to write something else for the same input: keys change with it.
    """

    def add(function: F) -> F:
        label = name or function.__name__
        if kind not in KINDS:
            raise BadInput(f"register({kind!r}) on {label}: no such kind; {nearest(kind, KINDS)}")
        known = _FUNCTIONS.get((kind, label))
        if known and known.function.__module__ != function.__module__:
            raise BadInput(
                f"two functions register the {kind} {label!r}: {known.function.__module__} and {function.__module__}"
            )
        _FUNCTIONS[kind, label] = Registered(kind, label, version, function)
        return function

    return add


def find(kind: str, name: str) -> Registered:
    """Return the function registered under a name; raise `BadInput` with the valid names."""
    try:
        return _FUNCTIONS[kind, name]
    except KeyError:
        raise BadInput(f"no {kind} function {name!r}; {nearest(name, names(kind))}") from None


def names(kind: str) -> list[str]:
    """Return the names registered for a kind."""
    return sorted(name for k, name in _FUNCTIONS if k == kind)


def load_plugins(modules: Iterable[str] = ()) -> None:
    """Import the built-in stages, the named modules, and the modules of installed `ot_grid` entry points."""
    importlib.import_module(BUILT_IN)
    for point in entry_points(group="ot_grid"):
        point.load()
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # whatever a user's module raises
            raise BadInput(
                f"plugins: cannot import {module!r} ({type(error).__name__}: {error}); "
                "install it or put its folder on PYTHONPATH"
            ) from error
