r"""Where in a reply the final answer stands.

One idea: the last complete `\boxed{...}` is the answer, and boxes side by side are one answer in several parts. It must
not judge an answer, and where a reply does not state one it says None rather than guess.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"(?P<box>\\(?:boxed|fbox)\s*\{)|\\(?:boxed|fbox)(?![A-Za-z{])\s*(?P<bare>[^\s$]+)|\\.|[{}]", re.DOTALL
)
# What may stand between the parts of one answer: "$x = \boxed{2}$ and $y = \boxed{3}$", but no words, no full stop.
_BETWEEN = re.compile(
    r"(?:[ \t$,;&]|\n(?!\s*\n)(?:[ \t]*[-*\u2022][ \t]+)?|\\[()\[\],;: ]|\\q?quad"
    r"|\\text\s*\{\s*(?:and|or)\s*\}|\b(?:and|or)\b|(?:[A-Za-z]\w?|\\[a-z]+)(?:_\{?\w+\}?)?\s*=\s*)*"
)
_PHRASE = re.compile(
    r"(?im)\banswer(?:\s+(?:to|of|for)\s[^.\n]{1,60}?)?(?:\**\s*[:=]|\s+(?:is|must be|should be|equals)\b(?!\s+not\b)"
    r"|(?=\s*(?:\\\(|\$)))\s*\**:?\s*\**\s*(?:(?:therefore|thus|hence|simply|just)\s+)?"
    r"|^#{1,6}\s*(?:the\s+)?(?:final\s+)?answer\s*\**:?\s*\n+\s*|^####\s*|\u7b54\u6848(?:\u662f|\u4e3a|\uff1a|:)\s*"
)
_FORMULA = re.compile(r"\$\$?(?P<dollar>[^$\n]+)\$|\\\((?P<round>.+?)\\\)|\\\[(?P<square>.+?)\\\]")
_JOIN = re.compile(r"^\s*(?:,\s*)?(?:and\b|or\b)?\s*")
_SENTENCE_END = re.compile(r"\.(?:\s|$)|\u3002|\s(?:because|since)\s")
_EQUATION = re.compile(r"(?<![!<>\u2260])=([^=\n]{1,40}?)[\s.$*]*$")


def final_answer(reply: str, *, boxed_only: bool) -> str | None:
    r"""Return the final answer as it stands in a reply that has ended its thinking, or None.

    That is what the last boxes hold; without any box, and unless `boxed_only`, what follows the last "answer is",
    "answer:" or "####", or else the right side of an equation that ends the reply.
    """
    boxes = last_boxes(reply)
    if boxes:
        return ", ".join(boxes) if all(boxes) else None
    return None if boxed_only else after_phrase(reply) or after_equals(reply)


def last_boxes(text: str) -> list[str]:
    """Return what the boxes of the last answer hold: see `all_boxes`."""
    return (all_boxes(text) or [[]])[-1]


def all_boxes(text: str) -> list[list[str]]:
    r"""Return what the boxes of a text hold; those that only commas, "and" or "x =" join are one answer together.

    An unclosed box is none. An empty one is "", and not passed over: it takes the place of the answer. Within an answer
    a box that repeats another is left out.
    """
    answers: list[list[str]] = []
    last = 0
    for start, end, content in _boxes(text):
        if not answers or not _BETWEEN.fullmatch(text, last, start):
            answers.append([])
        if content not in answers[-1]:
            answers[-1].append(content)
        last = end
    return answers


def _boxes(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, content) of each complete box that lies in no other box; escaped braces do not count."""
    boxes: list[tuple[int, int, str]] = []
    opened: list[tuple[int, int] | None] = []  # for each open brace the start of its box, and of what that holds
    for token in _TOKEN.finditer(text):
        if token["bare"] and (content := token["bare"].strip(".,;:*`")):
            boxes.append((token.start(), token.end(), content))
        elif token["box"] or token[0] == "{":
            opened.append((token.start(), token.end()) if token["box"] else None)
        elif token[0] == "}" and opened and (box := opened.pop()):
            start, inside = box
            while boxes and boxes[-1][0] > start:
                boxes.pop()
            boxes.append((start, token.end(), text[inside : token.start()].strip()))
    return boxes


def after_phrase(text: str) -> str | None:
    """Return the formula, or else the rest of the sentence, after the last "answer is", "answer:" or "####"."""
    found = list(_PHRASE.finditer(text))
    if not found:
        return None
    line = text[found[-1].end() :].split("\n")[0]
    if formulas := _leading_formulas(line):
        return ", ".join(formulas)
    return _SENTENCE_END.split(line)[0].strip(" *$") or None


def _leading_formulas(line: str) -> list[str]:
    """Return the formulas that a line begins with, joined by commas and "or"."""
    found: list[str] = []
    while formula := _FORMULA.match(line):
        found.append(next(part for part in formula.groups() if part).strip())
        line = _JOIN.sub("", line[formula.end() :])
    return found


def after_equals(text: str) -> str | None:
    """Return the right side of the equation that a text ends with, as in "3 + 4 = 7."."""
    found = _EQUATION.search(text)
    if not found:
        return None
    side = found[1].strip(" *$")
    return (side.rstrip(")") if side.count(")") > side.count("(") else side) or None
