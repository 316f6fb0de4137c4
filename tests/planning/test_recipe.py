"""Values that are set without composing are what Hydra composes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from ot_grid.planning.recipe import Composer, Override, composer, composing, parse
from tests.planning.settings import leaves

CHOICES = ["filter=length", "verify=on", "answer_filter=majority", "mix=equal", "scale=ot_1k"]


def other(value: Any) -> str:
    """Return another value of the same type, as an override has it."""
    if isinstance(value, bool):
        return str(not value).lower()
    if isinstance(value, (int, float)):
        return str(value + 1)
    return "[x]" if isinstance(value, list) else "{}" if isinstance(value, dict) else "3"


def a_text_fits(path: str) -> bool:
    """Whether a field that may be empty can be filled with a text or a number."""
    return path.rpartition(".")[2] not in ("setup", "stands_for", "wheel", "stand_in")


class ByHydra(Composer):
    """Composes every value."""

    def _with_values(self, overrides: Sequence[Override]) -> None:
        return None


@pytest.fixture(autouse=True)
def hydra_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept from one composition to the next."""
    monkeypatch.setattr(Composer, "_by_hydra", Composer._by_hydra.__wrapped__)


@pytest.fixture
def both() -> Iterator[tuple[Composer, Composer]]:
    """A composer that sets values, and one that has Hydra compose each."""
    with composing() as opened:
        yield opened, ByHydra(opened.loader)


def point(lines: Sequence[str], opened: Composer) -> Any:
    return opened.point(parse(lines, opened, multirun=False))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What Hydra is asked to compose."""
    found: list[Any] = []
    real = composer.compose
    monkeypatch.setattr(composer, "compose", lambda *args, **named: found.append(named) or real(*args, **named))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("one_in", [12, pytest.param(1, marks=pytest.mark.long)])
def test_every_setting_can_be_set_without_composing(one_in: int, both: tuple[Composer, Composer], calls: list[Any]):
    """All leaf fields of a recipe and its runtime, changed at once: the same values, types, choices and order."""
    settings, _ = point(CHOICES, both[0])
    composed = len(calls)
    changed = [f"{path}={other(value)}" for path, value in leaves(settings) if "." in path and a_text_fits(path)]
    assert len(changed) > 300
    changed = changed[::one_in]
    fast = point([*CHOICES, *changed], both[0])
    assert len(calls) == composed
    assert repr(fast) == repr(point([*CHOICES, *changed], both[1]))
    assert both[0].problems.found == both[1].problems.found == []


def test_a_range_of_seeds_is_composed_once(both: tuple[Composer, Composer], calls: list[Any]):
    """Hydra composes what values are set in, not each of them."""
    seeds = [point([f"train.seed={seed}"], both[0]) for seed in range(20)]
    assert [settings["train"]["seed"] for settings, _ in seeds] == list(range(20))
    assert len(calls) == 1


def test_what_all_points_choose_is_composed_at_once(both: tuple[Composer, Composer], calls: list[Any]):
    """One composition serves the groups that are chosen for all, and each gets what it gets alone."""
    lines = [*CHOICES, "train.epochs=3", "store=/x"]
    alone = point(lines, both[0])
    composed = len(calls)
    with composing() as opened:
        parsed = parse(lines, opened, multirun=False)
        opened.share(parsed)
        assert repr(opened.point(parsed)) == repr(alone)
    assert composed > 3
    assert len(calls) == composed + 1


def test_a_shared_choice_that_is_wrong_is_told_once_and_alone(both: tuple[Composer, Composer]):
    """The others are composed without it."""
    lines = ["filter=length", "train=sft", "train.learning_rate=1e-4"]
    with composing() as opened:
        parsed = parse(lines, opened, multirun=False)
        opened.shared = ("filter=length", "train=no_such")
        assert repr(opened.point(parsed)) == repr(point(lines, both[0]))
        assert opened.problems.found == []


ODD = [
    "train.sed=1", "train.epochs=many", "train.batch_size=null", "samples.count=1.5", "train.student=7",
    "train.epochs=${train.batch_size}", "train.epochs=${teacher.nothing}", "teacher.seed=${train.seed}",
    "scale.rows=${scale.pool}", "+train.new=1", "++train.seed=3", "~train.seed", "train={seed: 1}",
    "train.adam_betas=[0.1,0.2]", "eval.sums.sampling={temperature:0.5}", "eval.sums.grade.function=null",
    "cluster.gpus={a: 2}", "store=/x", "plugins=[]", "scale.questions=???", "train.seed=???",
]  # fmt: skip


@pytest.mark.slow
def test_what_cannot_be_set_is_told_as_hydra_tells_it(both: tuple[Composer, Composer]):
    """Unknown names, wrong types, interpolations, additions and deletions: the same result or the same problem."""
    for line in ODD:
        assert repr(point([line], both[0])) == repr(point([line], both[1])), line
        assert both[0].problems.found == both[1].problems.found, line
