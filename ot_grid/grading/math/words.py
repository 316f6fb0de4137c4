r"""Answers in words: names, yes and no, the letter of a choice, "no solution"; and numerals of another base.

One idea: what is written in words is compared as words, without capitals and punctuation, and never as mathematics. It
must not find synonyms beyond the few listed here.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ot_grid.grading.math.notation import TEXT, bare

_SAME = {
    r"\emptyset": "no solution", r"\{\}": "no solution", "no solutions": "no solution", "empty set": "no solution",
    "the empty set": "no solution", "no real solutions": "no real solution", "dne": "does not exist",
    "none of the above": "none of these",
    "there is no solution": "no solution", "there are no solutions": "no solution",
    "yes it is": "yes", "no it is not": "no",
}  # fmt: skip
_LABEL = re.compile(r"\(?([A-Z])\)?|\(([A-Z])\)(?:\s.*)?|([A-Z])[.:)]\s.*")
_LABELLED = re.compile(r"\\text(?:bf|rm)?\{\s*\(?([A-Z])[).:]+\s*\}\s*(?=\S)")
_NUMERAL = re.compile(r"\(?([0-9][0-9A-Fa-f]*)\)?_(?:\{(?:\\text\{)?(\d+|[a-z]+)\}{1,2}|(\d))")
_BASES = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
          "ten": "10", "twelve": "12", "sixteen": "16"}  # fmt: skip


@lru_cache(maxsize=4096)
def words(text: str) -> str | None:
    r"""Return the words of an answer that consists of words; None for one that may be mathematics.

    Words are what \text holds, or four letters and more: fewer may be a product of variables.
    """
    same = _SAME.get(bare(text))
    if same:
        return same
    content = TEXT.sub(r"\1", text)
    phrase = re.sub(r"[\"`.,!?]", "", content).replace("\\", "").strip()
    if content == text and not re.fullmatch(
        r"(?i)(?:[a-z]{2,3} (?<!sin )(?<!cos )(?<!tan )(?<!log ))?[a-z][a-z'-]{3,}(?: [a-z'-]+)*|yes|no|dne", phrase
    ):
        return None
    outside = TEXT.sub("", text).strip(" .,()") if content != text else ""
    return None if outside or not re.search(r"[A-Za-z]", phrase) else _lowered(phrase)


def spelled(text: str) -> str:
    r"""Return the words of an answer, or else its letters: `m` is the same as `\mathrm{m}`."""
    said = words(text)
    return _lowered(bare(text)) if said is None else said


def _lowered(said: str) -> str:
    """Return words without capitals; a letter alone keeps its case."""
    said = " ".join(said.split()).strip("()")
    return _SAME.get(said.lower(), said.lower()) if len(said) > 1 else said


def label(text: str) -> str | None:
    r"""Return the letter of a choice: C of `C`, `\text{(C)}`, `(C) 42` or `C. 42`; None for anything else."""
    plain = TEXT.sub(r"\1 ", text).strip()
    if len(set(re.findall(r"\(([A-Z])\)", plain))) > 1:  # (B) or (D) names none
        return None
    found = _LABEL.fullmatch(plain)
    return next((letter for letter in found.groups() if letter), None) if found else None


def is_label(known: str) -> bool:
    r"""Tell whether a known answer is the letter of a choice, as `\text{(C)}` or `(C)`; a bare C may be a variable."""
    return bool(re.fullmatch(r"\\(?:text|textbf|mathrm|mbox)\{\s*\(?[A-Z]\)?\s*\}|\([A-Z]\)", known))


def unlabelled(text: str) -> str:
    r"""Return what follows the letter of a choice in `\textbf{(B)} 42`, or else the text."""
    return _LABELLED.sub("", text, count=1) if _LABELLED.match(text) else text


def numeral(text: str) -> tuple[str, str] | None:
    """Return digits and base of a numeral with its base written below it."""
    found = _NUMERAL.fullmatch(bare(text))
    if not found or ((found[2] or found[3]).isalpha() and found[2] not in _BASES):
        return None
    return found[1].lower().lstrip("0") or "0", _BASES.get(found[2] or "", found[2] or found[3])
