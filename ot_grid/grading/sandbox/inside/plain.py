"""Whether a value is what it seems to be when test code compares it.

One idea: types of the interpreter and of a few known modules are believed, and classes of the program only while they
change no operator; a deny-list of tricks would never be complete. It must not call a method of the value.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

SAME, TOLD = "__same__", "__told__"  # what test code calls in the place of ==, and around the program's functions
HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a type without it is part of the interpreter or of a library in C
MODULES = {
    *("builtins", "array", "collections", "collections.abc", "datetime", "decimal", "fractions", "functools"),
    *("itertools", "math", "numbers", "numpy", "operator", "random", "re", "string", "types", "typing"),
}
HARMLESS = {
    *("__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__slots__", "__annotations__", "__new__"),
    *("__init__", "__repr__", "__getnewargs__", "__match_args__", "__parameters__", "__orig_bases__", "__hash__"),
    *("__firstlineno__", "__static_attributes__", "__annotate__", "__annotate_func__", "__annotations_cache__"),
    *("__replace__", "__dataclass_params__", "__dataclass_fields__", "__post_init__", "__abstractmethods__"),
}
PARTS = {list, tuple, set, frozenset, dict}
DEEP, MANY = 8, 100_000  # how deep, and at how many values of one container, we look

flags, line = vars(type)["__flags__"].__get__, vars(type)["__mro__"].__get__


class Plainness:
    """What tests of one program may be given."""

    def __init__(self, space: dict[str, Any], named: Iterable[str]) -> None:
        self.space, self.named = space, tuple(named)
        self.known: dict[type, bool] = {}

    def same(self, one: Any, other: Any) -> bool:
        """Return whether two values are equal; raise AssertionError when one may only say so."""
        self.check(one)
        self.check(other)
        return bool(one == other)

    def told(self, found: Any) -> Any:
        """Return a function of the program as one whose results are checked; all else as it is."""
        if not callable(found) or (isinstance(found, type) and self._plain(found)):
            return found

        def watched(*given: Any, **named: Any) -> Any:
            result = found(*given, **named)
            self.check(result)
            return self.told(result) if type(result) is type(watched) else result

        return watched

    def check(self, value: Any, depth: int = DEEP) -> None:
        """Raise AssertionError when a value, or one in it, is of a type with operators of its own."""
        kind = type(value)
        if kind not in self.known:
            self.known[kind] = self._plain(kind)
        if not self.known[kind]:
            raise AssertionError(f"the program gave a {kind.__name__}, which has operators of its own")
        if depth:
            for number, item in enumerate(_parts(value)):
                if number > MANY:
                    return
                self.check(item, depth - 1)

    def _plain(self, kind: type) -> bool:
        return any(kind is self.space.get(name) for name in self.named) or all(map(_harmless, line(kind)))


def _parts(value: Any) -> Iterable[Any]:
    for kind in PARTS:
        if isinstance(value, kind):
            return _of_dict(value) if kind is dict else kind.__iter__(value)
    if type(value).__name__ == "deque":
        return list(value)
    return value.ravel().tolist() if type(value).__name__ == "ndarray" and value.dtype.hasobject else ()


def _of_dict(value: dict[Any, Any]) -> Iterable[Any]:
    for pair in dict.items(value):
        yield from pair


def _harmless(kind: type) -> bool:
    """Whether a class can change no comparison: not made by a program, or without special methods."""
    if not flags(kind) & HEAP:
        return True
    module = sys.modules.get(str(kind.__module__))
    if module and kind.__module__ in MODULES and vars(module).get(kind.__name__) is kind:
        return all(_of(module, value) for name, value in vars(kind).items() if name.startswith("__"))
    return type(kind) is type and not {name for name in vars(kind) if name.startswith("__")} - HARMLESS


def _of(module: Any, value: Any) -> bool:
    """Whether a function is the module's own, and not put there by a program."""
    return getattr(value, "__globals__", vars(module)) is vars(module)
