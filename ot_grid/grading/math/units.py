r"""The unit of an answer: what it is, and the value without it.

One idea: a unit is taken off and compared by name; questions say which unit they want, so 5 and 5 cm are the same, and
5 cm and 5 m are not. It must not convert: 5 m and 500 cm, or a right angle and \pi/2, are different answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ot_grid.grading.math.notation import WRAPPER

_NAMES = {
    "cm": "centimeter centimetre", "m": "meter metre", "km": "kilometer kilometre", "mm": "millimeter millimetre",
    "in": "inch inches", "ft": "foot feet", "yd": "yard", "mi": "mile", "g": "gram", "kg": "kilogram",
    "mg": "milligram", "lb": "pound lbs", "oz": "ounce", "l": "liter litre", "ml": "milliliter millilitre",
    "s": "second sec", "min": "minute", "h": "hour hr", "day": "", "week": "", "month": "", "year": "yr",
    "°": "degree deg",
    "rad": "radian", "$": "dollar usd", "¢": "cent", "€": "euro", "£": "gbp", "₹": "rupee inr",
    "¥": "yen jpy", "₽": "ruble rub", "am": "", "pm": "", "mph": "miles/hour mi/h milesperhour",
    "km/h": "kmh kph kmperhour", "m/s": "meterspersecond", "n": "newton", "j": "joule", "w": "watt", "v": "volt",
    "a": "ampere amp", "k": "kelvin", "hz": "hertz", "pa": "pascal", r"\omega": "ohm",
}  # fmt: skip
_UNITS = {name: unit for unit, others in _NAMES.items() for name in [unit, *others.split()]}
_UNITS |= {f"{word}s": unit for word, unit in _UNITS.items() if len(word) > 2}
_POWERS = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}

_MONEY = re.compile(r"(-?)\s*(\\\$|€|£|₹|¥|₽)\s*")
_DEGREES = re.compile(rf"\s*\^\s*\\circ\s*(?:{WRAPPER}\{{\s*)?([CFK]?)\s*\}}?$")
_TRIGONOMETRY = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![A-Za-z])")
_ANGLE = re.compile(r"(?<![\d.])(\d+)\s*\^\s*\\circ")  # 60 degrees in \tan 60^\circ are no unit
_PERCENT = re.compile(r"\s*(?:%|(?:\\text\{\s*|\b|(?<=\d))(?:percent|pct)\s*\}?)$")
_LATEX = re.compile(
    rf"\s*((?:[/*]|\\cdot|\s|\\Omega(?![A-Za-z])|\\mu\s*(?={WRAPPER})|{WRAPPER}\{{(?:[^{{}}]|\{{[^{{}}]*\}})*\}}(?:\^\{{?-?\d\}}?)?)+)$"
)
_PLAIN = re.compile(r"(?:(?<=[\d)}])|(?<=\\pi))(\s*)([A-Za-z/]+(?:\s[a-z]+)*(?:\^\{?\d\}?)?)$")
_OVER = re.compile(  # \frac{\text{m}}{\text{s}^2}
    rf"\s*\\frac\s*\{{\s*{WRAPPER}\{{([^{{}}]*)\}}\s*\}}\s*\{{\s*{WRAPPER}\{{([^{{}}]*)\}}((?:\^\{{?\d\}}?)?)\s*\}}$"
)
_SENTENCE = re.compile(r"\b(?:or|and|if|not|for|when|where|mod|except)\b")


_OPERATES = re.compile(r"\s*(?:squared|cubed|factorial|choose|over|times|plus|minus)\b")  # 5 squared is not 5


@dataclass(frozen=True)
class Quantity:
    """A value with the unit that was written with it; unit is "" where none was."""

    value: str
    unit: str


@lru_cache(maxsize=4096)
def quantity(text: str) -> Quantity:
    r"""Split a tidy answer into value and unit, as 5 and cm of `5\text{ cm}`; a million is part of the value."""
    if _TRIGONOMETRY.search(text):
        text = _ANGLE.sub(r"(\\frac{\1\\pi}{180})", text)
    if degrees := _DEGREES.search(text):
        return Quantity(text[: degrees.start()].strip(), "°" + degrees[1])
    if percent := _PERCENT.search(text):
        return Quantity(text[: percent.start()].strip(), "%")
    text = _OVER.sub(r" \\text{\1/\2\3}", text)
    sign = money[2].strip("\\") if (money := _MONEY.match(text)) else ""
    text = _MONEY.sub(r"\1", text, count=1) if money else text
    match = _LATEX.search(text) or _plain(text)
    words = re.sub(WRAPPER + r"|\\cdot|[{}]", "", match[0]).lower() if match else ""
    if (
        not match
        or not text[: match.start()].strip()
        or _SENTENCE.search(words)
        or _OPERATES.match(words)
        or not re.search("[a-z]", words)
    ):
        return Quantity(text, sign)
    value, unit = text[: match.start()].strip(), re.sub(r"[\s.]", "", words)
    for word, power in _POWERS.items():
        if unit.startswith(word):
            value, unit = rf"{value} \times 10^{{{power}}}", unit.removeprefix(word).removeprefix("s")
    return Quantity(value, canonical(unit) or unit or sign)


def _plain(text: str) -> re.Match[str] | None:
    r"""Find a unit that no \text holds: a known one of several letters, or any word after a space."""
    found = _PLAIN.search(text)
    word = found[2].lower() if found else ""
    known = len(word) > 1 and (canonical(word) is not None or word in _POWERS)
    return found if found and (known or ((found[1] and len(word.split()[0]) > 3) or word.startswith("per "))) else None


@lru_cache(maxsize=1024)
def canonical(unit: str) -> str | None:
    """Return the one name of a unit that we know under several; None for a unit that we do not know."""
    stem, _, power = unit.replace("{", "").replace("}", "").partition("^")
    for word, exponent in (("square", "2"), ("sq", "2"), ("cubic", "3")):
        if stem.startswith(word):
            stem, power = stem.removeprefix(word), exponent
    if stem not in _UNITS:
        return None
    return f"{_UNITS[stem]}^{power}" if power else _UNITS[stem]


def clash(one: str, other: str) -> bool:
    """Tell whether two units are both known and not the same."""
    first, second = (unit if unit[:1] in ("°", "%") else canonical(unit) for unit in (one, other))
    if not first or not second or first == second:
        return False
    return not (first[0] == second[0] == "°" and "°" in (first, second))  # degrees of what may be left out
