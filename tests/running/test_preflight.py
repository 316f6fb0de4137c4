"""What would stop a grid is told before anything is spent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ot_grid import api
from ot_grid.grading import sandbox
from ot_grid.grading.sandbox import tiers
from ot_grid.running import preflight
from ot_grid.status import plans

CODE = ["eval=mbpp", "tracking='off'"]


@pytest.fixture
def weak(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that can keep limits, and keep nothing apart."""
    monkeypatch.setattr(tiers, "problem", lambda tier: "not allowed here" if tier.isolated else "")
    sandbox.choose.cache_clear()
    yield
    sandbox.choose.cache_clear()


def problems(*overrides: str) -> list[str]:
    wanted = api.plan([*CODE, *overrides])
    return [each for each in preflight.not_ready(wanted, api.artifacts_of(wanted)) if "sandbox" in each]


def test_a_sandbox_that_is_required_is_tried_first(weak: None):
    """Without one, a grid whose programs must be kept apart does not begin; it says what to install."""
    (said,) = problems("cluster.sandbox=required")
    assert "cluster.sandbox='required': untrusted code cannot be kept apart here (bubblewrap: not allowed here" in said
    assert "apt-get install bubblewrap" in said


@pytest.mark.parametrize("overrides", [[], ["cluster.sandbox=required", "eval=sums"], ["cluster.sandbox=rlimits"]])
def test_where_it_is_not_required_nothing_is_said(weak: None, overrides: list[str]):
    """Limits alone will do by default, and a grid without programs needs no sandbox."""
    assert problems(*overrides) == []


def test_a_plan_names_what_no_revision_pins():
    """A hub dataset without a revision may change under the same key; a local file is pinned by its digest."""
    (said,) = plans.unpinned(api.plan([*CODE, "eval=[mbpp,jeebench,sums]"]))
    assert "google-research-datasets/mbpp" in said
    assert "jeebench" not in said  # its revision is given
    assert list(plans.unpinned(api.plan(["eval=sums"]))) == []
