r"""Which letters of a multiple choice a text names: in a box, in a statement, or alone on the last line.

One idea: a letter counts only where nothing but dress or the option's own text stands around it, so the article "A" is
none. It must not choose between two letters; it returns both.
"""

from __future__ import annotations

import re

_DRESS = re.compile(
    r"\\(?:text(?:bf|it|rm|normal|sf)?|math(?:bf|rm|sf|it)|boldsymbol|bm|mbox|boxed|fbox)(?![A-Za-z])\s*"
)
_SPACE = re.compile(r"\\[,;:! ]|\\q?quad(?![A-Za-z])|~|\\\(|\\\)|\\\[|\\\]|\\left(?![A-Za-z])|\\right(?![A-Za-z])")
_LEAD = r"(?:(?:the|my|final|correct|best|answer|option|choice|letter|is)\b[\s:]*)*"
_ONE = r"(?:\(([A-Z])\)|\[([A-Z])\]|([A-Z]))(?![A-Za-z0-9])"
_JOIN = r"\s*(?:[,;/&+]|\b(?:and|or)\b)*\s*"
_OWN_TEXT = re.compile(rf"(?i:{_LEAD})(?:\(([A-Z])\)|([A-Z])[).:](?!\d))\s*(\S.*)?", re.DOTALL)
_DASHED = re.compile(r"([A-Z])\s+[-\u2013\u2014]+\s+[A-Za-z]{3,}.*", re.DOTALL)
_SMALL = re.compile(r"\(?([a-j])\)?\.?")
_SEVERAL = re.compile(rf"(?i:{_LEAD})(?:(?i:option|choice)s?\s*)?(?:{_ONE}\.?(?:{_JOIN})?)+\.?")
_RUN = re.compile(r"[A-Z]{2,}")

# The letter must end its phrase: "the answer is A ball" names none, nor does "A = 5" or "B^2".
_END = r"(?=\s*(?:$|\n|[.,;:)\]!?](?:\s|$|\*)|\s\(|[,;/&]|(?:and|or|because|since|as|for|by|due|which|is|are|with)\b))"
_LETTER = rf"(?:\(\s*([A-Z])\s*\)|\[([A-Z])\]|([A-Z])\)|([A-Z])(?![A-Za-z0-9'\u2019\-_^=]){_END})"
_UNSURE = r"(?<!whether )(?<!whether the )(?<!if )(?<!if the )(?<!wrong )(?<!incorrect )"
_ANSWER = rf"(?i:{_UNSURE}\b(?:answers?|(?:correct|right|best)\s+(?:option|choice|letter)s?))"
_IS = r"(?i:\s*(?:(?:is|are|must be|should be|would be|will be)\b\s*:?|[:=]|\n)\s*)"
_AN_OPTION = r"(?i:(?:the\s+)?(?:(?:correct\s+)?(?:option|choice|answer|letter)s?\s*)?)"
_OTHERS = r"(?<!students )(?<!people )(?<!others )(?<!they )(?<!may )(?<!might )(?<!could )(?<!would )"
_CHOSEN = rf"(?i:{_OTHERS}\b(?:choose|select|pick)\s+(?:(?:option|choice|answer)\s*)?)"
_NAMED = rf"(?i:\b(?:option|choice|answer)\s*){_LETTER}(?=\s*\.?\s*(?i:is|must be)\s+(?i:the\s+)?(?i:correct|right))"
_JOINED = r"(?:[/&]|[,;]?\s*\b(?:and|or)\b)\s*"
_STOPS = r"(?=\s*(?:$|\n|[.,;:)\]!?/&]|(?:and|or|because|since)\b))"  # "B, A is wrong" names B alone
_CLAUSE = r"(?!\s*(?:is|was)\b)"
_MORE = re.compile(
    rf"\)?\s*(?:{_JOINED}(?i:option\s+|choice\s+)?(?:{_LETTER}|([A-Z])(?![A-Za-z0-9'])){_CLAUSE}|[,;]\s*(?i:option\s+|choice\s+)?{_LETTER}{_STOPS})"
)
_FIRST = rf"(?:(?:^|[\n.:;])\s*|\b(?i:so|hence|thus|therefore|that)\s+){_LETTER}"
_IS_IT = r"(?=\s+is\s+(?:the|my)\s+(?:(?:final|correct|right|best)\s+)*(?:answer|option|choice)\b)"
_STATEMENTS = [
    re.compile(rf"{_ANSWER}{_IS}{_AN_OPTION}{_LETTER}"),
    re.compile(rf"{_CHOSEN}{_LETTER}"),
    re.compile(_NAMED),
    re.compile(_FIRST + _IS_IT),
    re.compile(
        rf"(?i:\b(?:(?:my|final|answer)\s+)+choice\s*(?:is\b|[:\u2192\u2013\u2014-]|->)\s*){_AN_OPTION}{_LETTER}"
    ),
    re.compile(rf"(?i:\bgo(?:ing)?\s+(?:with|for)\s+){_AN_OPTION}{_LETTER}"),
    re.compile(rf"(?i:\banswer\s*(?:\u2192|->|[\u2013\u2014-])\s*){_LETTER}"),
    re.compile(r"(?i:\banswer\s+)\(([A-Z])\)"),
    re.compile(rf"(?i:\b(?:answer\s+is\s+|it\s+is\s+)(?:not|neither)\s+)[^.\n]*?(?i:\bbut\s+|;\s*it\s+is\s+){_LETTER}"),
    re.compile(r"\u7b54\u6848(?:\u662f|\u4e3a|\uff1a|:)\s*\(?([A-Z])\)?"),
    re.compile(r"(?i:\banswer\"?\s*:)\s*\(?([a-j])\)?\.?[ \t]*(?=\n|$)"),
]
# "Of the options, C is correct.": no sentence that denies, doubts or supposes it.
_HEDGED = r"(?:if|unless|whether|when|suppose|assum\w+|would|could|might|may|not|doubt\w*|say\w*|claim\w*|think\w*)"
_IS_RIGHT = re.compile(
    rf"(?:^|(?<=[.!?\n]))(?![^.!?\n]*(?i:\b{_HEDGED}\b|n't\b))[^.!?\n]*?(?:^|[\n.!?,:;]\s*|\b(?i:so|hence|thus|therefore)\s+)"
    rf"(?:\(([A-Z])\)|([A-Z]))\s+is\s+(?:the\s+)?(?:correct|right)(?=\s*(?:one|answer|choice|option)?\s*(?:[.!]|$|\n))"
)
_AT_THE_END = re.compile(rf"(?<!not )(?<!n't )(?i:\b(?:option|choice)\s*){_LETTER}[\s.)!]*$")
_OPTION = re.compile(
    r"(?:\*\*)?(?:\(([A-Z])\)|([A-Z])\))\s+\S.*|\*\*([A-Z])[.:]\s+\S.*\*\*|\*\*([A-Z])(?:\*\*[.:]|[.:]\*\*)\s+\S.*"
)
_KEY = re.compile(r"[\"'](\w+)[\"']\s*:")  # of JSON
_QUOTED = re.compile(r"[\"'\u2018\u201c](\(?[A-Z]\)?)\.?[\"'\u2019\u201d]")
_ALONE = re.compile(rf"{_ONE}[\s.):]*")


def plain(text: str) -> str:
    r"""Return a text without the commands, dollars, stars and braces that only dress a letter."""
    text = _KEY.sub(r"\1:", text).replace("\\_", "_").replace("\\&", "&")
    text = re.sub(r"\\?[{}]|\$|\*\*|__|`", "", _SPACE.sub(" ", _DRESS.sub("", text)))
    return re.sub(r"[ \t]+", " ", _QUOTED.sub(r"\1", text)).strip()


def in_box(content: str) -> list[str]:
    r"""Return the letters that a box names: `B`, `(B) 42 m/s`, `B - yes`, `b`, `A, C`, `ABD`, `\text{A and D}`."""
    text = plain(content)
    if _RUN.fullmatch(text.rstrip(".")):
        return unique(text.rstrip("."))
    if _SEVERAL.fullmatch(text):
        return unique(_letters(re.findall(_ONE, text)))
    dressed = re.findall(r"\(([A-Z])\)", text)
    if found := _OWN_TEXT.fullmatch(text):
        return unique([found[1] or found[2], *dressed])
    found = _SMALL.fullmatch(text) or _DASHED.fullmatch(text)
    return [found[1].upper()] if found else []


def stated(reply: str) -> list[str]:
    """Return the letters of the last statement such as "the answer is (B)", or of a last line that only names them."""
    text = plain(reply)
    found = [match for pattern in (*_STATEMENTS, _IS_RIGHT) for match in pattern.finditer(text)]
    if found:
        last = max(found, key=lambda match: match.start())
        return unique(_letters([last.groups()]) + _further(text, last.end()))
    last_line = (text.splitlines() or [""])[-1].strip(" *#`>")
    alone = _ALONE.fullmatch(last_line) or _AT_THE_END.search(last_line)
    return unique(_letters([alone.groups()])) if alone else _own_line(reply)


def _own_line(reply: str) -> list[str]:
    """Return the letter of a last line that is an option with its text, where no other option is written out."""
    found = [_OPTION.fullmatch(line.strip()) for line in reply.strip().splitlines()]
    options = [option for option in found if option]
    return _letters([options[0].groups()]) if len(options) == 1 and found[-1] else _first_line(reply)


def _first_line(reply: str) -> list[str]:
    """Return the letter of a first line that holds it alone, where no other line does: an explanation follows it."""
    lines = [plain(line).strip(" *#`>") for line in reply.strip().splitlines()]
    alone = [_ALONE.fullmatch(line) for line in lines if line]
    return _letters([alone[0].groups()]) if alone and alone[0] and sum(map(bool, alone)) == 1 else []


def _further(text: str, position: int) -> list[str]:
    """Return the letters that "or", "and" or a comma add to one that was named."""
    found: list[str] = []
    while more := _MORE.match(text, position):
        found += _letters([more.groups()])
        position = more.end()
    return found


def _letters(groups: list[tuple[str, ...]]) -> list[str]:
    return [letter.upper() for group in groups for letter in group if letter]


def unique(letters: list[str] | str) -> list[str]:
    """Return each letter once, in the order in which they were first named."""
    return list(dict.fromkeys(letters))
