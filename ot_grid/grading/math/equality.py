r"""Whether two answers are equal: our own rules for how answers are put together, Math-Verify for the mathematics.

One idea: Math-Verify sees only single expressions that are no plain numbers, words or lists, where it is right; the
rest is decided by rules that can be read here. It must not find answers, and it must not run outside `pool`.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from ot_grid.grading.math import notation, shapes, units, words
from ot_grid.grading.math.notation import bare, tidy
from ot_grid.grading.math.shapes import LEAF, LIST, MATRIX, RANGE, SET, TUPLE, UNION, shape

DIGITS = 60  # to which two exact numbers are compared
LONGEST, DEEPEST = 2000, 50  # characters and open brackets of an answer that is looked at
_TWICE = re.compile(r"(.*[^\s\\])(?:\\[ ,;:]|\\q?quad|~|\s)+\(([^()]+)\)\s*", re.DOTALL)
_CASED = re.compile(r"\\[A-Za-z]+|[a-zA-Z]")


def equal(known: str, given: str, places: int) -> bool:
    """Tell whether an answer is the known one; numbers written as decimals agree in so many places."""
    return _equal(tidy(known), tidy(_said_once(given)), places)


def _said_once(text: str) -> str:
    r"""Return an answer without its own value in another form behind it, as in `\frac{3}{4}\ (0.75)`."""
    found = _TWICE.fullmatch(text)
    one, other = (notation.number(tidy(part)) for part in found.groups()) if found else (None, None)
    return found[1] if found and one and other and one.value == other.value else text


def too_much(text: str) -> str:
    """Say why a text is refused before Math-Verify sees it, which is slow on deep brackets; "" where it is not."""
    if len(text) > LONGEST:
        return f"longer than {LONGEST} characters"
    depth = deepest = 0
    for bracket in re.findall(r"[(\[{)\]}]", text):
        depth = depth + 1 if bracket in "([{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return f"nested deeper than {DEEPEST} brackets" if deepest > DEEPEST else ""


def readable(known: str) -> bool:
    """Tell whether a known answer can be compared with anything but itself."""
    text = tidy(known)
    plain = units.quantity(text).value
    return (
        bool(notation.number(plain) or words.words(text) or words.numeral(text) or shape(text).kind != LEAF)
        or shapes.residue(text) is not None
        or parsed(plain) is not None
    )


def _equal(known: str, answer: str, places: int) -> bool:
    if bare(known) == bare(answer):
        return bool(known)
    if words.is_label(known):
        return words.label(known) == words.label(answer)
    answer = words.unlabelled(answer)
    if words.words(known) is not None or words.words(answer) is not None:
        return words.spelled(known) == words.spelled(answer)
    if words.numeral(known) or words.numeral(answer):
        return words.numeral(known) == words.numeral(answer)
    if shapes.residue(known) or shapes.residue(answer):
        return _same_residue(known, answer, places)
    parts = shapes.split(answer, ("\\approx", "\\simeq"))
    if len(parts) > 1:
        return any(_equal(known, part, places) for part in parts if part)
    return _same_quantity(known, answer, places) or _same_parts(known, answer, places)


def _same_residue(known: str, given: str, places: int) -> bool:
    """Compare what is left modulo something; a side that names no modulus is the residue itself."""
    one, two = shapes.residue(known), shapes.residue(given)
    if not one or not two:
        return _equal(one.value if one else known, two.value if two else given, places)
    if (one.name and two.name and one.name != two.name) or not _equal(one.modulus, two.modulus, places):
        return False
    return _equal(one.value, two.value, places)


def _same_quantity(known: str, answer: str, places: int) -> bool:
    """Compare two numbers, with their units where both have one."""
    (name, inner), (other_name, other_inner) = shapes.named(known), shapes.named(answer)
    this, that = units.quantity(inner), units.quantity(other_inner)
    if units.clash(this.unit, that.unit) or (name and other_name and name != other_name):
        return False
    one, other = notation.number(this.value), notation.number(that.value)
    if one is None or other is None:
        return _ratio(known) is not None and _ratio(known) in (_ratio(answer), other and other.value)
    scales = (1,) if this.unit == that.unit or "%" not in (this.unit, that.unit) else (1, 100)
    left, right = (one, other) if this.unit != "%" else (other, one)  # the right one is the percentage
    return any(_near(left.value * scale, right.value, places, one.rounded or other.rounded) for scale in scales)


def _near(one: Any, other: Any, places: int, rounded: bool) -> bool:
    return bool(one == other) or (rounded and notation.near(one, other, places))


def _ratio(text: str) -> Any:
    found = re.fullmatch(r"\s*([\d.]+)\s*(?::|\\text\{\s*(?:to|:)\s*\})\s*([\d.]+)\s*", text)
    number = notation.number(f"{found[1]}/{found[2]}") if found else None
    return number.value if number else None


def _same_parts(known: str, answer: str, places: int) -> bool:
    """Compare what is left of two answers when their names, where they agree, are taken off."""
    known, answer = _ungrouped(known), _ungrouped(answer)
    (this, inner), (that, other) = shapes.named(known), shapes.named(answer)
    if this and that and this != that and not this[0] == that[0] == "(":
        return "=" in known and "=" in answer and _has_letters(inner + other) and _same_leaf(known, answer, places)
    if (this == that and this) or (this and "=" not in answer) or (that and "=" not in known):
        return _equal(inner, other, places)
    one, two = shape(shapes.each_named(known)), shape(shapes.each_named(answer))
    if one.kind != LEAF or two.kind != LEAF:
        return _same_shape(one, two, places)
    if "=" in answer and "=" not in known and not re.search(r"[<>]|\\[lgn]e(?![A-Za-z])", answer):
        left, *_, right = answer.split("=")
        return shapes.is_asked(left) and _equal(known, right.strip(), places)
    return _same_leaf(known, answer, places)


def _has_letters(text: str) -> bool:
    return bool(re.search(r"(?<![\\A-Za-z])[A-Za-z]", text))


def _same_shape(one: shapes.Shape, two: shapes.Shape, places: int) -> bool:
    kinds = {one.kind, two.kind}
    if one.name and two.name and one.name != two.name:
        return False
    if kinds <= {TUPLE, MATRIX}:
        return _same_grid(one, two) and _in_order(one.parts, two.parts, places)
    if kinds == {TUPLE, LIST} or (kinds == {LIST} and _named_once(one, two)):
        return _in_order(_spread(one), _spread(two), places)
    if kinds == {RANGE}:
        return one.brackets == two.brackets and _in_order(one.parts, two.parts, places)
    if kinds <= {LIST, SET, UNION, LEAF} and (LEAF not in kinds or UNION not in kinds):
        same = kinds == {SET}
        return _in_any_order(_spread(one, once=same), _spread(two, once=same), places)
    return False


def _named_once(one: shapes.Shape, two: shapes.Shape) -> bool:
    """Tell whether one of two lists names each of its parts otherwise, as `x=1, y=2`, and the other none."""
    first, second = shapes.names(one.parts), shapes.names(two.parts)
    return (not first or not second) and any(
        len(set(found)) == len(whole.parts) for found, whole in ((first, one), (second, two))
    )


def _same_grid(one: shapes.Shape, two: shapes.Shape) -> bool:
    """Tell whether rows and columns agree; a tuple is a row or a column."""
    if one.kind == two.kind:
        return one.brackets == two.brackets
    matrix = one if one.kind == MATRIX else two
    widths = matrix.brackets.split(",")
    return set(widths) == {"1"} or len(widths) == 1


def _spread(whole: shapes.Shape, *, once: bool = False) -> list[str]:
    r"""Return the parts, `a \pm b` as two of them; `once` leaves out those that are written twice."""
    parts = [tidy(part) for part in whole.parts]
    if whole.kind in (LIST, SET):
        parts = [each for part in parts for each in (shape(part).parts if shapes.PLUS_MINUS.search(part) else (part,))]
    return list(dict.fromkeys(parts)) if once else parts


def _in_order(known: Sequence[str], given: Sequence[str], places: int) -> bool:
    pairs = zip(known, given, strict=False)
    return len(known) == len(given) and all(_equal(tidy(one), tidy(two), places) for one, two in pairs)


def _in_any_order(known: list[str], given: list[str], places: int) -> bool:
    """Match each known part with a part of its own."""
    left = list(given)
    for part in known:
        found = next((other for other in left if _equal(part, other, places)), None)
        if found is None:
            return False
        left.remove(found)
    return not left


def _same_leaf(known: str, given: str, places: int) -> bool:
    """Let Math-Verify compare two expressions, but numbers by their digits."""
    this, that = units.quantity(known), units.quantity(given)
    if units.clash(this.unit, that.unit) or _differ_in_letters(this.value, that.value):
        return False
    if this.value.count("!!") != that.value.count("!!"):
        return False
    one, two = parsed(_ungrouped(this.value)), parsed(_ungrouped(that.value))
    if one is None or two is None:
        return False
    verdict = _tried(lambda: _same_number(one, two, places))
    return verdict if verdict is not None else _verified(one, two, places)


def _ungrouped(text: str) -> str:
    """Return a number without its thousands separators, which Math-Verify takes for those of a list; else the text."""
    return notation.ungrouped(text) if notation.number(text) is not None else text


def _differ_in_letters(known: str, answer: str) -> bool:
    """Tell whether a variable has another case, or another number of primes: Math-Verify takes R for r, y' for y."""
    if len(known) == len(answer) == 1:
        return known != answer  # e is not E, though neither need be a variable
    one, two = _variables(known), _variables(answer)
    swapped = any(letter.swapcase() in two and letter.swapcase() not in one for letter in one - two)
    return swapped or known.count("'") != answer.count("'")


def _variables(text: str) -> set[str]:
    return {letter for letter in _CASED.findall(text) if len(letter) == 1 and letter not in "eEiId"}


def _same_number(one: Any, two: Any, places: int) -> bool | None:
    """Compare two numbers by their digits; None where one of them is none."""
    one, two = (_with_imaginary_unit(each).doit() for each in (one, two))
    if not (one.is_number and two.is_number and one.is_finite and two.is_finite):
        return None
    rounded = any(atom.is_Float for atom in one.atoms() | two.atoms())
    if one.is_Rational and two.is_Rational and not rounded:
        return bool(one == two)
    left, right = one.evalf(DIGITS), two.evalf(DIGITS)
    if rounded:
        pairs = zip(left.as_real_imag(), right.as_real_imag(), strict=True)
        return all(a == b or notation.near(_fraction(a), _fraction(b), places) for a, b in pairs)
    return bool(abs(left - right) * 10 ** (DIGITS - 10) <= max(abs(left), abs(right)))


def _with_imaginary_unit(value: Any) -> Any:
    """Read i as the imaginary unit where it is the only symbol; Math-Verify takes that of 2i for a variable."""
    names = {symbol.name for symbol in value.free_symbols}
    unit = importlib.import_module("sympy").I
    return value.subs(dict.fromkeys(value.free_symbols, unit)) if names == {"i"} else value


def decimal(text: str) -> Fraction | None:
    """Return the value of a tidy expression that is a real number, rounded unless it is rational."""
    if (plain := notation.number(text)) is not None:
        return plain.value
    value = parsed(text)
    found = _tried(lambda: _fraction(value.doit().evalf(DIGITS)) if value.is_number and value.is_real else None)
    return found if isinstance(found, Fraction) else None


def _fraction(number: Any) -> Fraction:
    return Fraction(str(number))


@lru_cache(maxsize=4096)
def parsed(text: str) -> Any:
    """Return what Math-Verify reads in one expression; None where it cannot read it. Known answers come again."""
    if too_much(text):
        return None
    from math_verify import LatexExtractionConfig, parse
    from math_verify.parser import NormalizationConfig

    _quiet()
    # No units: it takes the t of 5t for one.
    normal = NormalizationConfig(basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="last")
    target = LatexExtractionConfig(boxed_match_priority=0, normalization_config=normal)
    try:
        expressions = _tried(
            lambda: parse(
                f"\\boxed{{{text}}}", extraction_config=[target], fallback_mode="no_fallback", parsing_timeout=None,
                raise_on_error=True,
            )
        )  # fmt: skip
    except RecursionError:  # the text is to blame, not the machine
        return None
    return expressions[0] if expressions else None


def _verified(known: Any, given: Any, places: int) -> bool:
    from math_verify import verify

    return bool(_tried(lambda: verify(known, given, float_rounding=places, timeout_seconds=None, raise_on_error=True)))


def _tried(step: Callable[[], Any]) -> Any:
    """Return None where a text cannot be read or compared, but let the end of memory or stack be an error."""
    try:
        return step()
    except (MemoryError, RecursionError):
        raise  # Math-Verify by itself takes these for 'not equal'
    except Exception:
        return None


def _quiet() -> None:
    import logging

    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns of each None time limit; the pool has its own
