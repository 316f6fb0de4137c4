"""What `plan` says of a plan beside its counts."""

from __future__ import annotations

import pytest

from ot_grid import api
from ot_grid.status.plans import lenient


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["scale=ot_31k", "filter=length,random"], []),
        (
            ["scale=ot_31k", "scale.pool=40000", "filter=length,random,none"],
            [
                "filter=length keeps 31,600 of 40,000 questions (79%), so that others keep much the same; raise "
                "scale.pool"
            ],
        ),
        (["filter=difficulty"], []),
    ],
)
def test_a_filter_that_keeps_most_is_told(words: list[str], told: list[str]):
    """Four trainings would compare almost the same data; chance keeps as it should, however much it keeps."""
    assert list(lenient(api.plan(words))) == told
