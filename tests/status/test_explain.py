"""Why two keys differ, and why a stage run is not cached."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ot_grid import api, store
from ot_grid.errors import BadInput
from ot_grid.status.explain import differences, pair, why_not_cached
from tests.sweeps import local_sweep, record


def test_differences_are_named_by_their_path():
    """What is not there on one side is said to be absent."""
    one, other = {"a": {"b": 1, "c": [1]}, "d": 2}, {"a": {"b": 2, "c": [1]}, "e": 3}
    assert list(differences(one, other)) == [("a.b", 1, 2), ("d", 2, "(absent)"), ("e", "(absent)", 3)]


def test_the_nearest_finished_one_explains_what_is_not_cached():
    """The field that differs, with both values; and that there is none, where none was ever finished."""
    plan, artifacts = local_sweep()
    run = next(run for run in plan.runs.values() if run.stage == "mix")
    assert list(why_not_cached(run, plan, artifacts)) == ["no mix has been finished in this store"]
    store.freeze(artifacts.folder(run), run.identity)
    record(artifacts, run)
    other = replace(run, key="0" * 16, reads={**run.reads, "seed": 7})
    told = list(why_not_cached(other, plan, artifacts))
    assert told[0] == f"the nearest finished one is {artifacts.folder(run).name}, which differs in:"
    assert told[1].startswith("  reads.seed: 7 here, ")


def test_two_cells_are_told_apart():
    """By the fields of their recipes, what they share, and what each has of its own."""
    plan, _ = local_sweep()
    one, other = plan.cells
    told = "\n".join(pair(one, other, plan))
    shared = len(set(one.runs) & set(other.runs))
    assert "filter.function: 'random' / None" in told
    assert f"share {shared} stage runs: source" in told
    assert f"  {other.id}: " in told


def test_words_name_cells_or_overrides():
    """Cells of the store in any way that names them; else the overrides of one that was not run."""
    plan, artifacts = local_sweep()
    place = artifacts.place.root
    first = plan.cells[0]
    for words in ([first.id[:6]], ["filter=random"]):
        assert next(api.explain(words, place=place)) == f"cell {first.id}  filter=random"
    assert next(api.explain(["filter=random", "filter=none"], place=place)) == f"cell {first.id}  filter=random"
    assert next(api.explain(["filter=length", "eval=sums"], place=place)).endswith("  base")
    with pytest.raises(BadInput, match="no cell 'nowhere'"):
        api.explain(["nowhere"], place=place)
    with pytest.raises(BadInput, match="explain takes one or two cells, not 3"):
        api.explain([first.id, first.id, first.id], place=place)
