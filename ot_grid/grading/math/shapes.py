r"""How an answer is put together: a list, tuple, set, interval, union, matrix, inequality, or none of these.

One idea: an answer is taken apart at its outermost commas and brackets, and its parts are answers of their own; whether
their order matters depends on the brackets. It must not judge equality and must not read values.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from ot_grid.grading.math.notation import TEXT, number

LEAF, LIST, SET, TUPLE, UNION, RANGE, MATRIX = "leaf", "list", "set", "tuple", "union", "range", "matrix"

PLUS_MINUS = re.compile(r"\\pm(?![A-Za-z])")  # \pmod is none
_OPEN, _CLOSE = ("(", "[", "{", "\\{", "\\langle"), (")", "]", "}", "\\}", "\\rangle")
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)
_OR = re.compile(
    r"\s*,?\s*(?:\\(?:text|mbox|mathrm)\s*\{\s*(?:and|or)\s*\}|(?<![A-Za-z\\{])(?:and|or)(?![A-Za-z])|\\lor\b|\\vee\b)\s*"
)
# Of inequalities "and" is no list: x < 2 and x > 5 hold for nothing, and are not x < 2 or x > 5.
_LESS_OR_MORE = r"(?:[<>]|\\[lg]e(?![A-Za-z]))"
_BOTH = re.compile(
    rf"{_LESS_OR_MORE}.*(?:\{{\s*and\s*\}}|(?<![A-Za-z\\{{])and(?![A-Za-z])).*{_LESS_OR_MORE}", re.DOTALL
)
_ROWS = re.compile(
    r"[\[(]?\s*\\begin\{([pbB]?|small)(?:matrix|array)\}(?:\{[lcr| ]*\})?(.*)\\end\{\1(?:matrix|array)\}\s*[\])]?"
)
_VARIABLE = r"[A-Za-z](?:_\{?\w+\}?)?|\\(?:alpha|beta|gamma|theta|phi|lambda|mu|omega)"
_LESS, _MORE = r"(<|\\le(?![A-Za-z]))", r"(>|\\ge(?![A-Za-z]))"
_HELD = rf"{_VARIABLE}|[A-Za-z]\([A-Za-z]\)"  # between two bounds: x, or f(x)
_BETWEEN = re.compile(rf"([^<>=]+?)\s*{_LESS}\s*({_HELD})\s*{_LESS}\s*([^<>=]+)")
_ABOVE = re.compile(rf"([^<>=]+?)\s*{_MORE}\s*({_HELD})\s*{_MORE}\s*([^<>=]+)")
_ONE_SIDE = re.compile(rf"({_VARIABLE})\s*(?:{_LESS}|{_MORE})\s*([^<>=]+)")
_OTHER_SIDE = re.compile(rf"([^<>=]+?)\s*(?:{_LESS}|{_MORE})\s*({_VARIABLE})")
_BUILT = re.compile(rf"\\\{{\s*(?:{_VARIABLE})\s*(?:\\in\s*\\mathbb\{{R\}}\s*)?(?:\\mid|\||:)\s*(.+)\\\}}")
_TERM = (  # of a vector along the axes: 2j, -\frac{1}{2}\hat{k}
    r"\s*([+-]?)\s*(\d+(?:\.\d+)?|\\frac\{\d+\}\{\d+\}|\\sqrt\{\d+\})?\s*(?:\\(?:hat|vec)\s*\{?\s*)?\\?([ijk])(?:math)?\}?\s*"
)
_HOLES = re.compile(r"\\mathbb\{R\}\s*(?:\\setminus|\\backslash|-)\s*\\\{(.+)\\\}")
_NAMED = re.compile(rf"({_VARIABLE}|\([A-Za-z](?:\s*,\s*[A-Za-z])+\))\s*(?:=|\\in(?![A-Za-z]))\s*(.+)", re.DOTALL)

# What a left side may hold besides unknowns: sums over a variable, functions of something, and words or names as AB.
_BOUND = re.compile(r"\\(?:sum|prod|int|lim)(?![A-Za-z])")
_CALL = re.compile(r"\\?([A-Za-z]+)'*(?:[_^](?:\{[^{}]*\}|\w))*\s*\(([^()]*)\)")
_OF_ONE = re.compile(
    rf"\\(?:sin|cos|tan|cot|sec|csc|arg|det|deg|dim|max|min|gcd|lcm|angle|overline|vec|hat|bar|triangle)(?![A-Za-z])\s*(?:{_VARIABLE})?"
)
_WORD = re.compile(r"(?<![\\A-Za-z])(?:[A-Za-z]{3,}|[A-Z]{2})(?![A-Za-z])")
_UNKNOWN = re.compile(r"(\\(?:alpha|beta|gamma|theta|phi|lambda|mu|omega)(?![A-Za-z]))|\\[A-Za-z]+|([A-Za-z])")

_MODULO = re.compile(r"mod(?![a-z])")
_RESIDUE = re.compile(
    r"(?:(?P<name>[^=]+?)\\equiv(?![A-Za-z]))?(?P<value>[^=]+?)\(?\s*"
    r"(?P<mod>\\pmod|\\b?mod|\\(?:text|mathrm)\s*\{\s*mod\s*\}|mod)(?![A-Za-z])\s*\{?(?P<modulus>[^{}()]+)\}?\s*\)?"
)


@dataclass(frozen=True)
class Shape:
    """An answer taken apart; brackets are those of a range, rows the number of parts in each row of a matrix."""

    kind: str
    parts: tuple[str, ...]
    brackets: str = ""
    name: str = ""  # of the variable of an inequality


@lru_cache(maxsize=4096)
def shape(text: str) -> Shape:
    """Take a tidy answer apart, one level deep."""
    if built := _BUILT.fullmatch(text):
        text = built[1].strip()
    if text == r"\mathbb{R}":
        text = r"(-\infty,\infty)"
    text = _around_holes(text)
    if rows := _ROWS.fullmatch(text):
        return _matrix(rows[2])
    if (found := _range_of(text)) is not None:
        return found
    parts = _listed(text)
    if len(parts) > 1:
        return Shape(LIST, tuple(parts))
    pieces = split(text, ("\\cup",))
    if len(pieces) > 1:
        return Shape(UNION, tuple(pieces))
    return _bracketed(text) or _along_axes(text) or _plus_minus(text) or Shape(LEAF, (text,))


def _around_holes(text: str) -> str:
    r"""Return `\mathbb{R} \setminus \{2\}` as the intervals around the numbers that are left out; else the text."""
    found = _HOLES.fullmatch(text)
    holes = [part.strip() for part in found[1].split(",")] if found else []
    values = [number(part) for part in holes]
    if not holes or None in values:
        return text
    ordered = sorted(holes, key=lambda part: value.value if (value := number(part)) else 0)
    ends = [r"-\infty", *ordered, r"\infty"]
    return r"\cup".join(f"({low},{high})" for low, high in pairwise(ends))


def _along_axes(text: str) -> Shape | None:
    r"""Read `i + 2j - 3k`, a vector along the axes, as the tuple of its parts; a single i is the imaginary unit."""
    terms = re.findall(_TERM, text) if re.fullmatch(rf"(?:{_TERM}){{2,3}}", text) else []
    if len({axis for *_, axis in terms}) < 2:
        return None
    parts = {axis: f"{sign}{size or 1}".removeprefix("+") for sign, size, axis in terms}
    return Shape(TUPLE, tuple(parts.get(axis, "0") for axis in ("ijk" if "k" in parts else "ij")))


def _listed(text: str) -> list[str]:
    joined = text if _BOTH.search(text) else _OR.sub(" , ", text)
    return split(joined, (",", ";"))


def split(text: str, at: tuple[str, ...]) -> list[str]:
    """Split a text at the given tokens where no bracket is open."""
    parts, depth = [""], 0
    for token in _TOKEN.findall(text):
        depth += (token in _OPEN) - (token in _CLOSE)
        if depth == 0 and token in at:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts]


def _bracketed(text: str) -> Shape | None:
    """Read a tuple, set, vector or interval: brackets around the whole text."""
    tokens = _TOKEN.findall(text)
    if len(tokens) < 2 or tokens[0] not in _OPEN or tokens[-1] not in _CLOSE or not _around(tokens):
        return None
    parts = tuple(split("".join(tokens[1:-1]), (",", ";")))
    brackets = tokens[0] + tokens[-1]
    if brackets == "\\{\\}":
        return Shape(SET, parts if parts != ("",) else ())
    if len(parts) == 2 and brackets not in ("()", "\\langle\\rangle"):
        return Shape(RANGE, parts, brackets)
    return Shape(TUPLE, parts) if len(parts) > 1 else None


def _around(tokens: list[str]) -> bool:
    """Tell whether the first bracket is closed by the last token; brackets of an interval need not match."""
    depth = 0
    for position, token in enumerate(tokens):
        depth += (token in _OPEN) - (token in _CLOSE)
        if depth == 0:
            return position == len(tokens) - 1
    return False


def _matrix(body: str) -> Shape:
    cells = []
    for row in re.split(r"\\\\(?:\s*\[[^\]]*\])?", body):
        if row.strip() and row.strip() != "\\hline":
            cells.append([cell.strip() for cell in split(row.strip(), ("&",))])
    widths = ",".join(str(len(row)) for row in cells)
    return Shape(MATRIX, tuple(cell for row in cells for cell in row), widths)


def _range_of(text: str) -> Shape | None:
    """Read an inequality in one variable as the interval of its solutions."""
    if match := _BETWEEN.fullmatch(text):
        low, left, name, right, high = match.groups()
    elif match := _ABOVE.fullmatch(text):
        high, right, name, left, low = match.groups()
    elif match := _ONE_SIDE.fullmatch(text):
        name, less, more, bound = match.groups()
        low, left, right, high = ("-\\infty", "<", less, bound) if less else (bound, more, "<", "\\infty")
    elif match := _OTHER_SIDE.fullmatch(text):
        bound, less, more, name = match.groups()
        low, left, right, high = (bound, less, "<", "\\infty") if less else ("-\\infty", "<", more, bound)
    else:
        return None
    brackets = ("(" if left in "<>" else "[") + (")" if right in "<>" else "]")
    if brackets == "()":
        return Shape(TUPLE, (low.strip(), high.strip()), name=name)
    return Shape(RANGE, (low.strip(), high.strip()), brackets, name)


def _plus_minus(text: str) -> Shape | None:
    if not PLUS_MINUS.search(text):
        return None
    signs = [("+", "-"), ("-", "+")]
    both = (PLUS_MINUS.sub(p, re.sub(r"\\mp(?![A-Za-z])", m, text)) for p, m in signs)
    return Shape(LIST, tuple(each.strip().removeprefix("+").strip() for each in both))


def named(text: str) -> tuple[str, str]:
    r"""Split `x = 5` or `x \in S` into the variable and the rest; the name is "" where there is none.

    `x = 1, y = 2` has none: it is a list, and each of its parts has one.
    """
    found = _NAMED.fullmatch(text)
    if not found or any(_NAMED.fullmatch(part) for part in _listed(found[2])[1:]):
        return "", text
    return found[1], found[2].strip()


def is_asked(left: str) -> bool:
    """Tell whether the left side of an equation may be what a question asks for, and its right side the answer.

    `f(3)`, `AB`, `2 + 3` and `m + n` may be; `2x` and `x^2` hold one unknown that is still to be found.
    """
    rest = TEXT.sub("", left).strip()
    while (less := _CALL.sub(_without_call, rest)) != rest:
        rest = less
    rest = _WORD.sub("", _OF_ONE.sub("", rest)).strip()
    unknown = {found[0] for found in _UNKNOWN.finditer(rest) if found[1] or found[2]} - {"e", "i", "d"}
    if not unknown or _BOUND.search(left):
        return True
    if len(unknown) == 1:
        return bool(re.fullmatch(rf"\|?\s*(?:{_VARIABLE})\s*\|?", rest))
    return not re.search(r"\d\s*[A-Za-z\\(]", rest)


def _without_call(call: re.Match[str]) -> str:
    """Take `f(3)` away, but read `x(x+1)` as a product."""
    return f"{call[2]}+{call[1]}" if call[1] in call[2] else ""


@dataclass(frozen=True)
class Residue:
    """What is left of something modulo a number; name is "" where only the residue was written."""

    name: str
    value: str
    modulus: str


def residue(text: str) -> Residue | None:
    r"""Read `n \equiv 1 \pmod{7}` or `1 \pmod 7`; None for anything else, a list of several among it."""
    found = _RESIDUE.fullmatch(text) if len(_MODULO.findall(text)) == 1 else None
    if not found or not (found["name"] or found["mod"].startswith("\\p")):
        return None  # 10 \bmod 7 is a number
    return Residue((found["name"] or "").strip(), found["value"].strip(), found["modulus"].strip())


def each_named(text: str) -> str:
    """Write `(x, y) = (1, 2)` as `x=1, y=2`; any other text stays."""
    name, values = named(text)
    whole = shape(values)
    names = split(name[1:-1], (",",))
    if not name.startswith("(") or whole.kind != TUPLE or len(names) != len(whole.parts):
        return text
    return ", ".join(f"{each}={value}" for each, value in zip(names, whole.parts, strict=True))


def names(parts: Sequence[str]) -> list[str]:
    """Return the names of those parts of a list that have one."""
    return [name for name, _ in map(named, parts) if name]
