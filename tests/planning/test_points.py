"""The points of a grid, laid out from factors alone."""

from __future__ import annotations

import pytest

from ot_grid.errors import BadInput
from ot_grid.planning.points import ONE_AT_A_TIME, Factor, Layout, label, lay_out

FILTER = Factor("filter", ("length", "none", "random"))
TEACHER = Factor("teacher", ("qwq", "r1"))
SAMPLES = Factor("samples", ("x1", "x4", "x16"))
SEED = Factor("train.seed", ("1", "2"), repeat=True)


def labels(*factors: Factor, **layout) -> list[str]:
    return [label(point) for point in lay_out(factors, Layout(**layout))[0]]


def test_a_product_has_every_combination_in_order():
    """The first factor is the slowest."""
    assert labels(TEACHER, FILTER) == [f"teacher={t} filter={f}" for t in TEACHER.values for f in FILTER.values]


def test_no_factor_is_one_point():
    """A base recipe without anything varied."""
    assert lay_out([], Layout()) == ([{}], None)


def test_one_at_a_time_changes_each_factor_alone():
    """The point where changes start is there once, and is what the others are compared with."""
    points, start = lay_out([FILTER, TEACHER], Layout(ONE_AT_A_TIME, versus={"filter": "none"}))
    assert [tuple(point.values()) for point in points] == [
        ("none", "qwq"),
        ("length", "qwq"),
        ("random", "qwq"),
        ("none", "r1"),
    ]
    assert start == {"filter": "none", "teacher": "qwq"}


def test_one_at_a_time_starts_at_first_values_where_nothing_is_named():
    """Then the first value of every factor is the reference."""
    assert lay_out([FILTER, TEACHER], Layout(ONE_AT_A_TIME))[1] == {"filter": "length", "teacher": "qwq"}


def test_what_repeats_is_drawn_at_every_point_and_is_no_factor_of_the_design():
    """Its draws of one recipe stand together; the reference is named without it; coordinates keep their order."""
    points, start = lay_out([SEED, TEACHER], Layout(ONE_AT_A_TIME))
    assert points == [{"train.seed": s, "teacher": t} for t in TEACHER.values for s in SEED.values]
    assert [list(point) for point in points] == [["train.seed", "teacher"]] * 4
    assert start == {"teacher": "qwq"}


def test_zipped_factors_step_together_and_cross_with_the_others():
    """Two factors of three values are three steps."""
    found = labels(FILTER, TEACHER, SAMPLES, zipped=[["samples", "filter"]])
    pairs = list(zip(FILTER.values, SAMPLES.values, strict=True))
    assert sorted(found) == sorted(f"filter={f} teacher={t} samples={s}" for f, s in pairs for t in TEACHER.values)


def test_a_value_may_come_again_in_a_step():
    """x1, x4 and x4 with a majority: three steps of two values."""
    again = Factor("samples", ("x1", "x4", "x4"))
    answers = Factor("answer_filter", ("none", "none", "majority"))
    assert len(labels(again, answers, zipped=[["samples", "answer_filter"]])) == 3


def test_zipped_factors_are_changed_together_one_at_a_time():
    """A step is one change."""
    found = labels(FILTER, SAMPLES, TEACHER, design=ONE_AT_A_TIME, zipped=[["filter", "samples"]])
    assert found[1] == "filter=none samples=x4 teacher=qwq"
    assert len(found) == 1 + 2 + 1


def test_repeats_may_step_together():
    """Seeds of two stages that are drawn as pairs."""
    other = Factor("filter.seed", ("8", "9"), repeat=True)
    assert len(labels(TEACHER, SEED, other, zipped=[["train.seed", "filter.seed"]])) == 4


def test_excluded_points_are_left_out():
    """An entry leaves out what fits all of it; of several values any fits; repeats may be named too."""
    found = labels(FILTER, TEACHER, SEED, exclude=[{"filter": ["none", "random"], "train.seed": ["2"]}])
    assert len(found) == 12 - 4
    assert "filter=length teacher=r1 train.seed=2" in found


def problem(*factors: Factor, **layout) -> str:
    with pytest.raises(BadInput) as raised:
        lay_out(factors, Layout(**layout))
    return str(raised.value)


def test_zipped_factors_of_unequal_length_are_told():
    """With the number of values of each."""
    assert "zip: 3 of filter, 2 of teacher" in problem(FILTER, TEACHER, zipped=[["filter", "teacher"]])


def test_a_step_that_stands_twice_is_told():
    """It would be one point that is counted twice."""
    twice = Factor("a", ("1", "1")), Factor("b", ("2", "2"))
    assert "the step a=1 b=2 stands twice" in problem(*twice, zipped=[["a", "b"]])


def test_leaving_everything_out_is_told():
    """A sweep without cells is a mistake."""
    assert "exclude leaves no point" in problem(TEACHER, exclude=[{"teacher": ["qwq", "r1"]}])


@pytest.mark.parametrize("design", ["product", ONE_AT_A_TIME])
def test_a_reference_that_is_left_out_is_told(design: str):
    """Without the reference nothing could be compared."""
    told = problem(
        FILTER, TEACHER, design=design, versus={"filter": "none"}, exclude=[{"filter": ["none"], "teacher": ["qwq"]}]
    )
    assert "versus='filter=none teacher=qwq' is no cell of this sweep: exclude leaves it out" in told


def test_a_reference_that_no_step_reaches_is_told():
    """A value that is not there, or two that never step together."""
    assert "there is no teacher=r2; did you mean 'teacher=r1'?" in problem(TEACHER, versus={"teacher": "r2"})
    told = problem(FILTER, SAMPLES, zipped=[["filter", "samples"]], versus={"filter": "none", "samples": "x1"})
    assert "there is no filter=none samples=x1; did you mean 'filter=none samples=x4'?" in told
