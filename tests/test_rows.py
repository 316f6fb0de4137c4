"""What a reply says is split at its thinking in one way, wherever it is looked at."""

from __future__ import annotations

import doctest

import pytest

from ot_grid import rows
from ot_grid.grading import after_thinking
from ot_grid.rows import TOO_LONG, Reply, split_thinking


def reply(text: str, *, opened: bool = False, cut: bool = False) -> Reply:
    return Reply("k", text, "length" if cut else "stop", 5, 9, opened=opened)


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize(
    ("text", "opened", "thought", "answer"),
    [
        ("<think>\na\n</think>\n\nb", False, "a", "b"),
        ("a</think>b", False, "a", "b"),
        ("a</think>b", True, "a", "b"),
        ("a", False, "", "a"),
        ("a", True, "a", ""),
        ("<think>a", False, "a", ""),
        ("<think>a", True, "a", ""),
        ("Well. <think>a", False, "Well. a", ""),
        ("<think>a</think>b<think>c", False, "a\nbc", ""),
        ("<think></think>b", True, "", "b"),
        ("", True, "", ""),
    ],
)
def test_a_thought_without_an_end_has_no_answer(text: str, opened: bool, thought: str, answer: str, cut: bool):
    """Whoever opened it, the model or its prompt; cut or not; graders see the same."""
    said = reply(text, opened=opened, cut=cut)
    assert split_thinking(said) == (thought, answer)
    assert after_thinking(said.whole).strip() == answer


def test_nothing_of_a_thought_that_its_prompt_opened_is_an_answer():
    """QwQ's and R1's templates end in `<think>`: a reply cut at 16 tokens holds no tag, and no answer."""
    said = reply("Okay, the user wants 2+2. Maybe \\boxed{5}?", opened=True, cut=True)
    assert split_thinking(said)[1] == after_thinking(said.whole) == ""


def test_what_was_not_asked_says_so():
    """A prompt that leaves no room for a reply."""
    assert not Reply("", "", TOO_LONG, 5000, 0).asked
    assert reply("a").asked
    assert not reply("a").cut


def test_the_examples_are_true():
    """Those of the docstrings."""
    assert doctest.testmod(rows).failed == 0
