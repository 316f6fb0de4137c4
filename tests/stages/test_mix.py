"""The pool: shares, and nesting."""

from __future__ import annotations

from collections import Counter

import pytest

from ot_grid import rows, tables
from ot_grid.errors import BadInput
from ot_grid.stages import mix


def some(source, count):
    return [rows.question(f"{source} {n}", source=source, domain="math") for n in range(count)]


def test_larger_pool_begins_with_the_smaller(work, questions_at):
    """A pool of 7 is the beginning of a pool of 20."""
    inputs = questions_at("a", some("a", 20)), questions_at("b", some("b", 20))
    pools = []
    for pool in (7, 20):
        run = work({"mix": {"function": "share", "weights": "equal"}, "pool": pool}, *inputs)
        mix.run(run)
        pools.append(tables.read_questions(run.out))
    assert pools[1][:7] == pools[0]


@pytest.mark.parametrize(
    ("weights", "wanted"), [("equal", {"a": 10, "b": 10, "c": 10}), ("size", {"a": 20, "b": 5, "c": 5})]
)
def test_shares_are_equal_or_by_size(weights, wanted):
    """Every source gives its part of the pool."""
    sources = [some("a", 80), some("b", 20), some("c", 20)]
    assert Counter(q.source for q in list(mix.share(sources, weights=weights))[:30]) == wanted


def test_order_within_a_source_is_not_its_own():
    """Questions are shuffled by their own seeds, so the order of the file does not matter."""
    one = some("a", 30)
    assert list(mix.share([one], weights="equal")) == list(mix.share([one[::-1]], weights="equal")) != one


def test_a_source_that_runs_out_leaves_its_part_to_the_others():
    """All questions come, also when the sources differ in size."""
    mixed = list(mix.share([some("a", 2), some("b", 9)], weights="equal"))
    assert Counter(q.source for q in mixed) == {"a": 2, "b": 9}


def test_too_few_questions_are_a_warning(work, questions_at):
    """A pool that the sources cannot fill is written and said."""
    run = work({"mix": {"function": "share", "weights": "equal"}, "pool": 9}, questions_at("a", some("a", 4)))
    assert mix.run(run) == {"questions": 4, "available": 4, "by_source": {"a": 4}}
    assert run.log["warnings"] == ["the pool holds 4 of 9 questions: the sources have no more"]


def test_no_questions_are_bad_input(work, questions_at):
    """An empty pool fails."""
    with pytest.raises(BadInput, match="pool=9 of 0 questions"):
        mix.run(work({"mix": {"function": "share", "weights": "equal"}, "pool": 9}, questions_at("a", [])))
