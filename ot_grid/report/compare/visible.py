"""Text that strangers wrote, made fit to be looked at.

One idea: what a model says may steer a terminal, turn a line around or hide; so every character that is not to be seen
is shown as its escape, and lines are broken by the columns that they take. It must not shorten without saying so.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # controls, formats, surrogates, private, unassigned, separators
WIDE = ("W", "F")  # East Asian widths that take two columns
TAB = "    "
BEGINNING = 0.4  # of what is shown of a long text; the rest is its end, where answers are


def visible(text: str) -> str:
    """Return text in which nothing but a line break acts: an escape sequence is shown as '\\x1b[2J'."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(map(_shown, text.replace("\r\n", "\n").replace("\t", TAB)))


def _shown(character: str) -> str:
    if character == "\n" or unicodedata.category(character) not in UNSEEN:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def line(text: str | None, most: int) -> str:
    """Return text on one line of at most `most` columns; '(none)' for none."""
    if text is None:
        return "(none)"
    shown = " ".join(visible(text[: 4 * most]).split())
    if columns(shown) <= most and len(text) <= 4 * most:
        return shown
    return next(_broken(shown, most - 1), "").rstrip() + "…"


def shortened(text: str, most: int | None) -> str:
    """Return the beginning and the end of a text of more than `most` characters, and say what was left out."""
    if most is None or len(text) <= most:
        return text
    head = int(most * BEGINNING)
    tail = most - head
    return f"{text[:head].rstrip()}\n[… {len(text) - most:,} characters left out …]\n{text[-tail:].lstrip()}"


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield the lines of visible text, none wider than `width` columns."""
    for each in visible(text).split("\n"):
        yield from _broken(each.rstrip(), width)


def columns(text: str) -> int:
    """Return how many columns of a terminal a line takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in WIDE else 1


def _broken(text: str, width: int) -> Iterator[str]:
    """Yield a line in pieces, broken at spaces where there are any."""
    start = space = used = 0
    for place, character in enumerate(text):
        used += 1 if character.isascii() else _width(character)
        if used > width:
            end = space if space > start else place
            yield text[start:end].rstrip()
            start = end
            used = columns(text[start : place + 1])
        if character == " ":
            space = place + 1
    yield text[start:]
