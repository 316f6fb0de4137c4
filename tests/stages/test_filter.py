"""Ranking questions, and what becomes of those that cannot be rated."""

from __future__ import annotations

import re

import pytest

from ot_grid import rows, tables
from ot_grid.errors import BadInput, OtGridError
from ot_grid.registry import register
from ot_grid.rows import Scored
from ot_grid.stages import filter as filter_stage
from tests.stages.conftest import MODEL, SAMPLING

ASKS = {"model": MODEL, "sampling": SAMPLING}
LENGTH = {"function": "length", "prompt": "{question}", **ASKS}
LABELS = {"function": "difficulty", "prompt": "Grade: {question}", "pattern": r"Difficulty: (\d+)", "lowest": 1.0}
DIFFICULTY = {**LABELS, "highest": 10.0, "unparseable": "last", **ASKS}
RANDOM = {"function": "random", "seed": 42}


@pytest.fixture
def pool(questions_at):
    return questions_at("in", [rows.question(f"question {n}", source="s", domain="math") for n in range(8)])


def kept(run):
    return [question.text for question in tables.read_questions(run.out)]


def scores(run):
    return tables.read_rows(run.out / "data" / "scores.parquet")


def test_random_is_seeded_and_nested(work, pool):
    """The same seed keeps the same questions, fewer are the first of more, and another seed ranks otherwise."""
    runs = [
        work({"filter": {**RANDOM, "seed": seed}, "questions": count}, pool)
        for seed, count in ((42, 3), (42, 6), (7, 6))
    ]
    for run in runs:
        filter_stage.run(run)
    three, six, other = map(kept, runs)
    assert six[:3] == three
    assert other != six


def test_length_keeps_the_longest_answers(work, pool, asker):
    """The score is the number of characters of the answer, and the longest come first."""
    asker.answer = lambda prompt, sample: "x" * int(prompt.split()[-1])
    run = work({"filter": LENGTH, "questions": 2}, pool)
    filter_stage.run(run)
    assert kept(run) == ["question 7", "question 6"]
    assert {row["score"] for row in scores(run)} == set(map(float, range(8)))


def test_every_score_is_written_and_the_lost_have_their_rank(work, pool, reasons):
    """Kept or not, each question has its score; those not kept say at which rank they were."""
    run = work({"filter": RANDOM, "questions": 6}, pool)
    counts = filter_stage.run(run)
    assert [row["kept"] for row in scores(run)] == [True] * 6 + [False] * 2
    assert sorted(reasons(run.out).values()) == ["rank 7 of 8", "rank 8 of 8"]
    assert counts == {"questions_in": 8, "questions": 6, "unparseable": 0, "dropped": {"rank": 2}}


def test_the_asker_is_asked_once_with_the_settings(work, pool, asker):
    """A filter's model and sampling arrive as what their annotations say, in one call for all questions."""
    filter_stage.run(work({"filter": LENGTH, "questions": 2}, pool))
    (asked,) = asker.asked
    assert (asked["model"].id, asked["sampling"].max_tokens, set(asked["samples"])) == ("a-model", 64, {0})
    assert asked["chats"][0] == [{"role": "user", "content": "question 0"}]


def test_braces_in_a_question_do_no_harm(work, questions_at, asker):
    """A prompt is filled by replacement, so LaTeX survives."""
    inputs = questions_at("in", [rows.question(r"\frac{1}{2} {x}", source="s", domain="math")])
    filter_stage.run(work({"filter": LENGTH, "questions": 1}, inputs))
    assert asker.asked[0]["chats"][0][0]["content"] == r"\frac{1}{2} {x}"


def grades(prompt, sample):
    number = int(prompt.split()[-1])
    return {0: "no idea", 1: "Difficulty: 11", 2: "Difficulty: 9"}.get(
        number, f"Difficulty: 1 ... Difficulty: {number}"
    )


def test_difficulty_ranks_unparseable_labels_last(work, pool, asker):
    """The last label counts; absent and out-of-range labels come after all others and are counted."""
    asker.answer = grades
    run = work({"filter": DIFFICULTY, "questions": 8}, pool)
    counts = filter_stage.run(run)
    assert kept(run)[:6] == [f"question {n}" for n in (2, 7, 6, 5, 4, 3)]
    assert counts["unparseable"] == 2
    assert next(row["note"] for row in scores(run)) == "label 9"


def test_difficulty_can_drop_unparseable_labels(work, pool, asker, reasons):
    """With `drop` a question without a label is lost with what the model said."""
    asker.answer = grades
    run = work({"filter": {**DIFFICULTY, "unparseable": "drop"}, "questions": 8}, pool)
    counts = filter_stage.run(run)
    assert counts["dropped"] == {"unparseable": 2}
    assert "unparseable: 'no idea'" in reasons(run.out).values()
    assert run.log["warnings"] == ["the filter keeps 6 of 8 questions: it was given 8"]


def test_keeping_nothing_says_why(work, pool, asker):
    """A filter that drops every question fails with the counts of its reasons."""
    asker.answer = lambda prompt, sample: "I cannot tell."
    with pytest.raises(BadInput, match=re.escape("keeps none of 8 rows (8 x unparseable)")):
        filter_stage.run(work({"filter": {**DIFFICULTY, "unparseable": "drop"}, "questions": 8}, pool))


def test_an_engine_that_dies_fails_the_stage(work, pool, asker):
    """The door's error reaches the user, and nothing is written."""
    asker.fails = True
    run = work({"filter": LENGTH, "questions": 2}, pool)
    with pytest.raises(OtGridError, match="the engine died"):
        filter_stage.run(run)
    assert not list(run.out.iterdir())


def test_a_users_filter_need_not_return_every_question(work, pool, reasons):
    """A question that is not returned, or has no finite score, is dropped with that as its reason."""

    @register("filter")
    def odd(questions):
        yield from (Scored(q, float("nan" if n == 1 else n)) for n, q in enumerate(questions) if n % 2)

    run = work({"filter": {"function": "odd"}, "questions": 8}, pool)
    assert filter_stage.run(run)["dropped"] == {"not returned by odd": 4, "no score": 1}
    assert kept(run) == ["question 7", "question 5", "question 3"]


def test_a_filter_that_returns_a_question_twice_is_refused(work, pool):
    """A row comes back at most once."""

    @register("filter")
    def twice(questions):
        yield from (Scored(q, 1.0) for q in [*questions, *questions])

    with pytest.raises(BadInput, match=r"'twice' returned the row .* twice"):
        filter_stage.run(work({"filter": {"function": "twice"}, "questions": 8}, pool))


@pytest.mark.parametrize("choice", [LENGTH, DIFFICULTY], ids=["length", "difficulty"])
def test_a_question_that_is_too_long_for_the_scorer_is_dropped(work, questions_at, asker, reasons, choice):
    """With its length; the others are rated."""
    asker.room, asker.answer = 40, lambda prompt, sample: "Difficulty: 3"
    texts = ("short", "long " * 20)
    asked = [rows.question(text, source="s", domain="math") for text in texts]
    run = work({"filter": choice, "questions": 2}, questions_at("in", asked))
    filter_stage.run(run)
    assert kept(run) == ["short"]
    (reason,) = reasons(run.out).values()
    assert reason.startswith("too long for the scorer: ")


def test_a_label_within_a_thought_is_none(work, questions_at, asker):
    """What counts is what follows the thinking."""
    asker.answer = lambda prompt, sample: "<think>Difficulty: 9</think>Difficulty: 2"
    run = work({"filter": DIFFICULTY, "questions": 1}, questions_at("in", [rows.question("q", source="s", domain="m")]))
    filter_stage.run(run)
    assert [row["score"] for row in scores(run)] == [2.0]
