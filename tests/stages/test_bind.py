"""Choices become calls."""

from __future__ import annotations

import pytest

from ot_grid.config import Model, Sampling, Wheel
from ot_grid.errors import BadInput
from ot_grid.registry import register
from ot_grid.stages import bind


@register("filter")
def takes(rows, ask, *, model: Model | None, sampling: Sampling, options: dict[str, int]):
    return rows, model, sampling, options


SAMPLING = {"temperature": 0.0, "top_p": 1.0, "top_k": None, "max_tokens": 8}
WHEEL = {"requirement": "a==1", "sha256": "0", "gguf": "a.gguf"}
CHOICE = {"function": "takes", "model": {"id": "m", "wheel": WHEEL}, "sampling": SAMPLING, "options": {"a": 1}}


def test_mappings_become_what_the_annotations_say():
    """Model, Sampling and the Wheel inside become dataclasses, also where they are optional; a dict stays one."""
    rows, model, sampling, options = bind.call("filter", CHOICE, [1], None)
    assert model == Model("m", None, Wheel(**WHEEL))
    assert (rows, sampling, options) == ([1], Sampling(0.0, 1.0, None, 8), {"a": 1})
    assert bind.call("filter", {**CHOICE, "model": None}, [1], None)[1] is None


def test_positional_parameters_are_counted():
    """What a stage hands on depends on how many positional parameters there are."""
    assert bind.positional("filter", CHOICE) == 2


def test_unknown_settings_are_bad_input():
    """A setting that the function does not have is told with those it has."""
    with pytest.raises(BadInput, match="'takes': got an unexpected keyword argument 'modle'; its settings are model, "):
        bind.call("filter", {**CHOICE, "modle": 1}, [1], None)
