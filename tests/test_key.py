"""Keys are the hash of plain data, and of nothing else."""

import math

import pytest

from ot_grid import key


def test_order_of_names_changes_nothing():
    """Two mappings with the same items have the same key."""
    assert key.short({"a": 1, "b": [1.5, None, "é"]}) == key.short({"b": [1.5, None, "é"], "a": 1})


def test_known_digest():
    """A key is the same on every machine and in every version: this one is sha256sum's."""
    assert key.canonical({"b": 1, "a": "é"}) == '{"a":"é","b":1}'
    assert key.digest({"b": 1, "a": "é"}) == "aa58fba8483623bed37c1b02edfccbdd9a53123837c20bfa4cb4049993a2872e"


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, {1, 2}, print, object(), {1: "int key"}, {"deep": [{"er": math.nan}]}]
)
def test_what_has_no_canonical_form_is_refused(value):
    """NaN, sets, callables, objects and keys that are no strings raise, naming the place."""
    with pytest.raises(key.NotPlain, match=r"no canonical form|not a string"):
        key.canonical(value)


def test_numbers_of_other_types_differ():
    """1 and 1.0 and true are three values: a changed type is a changed recipe."""
    assert len({key.short(1), key.short(1.0), key.short(True), key.short("1")}) == 4


def test_parts_of_a_seed_are_separate():
    """Joining parts without separators would make these equal."""
    assert key.seed("ab", "c") != key.seed("a", "bc")
    assert 0 <= key.fraction("x", 1) < 1
