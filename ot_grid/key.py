"""Identity: the canonical form of plain data, and its hash.

One idea: what has no canonical form has no key. NaN, sets, callables and objects are refused, never `repr`-ed. It must
not decide what belongs to an identity; that is the pipeline's.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ot_grid.errors import OtGridError

KEY_LENGTH = 16  # hex digits, 64 bits: a collision among a million stage runs has a chance of 3e-8


class NotPlain(OtGridError):
    """A value has no canonical form."""


def canonical(value: Any) -> str:
    """Return the canonical JSON of plain data: sorted keys, no spaces, floats as their shortest repr."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def plain(value: Any, where: str = "value") -> Any:
    """Return `value` as dicts, lists and scalars; raise `NotPlain`, naming the place, for anything else."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotPlain(f"{where} is {value!r}, which has no canonical form; use a finite number or null")
        return value
    if isinstance(value, Mapping):
        return {_name(key, where): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    raise NotPlain(f"{where} is {value!r} ({type(value).__name__}), which has no canonical form; use plain YAML values")


def _name(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise NotPlain(f"{where} has the key {key!r}, which is not a string; quote it in the YAML")
    return key


def digest(value: Any) -> str:
    """Return the sha256 of canonical plain data, 64 hex digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def short(value: Any) -> str:
    """Return the first 16 hex digits of `digest`: a key as it stands in a path.

    >>> short({"stage": "mix", "reads": {"seed": 1}}) == short({"reads": {"seed": 1}, "stage": "mix"})
    True
    >>> short({"seed": 1}), short({"seed": 1.0}), short({"seed": "1"})
    ('fbe47f6d82b435a8', 'af26cab16671e06f', 'dff1a36f4a630749')
    """
    return digest(value)[:KEY_LENGTH]


def seed(*parts: str | int) -> int:
    """Return a 63-bit seed that depends on nothing but `parts`."""
    return int(digest(list(parts))[:16], 16) >> 1


def fraction(*parts: str | int) -> float:
    """Return a number in [0, 1), uniform over `parts`."""
    return seed(*parts) / 2**63


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's bytes, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
