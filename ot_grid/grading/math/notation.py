r"""One way of writing for what LaTeX and people write in many: spaces, signs, fractions; and reading numbers.

One idea: what only changes the looks of an answer is taken off here, so that comparing sees values. It must not change
a value, and it must not compare anything but numbers.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

_GLYPHS = str.maketrans(
    {"\u2212": "-", "\u2013": "-", "\u00d7": r"\times ", "·": r"\cdot ", "π": r"\pi ", "∞": r"\infty ", "√": r"\sqrt ",
     "°": r"^\circ ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "\u222a": r"\cup ", "∅": r"\emptyset ", "±": r"\pm ",
     "≈": r"\approx ", "∈": r"\in ", "\u2044": "/", "\ufe63": "-", "\u3001": ",", "\u3002": ".", "\u00a0": " ",
     "\u202f": " "}
)  # fmt: skip
_VULGAR = re.compile("[\u00bc-\u00be\u2150-\u215e]")
_RAISED = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u207b]+")
_LOWERED = re.compile("[\u2080-\u2089]+")
_WIDE = re.compile("[\uff01-\uff5e]")
_WRAP = WRAPPER = r"\\(?:text(?:bf|it|rm|normal|sf|tt)?|mbox|hbox|mathrm|operatorname)\s*"
_REWRITES: list[tuple[re.Pattern[str], Any]] = [
    (re.compile(pattern), by)
    for pattern, by in [
        (r"(?<=\d)(?:\{,\}|,\\!|(?<!\\)\\[,;! ]|~)\s*(?=\d{3}(?!\d))", ""),  # thousands: 1{,}234 1,\!234 1\,234
        (r"(?<!\\)\\!", ""),
        (r"(?<!\\)\\[,;: ]|\\q?quad(?![A-Za-z])|~|(?<!\\)\\$|\s+", " "),
        (r"(?<!\\)\\[()\[\]]|(?<!\\)\$|\\(?:displaystyle|textstyle|limits)(?![A-Za-z])|\*\*", ""),
        (r"\\(?:left|right)\s*\.", ""),
        (r"\\(?:left|right|[bB]igg?[lrm]?)(?![A-Za-z])\s*", ""),
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}"),
        (r"\\frac\s*(\d)\s*\{", r"\\frac{\1}{"),
        (r"(\\frac\s*\{[^{}]*\})\s*(\d)", r"\1{\2}"),
        (r"\\l(?:eq(?:slant)?|eqq)(?![A-Za-z])|<=", r"\\le "),
        (r"\\g(?:eq(?:slant)?|eqq)(?![A-Za-z])|>=", r"\\ge "),
        (r"\\lt(?![A-Za-z])", "<"),
        (r"\\gt(?![A-Za-z])", ">"),
        (r"\\neq(?![A-Za-z])|!=", r"\\ne "),
        (r"\\varnothing(?![A-Za-z])", r"\\emptyset"),
        (r"\\[lr]vert(?![A-Za-z])", "|"),
        (r"\\lbrace(?![A-Za-z])", r"\\{"),
        (r"\\rbrace(?![A-Za-z])", r"\\}"),
        (r"\\degree(?![A-Za-z])|\^\s*\{\s*\\circ\s*\}", r"^\\circ"),
        (r"\\%", "%"),
        (r"(?<![\w)}])\+\s*(?=\\infty)", ""),
        (r"\\boxed\s*\{([^{}]*)\}", r"\1"),
        (r"\\(?:mathbf|boldsymbol|bm|underline|textcolor\s*\{[^{}]*\}|colorbox\s*\{[^{}]*\})\s*\{([^{}]*)\}", r"\1"),
        (r"\\color\s*\{[^{}]*\}|\\(?:tiny|small|normalsize|large|Large|LARGE|huge|Huge)(?![A-Za-z])", ""),
        (r"\\(?:mathrm|text|operatorname|mathit)\s*\{\s*([eixyz])\s*\}", r"\1"),  # an upright letter is no unit
        (r"\^\s*([+-]\d+)", r"^{\1}"),
        (r"(?<![\d,.])(\d{1,3}(?:,\d{3})+)(?=\s*\\(?:pi|sqrt)(?![A-Za-z]))", lambda found: found[1].replace(",", "")),
        (rf"(?<=\d)\s*\^\s*(?:\{{\s*)?{_WRAP}\{{\s*(?:st|nd|rd|th)\s*\}}(?:\s*\}})?", ""),  # 3^{\text{rd}}
        (
            rf"^{_WRAP}\{{\s*(?i:(?:(?:so|thus|therefore|hence),?\s+)?(?:the\s+)?(?:final\s+)?(?:answer|value|result)\s+"
            r"(?:is|equals)|approximately|about|roughly|exactly|approx\.?)\s*:?\s*\}\s*(?=\S)",
            "",
        ),
        (
            rf",?\s*(?:{_WRAP}\{{\s*(?:where|for|with)\s*(?:any\s*)?\}}\s*)?[a-z]\s*\\in\s*\\mathbb\s*\{{?\s*Z\s*\}}?\s*$",
            "",
        ),
    ]
]
_SYSTEM = re.compile(
    r"(?:\\\{)?\s*\\begin\{(cases|aligned|align\*?|array|gathered|split)\}(?:\{[lcr| ]*\})?(.*)\\end\{\1\}", re.DOTALL
)
_ROW = re.compile(r"\\\\(?:\s*\[[^\]]*\])?")
_EQUATION = re.compile(r"[A-Za-z](?:_\{?\w+\}?)?\s*=\s*[^=<>]+")
TEXT = re.compile(WRAPPER + r"\{([^{}]*)\}")


@lru_cache(maxsize=4096)
def tidy(text: str) -> str:
    """Return an answer without what only changes its looks."""
    text = _unicode(text).translate(_GLYPHS)
    for pattern, by in _REWRITES:
        text = pattern.sub(by, text)
    text = _listed_system(text.strip().rstrip(".,;:").strip())
    while text.startswith("{") and _balanced(text[1:-1]) and text.endswith("}") and not text.endswith("\\}"):
        text = text[1:-1].strip()
    return text


def _listed_system(text: str) -> str:
    r"""Return `x = 2, y = 3` for `\begin{cases} x = 2 \\ y = 3 \end{cases}`, a system of equations; else the text."""
    found = _SYSTEM.fullmatch(text)
    rows = [row.replace("&", "").strip(" ,;") for row in _ROW.split(found[2])] if found else []
    equations = [row for row in rows if row]
    return ", ".join(equations) if len(equations) > 1 and all(map(_EQUATION.fullmatch, equations)) else text


def _unicode(text: str) -> str:
    """Return a text whose digits of other forms, raised, lowered, wide or in fractions, are plain ones in LaTeX."""
    text = _WIDE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    text = _VULGAR.sub(_vulgar, text)
    text = _RAISED.sub(lambda found: f"^{{{unicodedata.normalize('NFKC', found[0])}}}", text)
    return _LOWERED.sub(lambda found: f"_{{{unicodedata.normalize('NFKC', found[0])}}}", text)


def _vulgar(found: re.Match[str]) -> str:
    over, _, under = unicodedata.normalize("NFKC", found[0]).partition("\u2044")
    return rf"\frac{{{over}}}{{{under}}}"


def _balanced(text: str) -> bool:
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def bare(text: str) -> str:
    """Return a text without any space: two answers that are the same here are the same."""
    return re.sub(r"\s", "", text)


@dataclass(frozen=True)
class Number:
    """A rational number; rounded when it was written as a decimal, and so may stand for a near one."""

    value: Fraction
    rounded: bool


_GROUPED = r"\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}|\d{1,3}(?:'\d{3})+"  # the world over, in India, in Switzerland
_DECIMAL = rf"(?:(?:{_GROUPED})(?:\.\d+)?|\d+\.?\d*|\.\d+)"
_SIGNED = rf"[+-]?{_DECIMAL}"
_SCIENTIFIC = re.compile(
    rf"({_SIGNED})(?:(?:\\times|\\cdot|\*|x)10\^(?:\{{([+-]?\d{{1,3}})\}}|(\d))|[eE]([+-]?\d{{1,3}}))?"
)
_FRACTION = re.compile(rf"([+-]?)\\frac\{{({_SIGNED})\}}\{{({_SIGNED})\}}|([+-]?)({_DECIMAL})/({_DECIMAL})")
_MIXED = re.compile(r"([+-]?)(\d+) ?(?:\\frac ?\{(\d+)\} ?\{(\d+)\}|(?<= )(\d+)/(\d+))")
_REPEATING = re.compile(r"([+-]?)(\d*)\.(\d*)\\(?:overline|bar)\{(\d+)\}")
_DOTTED = re.compile(r"([+-]?)(\d*)\.(\d*?)(\d+?)\4{2,}(?:\\l?dots|\.\.\.|\u2026)")  # 0.333\ldots
_LISTED = re.compile(r",\s|\s,")  # "5, 120" is a list, and "5,120" a number
LONGEST = 2000  # digits; Python refuses to read more than 4300


@lru_cache(maxsize=4096)
def number(text: str) -> Number | None:
    r"""Read a tidy value as a rational number: 1,234 or 1.5e3 or 2 \frac13 or \frac{-1}{2} or 0.\overline{3}."""
    if len(text) > LONGEST or _LISTED.search(text):
        return None
    if mixed := _MIXED.fullmatch(text):
        sign, whole, *parts = (part for part in mixed.groups() if part is not None)
        return _ratio(f"{sign}1", int(whole) * int(parts[1]) + int(parts[0]), parts[1])
    tight = bare(text)
    if plain := _SCIENTIFIC.fullmatch(tight):
        exponent = plain[2] or plain[3] or plain[4]
        value = Fraction(ungrouped(plain[1])) * Fraction(10) ** int(exponent or 0)
        return Number(value, "." in plain[1])
    if fraction := _FRACTION.fullmatch(tight):
        sign, over, under = (part for part in fraction.groups() if part is not None)
        return _ratio(f"{sign}1", over, under)
    if repeating := _REPEATING.fullmatch(tight) or _DOTTED.fullmatch(tight):
        sign, whole, fixed, again = repeating.groups()
        nines = 10 ** len(fixed + again) - 10 ** len(fixed)
        return _ratio(f"{sign}1", int(whole + fixed + again) - int(whole + fixed or 0), str(nines))
    return None


def ungrouped(digits: str) -> str:
    """Return a number without what groups its digits."""
    return digits.replace(",", "").replace("'", "")


def _ratio(sign: str, over: str | int, under: str) -> Number | None:
    top, bottom = Fraction(ungrouped(str(over))), Fraction(ungrouped(under))
    return Number(Fraction(sign) * top / bottom, False) if bottom else None


def near(one: Fraction, other: Fraction, places: int) -> bool:
    """Tell whether two numbers round to the same decimal, and small ones also agree in their leading digits."""
    alike = round(one, places) == round(other, places)
    return alike and abs(one - other) <= Fraction(10) ** (2 - places) * max(abs(one), abs(other))
