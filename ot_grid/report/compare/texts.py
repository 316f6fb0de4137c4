"""Examples as text and Markdown: prompt, known answer, verdicts, and the replies one above the other.

One idea: every line that a model or a benchmark wrote stands behind a bar or in a fence, with nothing in it that acts,
so it can pass for none of our own. It must not choose what is shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ot_grid.report.compare import visible
from ot_grid.report.compare.examples import Answer, Example
from ot_grid.report.render import WIDTH
from ot_grid.report.sections import whole

PROMPT, REPLY, GOLD, EXTRACTED = 600, 1200, 300, 40  # characters of a text that examples show
GOLD_WHOLE = 4000  # known tests of a program can be megabytes; JSON has them whole
BAR = "  | "


@dataclass(frozen=True)
class Shelf:
    """Examples under one title."""

    title: str
    examples: Sequence[Example]
    whole: bool = False  # show every repeat, and nothing shortened


def text(shelves: Sequence[Shelf]) -> Iterator[str]:
    """Yield lines of at most 100 columns."""
    for shelf in shelves:
        yield from ("", *visible.wrapped(shelf.title, WIDTH))
        for number, example in enumerate(shelf.examples, 1):
            yield from visible.wrapped(f"{number}. {_head(example)}", WIDTH)
            for title, said in _parts(example, shelf.whole):
                yield from _indented(title)
                yield from (BAR + line for line in visible.wrapped(said, WIDTH - len(BAR)) if said)
            yield ""


def _indented(title: str) -> Iterator[str]:
    yield from (f"  {line}" for line in visible.wrapped(title, WIDTH - 2))


def markdown(shelves: Sequence[Shelf]) -> Iterator[str]:
    """Yield paragraphs of Markdown; what strangers wrote is in fences that it cannot close."""
    for shelf in shelves:
        yield f"## {_inline(shelf.title)}"
        for number, example in enumerate(shelf.examples, 1):
            yield f"### {number}. {_inline(_head(example))}"
            for title, said in _parts(example, shelf.whole):
                yield _inline(title) + (f"\n\n{_fenced(said)}" if said else "")


def _inline(text: str) -> str:
    escaped = "".join(f"\\{letter}" if letter in "\\`*_[]<>#|&" else letter for letter in text)
    return visible.visible(escaped)


def _fenced(text: str) -> str:
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}text\n{visible.visible(text)}\n{fence}"


def _head(example: Example) -> str:
    means = f"A {example.one_mean:.0f} %, B {example.other_mean:.0f} %"
    return f"{example.benchmark}: question {example.question}: {means}"


def _parts(example: Example, full: bool) -> Iterator[tuple[str, str]]:
    """Yield what is said of a question: our words, and below them what others wrote."""
    yield "Prompt:" if example.other_prompt is None else "Prompt of A:", _cut(example.prompt, PROMPT, full)
    if example.other_prompt is not None:
        yield "Prompt of B:", _cut(example.other_prompt, PROMPT, full)
    gold = "(none)" if example.gold is None else visible.shortened(example.gold, GOLD_WHOLE if full else GOLD)
    yield "Known answer:", gold
    sides = list(zip("AB", (example.one, example.other), example.telling, strict=True))
    yield from ((f"{letter}: {_tally(answers)}", "") for letter, answers, _ in sides)
    for letter, answers, telling in sides:
        for answer in answers if full else [answers[telling]]:
            yield f"{letter}, repeat {answer.repeat}: {_said(answer)}", _cut(answer.reply, REPLY, full) or "(empty)"


def _cut(text: str, most: int, full: bool) -> str:
    return visible.shortened(text, None if full else most)


def _tally(answers: Sequence[Answer]) -> str:
    verdicts = Counter(answer.verdict for answer in answers)
    found = Counter(visible.line(answer.extracted, EXTRACTED) for answer in answers)
    return f"{_counted(verdicts)} of {len(answers)}; extracted {_counted(found)}"


def _counted(found: Counter[str]) -> str:
    shown = [f"{name} x {count}" for name, count in found.most_common(4)]
    return ", ".join([*shown, *(["..."] if len(found) > 4 else [])])


def _said(answer: Answer) -> str:
    reason = f" ({visible.line(answer.reason, EXTRACTED)})" if answer.reason else ""
    cut = ", stopped by the token limit" if answer.finish_reason == "length" else ""
    found = visible.line(answer.extracted, EXTRACTED)
    return f"{answer.verdict}{reason}, extracted {found}, {whole(answer.output_tokens)} tokens{cut}"
