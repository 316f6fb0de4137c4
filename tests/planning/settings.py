"""The settings of a recipe one by one, for tests that change each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting that is no mapping, by dotted path."""
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from leaves(item, f"{path}.{name}".strip("."))
    else:
        yield path, value
