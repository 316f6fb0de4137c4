"""The door for cells of other people's files: found by name or path, as text, as a chat, or as a condition.

One idea: text and numbers pass, what is no value is none, and anything else is an error of that row, told with its
value and the setting that would read it: nothing is ever shown to a model as Python writes it. It must not read files.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ot_grid.errors import BadInput, nearest
from ot_grid.stages.sources.read import Cells

EXACT = 2**53  # whole floats up to here are the numbers that were written
SHOWN = 60  # characters of a value in a message
ROLES = {"user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant", "model": "assistant",
         "bot": "assistant", "chatgpt": "assistant", "system": "system", "developer": "system"}  # fmt: skip
MISSING = object()


def cell(row: Cells, names: str | list[str | None] | None, column: str) -> Any:
    """Return the first of the named columns that is there; None for no name, or a null among the names.

    A name may be a path into objects and lists.

    >>> cell({"reward_model": {"ground_truth": "4"}, "prompt": [{"content": "2+2?"}]}, "prompt.0.content", "question")
    '2+2?'
    """
    return named(row, names, column)[1]


def named(row: Cells, names: str | list[str | None] | None, column: str) -> tuple[str, Any]:
    """Return the same with the name that it was found by; "" where none was needed."""
    if names is None:
        return "", None
    alternatives = [names] if isinstance(names, str) else list(names)
    for name in alternatives:
        if name is None:  # a null at the end: the column may be missing
            return "", None
        value = _at(row, name)
        if value is not MISSING:
            return name, value
    guess = nearest(str(alternatives[0]) if alternatives else column, _paths(row, alternatives))
    raise BadInput(f"columns.{column}={names!r}: there is no such column; {guess}")


def _at(row: Cells, name: str) -> Any:
    """Return the value of a column, or at a dotted path from one; `MISSING` where there is none."""
    if name in row:
        return row[name]
    value: Any = row
    for part in name.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and part.lstrip("-").isdecimal():
            if not -len(value) <= int(part) < len(value):
                return MISSING
            value = value[int(part)]
        else:
            return MISSING
    return value


def _paths(row: Cells, wanted: Sequence[str | None]) -> list[str]:
    """Return the columns there are, and what lies in those that a wanted path begins with."""
    names = list(map(str, row))
    for name in wanted:
        head, dot, _ = (name or "").partition(".")
        inside = row.get(head) if dot else None
        if isinstance(inside, Mapping):
            names += [f"{head}.{key}" for key in inside]
    return names


def text(value: Any, where: str, column: str = "COLUMN") -> str | None:
    """Return a value as stripped text, None where there is none: null, NaN, nothing but space.

    Bytes are UTF-8. A whole float loses its point, as answers of AMC are stored as 142.0. Raise `BadInput` for what is
    neither text nor a number; `where` is the setting that names the column, `column` its name.

    >>> text(142.0, "columns.answer"), text(float("nan"), "columns.answer"), text(b" 4 ", "columns.answer")
    ('142', None, '4')
    """
    if value is None or value != value:  # NaN and NaT are the values that do not equal themselves
        return None
    if isinstance(value, bytes):
        value = _decoded(value, where)
    if isinstance(value, str):
        return _unicode(value, where).strip() or None
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise BadInput(
            f"{where} holds {_kind(value)} {_short(value)}, where text or a number belongs; {_way(value, column)}"
        )
    return _digits(value, where)


def _digits(number: float | Decimal, where: str) -> str:
    if not math.isfinite(number):
        raise BadInput(f"{where} holds {number!r}, which is no number; leave the cell empty, or write it as text")
    if isinstance(number, Decimal):
        return format(number, "f")
    if isinstance(number, int) or not number.is_integer():
        return str(number)
    if abs(number) > EXACT:
        raise BadInput(f"{where} holds the float {number!r}, whose last digits may be lost; write it as text")
    return str(int(number))


def _decoded(value: bytes, where: str) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{where} holds bytes {_short(value)} that are no UTF-8; write the column as text") from error


def _unicode(value: str, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            f"{where} holds {_short(value)} with half a character ({error.object[error.start]!r}, a lone surrogate); "
            "write it again as Unicode"
        ) from error
    return value


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "the object"
    return "the list" if isinstance(value, (list, tuple)) else f"the {type(value).__name__}"


def _way(value: Any, column: str) -> str:
    """Return the setting that would read such a value."""
    if is_chat(value):
        return f"a chat is read with columns.messages={column}"
    if isinstance(value, Mapping) and value:
        return f"name what lies in it, e.g. {column}.{next(iter(value))}"
    if isinstance(value, (list, tuple)) and value:
        return f"name an item, e.g. {column}.0"
    return "write the column as text"


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= SHOWN else shown[:SHOWN] + "..."


def is_chat(value: Any) -> bool:
    """Whether a value is a list of messages, as role and content or as from and value."""
    return (
        isinstance(value, (list, tuple))
        and bool(value)
        and all(isinstance(turn, Mapping) and _speaker(turn) is not None for turn in value)
    )


def chat(value: Any, where: str) -> tuple[str | None, str | None]:
    """Return the last user turn of a chat, and the assistant's answer to it where there is one.

    >>> chat([{"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "4"}], "columns.messages")
    ('2+2?', '4')
    """
    if value is None:
        return None, None
    if not is_chat(value):
        raise BadInput(
            f"{where} holds {_short(value)}, which is no chat; a chat is a list of messages with role and content, or "
            "with from and value"
        )
    question = answer = None
    for turn in value:
        role = ROLES.get(str(_speaker(turn)).strip().lower())
        if role is None:
            raise BadInput(f"{where} has a turn of {_speaker(turn)!r}; {nearest(str(_speaker(turn)), ROLES)}")
        if role == "user":
            question, answer = _said(turn, where), None
        elif role == "assistant":
            answer = _said(turn, where)
    return question, answer


def _speaker(turn: Mapping[str, Any]) -> Any:
    return turn.get("role", turn.get("from"))


def _said(turn: Mapping[str, Any], where: str) -> str | None:
    """Return what a turn says: its text, or the texts among its parts."""
    said = turn.get("content", turn.get("value"))
    if not isinstance(said, (list, tuple)):
        return text(said, where)
    parts = [part for part in said if isinstance(part, Mapping) and isinstance(part.get("text"), str)]
    if len(parts) != len(said):
        raise BadInput(f"{where} has a turn with {_short(said)}, of which not all is text; keep turns of text alone")
    return text("".join(part["text"] for part in parts), where)


def held(row: Cells, name: str) -> Any:
    """Return the cell of a column that must be there."""
    if name not in row:
        raise BadInput(f"there is no column {name!r}; {nearest(name, row)}")
    return row[name]


def filled(row: Cells, name: str) -> str:
    """Return the text of a column that must be there and hold some, as it was written."""
    value = held(row, name)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"column {name!r} holds {_short(value)}; it must hold text")
    return _unicode(value, f"column {name!r}")


def prose(row: Cells, name: str) -> str:
    """Return the text of a column that must be there and may be empty, as it was written."""
    value = held(row, name)
    if value is None or value != value:
        return ""
    if not isinstance(value, str):
        raise BadInput(f"column {name!r} holds {_kind(value)} {_short(value)}; it must hold text, or nothing")
    return _unicode(value, f"column {name!r}")


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
