"""The cells of a row: found by name, as text, or as a condition; and templates that they are put into.

One idea: a column that is named and not there is an error of that row, told with the nearest one there is. It must not
read files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ot_grid.errors import BadInput, nearest
from ot_grid.stages.sources.read import Cells


def cell(row: Cells, names: str | list[str | None] | None, wanted: str) -> Any:
    """Return the first of the named columns that is there; None for no name, or a null among the names."""
    if names is None:
        return None
    alternatives = [names] if isinstance(names, str) else list(names)
    for name in alternatives:
        if name is None or name in row:  # a null at the end: the column may be missing
            return row[name] if name else None
    guess = nearest(str(alternatives[0]) if alternatives else wanted, row)
    raise BadInput(f"columns.{wanted}={names!r}: there is no such column; {guess}")


def text(value: Any) -> str | None:
    """Return a value as stripped text, None where there is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # answers of AMC are stored as 142.0
    return (str(value).strip() or None) if value is not None else None


def held(row: Cells, name: str) -> Any:
    """Return the cell of a column that must be there."""
    if name not in row:
        raise BadInput(f"there is no column {name!r}; {nearest(name, row)}")
    return row[name]


def filled(row: Cells, name: str) -> str:
    """Return the text of a column that must be there and hold some, as it was written."""
    value = held(row, name)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"column {name!r} holds {value!r}; it must hold text")
    return value


def matches(row: Cells, where: Mapping[str, Any]) -> bool:
    """Whether each column holds its value, or one of its values; a null among them: the column may be missing."""
    for name, value in where.items():
        values = value if isinstance(value, list) else [value]
        found = row.get(name) if None in values else held(row, name)
        if found not in values:
            return False
    return True


def fill(template: str, **values: str) -> str:
    """Put values into a template's {names}, once: braces of the values stay as they are."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), template)


def lacking(template: str, *names: str, where: str = "template") -> list[str]:
    """Return the problems of a template that has no place for some values."""
    return [
        f"{where}={template!r} has no {{{name}}}: it would be shown to no one; put it in"
        for name in names
        if f"{{{name}}}" not in template
    ]
