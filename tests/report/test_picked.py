"""Sweeps are found, and reference cells named, or the user is told what there is."""

from __future__ import annotations

import pytest

from ot_grid.errors import BadInput, Corrupt
from ot_grid.planning.frozen import find_sweep, pick
from ot_grid.report.build import build
from ot_grid.store import Store, write_text
from tests.report.conftest import asked


def test_without_a_name_the_newest_sweep_is_taken(make):
    """By its own time, with time zones, not by its name or its file's."""
    for name, created in (
        ("zebra", "2026-11-23T10:00:00+00:00"),
        ("apple", "2026-11-23T09:30:00-02:00"),
        ("mid", "2026-11-23T11:00:00"),
    ):
        make(name=name, created=created).sweep()
    assert find_sweep(make().store, None).name == "apple"
    assert find_sweep(make().store, "zebra").name == "zebra"


def test_an_unknown_sweep_is_answered_with_the_nearest(made):
    """The error names what was asked, the likeliest and all valid names."""
    made.sweep()
    with pytest.raises(BadInput, match=r"no sweep 'first-lihgt' .*did you mean 'first-light'\?"):
        find_sweep(made.store, "first-lihgt")
    with pytest.raises(BadInput, match="valid: first-light"):
        find_sweep(made.store, "../sweeps/first-light")


def test_a_store_without_sweeps_says_how_to_make_one(tmp_path):
    """Also a store that does not exist, which is not created."""
    with pytest.raises(BadInput, match="holds no sweep yet; run one"):
        build(Store(tmp_path / "nowhere"), None)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"name": "x"}',
        '{"name": 1, "command": [], "factors": [], "banner": [], "created": "x", "cells": []}',
    ],
)
def test_a_broken_sweep_file_is_named(made, text):
    """The error says which file, and the way out."""
    path = made.store.sweep("first-light") / "sweep.json"
    write_text(path, text)
    with pytest.raises(Corrupt, match=r"sweep\.json"):
        find_sweep(made.store, None)


@pytest.mark.parametrize(
    "wanted", ["filter=difficulty teacher=r1", "teacher=r1,filter=difficulty", "teacher=r1, filter=difficulty"]
)
def test_a_cell_is_picked_by_label_or_coordinates(made, wanted):
    """In any order, with spaces or commas."""
    made.sweep()
    assert pick(find_sweep(made.store, None), wanted).id == made.id("difficulty", "r1")


def test_a_cell_is_picked_by_its_id_or_the_beginning_of_it(made):
    """As one does with a commit."""
    made.sweep()
    wanted = made.id("length", "r1")
    assert pick(find_sweep(made.store, None), wanted).label == "filter=length teacher=r1"
    assert pick(find_sweep(made.store, None), wanted[:5]).id == wanted


def test_a_choice_may_hold_commas(make):
    """Only 'name=' starts a new pair."""
    made = make(factors={"mix": ["a,b", "c"]})
    made.sweep()
    assert pick(find_sweep(made.store, None), "mix=a,b").id == made.id("a,b")


def test_an_unknown_or_ambiguous_reference_lists_the_cells(made):
    """Nothing is guessed."""
    made.sweep()
    with pytest.raises(
        BadInput, match=r"reference 'filter=length' fits 2 cells; name one by its id: \w+ \(filter=length teacher=qwq\)"
    ):
        asked(made.store, None, reference="filter=length")
    with pytest.raises(BadInput, match=r"is no cell of sweep 'first-light'; did you mean 'filter=length teacher=r1'\?"):
        asked(made.store, None, reference="filter=lenght teacher=r1")
    with pytest.raises(BadInput, match="is no cell"):
        asked(made.store, None, reference="")
